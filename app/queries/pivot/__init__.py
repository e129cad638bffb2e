"""Usage grouped by any two dimensions."""
