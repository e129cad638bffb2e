"""Raw usage records: which are asked for, what they add up to, whose they are, and each of them."""
