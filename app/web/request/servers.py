"""Which server answers a request for figures: the replica where it may, else the primary."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TypeVar

from flask import Flask, Response, g, request

from app.database import FAILURES, has_replica, on_replica
from app.queries.replica import (
    MOST_LAG_SECONDS,
    ReplicaUnfit,
    held_until,
    is_left_alone,
    leave_alone,
)
from app.queries.state import shown_state

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
WROTE = "ai_tracker_wrote"
"""The cookie of a browser that wrote: until it ends, the replica may not know of that."""
READS = ("GET", "HEAD", "OPTIONS")


def register(app: Flask) -> None:
    """Remember who wrote, and tell templates and programs how old figures are."""
    app.after_request(_mark)
    app.context_processor(lambda: {"as_of": as_of()})


def as_of() -> datetime | None:
    """The moment of which this answer's figures are, when newer ones were written already."""
    moment: datetime | None = g.get("as_of")
    return moment


def from_best_server(answer: Callable[[], Answer]) -> Answer:
    """What `answer` gives: of the replica, or if that fails meanwhile of the primary."""
    with best_server() as is_replica:
        try:
            return answer()
        except FAILURES as error:
            if not is_replica:
                raise
            _failed(error)
    return answer()


@contextmanager
def best_server() -> Iterator[bool]:
    """Ask the replica in here, where it may answer this request; whether that is so."""
    with ExitStack() as opened:
        yield _may_ask() and _ask_replica(opened)


def _may_ask() -> bool:
    return has_replica() and WROTE not in request.cookies and not is_left_alone()


def _ask_replica(opened: ExitStack) -> bool:
    newest = shown_state()
    try:
        opened.enter_context(on_replica())
        g.as_of = held_until(newest)
        return True
    except ReplicaUnfit as unfit:
        log.info("the replica %s: the primary answers", unfit)
    except FAILURES as error:
        _failed(error)
    opened.close()
    return False


def _failed(error: Exception) -> None:
    log.warning("the replica failed, the primary answers: %s", " ".join(str(error).split()))
    g.as_of = None
    leave_alone()


def _mark(response: Response) -> Response:
    if moment := as_of():
        response.headers["X-As-Of"] = moment.isoformat(timespec="seconds")
    if has_replica() and request.method not in READS and response.status_code < 400:
        response.set_cookie(
            WROTE,
            "1",
            max_age=MOST_LAG_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response
