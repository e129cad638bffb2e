"""Questions the pages ask: one module each, typed question in, typed rows out."""
