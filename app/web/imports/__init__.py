"""CSV imports at `/import`: the form and the history, and a page for each file."""
