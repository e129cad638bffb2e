"""Is the service up?"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.database import (
    FAILURES,
    OutdatedSchema,
    database,
    refuse_outdated_schema,
    require_answer,
)
from app.web.request.lifecycle import make_ready

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Is this process alive: 200 "ok" when the database answers, else 503."""
    return _told(require_answer)


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """May requests be sent here: 200 "ok" when the schema is current too, else 503 and why."""
    return _told(_look_at_schema)


def _look_at_schema() -> None:
    make_ready()
    refuse_outdated_schema()


def _told(look: Callable[[], object]) -> ResponseReturnValue:
    try:
        # The pool tries a connection before it hands it out.
        database.connect(reuse_if_open=True)
        look()
    except OutdatedSchema as error:
        return str(error), 503, PLAIN
    except FAILURES:
        log.exception("the health check failed")
        return "The database does not answer.", 503, PLAIN
    return "ok", 200, PLAIN


PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
