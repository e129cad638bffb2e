"""The pages of the settings and the list of them that stands on each."""

from __future__ import annotations

from flask import Flask, request, url_for

from app.web.settings import connections, keys, mappings, people, prices, teams, tokens

PAGES = (
    (keys, "Unmapped keys"),
    (mappings, "Mappings"),
    (people, "People"),
    (teams, ""),
    (connections, "Connections"),
    (prices, "Prices"),
    (tokens, "Access"),
)
"""Each page with its words in the list of pages; "" for one that another leads to."""


def register(app: Flask) -> None:
    """Add the pages, and let their templates call `settings_pages`."""
    for module, _ in PAGES:
        app.register_blueprint(module.blueprint)
    app.context_processor(lambda: {"settings_pages": settings_pages})


def settings_pages() -> list[tuple[str, str, bool]]:
    """(URL, words, is the present one) of every page in the list."""
    urls = [(url_for(f"{module.blueprint.name}.page"), words) for module, words in PAGES if words]
    here = max((url for url, _ in urls if request.path.startswith(url)), key=len, default="")
    return [(url, words, url == here) for url, words in urls]
