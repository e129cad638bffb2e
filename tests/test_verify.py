"""`flask verify`: every sum and stamp is recomputed, what differs is named and mended."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from peewee import Database, fn

from app.config import Config
from app.database import database as proxy
from app.models import (
    ActiveDay,
    ActorDay,
    DayChange,
    Partition,
    PersonDay,
    PersonMonth,
    PersonSpan,
    Run,
    RunningSum,
    TotalDay,
    Usage,
    WorkspaceDay,
)
from app.verify import Verifier, repair
from tests.commands import run_here
from tests.imported import event, events, put, sync_day, total
from tests.invented import assert_exact, sync
from tests.upstream import Upstream, true_totals

MONDAY = date(2026, 9, 28)
WEEK = (MONDAY, MONDAY + timedelta(days=6))


def test_a_synced_database_agrees(live: Config, upstream: Upstream) -> None:
    sync(live, *WEEK)
    upstream.company.revise(MONDAY, "cursor")
    sync(live, *WEEK)
    done = run_here(live, "verify")
    assert done.exit_code == 0, done.output
    records = Usage.select().count()
    rows = sum(table.select().count() for table in ROLLUPS)
    assert f"All agree: 7 days, {records:,} records, {rows:,} rollup rows" in done.output


ROLLUPS = (
    ActorDay, PersonDay, PersonMonth, PersonSpan, TotalDay, ActiveDay, WorkspaceDay, RunningSum,
)  # fmt: skip
TAMPERING = {
    "sums of an actor": lambda: ActorDay.update(tokens=ActorDay.tokens + 1),
    "missing sums of actors": lambda: ActorDay.delete(),
    "a rollup of a workspace": lambda: WorkspaceDay.update(requests=WorkspaceDay.requests + 1),
    "a weight": lambda: Partition.update(weight=1),
    "a rollup of a person's day": lambda: PersonDay.update(tokens=PersonDay.tokens + 1),
    "a rollup of a month": lambda: PersonMonth.update(value_nanos=PersonMonth.value_nanos - 1),
    "a rollup of a day": lambda: TotalDay.update(requests=TotalDay.requests + 1),
    "who was active": lambda: ActiveDay.update(people=b"\x06"),
    "a missing day of people": lambda: ActiveDay.delete(),
    "a missing month": lambda: PersonMonth.delete(),
    "an orphaned day": lambda: TotalDay.update(day=20200101).where(TotalDay.slice == 1),
    "a stamp": lambda: Partition.update(unpriced_tokens=Partition.unpriced_tokens + 5),
    "a hash": lambda: Partition.update(content_hash="0" * 64),
    "a record": lambda: Usage.update(output_tokens=Usage.output_tokens + 1),
    "whose it is": lambda: Usage.update(actor=Usage.select(fn.MIN(Usage.actor)).scalar()),
    "a count of sources": lambda: Partition.update(counts=False),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_and_repaired(what: str, live: Config) -> None:
    day = MONDAY + timedelta(days=1)
    sync(live, MONDAY, day)
    if what == "an orphaned day":
        TotalDay.delete().where((TotalDay.day == 20260929) & (TotalDay.slice == 1)).execute()
    TAMPERING[what]().execute()
    done = run_here(live, "verify")
    assert done.exit_code == 1
    assert "Differs: " in done.output
    done = run_here(live, "verify", "--repair")
    assert done.exit_code == 0, done.output
    assert run_here(live, "verify").exit_code == 0


def test_a_repaired_record_comes_back_with_the_next_reading(
    live: Config, upstream: Upstream
) -> None:
    sync(live, MONDAY, MONDAY)
    Usage.update(output_tokens=Usage.output_tokens + 7).execute()
    run_here(live, "verify", "--repair")
    sync(live, MONDAY, MONDAY)
    assert_exact(true_totals(upstream.company, MONDAY, MONDAY))
    assert DayChange.select().count() == 4
    assert Run.select().count() == 2


def test_verify_names_day_table_row_and_column(live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    TotalDay.update(tokens=5).where(TotalDay.slice == 1).execute()
    (found,) = Verifier().differences()
    tokens = sum(one.tokens for one in Partition.select())
    assert found[:6] == ("total_day", 20260928, "slice 1", "tokens", 5, tokens)
    assert found.sentence() == (
        f"2026-09-28 total_day, slice 1: tokens is 5, the records say {tokens:,}"
    )


def test_a_repair_lets_the_right_source_count(database: Database) -> None:
    put(events(event(tokens=30)))
    sync_day("cursor", date(2026, 11, 2), [500, 500])
    database.close()
    verifier = Verifier()
    with proxy.connection_context():
        Partition.update(records=0).where(Partition.source == "events").execute()
        assert list(verifier.differences())
        repair()
        assert list(verifier.differences()) == []
        assert total() == (1000, 2 * 10**9)
        Partition.update(counts=~Partition.counts).execute()
        wrong = next(one for one in verifier.differences() if one.column == "counting source")
        assert (wrong.stored, wrong.expected) == ("csv", "events")
        repair()
        assert list(verifier.differences()) == []


def test_imported_days_agree_too(live: Config) -> None:
    """Of an imported day the order of the records is part of its hash."""
    with proxy.connection_context():
        put(events(*(event(user=f"p{number}@town.example") for number in (3, 1, 2))))
    assert run_here(live, "verify").exit_code == 0
    Usage.update(value_nanos=8).where(Usage.sequence == 1).execute()
    assert run_here(live, "verify").exit_code == 1
    assert run_here(live, "verify", "--repair").exit_code == 0
