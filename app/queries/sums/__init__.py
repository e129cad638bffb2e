"""Sums of usage: the figures of pages and JSON reads."""
