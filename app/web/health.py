"""Is the service up?"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.database import FAILURES, OutdatedSchema, database, pending_migrations
from app.web.request.lifecycle import make_ready

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Is this process alive: 200 "ok" when the database answers, else 503."""
    return _told(lambda: database.execute_sql("SELECT 1"))


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """May requests be sent here: 200 "ok" when the schema is current too, else 503 and why."""
    return _told(_look_at_schema)


def _look_at_schema() -> None:
    make_ready()
    if pending_migrations():
        raise OutdatedSchema("The database schema is out of date: run `flask migrate`.")


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
