"""Is the service up?"""

from __future__ import annotations

import logging

from flask import Blueprint
from flask.typing import ResponseReturnValue
from peewee import PeeweeException
from playhouse.pool import MaxConnectionsExceeded

from app.database import OutdatedSchema, pending_migrations
from app.web.requests import make_ready

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 "ok" when the database answers with the current schema, else 503 and why."""
    try:
        make_ready()
        if pending_migrations():
            return "The database schema is out of date: run `flask migrate`.", 503, PLAIN
    except OutdatedSchema as error:
        return str(error), 503, PLAIN
    except (PeeweeException, MaxConnectionsExceeded):
        log.exception("the health check failed")
        return "The database does not answer.", 503, PLAIN
    return "ok", 200, PLAIN


PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
