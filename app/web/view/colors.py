"""One colour for a model on every page: its place in the order in which models were first seen."""

from __future__ import annotations

from flask import g

from app.queries.scope import model_places

PALETTE = 16
"""Colours in the stylesheet, `.model-0` to `.model-15`; the first eight are furthest apart."""
PATTERNS = ("", " striped", " dotted")
"""How the models of the first, second and third round through the palette are drawn."""


def model_class(name: str) -> str:
    """The style classes of a display model, a neutral one for a name never seen.

    Such as "model-3", or "model-3 striped" for the second model of that colour. The order is
    read once per request. It only ever grows at its end, so that a model keeps its colour in
    every range, under every filter and after every sync.
    """
    if "model_places" not in g:
        g.model_places = model_places()
    place = g.model_places.get(name)
    return "tool-other" if place is None else mark(place)


def mark(place: int) -> str:
    """The style classes of the model at a place (from 0); the forty-ninth starts again."""
    return f"model-{place % PALETTE}{PATTERNS[place // PALETTE % len(PATTERNS)]}"
