"""The settings at `/settings`: whose keys are whose, people, connections, prices, tokens."""
