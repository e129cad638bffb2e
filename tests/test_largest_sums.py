"""No sum passes what 64 bits hold: the record that is too much is refused where it comes in."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.dates import day_number
from app.importing import RowsRejected, TooMuch, undo
from app.importing.events import encoded
from app.ledger import (
    LARGEST_SUM,
    Outcome,
    SumTooLarge,
    organization_for,
    preparing,
    replace_day,
    weight_of,
    writing_usage,
)
from app.ledger.bounds import refuse_beyond
from app.models import Partition, Run
from app.states import RunStatus
from app.usage import NANOS_PER_DOLLAR, DayUsage, Tokens, UsageRecord
from app.values import MAX_DOLLARS, MAX_TOKENS
from app.verify import Verifier
from tests.filled import record
from tests.imported import BY, DOMAIN, event, events, put, total
from tests.tools import CURSOR

MOST = MAX_DOLLARS * NANOS_PER_DOLLAR
MANY = LARGEST_SUM // MOST
"""So many records at the bound have a sum, and one more has none."""
DAY, NEXT_DAY = date(2026, 11, 2), date(2026, 11, 3)


def store(day: date, *records: UsageRecord) -> Outcome:
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    usage = DayUsage(day, list(records), settled=True)
    organization = organization_for("cursor")
    return replace_day(organization, "events", usage, run, email_domain=DOMAIN).outcome


def largest(day: date, name: str, nanos: int = MOST) -> UsageRecord:
    return record(day, f"{name}@x.example", CURSOR, "auto", MAX_TOKENS, 0, 0, 0, 0, nanos=nanos)


def fill(day: date) -> list[UsageRecord]:
    """A day that is as full as can be; half of it are credits, for which the same holds."""
    records = [largest(day, str(place % 7), MOST * (-1) ** place) for place in range(MANY)]
    assert store(day, *records) == Outcome.NEW
    return records


@pytest.mark.parametrize("amount", ["tokens", "requests", "value_nanos", "billed_nanos"])
def test_a_record_weighs_as_much_as_its_largest_amount(amount: str) -> None:
    light = record(DAY, "ann@x.example", CURSOR, "auto", 1, 0, 0, 0, 0, nanos=2)
    if amount == "tokens":
        assert weight_of(light._replace(tokens=Tokens(4, 1, 1, 1, 1))) == 8
        return
    assert weight_of(light._replace(**{amount: 9})) == 9
    if amount.endswith("nanos"):
        assert weight_of(light._replace(**{amount: -9})) == 9


def test_what_there_is_room_for_is_taken_to_the_last_unit() -> None:
    some = [largest(DAY, "ann", 9), largest(DAY, "bob", 9)]
    refuse_beyond(2 * MAX_TOKENS, some)
    with pytest.raises(SumTooLarge, match=r"bob@x\.example"):
        refuse_beyond(2 * MAX_TOKENS - 1, some)


def test_a_sync_refuses_the_record_that_is_too_much(
    database: Database, client: FlaskClient
) -> None:
    full = fill(DAY)
    for day, records in ((NEXT_DAY, []), (DAY, full)):
        with pytest.raises(SumTooLarge) as refused:
            store(day, *records, largest(day, "ann"))
        assert str(refused.value) == (
            f"{day}, ann@x.example, auto, 1,000,000,000,000 tokens, $10,000,000.00: with it the "
            "sum of all usage would pass what the database can hold ($9.2 billion, or 9.2 * 10^18 "
            "tokens)."
        )
    assert store(DAY, *full) == Outcome.UNCHANGED
    assert total() == (MANY * MAX_TOKENS, 0)
    database.close()
    for page in ("/", "/users", "/users?group=model", "/api/stats", "/api/models", "/api/users"):
        assert client.get(page).status_code == 200, page
    with database.connection_context():
        assert list(Verifier().differences()) == []
        assert store(DAY, full[0]) == Outcome.CHANGED
        assert store(NEXT_DAY, largest(NEXT_DAY, "ann")) == Outcome.NEW
        assert total() == (2 * MAX_TOKENS, 2 * MOST)


def test_an_import_refuses_the_record_that_is_too_much(database: Database) -> None:
    fill(DAY)
    file = events(*(event(f"{NEXT_DAY}T10:00:0{n}.000Z", cost="10000000") for n in range(3)))
    with pytest.raises(TooMuch, match=r"^usage\.csv: 2026-11-03, ann@.*, 10 tokens, \$10"):
        put(file)
    assert total() == (MANY * MAX_TOKENS, 0)
    assert Partition.select().count() == 1
    store(DAY, largest(DAY, "ann"))
    done = put(file)
    assert total()[1] == 4 * MOST
    undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert total()[1] == MOST
    assert list(Verifier().differences()) == []


def test_a_day_that_was_prepared_does_not_count_where_others_took_its_room(
    database: Database,
) -> None:
    run = Run.create(
        kind="import", status=RunStatus.PREPARING, start_day=1, end_day=1, started_at=1
    )
    with preparing(run, DOMAIN) as days:
        days.write(organization_for("cursor"), day_number(DAY), [encoded(largest(DAY, "ann"))])
        days.finish()
        fill(NEXT_DAY)
        with pytest.raises(SumTooLarge), writing_usage():
            days.take_effect()
    assert total() == (MANY * MAX_TOKENS, 0)
    assert list(Verifier().differences()) == []


def test_a_file_that_is_too_much_by_itself_names_the_line(database: Database) -> None:
    rows = [
        event(f"2026-11-02T10:00:{place // 1000:02d}.{place % 1000:03d}Z", cost="10000000.00")
        for place in range(MANY + 2)
    ]
    with pytest.raises(RowsRejected) as refused:
        put(events(*rows))
    assert [line.line for line in refused.value.rows] == [MANY + 2, MANY + 3]
    assert "more than the database can hold" in refused.value.rows[0].message
    assert put(events(*rows), partial=True).file.value_nanos == MANY * MOST
    assert total()[1] == MANY * MOST
