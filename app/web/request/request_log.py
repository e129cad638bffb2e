"""Every request gets an id and one line in the log, and is counted."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections import Counter
from threading import Lock
from typing import Any, NamedTuple

from flask import Flask, Response, g, request

from app import logs

log = logging.getLogger(__name__)

HEADER = "X-Request-Id"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


class Counted(NamedTuple):
    """What this process has answered so far: requests by status, and their seconds together."""

    by_status: dict[int, int]
    seconds: float


class _Counts:
    def __init__(self) -> None:
        self.lock = Lock()
        self.by_status: Counter[int] = Counter()
        self.seconds = 0.0


_counts = _Counts()


def register(app: Flask) -> None:
    """Before every other hook, so that its time and its id cover them all."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)
    app.context_processor(lambda: {"request_number": g.get("request_id", "")})


def counted() -> Counted:
    """The requests of this process."""
    with _counts.lock:
        return Counted(dict(_counts.by_status), _counts.seconds)


def _begin() -> None:
    asked = request.headers.get(HEADER, "")
    g.request_id = asked if SANE.fullmatch(asked) else uuid.uuid4().hex
    g.request_began = time.perf_counter()
    logs.request_id.set(g.request_id)


def _end(response: Response) -> Response:
    if "request_id" not in g:
        return response
    seconds = time.perf_counter() - g.request_began
    response.headers[HEADER] = g.request_id
    with _counts.lock:
        _counts.by_status[response.status_code] += 1
        _counts.seconds += seconds
    log.info("request", extra={"facts": _facts(response, seconds)})
    return response


def _facts(response: Response, seconds: float) -> dict[str, Any]:
    """What the line says; no query string, which may hold names, and no header."""
    return {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
        "bytes": response.content_length if response.content_length is not None else "",
        "peer": request.remote_addr or "",
    }


def _forget(_: BaseException | None) -> None:
    logs.request_id.set("")
