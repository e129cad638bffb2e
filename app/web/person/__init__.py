"""One person at `/users/<email>`: the page, its figures, its words, the state of its view."""
