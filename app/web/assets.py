"""Static files: their address holds a checksum, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

ONE_YEAR = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Add `v=<checksum>` to static URLs and long caching to answers that carry it."""
    checksums: dict[str, str] = {}

    @app.url_defaults
    def add_checksum(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint != "static" or "filename" not in values:
            return
        name = values["filename"]
        if name not in checksums or app.debug:
            content = (Path(app.static_folder or "") / name).read_bytes()
            checksums[name] = hashlib.sha256(content).hexdigest()[:10]
        values["v"] = checksums[name]

    @app.after_request
    def cache(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = ONE_YEAR
        return response
