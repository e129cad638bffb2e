"""What `scripts/bench` is made of: sizes and databases, what is measured, what is written of it."""
