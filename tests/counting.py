"""Counting what is asked of the open database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient

from app.database import database


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
