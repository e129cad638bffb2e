"""The pivot, which `/users` answers with when it is asked to group: its page and its CSV."""
