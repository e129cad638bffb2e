"""All that is known of HTMX: which part of a page was asked for, and the URL it leaves behind.

Every page extends `layout`: the whole document, or for HTMX only what is inside `<main>`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flask import Flask, Response, make_response, render_template, request

from app.web.request.markup import with_short_links
from app.web.request.paths import own_path

PAGE, PART = "base.html", "part.html"
TYPED = frozenset({"q", "to", "label", "further"})
"""Parameters that change with every key: they replace the URL instead of adding to history."""


def register(app: Flask) -> None:
    """Tell every template which layout it extends."""
    app.context_processor(lambda: {"layout": PART if wants_part() else PAGE})


def wants_part() -> bool:
    """Whether HTMX asks for the inside of `<main>`; a restore of history wants the page.

    Versions before 4 do not say which type of request theirs is: it is for a part.
    """
    unsaid = "partial" if request.headers.get("HX-Request") == "true" else ""
    return (
        request.headers.get("HX-Request-Type", unsaid) == "partial"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def answer(template: str, query: str, *, status: int = 200, **context: Any) -> Response:
    """The page or its part; `query` ("?a=b" or "") is the canonical state for the URL."""
    response = make_response(with_short_links(render_template(template, **context)), status)
    if wants_part():
        url = own_path() + query.rstrip("?")
        response.headers["HX-Replace-Url" if _only_typed(url) else "HX-Push-Url"] = url
    return response


def _only_typed(url: str) -> bool:
    """Whether `url` differs from the browser's only in parameters that are typed, or not at all."""
    current = urlsplit(request.headers.get("HX-Current-URL", ""))
    same_page = unquote(current.path) == request.path
    return same_page and _chosen(current.query) == _chosen(urlsplit(url).query)


def _chosen(query: str) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in parse_qsl(query) if name not in TYPED)
