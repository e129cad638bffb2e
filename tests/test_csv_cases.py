"""Files that people really have: each comes out as it should, or is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.importing import RowsRejected, UnreadableExport
from app.models import Slice, Usage
from app.queries.scope import Scope
from tests.exported import TEAM, TEAM_ROW, TOKENS, TOKENS_ROW, contents, csv_text, with_cells
from tests.figures import totals
from tests.imported import counts, event, events, put, put_after_preview, tokens, total, usage

CASES = Path(__file__).parent / "csv_cases"

pytestmark = pytest.mark.usefixtures("database")


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def test_display_names_are_the_models_that_they_name() -> None:
    put_after_preview(case("02-display-models/display.csv"))
    names = {row.model: row.name for row in Slice.select().where(Slice.model != "")}
    assert names == {
        "Opus 4.8, Auto": "Opus 4.8",
        "Claude Opus 4.8": "Opus 4.8",
        "Opus 4.8": "Opus 4.8",
        "claude-opus-4-8-thinking-high": "Opus 4.8",
        "claude-4.8-opus-high-thinking": "Opus 4.8",
        "Sonnet 5.5 Thinking": "Sonnet 5.5",
        "claude-4-sonnet-1m": "Sonnet 4",
        "Cursor Grok 4.6 (Auto Balanced)": "Cursor Grok 4.6 (Auto Balanced)",
        "default": "auto",
    }
    by_name: dict[str, set[int | None]] = {}
    for row in Usage.select(Usage, Slice).join(Slice):
        by_name.setdefault(row.model.name, set()).add(row.value_nanos)
    assert by_name["Cursor Grok 4.6 (Auto Balanced)"] == by_name["auto"] == {None}
    assert len(by_name["Opus 4.8"]) == len(by_name["Sonnet 5.5"]) == len(by_name["Sonnet 4"]) == 1
    assert None not in by_name["Opus 4.8"] | by_name["Sonnet 5.5"] | by_name["Sonnet 4"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("eu", "'1,50' has a decimal comma; write it with a point, as 1.50"),
        ("us-dates", "expected YYYY-MM-DD, or a time with its zone"),
    ],
)
def test_what_a_spreadsheet_made_of_a_file_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(RowsRejected) as refused:
        put(case(f"03-excel/{name}.csv"))
    assert why in refused.value.rows[0].message
    assert total() == (0, 0)


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-03 10:04:00+00:00", "2026-11-03 10:04:00 UTC", "2026-11-03 10:04:00Z",
        "2026-11-03T15:34:00+0530", "2026-11-03 05:04:00 -05:00", "2026-11-03T10:04:00.000+00:00",
        "2026-11-03T10:04Z", "2026-11-03 10:04Z", "2026-11-03 10:04 UTC", "2026-11-03T15:34+05:30",
        "2026-11-03 05:04-0500", "2026-11-03T12:04+02",
    ],
)  # fmt: skip
def test_a_stated_zone_is_a_zone(at: str) -> None:
    name = case("03-excel/tz-offset.csv").decode()
    put_after_preview(name.replace("2026-11-03 10:04:00+00:00", at).encode())
    assert total() == (15, 100_000_000)
    assert Usage.get().at_ms == 1_793_700_240_000


@pytest.mark.parametrize(
    ("name", "value"),
    [("c00", None), ("c05", -240_000_000), ("c10", None), ("c13", None), ("c14", None)],
)
def test_words_for_a_cost_are_read(name: str, value: int | None) -> None:
    put_after_preview(case(f"04-cost-words/{name}.csv"))
    assert (Usage.get().value_nanos, total()) == (value, (15, value or 0))
    assert totals(Scope()).figures.unpriced_tokens == (15 if value is None else 0)


def test_tokens_and_money_in_one_row_are_refused_with_what_to_export() -> None:
    with pytest.raises(UnreadableExport, match=r"claude_api_tokens_.*claude_api_cost_"):
        put(case("06-tokens-and-cost/both.csv"))


@pytest.mark.parametrize("turned", [False, True])
def test_a_context_window_that_lost_its_sign_is_the_same(turned: bool) -> None:
    names = ["a-clean", "b-mojibake"]
    for name in names[::-1] if turned else names:
        put_after_preview(case(f"17-claude-window-spelling/{name}.csv"))
    assert total() == (1_100_000, 4_500_000_000)


@pytest.mark.parametrize(
    ("written", "long"),
    [
        ("≤ 200k", False), ("<= 200k", False), ("<=200K", False), ("&lt;= 200k", False),
        ("0-200k", False), ("0 - 200k", False), ("up to 200k", False), ("? 200k", False),
        ("â‰¤ 200k", False), ("Γëñ 200k", False), ("=200k", False), ("200k", False),
        ("> 200k", True), (">200K", True), ("&gt; 200k", True), ("200k-1M", True),
        ("200k - 1M", True), ("over 200k", True), ("200k+", True), ("1M", True),
    ],
)  # fmt: skip
def test_spellings_of_the_context_window(written: str, long: bool) -> None:
    row = with_cells(TOKENS, TOKENS_ROW, [("context_window", written)])
    (record,) = contents(csv_text(TOKENS, row)).records
    assert record.detail == ('{"context_window":"200k-1M"}' if long else "")


@pytest.mark.parametrize("turned", [False, True])
def test_a_credit_is_no_usage_value_and_searches_keep_their_price(turned: bool) -> None:
    names = ["tokens", "cost-credit"]
    for name in names[::-1] if turned else names:
        put_after_preview(case(f"20-cost-and-tokens/{name}.csv"))
    assert total() == (1_000_000, 5_100_000_000)
    # Five dollars were billed, one was given back.
    assert totals(Scope()).figures.value_nanos == 5_100_000_000
    assert sum(row.billed_nanos or 0 for row in Usage.select()) == 4_000_000_000


def test_searches_that_the_costs_list_are_not_added_again() -> None:
    costs = case("20-cost-and-tokens/cost-credit.csv").decode().splitlines()
    searches = costs[1].replace("input_no_cache,5.00,5.00,token", ",0.08,0.10,web_search")
    assert searches != costs[1]
    for content in (case("20-cost-and-tokens/tokens.csv"), "\n".join([*costs, searches]).encode()):
        put_after_preview(content)
    assert total() == (1_000_000, 5_100_000_000)


@pytest.mark.parametrize("above", ["Usage report\n", "Acme, Inc.,,\n\n2026-05-01 to 2026-05-31\n"])
def test_lines_above_the_header_are_no_rows(above: str) -> None:
    found = contents(above + csv_text(TEAM, TEAM_ROW, with_cells(TEAM, TEAM_ROW, [("Date", "x")])))
    assert (len(found.good), len(found.rejected)) == (1, 1)
    assert found.rejected[0].line == above.count("\n") + 3


def test_exports_joined_into_one_file_count_their_common_rows_once() -> None:
    done = put_after_preview(case("29-overlap-in-one-file/cat-two-exports.csv"))
    assert counts(done) == (4, 0, 0, 0, 2, 0)
    assert done.skipped_reasons == (("told by another export in the file already", 2),)
    assert total() == (400, 4 * 10**9)


def test_twins_of_joined_exports_are_as_many_as_in_the_part_with_most() -> None:
    row, other = event(tokens=10), event(tokens=3)
    parts = [events(row, row), events(row, row, row, other), events(row)]
    put_after_preview(b"".join(parts))
    assert total()[0] == 33


def test_joined_exports_of_keys_that_tell_the_same_count_once_and_others_are_refused() -> None:
    hours = [usage(f"2026-11-02 {hour:02d}:00", tokens=5) for hour in range(3)]
    put_after_preview(tokens(*hours) + tokens(*hours, usage("2026-11-03", tokens=7)))
    assert total()[0] == 22
    with pytest.raises(RowsRejected) as refused:
        put(tokens(usage(tokens=5)) + tokens(usage(tokens=6)))
    assert "import the exports as files of their own" in refused.value.rows[0].message


OLDER = """\
Date,User,Model,Max Mode,Cost ($),Output Tokens,Input (w/o Cache Write),Input (w/ Cache Write),\
Cache Read,Colour
2026-11-02T11:00:00.000Z,bo@example.com,gpt-5.5,No,0.20,20,0,0,0,red
2026-11-02T10:00:00.000Z,ann@example.com,gpt-5.5,No,0.05,10,0,0,0,red
"""


@pytest.mark.parametrize("turned", [True, False])
def test_joined_exports_with_other_columns_are_read_each_by_its_own_header(turned: bool) -> None:
    parts = [events(event(tokens=10), event(tokens=10)), OLDER.encode()]
    done = put_after_preview(b"".join(parts[::-1] if turned else parts))
    # What both tell is one event, however its columns are ordered; one part has it twice.
    assert total() == (40, 300_000_000)
    assert counts(done)[4:] == (1, 0)
    assert done.ignored_columns == ("Colour",)
    assert {row.actor.account for row in Usage.select()} == {"ann@example.com", "bo@example.com"}


def test_a_part_that_does_not_say_who_used_it_needs_a_person() -> None:
    mine = "\n".join(line.replace(",bo@example.com", "") for line in OLDER.splitlines()[:2])
    joined = events(event()) + mine.replace(",User", "").encode()
    with pytest.raises(UnreadableExport, match="rows below line 3 do not say who used it"):
        put(joined)
    put(joined, person="cy@example.com")
    assert total()[0] == 30
    assert "cy@example.com" in {row.actor.account for row in Usage.select()}


def test_parts_that_tell_keys_by_other_columns_are_of_other_days_or_refused() -> None:
    sums = b"usage_date_utc,model_version,usage_output_tokens,usage_input_tokens_no_cache\n"
    later = sums + b"2026-11-03,claude-sonnet-4-5-20250929,0,9\n"
    put_after_preview(tokens(usage(tokens=5)) + later)
    assert total()[0] == 14
    with pytest.raises(RowsRejected) as refused:
        put(tokens(usage(tokens=5), usage("2026-11-03", tokens=9)) + later)
    assert "or by other columns; import" in refused.value.rows[0].message


def test_a_second_header_that_is_odd_is_named_by_its_line() -> None:
    twice = OLDER.replace("Max Mode", "Model")
    with pytest.raises(UnreadableExport, match="in line 3, has two columns of one meaning"):
        put(events(event()) + twice.encode())


def test_another_header_in_a_file_is_refused() -> None:
    joined = events(event()) + tokens(usage())
    with pytest.raises(UnreadableExport, match="In line 3 another export begins"):
        put(joined)
    assert total() == (0, 0)
