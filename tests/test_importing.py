"""Imports count every event once, whatever files hold it, and leave no trace when undone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from peewee import Database

from app.database import database as proxy
from app.dates import utc_now, utc_today
from app.importing import (
    UnreadableExport,
    apply,
    history_count,
    undo,
)
from app.ledger import DEMO_ORGANIZATION, organization_for
from app.models import (
    ImportBatch,
    ImportedRow,
    Organization,
    Partition,
    Usage,
)
from app.queries.days.freshness import unsettled_days
from app.queries.days.health import provider_health
from app.queries.days.run_log import runs_page
from app.queries.scope import Scope
from app.rollups import refresh_everything
from app.runs import resumable_from
from app.usage import PriceStatus
from tests.imported import (
    BY,
    CSV_FILES,
    DOMAIN,
    counts,
    event,
    events,
    put,
    put_after_preview,
    staged,
    sync_day,
    tokens,
    total,
    usage,
    worth,
)
from tests.invented import rollup_content, stored_content

DAY = date(2026, 11, 2)

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("name", "rows", "skipped", "tokens", "value_nanos"),
    [
        ("cursor_01_v1_2025-02.csv", 2, 0, 35, 150_000_000),
        ("cursor_02_usage-details_2025-08.csv", 4, 0, 106_284, 0),
        ("cursor_03_usage-tokens_2025-08.csv", 4, 0, 106_284, 0),
        ("cursor_04_individual_2025-08_to_2026-03.csv", 9, 2, 1_938_774, 680_000_000),
        ("cursor_05_team_2025-2026.csv", 4, 0, 896_426, 230_000_000),
        ("cursor_06_team_2026_cloud-agent.csv", 6, 1, 840_176, 900_000_000),
        ("cursor_07_individual_2026_requests.csv", 5, 2, 22_559_558, 23_232_942_500),
        ("claude_tokens_01_oldest_single-cache-write.csv", 1, 0, 9_198, 15_960_000),
        ("claude_tokens_02_mid-2025.csv", 1, 0, 9, 10_400),
        ("claude_tokens_03_late-2025_context-window.csv", 1, 0, 6_900, 34_000_000),
        ("claude_tokens_04_2026_geo-speed.csv", 6, 0, 2_312_495, 4_725_993_250),
        ("claude_cost_04_2025-12_context-window.csv", 1, 0, 0, 130_000_000),
        ("claude_cost_06_2026-08_key-id.csv", 1, 0, 0, 50_000_000),
    ],
)
def test_a_sample_counts_what_its_rows_say(
    name: str, rows: int, skipped: int, tokens: int, value_nanos: int
) -> None:
    content = (CSV_FILES / name).read_bytes()
    done = put_after_preview(content, name=name, person="me@example.com")
    assert counts(done) == (rows - skipped, 0, 0, 0, skipped, 0)
    assert worth(done.before) == (0, 0)
    assert worth(done.after) == total() == (tokens, value_nanos)
    again = put(content, name, person="me@example.com")
    assert (again.records_imported, again.records_unchanged) == (0, rows - skipped)
    assert total() == (tokens, value_nanos)
    undone = undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert (worth(undone.before), worth(undone.after)) == ((tokens, value_nanos), (0, 0))
    assert total() == (0, 0)


@pytest.mark.parametrize("name", ["cursor_11_aggregated_by_model.csv", "claude_code_team_01.csv"])
def test_nothing_is_kept_of_a_refused_file(name: str) -> None:
    with pytest.raises(UnreadableExport, match="Export"):
        put((CSV_FILES / name).read_bytes(), name)
    assert ImportBatch.select().count() == 0


def test_nothing_is_kept_of_a_file_that_is_damaged_further_down() -> None:
    rows = [event(at=f"2026-11-02T10:00:00.{n:03d}Z") for n in range(900)] * 7
    with pytest.raises(UnreadableExport, match="line 6302"):
        put(events(*rows, '"2026-11-02T10'))
    assert ImportBatch.select().count() == ImportedRow.select().count() == 0


def test_overlapping_exports_add_up_to_their_union() -> None:
    first = events(event("2026-11-01T23:59:59.999Z", tokens=1), event(tokens=10))
    second = events(event(tokens=10), event("2026-11-03T00:00:00.000Z", tokens=100))
    assert counts(put_after_preview(first)) == (2, 0, 0, 0, 0, 0)
    assert counts(put_after_preview(second)) == (1, 0, 1, 0, 0, 0)
    assert total() == (111, 150_000_000)


def test_twins_in_a_file_are_two_events_and_over_files_the_most_count() -> None:
    twin = event(tokens=10)
    assert counts(put_after_preview(events(twin, twin))) == (2, 0, 0, 0, 0, 0)
    assert counts(put_after_preview(events(twin, event(tokens=3)))) == (1, 0, 1, 0, 0, 0)
    assert total()[0] == 23
    assert counts(put_after_preview(events(twin, twin, twin))) == (1, 0, 2, 0, 0, 0)
    assert total()[0] == 33


def test_the_same_event_in_another_generation_of_the_export_is_one_event() -> None:
    totals_only = (CSV_FILES / "cursor_02_usage-details_2025-08.csv").read_bytes()
    parts = (CSV_FILES / "cursor_03_usage-tokens_2025-08.csv").read_bytes()
    put_after_preview(totals_only, person="me@example.com")
    later = put_after_preview(parts, person="me@example.com")
    assert counts(later) == (0, 4, 0, 0, 0, 0)
    assert total() == (106_284, 0)
    # 1,920 + 62,162 + 28,482 were read from caches, which only the later file says.
    assert sum(row.cache_read_tokens for row in Usage.select()) == 92_564
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert sum(row.input_tokens for row in Usage.select()) == 106_284


@pytest.mark.parametrize("money_first", [True, False])
@pytest.mark.parametrize(
    ("model", "without"), [("claude-4.5-sonnet-thinking", 10 * 15_000), ("gpt-5.5", 0)]
)
def test_the_generation_that_tells_the_money_wins_whichever_comes_first(
    money_first: bool, model: str, without: int
) -> None:
    told = events(event(model=model, kind="Included", cost="0.07"), event(tokens=1))
    included = events(event(model=model, kind="Included", cost="Included"))
    files = [told, included] if money_first else [included, told]
    batches = [put_after_preview(content).file.id for content in files]
    assert total() == (11, 120_000_000)
    assert sorted(row.value_nanos for row in Usage.select()) == [50_000_000, 70_000_000]
    assert {row.price_status for row in Usage.select()} == {PriceStatus.PROVIDER}
    before = stored_content()
    undo(batches[files.index(included)], by=BY, email_domain=DOMAIN)
    assert total() == (11, 120_000_000)
    put_after_preview(included)
    assert stored_content() == before
    undo(batches[files.index(told)], by=BY, email_domain=DOMAIN)
    assert total() == (10, without)
    (row,) = Usage.select()
    assert row.price_status == (PriceStatus.TABLE if without else PriceStatus.UNPRICED)
    assert row.billed_nanos == 0
    assert_rollups_agree()


def test_an_included_row_that_follows_the_money_changes_nothing() -> None:
    model = "claude-4.5-sonnet-thinking"
    put(events(event(model=model, kind="Included", cost="0.07")))
    later = put_after_preview(events(event(model=model, kind="Included", cost="Included")))
    assert counts(later) == (0, 0, 1, 0, 0, 0)
    assert worth(later.before) == worth(later.after) == (10, 70_000_000)


def test_hours_add_up_to_the_day_of_their_key() -> None:
    rows = [usage(f"2026-11-02 {hour:02d}:00", tokens=1_000_000) for hour in range(3)]
    assert counts(put_after_preview(tokens(*rows))) == (3, 0, 0, 0, 0, 0)
    assert total() == (3_000_000, 9_000_000_000)
    assert Usage.select().count() == 1


def test_the_later_file_wins_a_key_and_undo_brings_the_earlier_one_back() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000), usage(key="key-b", tokens=5_000_000)))
    later = put_after_preview(tokens(usage(tokens=2_000_000), usage(key="key-c", tokens=7)))
    assert counts(later) == (1, 1, 0, 0, 0, 0)
    assert total()[0] == 7_000_007
    same = put_after_preview(tokens(usage(tokens=2_000_000)))
    assert counts(same) == (0, 0, 1, 0, 0, 0)
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == 7_000_000
    undo(same.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (6_000_000, 18_000_000_000)


WITHOUT_KEYS = (
    "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_output_tokens\n"
    "2026-11-02,claude-sonnet-4-5-20250929,{},0\n"
)
WITHOUT_WORKSPACES = (
    "usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_output_tokens\n"
    "2026-11-02,claude-sonnet-4-5-20250929,key-a,{},0\n"
)


@pytest.mark.parametrize("other", [WITHOUT_KEYS, WITHOUT_WORKSPACES])
def test_exports_that_name_other_columns_tell_the_same_usage(other: str) -> None:
    full = tokens(usage(tokens=1_000_000), usage(tokens=7, day="2026-11-03"))
    first = put_after_preview(full)
    later = put_after_preview(other.format(1_000_001).encode())
    assert total()[0] == 1_000_008
    assert (later.before.tokens, later.after.tokens) == (1_000_000, 1_000_001)
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == 1_000_007
    put_after_preview(other.format(5).encode())
    assert total()[0] == 12
    undo(first.file.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == 5


def test_the_order_of_application_counts_not_that_of_staging() -> None:
    first, second = staged(tokens(usage(tokens=1))), staged(tokens(usage(tokens=2)))
    for batch in (second.file, first.file):
        apply(batch.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == 1


def test_an_undo_leaves_everything_as_it_was() -> None:
    put(events(event(tokens=10), event(tokens=20), event("2026-11-04T00:00:00.000Z")))
    sync_day("cursor", date(2026, 11, 3), [400])
    before, figures = stored_content(), total()
    done = put(
        events(
            event(tokens=10),
            event(tokens=10),
            event("2026-11-03T12:00:00.000Z", user="new@example.com"),
            event("2026-10-01T12:00:00.000Z", user="new@example.com", model="another"),
        )
    )
    assert total() != figures
    assert ImportedRow.select().where(ImportedRow.batch == done.file.id).count() == 4
    undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert stored_content() == before
    assert total() == figures
    assert ImportedRow.select().where(ImportedRow.batch == done.file.id).count() == 0
    assert_rollups_agree()


def test_the_log_of_runs_says_who_imported_and_what_it_changed() -> None:
    put(events(event(tokens=10, cost="0.05")))
    done = put(events(event(tokens=20), event("2026-11-04T00:00:00.000Z", tokens=5)))
    undo(done.file.id, by="ann", email_domain=DOMAIN)
    taken_back, second, first = runs_page(10)
    assert [run.who for run in (first, second, taken_back)] == [BY, BY, "ann"]
    figures = ("days_changed", "records_changed", "tokens", "value_nanos")
    assert [first.sum(name) for name in figures] == [1, 1, 10, 50_000_000]
    assert [second.sum(name) for name in figures] == [2, 2, 25, 100_000_000]
    assert [taken_back.sum(name) for name in figures] == [2, 2, -25, -100_000_000]
    assert [second.sum(name) for name in ("tokens_before", "value_nanos_before")] == [
        10, 50_000_000,
    ]  # fmt: skip


def test_an_import_is_no_sync_of_its_provider() -> None:
    put(events(event()))
    health = provider_health([("cursor", "Cursor", True)], utc_now())[0]
    assert (health.last, health.last_good_at, health.underway) == (None, None, None)
    assert resumable_from("import", "cursor", 3600) is None


def assert_rollups_agree() -> None:
    found = rollup_content()
    with proxy.atomic() as transaction:
        refresh_everything()
        anew = rollup_content()
        transaction.rollback()
    assert found == anew


@pytest.mark.parametrize("api_first", [True, False])
def test_a_day_the_api_covers_is_counted_once_whichever_came_first(api_first: bool) -> None:
    content = events(event(tokens=10), event("2026-11-03T08:00:00.000Z", tokens=7))
    if api_first:
        sync_day("cursor", DAY, [4, 5])
    done = put_after_preview(content)
    if not api_first:
        assert total()[0] == 17
        sync_day("cursor", DAY, [4, 5])
    assert total() == (16, 2_050_000_000)
    assert_rollups_agree()
    counting = Partition.select().where((Partition.day == 20261102) & Partition.counts)
    assert [partition.source for partition in counting] == ["events"]
    if api_first:
        assert counts(done) == (1, 0, 0, 1, 0, 0)
        assert done.covered_days == (DAY,)
        assert done.covered_tokens == 10
        assert (worth(done.before), worth(done.after)) == ((9, 2 * 10**9), (16, 2_050_000_000))
        assert done.records_skipped == 1


def test_a_day_imported_before_it_ended_is_whole_once_a_later_file_has_it() -> None:
    put(events(event(tokens=10)))
    # As it was stored when the day was today.
    Partition.update(settled=False).execute()
    later = put(events(event(tokens=10), event("2026-11-03T00:00:00.000Z")))
    assert counts(later) == (1, 0, 1, 0, 0, 0)
    assert all(stamp.settled for stamp in Partition.select())


def test_a_day_imported_today_is_not_whole_yet() -> None:
    put(events(event(f"{utc_today()}T00:00:00.000Z")))
    assert [stamp.settled for stamp in Partition.select()] == [False]


def test_an_import_that_the_api_takes_over_from_counts_no_more() -> None:
    put(events(event(tokens=10)))
    sync_day("cursor", DAY, [])
    assert total()[0] == 10
    sync_day("cursor", DAY, [5])
    assert total()[0] == 5


def test_of_the_earlier_files_the_last_one_has_a_key_that_the_newest_lacks() -> None:
    put(tokens(usage(tokens=1_000_000)))
    put(tokens(usage(tokens=2_000_000)))
    put(tokens(usage(key="other", tokens=7)))
    assert total()[0] == 2_000_007


def test_what_does_not_count_leaves_no_day_open(database: Database) -> None:
    put(events(event(tokens=10)))
    Partition.update(settled=False).execute()
    assert unsettled_days(Scope()) == {DAY}
    sync_day("cursor", DAY, [50])
    assert unsettled_days(Scope()) == set()


def test_a_day_that_the_api_no_longer_has_counts_as_imported_again() -> None:
    put(events(event(tokens=10)))
    sync_day("cursor", DAY, [4])
    assert total()[0] == 4
    sync_day("cursor", DAY, [], allow_empty=True)
    assert total() == (10, 50_000_000)
    assert_rollups_agree()


def test_an_api_day_without_usage_does_not_hide_an_import() -> None:
    sync_day("cursor", DAY, [])
    assert counts(put_after_preview(events(event(tokens=10)))) == (1, 0, 0, 0, 0, 0)
    assert total()[0] == 10


def test_the_other_provider_covers_nothing() -> None:
    sync_day("anthropic", DAY, [4])
    assert counts(put_after_preview(events(event(tokens=10)))) == (1, 0, 0, 0, 0, 0)
    assert total()[0] == 14


def test_an_undo_under_the_api_changes_no_total() -> None:
    done = put(events(event(tokens=10)))
    sync_day("cursor", DAY, [4])
    undone = undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert worth(undone.before) == worth(undone.after) == total() == (4, 10**9)


def test_imports_stand_beside_the_demo_company_in_its_own_organisation() -> None:
    sync_day("cursor", DAY, [4])
    Organization.update(name=DEMO_ORGANIZATION).execute()
    assert counts(put_after_preview(events(event(tokens=10)))) == (0, 0, 0, 1, 0, 0)
    assert total()[0] == 4
    assert {partition.organization.name for partition in Partition.select()} == {DEMO_ORGANIZATION}
    assert organization_for("cursor").name == ""


def test_of_two_who_import_the_same_file_at_once_one_wins(database: Database) -> None:
    content, together = events(*(event(tokens=n + 1) for n in range(200))), Barrier(4)

    def one() -> str:
        with proxy.connection_context():
            batch = staged(content).file.id
            together.wait(30)
            return apply(batch, by=BY, email_domain=DOMAIN).note

    with ThreadPoolExecutor(4) as pool:
        notes = [future.result(60) for future in [pool.submit(one) for _ in range(4)]]
    assert sorted(bool(note) for note in notes) == [False, True, True, True]
    assert total()[0] == 20_100
    assert ImportBatch.select().count() == history_count() == 1


def test_an_import_beside_syncs_waits_its_turn(database: Database) -> None:
    days = [date(2026, 11, day) for day in range(1, 21)]
    content = events(*(event(f"{day}T10:00:00.000Z", tokens=3) for day in days))
    ready = Barrier(2)

    def sync() -> None:
        with proxy.connection_context():
            ready.wait(30)
            for day in days[::2]:
                sync_day("cursor", day, [1000])

    def files() -> None:
        with proxy.connection_context():
            ready.wait(30)
            for _ in range(3):
                undo(put(content).file.id, by=BY, email_domain=DOMAIN)
            put(content)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(sync), pool.submit(files)]:
            future.result(60)
    assert total()[0] == 10 * 1000 + 10 * 3
    assert_rollups_agree()
