"""One colour for a model on every page: its place in the order in which models were first seen."""

from __future__ import annotations

from flask import g

from app.queries.scope import model_places

PALETTE = 21
"""Colours in the stylesheet, `.model-0` to `.model-20`; the twenty-second model begins anew."""


def model_class(name: str) -> str:
    """The style class of a display model, a neutral one for a name never seen.

    The order is read once per request. It only ever grows at its end, so that a model keeps
    its colour in every range, under every filter and after every sync.
    """
    if "model_places" not in g:
        g.model_places = model_places()
    place = g.model_places.get(name)
    return "tool-other" if place is None else f"model-{place % PALETTE}"
