"""The due moments of the schedule: who takes one, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from peewee import Database, IntegrityError

from app import slots
from app.database import database as proxy
from app.dates import day_number
from app.locks import exclusive_lock
from app.models import ProviderRun, Slot
from app.queries.days.health import next_sync
from app.runs import (
    begin_provider,
    begin_run,
    finish_provider,
    finish_run,
    request_cancel,
)
from app.states import RunStatus, SlotStatus
from app.upstream import ErrorClass
from tests.due import DAY, GOOD, NOW, ended, taken

BOTH = ("anthropic", "cursor")
SIX = time(6, 0)
BEFORE = DAY - timedelta(1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moment", "day"),
    [("06:00:00", DAY), ("23:59:59", DAY), ("05:59:59", BEFORE), ("00:00:00", BEFORE)],
)
def test_the_latest_due_moment(moment: str, day: date) -> None:
    now = datetime.combine(DAY, time.fromisoformat(moment), UTC)
    assert slots.due_day(SIX, now) == day
    assert slots.next_due(SIX, now) == datetime.combine(day + timedelta(1), SIX, UTC)


def attempt(now: datetime, names: tuple[str, ...] = BOTH, **parts: tuple[RunStatus, str]) -> Slot:
    """One attempt at the due moment of `DAY`."""
    with taken(now=now) as slot:
        slots.settle(slot, ended(slot, **parts), names, now)
    return Slot.get_by_id(slot.id)


UNAVAILABLE = (RunStatus.FAILED, ErrorClass.UNAVAILABLE)
REJECTED = (RunStatus.FAILED, ErrorClass.KEY_REJECTED)


def test_a_due_moment_is_taken_once(database: Database) -> None:
    assert slots.is_open(DAY, NOW)
    with taken():
        assert not slots.is_open(DAY, NOW)
    slot = attempt_after_taking()
    assert slot.status == SlotStatus.OK
    for later in (NOW, NOW + timedelta(hours=17)):
        assert not slots.is_open(DAY, later)
        with exclusive_lock(proxy.obj, "sync"):
            assert slots.take(DAY, later) is None
    assert slots.is_open(DAY + timedelta(1), NOW + timedelta(1))
    with pytest.raises(IntegrityError):
        Slot.create(kind="daily", day=day_number(DAY), status="running")


def attempt_after_taking() -> Slot:
    return attempt(NOW, anthropic=GOOD, cursor=GOOD)


def test_one_whose_process_died_is_taken_over_three_times(database: Database) -> None:
    for failures in range(4):
        assert slots.is_open(DAY, NOW)
        with taken() as slot:
            assert slot.failures == failures
    with exclusive_lock(proxy.obj, "sync"):
        assert slots.take(DAY, NOW) is None
    assert Slot.get().status == SlotStatus.FAILED
    assert not slots.is_open(DAY, NOW + timedelta(hours=10))


def test_a_failed_one_is_tried_three_times_more(database: Database) -> None:
    now = NOW
    for minutes in (10, 30, 60):
        slot = attempt(now, anthropic=GOOD, cursor=UNAVAILABLE)
        assert slot.status == SlotStatus.FAILED
        assert slot.retry_at == int(now.timestamp()) + minutes * 60
        assert not slots.is_open(DAY, now + minutes * MINUTE - timedelta(seconds=1))
        now += minutes * MINUTE
        assert slots.is_open(DAY, now)
    assert attempt(now, cursor=UNAVAILABLE).retry_at is None
    assert not slots.is_open(DAY, now + timedelta(hours=12))


def test_a_retry_that_works_ends_it(database: Database) -> None:
    attempt(NOW, anthropic=GOOD, cursor=UNAVAILABLE)
    assert slots.unread(Slot.get(), BOTH) == ["cursor"]
    assert attempt(NOW + 10 * MINUTE, cursor=GOOD).status == SlotStatus.OK


@pytest.mark.parametrize("kind", sorted(slots.LASTING))
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_what_no_retry_mends_waits_for_the_next_day(database: Database, kind: str) -> None:
    slot = attempt(NOW, anthropic=GOOD, cursor=(RunStatus.FAILED, kind))
    assert (slot.status, slot.retry_at) == (SlotStatus.FAILED, None)


def test_a_stopped_one_is_left_to_the_next_start(database: Database) -> None:
    slot = attempt(NOW, anthropic=(RunStatus.STOPPED, "stopped"))
    assert slot.status == SlotStatus.STOPPED
    assert slots.is_open(DAY, NOW)
    assert attempt(NOW, anthropic=GOOD, cursor=GOOD).failures == 0


def test_a_cancelled_one_is_not_tried_again(database: Database) -> None:
    with taken() as slot:
        run = begin_run("daily", DAY, DAY, slot=slot)
        part = begin_provider(run, "anthropic", 1)
        assert request_cancel(run.id)
        finish_provider(part, RunStatus.STOPPED)
        finish_run(run, [part])
        slots.settle(slot, run, BOTH, NOW)
    assert Slot.get().status == SlotStatus.CANCELLED
    assert not slots.is_open(DAY, NOW + timedelta(hours=10))


def test_a_cancelled_one_is_not_tried_again_whatever_failed_before(database: Database) -> None:
    with taken() as slot:
        run = begin_run("daily", DAY, DAY, slot=slot)
        parts = [begin_provider(run, name, 1) for name in BOTH]
        finish_provider(parts[0], RunStatus.FAILED, kind=ErrorClass.UNAVAILABLE)
        assert request_cancel(run.id)
        finish_provider(parts[1], RunStatus.STOPPED)
        finish_run(run, parts)
        assert run.status == RunStatus.FAILED
        slots.settle(slot, run, BOTH, NOW)
    assert Slot.get().status == SlotStatus.CANCELLED
    assert not slots.is_open(DAY, NOW + timedelta(hours=10))


def test_a_provider_that_asks_to_wait_is_left_alone_until_then(database: Database) -> None:
    until = int((NOW + timedelta(hours=3)).timestamp())
    with taken() as slot:
        run = ended(slot, anthropic=GOOD, cursor=(RunStatus.FAILED, ErrorClass.RATE_LIMITED))
        ProviderRun.update(not_before=until).where(ProviderRun.provider == "cursor").execute()
        slots.settle(slot, run, BOTH, NOW)
    assert Slot.get().retry_at == until
    assert slots.asked_to_wait(BOTH, NOW) == {"cursor": until}
    assert slots.asked_to_wait(BOTH, NOW + timedelta(hours=3)) == {}
    assert slots.asked_to_wait(("anthropic",), NOW) == {}
    with taken(now=NOW + timedelta(hours=3)) as slot:
        assert slot.retry_at is None
        slots.settle(slot, None, BOTH, NOW + timedelta(hours=2))
    # Nobody was asked, so nothing failed: only the one failure before counts.
    assert (slot.status, slot.failures, slot.retry_at) == (SlotStatus.WAITING, 1, until)


def test_the_long_window_comes_back_after_a_week(database: Database) -> None:
    kinds = []
    for offset in range(15):
        with taken(DAY + timedelta(offset), NOW) as slot:
            kinds.append(slot.weekly)
            slots.settle(slot, ended(slot, anthropic=GOOD, cursor=REJECTED), BOTH, NOW)
    assert [offset for offset, weekly in enumerate(kinds) if weekly] == [0, 7, 14]


def test_a_moment_that_moved_to_later_that_day_comes_again(database: Database) -> None:
    with taken(BEFORE, NOW - timedelta(1)) as slot:
        slots.settle(slot, ended(slot, anthropic=GOOD, cursor=GOOD), BOTH, NOW)
    attempt(NOW, anthropic=GOOD, cursor=GOOD)
    late, noon = time(22, 0), NOW.replace(hour=12)
    tonight = datetime.combine(DAY, late, UTC)
    assert next_sync(late, noon) == tonight
    slots.release_ahead(late, noon)
    assert next_sync(late, noon) == tonight
    # A process that still has the old setting does not take it before.
    assert not slots.is_open(DAY, noon)
    assert slots.is_open(DAY, tonight)
    with taken(now=tonight) as slot:
        assert slots.unread(slot, BOTH) == list(BOTH)


def test_a_moment_that_moved_by_minutes_does_not_come_again(database: Database) -> None:
    attempt(NOW, anthropic=GOOD, cursor=GOOD)
    later, now = time(6, 5), NOW + MINUTE
    slots.release_ahead(later, now)
    assert not slots.is_open(DAY, now + 5 * MINUTE)
    assert next_sync(later, now) == datetime.combine(DAY + timedelta(1), later, UTC)


def test_a_clock_that_was_a_day_ahead_loses_no_run(database: Database) -> None:
    tomorrow = DAY + timedelta(1)
    with taken(tomorrow, NOW + timedelta(1)) as slot:
        slots.settle(slot, ended(slot, anthropic=GOOD, cursor=GOOD), BOTH, NOW + timedelta(1))
        slots.release_ahead(SIX, NOW)
        assert Slot.get_by_id(slot.id).status == SlotStatus.OK, "not while somebody works"
    assert next_sync(SIX, NOW) == NOW
    slots.release_ahead(SIX, NOW)
    assert slots.is_open(DAY, NOW)
    attempt(NOW, anthropic=GOOD, cursor=GOOD)
    assert next_sync(SIX, NOW) == datetime.combine(tomorrow, SIX, UTC)
    slots.release_ahead(SIX, NOW)
    assert not slots.is_open(tomorrow, NOW)
    assert slots.is_open(tomorrow, NOW + timedelta(1))
