"""Days: what is known of them, and the runs that read them."""
