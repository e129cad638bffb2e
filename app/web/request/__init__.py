"""A request from its arrival to its answer: who asks, may they, errors, headers, the log."""
