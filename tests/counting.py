"""Counting what is asked of the open database."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient

from app.database import database

STEPS_AT_ONCE = 50


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that the open database runs meanwhile."""
    found: list[str] = []

    def hook(event: Any) -> None:
        found.append(event.sql)

    engine = database.obj
    engine.query_hooks.append(hook)
    try:
        yield found
    finally:
        engine.query_hooks.remove(hook)


def reads_of(client: FlaskClient, address: str) -> list[str]:
    """The reading statements behind a good answer."""
    with statements() as found:
        assert client.get(address).status_code == 200
    return [text for text in found if text.lstrip("( ").startswith(("SELECT", "WITH"))]


def steps_of(client: FlaskClient, address: str) -> int:
    """How many steps SQLite's machine takes for a good answer.

    They depend on data and plan alone, not on how fast or busy the machine is.
    """
    steps = itertools.count(1)
    # The request goes on with the connection that is open, and closes it.
    database.connect(reuse_if_open=True)
    database.connection().set_progress_handler(lambda: next(steps) and None, STEPS_AT_ONCE)
    assert client.get(address).status_code == 200
    return next(steps) * STEPS_AT_ONCE
