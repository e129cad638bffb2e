"""Paths to come back to: of this site only, however they were asked for."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from flask import request

HOME = "/"
LONGEST = 2000
PASSING = ("/login", "/logout")
"""Pages that nobody wants to come back to."""


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


def present_page() -> str:
    """The path and query of the page that the caller is on: of a part, of the page around it."""
    around = request.headers.get("HX-Current-URL")
    if not around and request.method in ("GET", "HEAD"):
        query = request.query_string.decode("latin-1")
        return return_path(_joined(quote(request.path, safe="/@:!$&'()*+,;=~"), query))
    try:
        parts = urlsplit(around or request.referrer or "")
    except ValueError:
        return HOME
    return return_path(_joined(parts.path, parts.query))


def _joined(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
