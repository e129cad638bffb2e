"""The overview at `/`: its page, its cards, its chart of days and the state of its view."""
