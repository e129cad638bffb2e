"""The page of the state of things: providers, calendar, runs, restatements."""
