"""A company's usage comes in exactly, whatever the providers do in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from peewee import Database, fn

from app.config import Config
from app.database import database as proxy
from app.dates import day_number, day_of, days_between, utc_now
from app.demo import write_demo
from app.importing import history
from app.locks import exclusive_lock
from app.models import DayChange, Meta, Partition, ProviderRun, Run, TotalDay, Usage
from app.queries.keys.unmapped import unmapped_keys
from app.queries.scope import Scope
from app.rollups import refresh_everything
from app.states import RunStatus, Source
from app.sync import DemoDatabase, Progress, SyncBusy
from tests.imported import event, events, put, total
from tests.invented import (
    assert_exact,
    configured,
    rollup_content,
    stored_content,
    sync,
    with_account,
)
from tests.upstream import Company, Row, Upstream, true_totals

START = date(2026, 9, 12)
END = START + timedelta(days=44)
WEEK = (date(2026, 10, 5), date(2026, 10, 9))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(heavy=300)) as server:
        server.page_rows, server.cursor_page_cap, server.list_page_cap = 60, 250, 4
        yield server


@pytest.fixture
def live(config: Config, database: Database, upstream: Upstream) -> Config:
    return configured(config, upstream)


def truth(upstream: Upstream, start: date = START, end: date = END):
    return true_totals(upstream.company, start, end)


def test_backfills_45_days_exactly(live: Config, upstream: Upstream) -> None:
    result = sync(live, START, END)
    assert result.ok, [part.error for part in result.parts.values()]
    assert_exact(truth(upstream))
    assert {part.days_done for part in result.parts.values()} == {45}
    assert result.parts["anthropic"].requests == len(upstream.seen("anthropic"))
    assert result.parts["cursor"].requests == len(upstream.seen("cursor"))


def test_again_and_over_overlapping_ranges_changes_nothing(
    live: Config, upstream: Upstream
) -> None:
    sync(live, *WEEK)
    before, version = stored_content(), Meta.get().data_version
    for start, end in (WEEK, (WEEK[0] + timedelta(2), WEEK[1]), (WEEK[0], WEEK[0]), WEEK):
        result = sync(live, start, end, kind="sync")
        assert result.ok
        assert sum(part.days_changed for part in result.parts.values()) == 0
    assert stored_content() == before
    assert Meta.get().data_version == version
    assert DayChange.select().count() == 10


def test_follows_revisions_exactly(live: Config, upstream: Upstream) -> None:
    sync(live, *WEEK)
    for offset in (0, 2, 4):
        upstream.company.revise(WEEK[0] + timedelta(offset))
    result = sync(live, *WEEK)
    assert {part.days_changed for part in result.parts.values()} == {3}
    assert_exact(truth(upstream, *WEEK))
    change = DayChange.select().order_by(DayChange.id.desc()).first()
    assert change.tokens_before != change.tokens_after


def test_rollups_made_anew_are_the_same(live: Config) -> None:
    sync(live, *WEEK)
    before = rollup_content()
    refresh_everything()
    assert rollup_content() == before


@pytest.mark.parametrize("action", ["truncate", "html", "repeat_token"])
def test_a_page_that_fails_in_the_middle_leaves_the_whole_old_day(
    live: Config, upstream: Upstream, action: str
) -> None:
    sync(live, *WEEK)
    before = stored_content()
    for offset in range(5):
        upstream.company.revise(WEEK[0] + timedelta(offset), tool="claude_code")
    upstream.fault("anthropic", "usage_report", 2, action, times=None)
    result = sync(live, *WEEK)
    assert result.parts["anthropic"].status == RunStatus.FAILED
    assert result.parts["anthropic"].error.startswith("Anthropic")
    assert result.parts["cursor"].status == RunStatus.OK
    assert result.run.status == RunStatus.FAILED
    assert stored_content() == before
    upstream.clear_faults()
    assert sync(live, *WEEK).ok
    assert_exact(truth(upstream, *WEEK))


def test_a_missing_cursor_event_is_noticed(live: Config, upstream: Upstream) -> None:
    sync(live, *WEEK)
    before = stored_content()
    upstream.fault("cursor", "filtered-usage-events", 1, "drop_event", times=None)
    result = sync(live, *WEEK)
    assert result.parts["cursor"].status == RunStatus.FAILED
    assert "Cursor" in result.parts["cursor"].error
    assert result.parts["anthropic"].status == RunStatus.OK
    assert stored_content() == before


def test_gets_over_one_off_troubles(live: Config, upstream: Upstream) -> None:
    upstream.fault("anthropic", "usage_report", 1, (529, {"Retry-After": "1"}, b"{}"))
    upstream.fault("cursor", "filtered-usage-events", 1, "reset")
    result = sync(live, *WEEK)
    assert result.ok
    assert result.parts["anthropic"].retries == result.parts["cursor"].retries == 1
    assert_exact(truth(upstream, *WEEK))


@pytest.mark.parametrize(("status", "kind"), [(401, "key rejected"), (403, "key lacks permission")])
def test_a_refused_key_is_a_sentence_and_the_other_provider_is_done(
    live: Config, upstream: Upstream, status: int, kind: str
) -> None:
    body = b'{"type":"error","error":{"type":"x","message":"no such luck"}}'
    upstream.fault("anthropic", "", 1, (status, {}, body), times=None)
    result = sync(live, *WEEK)
    part = result.parts["anthropic"]
    assert (part.status, part.error_kind) == (RunStatus.FAILED, kind)
    assert str(status) in part.error
    assert "no such luck" in part.error
    assert live.provider_key("anthropic") not in part.error
    assert result.parts["cursor"].status == RunStatus.OK
    assert Partition.select().count() == 5


def test_without_a_key_the_other_provider_works(
    config: Config, database: Database, upstream: Upstream
) -> None:

    half = with_account(configured(config, upstream), "cursor", key=None)
    result = sync(half, *WEEK)
    assert result.parts["cursor"].status == RunStatus.NOT_CONFIGURED
    assert result.parts["anthropic"].status == RunStatus.OK
    assert result.ok


def test_a_day_that_became_empty_is_kept_and_reported(live: Config, upstream: Upstream) -> None:
    sync(live, *WEEK)
    before = stored_content()
    upstream.company.clear(WEEK[0], tool="cursor")
    result = sync(live, *WEEK)
    part = result.parts["cursor"]
    assert part.status == RunStatus.FAILED
    assert "2026-10-05" in part.error
    assert "--allow-empty" in part.error
    assert stored_content() == before
    assert Partition.select().where(Partition.suspicious_at.is_null(False)).count() == 1
    assert sync(live, *WEEK, allow_empty=True).ok
    assert_exact(truth(upstream, *WEEK))
    assert Partition.select().where(Partition.suspicious_at.is_null(False)).count() == 0


def test_only_one_sync_runs_at_a_time(live: Config) -> None:
    with (
        exclusive_lock(proxy.obj, "sync"),
        pytest.raises(SyncBusy, match="already running"),
    ):
        sync(live, *WEEK)
    assert Run.select().count() == 0


def test_real_usage_never_mixes_with_the_demo_company(live: Config) -> None:
    write_demo(
        2,
        3,
        now=utc_now(),
        email_domain="example.com",
        progress=lambda done, total, day: None,
    )
    with pytest.raises(DemoDatabase, match="holds the demo company"):
        sync(live, *WEEK)


def test_stops_between_days_and_goes_on_where_it_stopped(live: Config, upstream: Upstream) -> None:
    seen: list[tuple[str, date]] = []
    progress = Progress(
        on_day=lambda provider, day, stored: seen.append((provider, day)),
        should_stop=lambda: len(seen) >= 3,
    )
    result = sync(live, *WEEK, progress=progress)
    assert result.run.status == RunStatus.STOPPED
    assert [day for _, day in seen] == [WEEK[0] + timedelta(n) for n in range(3)]
    stored = Partition.select(Partition.day).tuples()
    assert sorted(day for (day,) in stored) == [day_number(day) for _, day in seen]
    starts: dict[str, int] = {}
    again = Progress(on_start=lambda name, days, skipped: starts.update({name: skipped}))
    assert sync(live, *WEEK, resume=True, progress=again).ok
    assert starts == {"anthropic": 3, "cursor": 0}
    assert_exact(truth(upstream, *WEEK))


def test_a_finished_backfill_is_read_again_in_full(live: Config, upstream: Upstream) -> None:
    assert sync(live, *WEEK, resume=True).ok
    upstream.company.revise(WEEK[0])
    assert sync(live, *WEEK, resume=True).ok
    assert_exact(truth(upstream, *WEEK))


def test_a_run_that_died_is_marked_interrupted(live: Config) -> None:
    dead = Run.create(kind="sync", status="running", start_day=1, end_day=1, started_at=1)
    ProviderRun.create(run=dead, provider="cursor", status="running", started_at=1)
    sync(live, *WEEK)
    assert Run.get_by_id(dead.id).status == RunStatus.INTERRUPTED
    assert ProviderRun.get(ProviderRun.run == dead).status == RunStatus.INTERRUPTED


def test_unmapped_keys_are_shown_with_their_usage(live: Config, upstream: Upstream) -> None:
    sync(live, START, END)
    expected = truth(upstream).unmapped
    found = {row.key: row for row in unmapped_keys(Scope(START, END)) if row.key in expected}
    assert set(found) == set(expected)
    for key, unmapped in expected.items():
        assert found[key].figures.tokens == unmapped.sums.total_tokens
        assert found[key].figures.value_nanos == unmapped.sums.value_nanos
        assert found[key].suggested_email == (unmapped.suggested_email or "")


def test_three_billion_tokens_fit_in_one_row(live: Config) -> None:
    sync(live, date(2026, 10, 7), date(2026, 10, 7))
    assert Usage.select().where(Usage.output_tokens >= 3_000_000_000).exists()
    assert TotalDay.select().where(TotalDay.tokens > 3_000_000_000).exists()


def test_members_who_left_keep_their_usage(live: Config, upstream: Upstream) -> None:
    sync(live, *WEEK)
    before = stored_content()
    upstream.company.dismiss(upstream.company.people[0].email)
    assert sync(live, *WEEK).ok
    assert stored_content() == before


def test_one_bad_day_leaves_the_others(live: Config, upstream: Upstream) -> None:
    start, end = WEEK
    bad = start + timedelta(days=2)
    upstream.company.add_row(Row(bad, output_tokens=10**15))
    error = sync(live, start, end, providers=("anthropic",)).parts["anthropic"].error
    assert "output_tokens" in error
    assert error.endswith(f"Not read: {bad}.")
    stored = {day_of(one.day) for one in Partition.select()}
    assert stored == set(days_between(start, end)) - {bad}


def api_tokens() -> int:
    """The tokens of all days that providers told of."""
    told = Partition.select(fn.SUM(Partition.tokens)).where(Partition.source != Source.IMPORTED)
    return int(told.scalar())


def test_a_file_of_strangers_still_counts_after_the_sync(live: Config, upstream: Upstream) -> None:
    day = WEEK[0]
    put(events(event(f"{day}T12:00:00.000Z", "robin@other.example", 350)))
    assert sync(live, *WEEK).ok
    assert total()[0] == api_tokens() + 350
    assert history()[0].organization == "other_example"


def test_a_sync_that_fails_midway_looks_again_whose_a_file_is(
    live: Config, upstream: Upstream
) -> None:
    """A day of the first window is read; the second one is refused."""
    day = WEEK[0]
    put(events(event(f"{day}T12:00:00.000Z", "robin@other.example", 350)))

    def refuse(*_: object) -> None:
        upstream.fault("cursor", "filtered-usage-events", 1, (401, {}, b"{}"), times=None)

    result = sync(live, day, day + timedelta(days=7), progress=Progress(on_day=refuse))
    assert result.parts["cursor"].status == RunStatus.FAILED
    assert history()[0].organization == "other_example"
    assert total()[0] == api_tokens() + 350
