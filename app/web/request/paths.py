"""Paths to come back to: of this site only, however they were asked for."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flask import Flask, request
from werkzeug.routing import PathConverter

HOME = "/"
LONGEST = 2000
PASSING = ("/login", "/logout")
"""Pages that nobody wants to come back to."""


class AnyPath(PathConverter):
    """`<path:…>` for what the vendors send, too: Werkzeug's own ends at a line break."""

    regex = r"[^/](?s:.)*?"


def register(app: Flask) -> None:
    """Let every rule take any address; must come before the rules."""
    app.url_map.converters["path"] = AnyPath


def local_path(text: str) -> str:
    """`text` when it is a path of this site, else the overview: never a way off the site."""
    plain = all(character > " " and character not in "\\\x7f" for character in text)
    if plain and text.isascii() and text.startswith("/") and not text.startswith("//"):
        return text
    return HOME


def return_path(text: str) -> str:
    """Likewise, for the way back after signing in."""
    path = local_path(text)
    passing = path.partition("?")[0].rstrip("/") in PASSING
    return HOME if passing or len(path) > LONGEST else path


def own_path() -> str:
    """The path of this request as it is written in addresses and headers: plain ASCII.

    `request.path` is decoded: a line break or a letter that no header may hold, or a `?` that is
    part of somebody's address, would be taken for something else.
    """
    return quote(request.path, safe="/@:!$&'()*+,;=~")


def present_page() -> str:
    """The path and query of the page that the caller is on: of a part, of the page around it."""
    around = request.headers.get("HX-Current-URL")
    if not around and request.method in ("GET", "HEAD"):
        query = request.query_string.decode("latin-1")
        return return_path(_joined(own_path(), query))
    try:
        parts = urlsplit(around or request.referrer or "")
    except ValueError:
        return HOME
    return return_path(_joined(parts.path, parts.query))


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
