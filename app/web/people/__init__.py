"""The list of people at `/users`: its page, the panel beside it, and the same as CSV."""
