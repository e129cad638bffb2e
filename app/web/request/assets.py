"""What travels: static files that browsers may keep for ever, and everything compressed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

COMPRESSED = ("text/", "application/json", "application/javascript", "image/svg+xml")
WORTH_COMPRESSING = 1024
LEVEL = 6
ONE_YEAR = "public, max-age=31536000, immutable"
FILES = ("static", "style")
"""Endpoints that answer with what the program ships, the same for everybody."""
STYLES = (
    "ground",
    "frame",
    "figures",
    "tables",
    "imports",
    "person",
    "settings",
    "status",
    "conditions",
)
"""The files of `static/css` in the order in which they go before each other."""


def register(app: Flask) -> None:
    """Add `v=<checksum>` to static URLs and long caching to answers that carry it."""
    folder = Path(app.static_folder or "")
    checksums: dict[str, str] = {}
    app.after_request(_compress)

    def content_of(endpoint: str, values: dict[str, Any]) -> bytes | None:
        if endpoint == "style":
            return joined_styles(folder).encode()
        if endpoint == "static" and "filename" in values:
            return (folder / values["filename"]).read_bytes()
        return None

    @app.url_defaults
    def add_checksum(endpoint: str, values: dict[str, Any]) -> None:
        name = f"{endpoint} {values.get('filename', '')}"
        if name not in checksums or app.debug:
            content = content_of(endpoint, values)
            if content is None:
                return
            checksums[name] = hashlib.sha256(content).hexdigest()[:10]
        values["v"] = checksums[name]

    @app.after_request
    def cache(response: Response) -> Response:
        kept = request.endpoint in FILES and "v" in request.args
        if kept and response.status_code == 200:
            response.headers["Cache-Control"] = ONE_YEAR
        return response

    @app.get("/static/style.css")
    def style() -> BaseResponse:
        response = app.response_class(joined_styles(folder), mimetype="text/css")
        response.add_etag()
        return response.make_conditional(request)

    @app.get("/favicon.ico")
    def favicon() -> BaseResponse:
        # Browsers ask for it on answers that are not pages.
        return redirect(url_for("static", filename="favicon.svg"), 301)


def joined_styles(folder: Path) -> str:
    """Every file of `STYLES`, one after the other.

    Joined here and not by the browser: nine small files would be nine requests before the first
    paint. A browser asks once, and then keeps the answer under its checksum.
    """
    return "\n".join((folder / "css" / f"{name}.css").read_text("utf-8") for name in STYLES)


def _compress(response: Response) -> Response:
    """Gzip an answer of some length for a browser that takes it; streams stay as they are."""
    fit = (response.mimetype or "").startswith(
        COMPRESSED
    ) and "Content-Encoding" not in response.headers
    if not fit or response.status_code in (204, 206, 304) or "Range" in request.headers:
        return response
    response.vary.add("Accept-Encoding")
    long = response.content_length is not None and response.content_length >= WORTH_COMPRESSING
    if not long or "gzip" not in request.accept_encodings:
        return response
    # A file would be handed on unread, and could not be compressed.
    response.direct_passthrough = False
    # Without the time of compressing: the same content has the same bytes.
    response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.get_etag()[0]:
        response.set_etag(etag, weak=True)
    return response
