"""The calendar of days: every state, from stamps, runs and what the providers were asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from peewee import Database

from app.config import Config
from app.dates import day_number, days_between, utc_now
from app.ledger import bump_data_version, organization_for, replace_day
from app.locks import exclusive_lock
from app.models import DayChange, Partition, ProviderRun, Run
from app.queries.days.completeness import DayState, calendar, count_states
from app.queries.days.coverage import Gap, gaps, left_out, never_read
from app.queries.days.health import (
    ProviderHealth,
    Standing,
    next_sync,
    provider_health,
    seconds_left,
)
from app.queries.days.restatements import restatements, settled_from
from app.queries.days.run_log import changed_days, one_run, runs_page
from app.queries.days.story import day_story
from app.queries.scope import Scope
from app.runs import (
    SYNC_LOCK,
    begin_provider,
    begin_run,
    finish_provider,
    finish_run,
)
from app.states import RunStatus
from app.usage import DayUsage
from tests.filled import MODELS, record
from tests.invented import configured, sync
from tests.tools import CLAUDE_CODE
from tests.upstream import Company, Upstream

MONDAY = date(2026, 10, 5)
SUNDAY = MONDAY + timedelta(days=6)
BOTH = ("anthropic", "cursor")
TODAY = date(2026, 10, 20)
REFUSED = (401, {}, b'{"type":"error","error":{"type":"x","message":"no such luck"}}')


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(heavy=60)) as server:
        yield server


@pytest.fixture
def live(config: Config, database: Database, upstream: Upstream) -> Config:
    return configured(config, upstream)


def states(provider: str = "anthropic", start: date = MONDAY, end: date = SUNDAY) -> str:
    """The states of a provider's days as their first letters, "." for none."""
    marks = calendar((provider,), start, end, TODAY)[provider]
    found = [marks.get(day) for day in days_between(start, end)]
    return "".join(mark.state[0] if mark else "." for mark in found)


def a_day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def asked_days(upstream: Upstream, provider: str) -> set[date]:
    """The days that a provider was really asked for, from its own log of good answers."""
    found: set[date] = set()
    for seen in upstream.seen(provider):
        if seen.status != 200:
            continue
        params = dict(seen.params)
        if "starting_at" in params:
            first = datetime.fromisoformat(params["starting_at"]).date()
            last = datetime.fromisoformat(params["ending_at"]).date() - timedelta(days=1)
        elif seen.body and "startDate" in seen.body:
            first, last = (
                datetime.fromtimestamp(seen.body[name] / 1000, UTC).date()
                for name in ("startDate", "endDate")
            )
        else:
            continue
        found |= set(days_between(first, last))
    return found


def test_every_read_day_is_final_and_every_other_is_not(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, a_day(1))
    sync(live, a_day(4), SUNDAY)
    for provider in BOTH:
        marks = calendar((provider,), MONDAY, SUNDAY, TODAY)[provider]
        final = {day for day, mark in marks.items() if mark.state is DayState.FINAL}
        assert final == asked_days(upstream, provider)
        stamps = Partition.select().join(Run).where(Partition.counts)
        assert {day_number(day) for day in final} <= {stamp.day for stamp in stamps}
    assert states("cursor") == "ffmmfff"


def test_tokens_of_a_day_are_those_of_its_records(live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    for provider in BOTH:
        stamp = next(one for one in Partition.select() if one.organization.provider == provider)
        mark = calendar((provider,), MONDAY, MONDAY, TODAY)[provider][MONDAY]
        assert mark.tokens == stamp.tokens > 0


def test_gaps_are_ranges_up_to_yesterday(live: Config) -> None:
    sync(live, MONDAY, a_day(1))
    sync(live, a_day(4), a_day(4))
    found = [(gap.provider, gap.start, gap.end, gap.days) for gap in gaps(a_day(7))]
    assert found == [
        (provider, *span, days)
        for provider in BOTH
        for span, days in (((a_day(2), a_day(3)), 2), ((a_day(5), a_day(6)), 2))
    ]


def test_what_was_never_read_is_known_by_provider(live: Config) -> None:
    sync(live, a_day(1), a_day(2))
    sync(live, a_day(4), a_day(4), providers=("cursor",))
    week = Scope(MONDAY, SUNDAY)
    before = Gap("cursor", MONDAY, MONDAY)
    between = Gap("cursor", a_day(3), a_day(3))
    assert never_read(week, BOTH) == [Gap("anthropic", MONDAY, MONDAY), before, between]
    assert never_read(week, ("cursor",)) == [before, between]
    assert left_out(week, BOTH) == left_out(Scope(), BOTH) == [between]
    assert left_out(Scope(a_day(4), SUNDAY), BOTH) == []
    assert never_read(Scope(), BOTH) == []
    sync(live, a_day(3), a_day(3))
    assert left_out(week, BOTH) == []


def test_today_is_no_gap_and_the_future_has_no_marks(live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    assert gaps(a_day(1)) == []
    marks = calendar(BOTH, MONDAY, SUNDAY, a_day(1))
    assert [set(marks[name]) for name in BOTH] == [{MONDAY}, {MONDAY}]


def test_a_failed_run_marks_what_it_did_not_reach(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, a_day(1))
    upstream.fault("anthropic", "usage_report", 1, REFUSED, times=None)
    sync(live, a_day(1), a_day(3))
    assert states() == "f" + "f" * 3 + "mmm"
    marks = calendar(BOTH, MONDAY, SUNDAY, TODAY)["anthropic"]
    wanted = [DayState.FINAL, *[DayState.FAILED] * 3, *[DayState.MISSING] * 3]
    assert [marks[a_day(number)].state for number in range(7)] == wanted
    assert states("cursor") == "ffffmmm"
    upstream.clear_faults()
    sync(live, a_day(1), a_day(3))
    found = calendar(BOTH, MONDAY, a_day(3), TODAY)["anthropic"]
    assert {mark.state for mark in found.values()} == {DayState.FINAL}


def test_a_day_that_became_empty_is_suspicious_until_it_is_accepted(
    live: Config, upstream: Upstream
) -> None:
    sync(live, MONDAY, a_day(1))
    upstream.company.clear(MONDAY, "cursor")
    sync(live, MONDAY, a_day(1))
    assert states("cursor", MONDAY, a_day(1)) == "sf"
    health = provider_health([("cursor", "Cursor", True)], utc_now())[0]
    assert health.suspicious == [MONDAY]
    sync(live, MONDAY, MONDAY, allow_empty=True)
    assert states("cursor", MONDAY, MONDAY) == "r"


def test_a_revision_of_a_final_day_is_a_restatement(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, a_day(2))
    before = {one.day: one.tokens for one in Partition.select()}
    upstream.company.revise(a_day(1), "claude_code")
    result = sync(live, MONDAY, a_day(2))
    assert states(start=MONDAY, end=a_day(2)) == "frf"
    found = list(restatements())
    assert [(one.provider, one.day, one.run) for one in found] == [
        ("anthropic", day_number(a_day(1)), result.run.id)
    ]
    assert found[0].tokens_before != found[0].tokens_after
    assert found[0].tokens_before in before.values() or found[0].tokens_before > 0


def test_the_end_of_a_provisional_day_is_no_restatement(database: Database) -> None:
    """Read in its middle, then at 06:00 after it, then again days later with another figure."""
    moments = [settled_from(day_number(MONDAY)) + hours * 3600 for hours in (-12, 4, 28, 52)]
    run_ids = []
    for place, moment in enumerate(moments):
        run = run_row(MONDAY, MONDAY, moment)
        run_ids.append(run.id)
        # The third reading found what the second had found.
        store(run, MONDAY, tokens=(10, 20, 20, 30)[place], settled=place > 0)
        DayChange.update(changed_at=moment + 5).where(DayChange.run == run).execute()
    assert [one.run for one in restatements()] == [run_ids[3]]
    assert states(start=MONDAY, end=MONDAY) == "r"
    DayChange.delete().where(DayChange.run == run_ids[3]).execute()
    assert states(start=MONDAY, end=MONDAY) == "f"


def test_a_late_first_reading_of_a_final_day_is_no_restatement(database: Database) -> None:
    """Read once while it went on; the next reading, a week later, is its first final one."""
    for tokens, hours in ((10, -12), (25, 170)):
        moment = settled_from(day_number(MONDAY)) + hours * 3600
        run = run_row(MONDAY, MONDAY, moment)
        store(run, MONDAY, tokens=tokens, settled=hours > 0)
        DayChange.update(changed_at=moment + 5).where(DayChange.run == run).execute()
    assert list(restatements()) == []
    assert states(start=MONDAY, end=MONDAY) == "f"


def test_a_day_that_may_still_grow_is_provisional(database: Database) -> None:
    run = run_row(MONDAY, MONDAY, 1)
    store(run, MONDAY, tokens=1, settled=False)
    assert states(start=MONDAY, end=MONDAY) == "p"


def test_imported_days_count_where_the_api_holds_nothing(database: Database) -> None:
    run = run_row(MONDAY, SUNDAY, 1)
    store(run, MONDAY, tokens=0)
    store(run, MONDAY, tokens=7, source="csv")
    store(run, a_day(1), tokens=5)
    store(run, a_day(2), tokens=9, source="csv")
    for day, source, counts in ((0, "messages", False), (0, "csv", True)):
        Partition.update(counts=counts).where(
            (Partition.day == day_number(a_day(day))) & (Partition.source == source)
        ).execute()
    assert states(start=MONDAY, end=a_day(3)) == "ifim"
    assert [(gap.start, gap.end) for gap in gaps(a_day(4))] == [(a_day(3), a_day(3))]
    story = day_story("anthropic", MONDAY, TODAY)
    assert [(one.source, one.counts, one.tokens) for one in story.sources] == [
        ("csv", True, 7),
        ("messages", False, 0),
    ]


def test_the_states_are_counted_over_all_history(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, a_day(1))
    sync(live, a_day(4), SUNDAY)
    counts = count_states(BOTH, TODAY)["cursor"]
    assert counts[DayState.FINAL] == len(asked_days(upstream, "cursor")) == 5
    assert counts[DayState.MISSING] == 2 + (TODAY - SUNDAY).days - 1
    assert sum(counts.values()) == (TODAY - MONDAY).days


def test_nothing_stored_has_no_marks(database: Database) -> None:
    assert calendar(BOTH, MONDAY, SUNDAY, TODAY) == {"anthropic": {}, "cursor": {}}
    assert gaps(TODAY) == []
    assert set(count_states(BOTH, TODAY)["cursor"].values()) == {0}


def test_the_story_of_a_day_tells_changes_and_runs(live: Config, upstream: Upstream) -> None:
    first = sync(live, MONDAY, a_day(1)).run.id
    upstream.company.revise(MONDAY, "cursor")
    second = sync(live, MONDAY, MONDAY, kind="sync").run.id
    third = sync(live, MONDAY, MONDAY, kind="sync").run.id
    story = day_story("cursor", MONDAY, TODAY)
    assert [change.run for change in story.changes] == [second, first]
    assert [change.restated for change in story.changes] == [True, False]
    assert [attempt.run for attempt in story.attempts] == [third, second, first]
    assert story.sources[0].run == third
    assert story.changes[0].tokens_after == story.sources[0].tokens
    assert story.changes[1].tokens_before == 0


def test_the_log_says_what_the_providers_were_asked(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, SUNDAY)
    run = runs_page(10)[0]
    assert run.sum("requests") == len(upstream.log)
    tokens = sum(stamp.tokens for stamp in Partition.select())
    assert run.sum("tokens") == tokens
    assert run.sum("value_nanos") == sum(stamp.value_nanos for stamp in Partition.select())
    changes = changed_days(run.id)
    assert [change.day for change in changes] == sorted([*days_between(MONDAY, SUNDAY)] * 2)
    assert sum(change.tokens_after for change in changes) == tokens
    assert one_run(run.id) == run
    assert one_run(10**9 - 1) is None


def test_a_provider_stands_as_its_newest_run_went(live: Config, upstream: Upstream) -> None:
    def standing() -> Standing:
        return provider_health([("anthropic", "Anthropic", True)], utc_now())[0].standing

    assert standing() is Standing.NEVER_READ
    yesterday = utc_now().date() - timedelta(days=1)
    sync(live, yesterday - timedelta(days=1), yesterday)
    assert standing() is Standing.GOOD
    upstream.fault("anthropic", "usage_report", 1, REFUSED)
    sync(live, yesterday, yesterday)
    assert standing() is Standing.FAILED
    sync(live, yesterday - timedelta(days=9), yesterday - timedelta(days=9))
    assert standing() is Standing.GAPS
    ProviderRun.update(finished_at=1, started_at=1).execute()
    assert standing() is Standing.BEHIND
    found = provider_health([("anthropic", "Anthropic", False)], utc_now())
    assert found[0].standing is Standing.NOT_CONFIGURED


def test_a_run_that_was_stopped_or_whose_process_died_did_not_work(database: Database) -> None:
    def found() -> ProviderHealth:
        return provider_health([("cursor", "Cursor", True)], utc_now())[0]

    with exclusive_lock(database, SYNC_LOCK):
        part = begin_provider(begin_run("backfill", MONDAY, SUNDAY), "cursor", 7)
        finish_provider(part, RunStatus.STOPPED)
        finish_run(part.run, [part])
        assert found().standing is Standing.STOPPED
        begin_provider(begin_run("sync", MONDAY, SUNDAY), "cursor", 7)
        assert (found().standing, runs_page(1)[0].status) == (Standing.RUNNING, "running")
    dead = found()
    assert dead.standing is Standing.INTERRUPTED
    assert dead.last
    assert (dead.last.status, dead.last.finished_at, dead.last.seconds) == (
        "interrupted", None, None,
    )  # fmt: skip
    logged = runs_page(1)[0]
    assert [logged.status, logged.parts[0].status] == ["interrupted"] * 2


def test_the_estimate_goes_by_the_pace_so_far() -> None:
    assert seconds_left(0, 10, timedelta(seconds=5)) is None
    assert seconds_left(2, 10, timedelta(seconds=5)) == 20
    assert seconds_left(10, 10, timedelta(seconds=5)) == 0


def test_a_run_under_way_shows_how_far_it_is(database: Database) -> None:
    with exclusive_lock(database, SYNC_LOCK):
        part = begin_provider(begin_run("backfill", MONDAY, SUNDAY), "cursor", 10)
        part.days_done, part.started_at, part.current_day = 4, part.started_at - 8, 20261008
        part.save()
        health = provider_health([("cursor", "Cursor", True)], utc_now())[0]
        assert health.standing is Standing.RUNNING
        assert health.underway
        assert health.underway[:5] == (part.run_id, "backfill", 4, 10, a_day(3))
        assert 11 <= (health.underway.seconds_left or 0) <= 15
    assert provider_health([("cursor", "Cursor", True)], utc_now())[0].underway is None


def test_the_next_sync_is_due_until_somebody_took_it(database: Database) -> None:
    now = utc_now()
    assert next_sync(now.time().replace(tzinfo=None), now) == now


def run_row(start: date, end: date, at: int) -> Run:
    """A successful run in the log."""
    numbers = {"start_day": day_number(start), "end_day": day_number(end)}
    run = Run.create(kind="test", status="ok", started_at=at, finished_at=at + 9, **numbers)
    ProviderRun.create(
        run=run, provider="anthropic", status="ok", started_at=at, finished_at=at + 9
    )
    return run


def store(
    run: Run, day: date, *, tokens: int, settled: bool = True, source: str = "messages"
) -> None:
    """A day of Anthropic with one record, or with none for no tokens."""
    model = (CLAUDE_CODE, MODELS[0][1])
    records = [record(day, "a@town.example", *model, tokens, 0, 0, 0, 0)] if tokens else []
    usage = DayUsage(day, records, settled)
    organization = organization_for("anthropic")
    replace_day(organization, source, usage, run, email_domain="town.example")
    bump_data_version()
