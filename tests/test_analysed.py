"""SQLite knows how its data is spread, without which it takes the wrong index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from peewee import Database

from app.database import analyse, is_postgres
from app.database import database as opened
from app.demo import write_demo
from tests.imported import event, events, put


def analysed() -> dict[str, int]:
    """How many rows SQLite believes each table to have."""
    rows = opened.execute_sql("SELECT tbl, stat FROM sqlite_stat1 WHERE stat <> ''").fetchall()
    return {table: int(stat.split()[0]) for table, stat in rows}


@pytest.fixture
def sqlite(database: Database) -> None:
    if is_postgres():
        analyse()
        pytest.skip("PostgreSQL analyses by itself")


@pytest.mark.usefixtures("sqlite")
def test_what_was_written_is_analysed_at_the_end_of_a_run() -> None:
    assert "usage" not in analysed()
    put(events(event()))
    assert analysed()["usage"] == 1


@pytest.mark.usefixtures("sqlite")
def test_the_demo_is_analysed_once_it_is_written() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    write_demo(10, 3, now=now, email_domain="example.com", progress=lambda *_: None)
    assert {"usage", "person_day", "partition"} <= analysed().keys()
