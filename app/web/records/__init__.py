"""Raw records at `/records`: the page, its words, the state of its view, its CSV."""
