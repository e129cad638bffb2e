"""API keys and the rules that say whose they are."""
