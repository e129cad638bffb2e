"""Counting what is asked of the open database."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from app.database import database


def reads_of(client: FlaskClient, address: str) -> list[str]:
    """The reading statements behind a good answer."""
    statements: list[str] = []

    def hook(event: Any) -> None:
        statements.append(event.sql)

    engine = database.obj
    engine.query_hooks.append(hook)
    try:
        assert client.get(address).status_code == 200
    finally:
        engine.query_hooks.remove(hook)
    return [text for text in statements if text.lstrip("( ").startswith(("SELECT", "WITH"))]
