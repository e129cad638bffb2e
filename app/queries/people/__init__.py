"""People: lists, one person, and their records."""
