"""The pivot's figures against plain sums over the usage records."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from app.database import database
from app.queries.pivot.dimensions import (
    DIMENSIONS,
    PERIODS,
    PERSON,
    WORKSPACE,
)
from app.queries.pivot.measures import (
    ADDITIVE,
    BILLED,
    COST,
    DAYS,
    MEASURES,
    PEOPLE,
    REQUESTS,
)
from app.queries.pivot.pivot import (
    MOST_COLUMNS,
    MOST_PERIODS,
    Shape,
    pivot,
    pivot_in_pieces,
    shown_periods,
)
from app.queries.scope import Scope
from tests.filled import COMPANY_DAYS, LEAP_DAYS, ONE_FILLED, TEAMS, Reader
from tests.pivots import Record, check, key_of, measured, pairs, records, within
from tests.tools import CLAUDE_CODE, CURSOR


@pytest.mark.parametrize("measure", MEASURES)
def test_every_pair_of_dimensions_equals_the_records(company: Reader, measure: str) -> None:
    with database.connection_context():
        found = records()
        for rows, by in pairs():
            check(found, Scope(*COMPANY_DAYS), Shape(rows, by, measure))


@pytest.mark.parametrize("seed", range(4))
def test_any_range_and_filter_equals_the_records(town: Reader, seed: int) -> None:
    dice = random.Random(seed)
    with database.connection_context():
        found = records()
        names = sorted({record.model for record in found} | {record.raw for record in found} - {""})
        for _ in range(30):
            start = dice.choice((town.today - timedelta(days=130), LEAP_DAYS[0]))
            start += timedelta(days=dice.randrange(60))
            tools = tuple(dice.sample((CLAUDE_CODE, CURSOR), dice.choice((0, 0, 1, 2))))
            models = tuple(dice.sample(names, dice.choice((0, 0, 0, 1, 2))))
            teams = tuple(dice.sample((*TEAMS, "Nobody"), dice.choice((0, 0, 1, 2))))
            end = start + timedelta(days=dice.choice((0, 6, 29, 75)))
            scope = Scope(start, end, tools, models, teams)
            rows, by = dice.choice(pairs())
            search = dice.choice(("", "", "a", "TOWN", "100%", "_", "nobody")) * (rows == PERSON)
            check(found, scope, Shape(rows, by, dice.choice(tuple(MEASURES)), search))


@pytest.mark.parametrize("measure", MEASURES)
def test_pieces_are_the_whole(
    company: Reader, monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    monkeypatch.setattr("app.queries.pivot.pivot.MOST_COLUMNS", 2)
    with database.connection_context():
        for rows, by in pairs():
            shape = Shape(rows, by, measure)
            whole = pivot(Scope(*COMPANY_DAYS), shape, limit=None)
            found, pieces = pivot_in_pieces(Scope(*COMPANY_DAYS), shape, 3)
            lines = list(pieces)
            assert all(0 < len(piece) <= 3 for piece in lines)
            assert found._replace(lines=[line for piece in lines for line in piece]) == whole


@ONE_FILLED
@pytest.mark.parametrize("measure", MEASURES)
def test_columns_beyond_the_most_are_summed_up_as_others(
    company: Reader, monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    monkeypatch.setattr("app.queries.pivot.pivot.MOST_COLUMNS", 2)
    monkeypatch.setattr("app.queries.pivot.pivot.MOST_PERIODS", 2)
    with database.connection_context():
        found = records()
        for rows, by in pairs():
            answer = check(found, Scope(*COMPANY_DAYS), Shape(rows, by, measure))
            assert len(answer.columns) <= 3


def test_pages_hold_all_rows_in_order(company: Reader) -> None:
    shape = Shape(PERSON, "model", "tokens")
    with database.connection_context():
        whole = pivot(Scope(*COMPANY_DAYS), shape, limit=None)
        starts = range(0, len(whole.lines), 5)
        pages = [pivot(Scope(*COMPANY_DAYS), shape, limit=5, offset=start) for start in starts]
    assert len(pages) > 2
    assert [line for page in pages for line in page.lines] == whole.lines
    assert {page.row_count for page in pages} == {whole.row_count}


def test_an_offset_beyond_the_last_row_shows_the_last_page(company: Reader) -> None:
    with database.connection_context():
        answer = pivot(Scope(*COMPANY_DAYS), Shape("model", "tool"), limit=3, offset=10**6)
    assert answer.lines
    assert answer.offset % 3 == 0


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("rows", DIMENSIONS)
@pytest.mark.parametrize("sort", ["label", "total", "cursor"])
def test_sorts_by_label_total_and_column(
    company: Reader, rows: str, sort: str, descending: bool
) -> None:
    by = "tool" if rows != "tool" else "model"
    sort = "auto" if (rows, sort) == ("tool", "cursor") else sort
    with database.connection_context():
        answer = pivot(
            Scope(*COMPANY_DAYS), Shape(rows, by, "tokens", "", sort, descending), limit=None
        )
    if sort == "label":
        found: list[Any] = [line.label for line in answer.lines if line.label]
    elif sort == "total":
        found = [line.total.value if line.total else 0 for line in answer.lines]
    else:
        place = [column.label for column in answer.columns].index(sort)
        found = [cell.value if (cell := line.cells[place]) else 0 for line in answer.lines]
    assert found == sorted(found, reverse=descending)
    assert (answer.sort, answer.descending) == (sort, descending)


def test_an_unknown_sort_is_the_natural_one(company: Reader) -> None:
    with database.connection_context():
        answer = pivot(Scope(*COMPANY_DAYS), Shape("day", "tool", sort="bogus"))
    assert (answer.sort, answer.descending) == DIMENSIONS["day"].natural_sort == ("label", False)


def test_usage_without_an_owner_is_below_the_people_on_every_page(company: Reader) -> None:
    with database.connection_context():
        answer = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=None)
        pages = [
            pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=4, offset=offset)
            for offset in (0, 4, 8)
        ]
        searched = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool", search="@"), limit=None)
    assert [(line.label, line.keys) for line in answer.footer] == [("", ())]
    assert 0 not in {line.key for line in answer.lines}
    assert answer.row_count == len(answer.lines)
    for page in pages:
        assert (page.rows_sum, page.footer, page.total) == (
            answer.rows_sum,
            answer.footer,
            answer.total,
        )
    assert searched.footer == []
    assert searched.rows_sum.total == searched.total == answer.rows_sum.total
    assert searched.row_count == searched.known_rows == answer.row_count


def test_searches_rows_by_their_label(company: Reader) -> None:
    with database.connection_context():
        found = records()
        models = pivot(Scope(*COMPANY_DAYS), Shape("model", "month", DAYS, "SONNET"), limit=None)
        tools = pivot(Scope(*COMPANY_DAYS), Shape("tool", "month", search="claude c"), limit=None)
        nothing = pivot(Scope(*COMPANY_DAYS), Shape("model", "tool", PEOPLE, "no such"), limit=None)
    assert models.lines
    assert all("sonnet" in line.label.lower() for line in models.lines)
    assert models.row_count < models.known_rows
    kept = [record for record in found if "sonnet" in record.model.lower()]
    assert models.total.value == measured(kept, DAYS)
    assert [line.key for line in tools.lines] == [CLAUDE_CODE]
    assert not nothing.lines
    assert nothing.total.value == 0


def test_many_periods_become_coarser_columns(town: Reader) -> None:
    year = Scope(date(2026, 1, 1), date(2026, 12, 31))
    assert shown_periods("day", "person", year) == "week"
    assert shown_periods("day", "week", year) == "month"
    assert shown_periods("week", "month", Scope(date(2020, 1, 1), date(2026, 1, 1))) == "week"
    assert shown_periods("model", "person", year) == "model"
    two_months = Scope(date(2026, 1, 1), date(2026, 3, 1))
    assert len(PERIODS["day"].all_in(two_months)) == MOST_PERIODS
    assert shown_periods("day", "person", two_months) == "day"


def test_periods_without_usage_keep_their_row_and_column(town: Reader) -> None:
    scope = Scope(town.today - timedelta(days=40), town.today)
    with database.connection_context():
        rows = pivot(scope, Shape("day", "tool"), limit=None)
        columns = pivot(scope, Shape("tool", "day"), limit=None)
    assert len(rows.lines) == len(columns.columns) == 41
    assert any(line.total is None for line in rows.lines)


def test_workspaces_have_words(company: Reader) -> None:
    with database.connection_context():
        answer = pivot(Scope(*COMPANY_DAYS), Shape(WORKSPACE, "tool"), limit=None)
    words = {line.label for line in answer.lines}
    assert "Cursor (no workspaces)" in words
    assert "Default workspace" in words or len(words) > 1


@pytest.mark.parametrize(
    ("rows", "by"),
    [(PERSON, "model"), (WORKSPACE, "day"), ("day", "tool"), ("month", PERSON), ("tool", "")],
)
@pytest.mark.parametrize("measure", [COST, BILLED, REQUESTS])
def test_what_nobody_knows_is_no_zero(company: Reader, measure: str, rows: str, by: str) -> None:
    assert_unknown_is_told(Scope(*COMPANY_DAYS), Shape(rows, by, measure))


def test_money_nobody_knows_is_no_zero(town: Reader) -> None:
    for rows, by in ((PERSON, "model"), (WORKSPACE, "day"), ("day", "tool"), ("month", PERSON)):
        for measure in (COST, BILLED):
            assert_unknown_is_told(Scope(town.today, town.today), Shape(rows, by, measure))


def assert_unknown_is_told(scope: Scope, shape: Shape) -> None:
    with database.connection_context():
        found = within(records(), scope, "", shape.rows)
        answer = pivot(scope, shape, limit=None)
    rows = {line.key: line.total for line in answer.lines if line.total}
    for key, amount in {**rows, None: answer.total}.items():
        there = [one for one in found if key is None or key_of(one, shape.rows) == key]
        unknown = sum(record.tokens for record in there if is_unknown(record, shape))
        assert (amount.unknown_tokens, amount.tokens) == (unknown, sum(r.tokens for r in there))
        assert not amount.is_unknown or amount.value == 0
    assert answer.total.is_partial


def is_unknown(record: Record, shape: Shape) -> bool:
    known = {COST: record.nanos, BILLED: record.billed, REQUESTS: record.counted or None}
    return known[shape.measure] is None


def test_the_measures_that_add_up_are_told_apart() -> None:
    assert set(MEASURES) - set(ADDITIVE) == {DAYS, PEOPLE}
    assert MOST_COLUMNS <= MOST_PERIODS


def test_a_search_of_people_tells_how_many_there_are_without_it(company: Reader) -> None:
    with database.connection_context():
        whole = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=None)
        one = next(line.label for line in whole.lines if line.label)
        answer = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool", search=one), limit=None)
    assert (answer.row_count, answer.known_rows) == (1, whole.row_count)
