"""The pivot's figures against plain sums over the usage records."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from peewee import JOIN

from app.database import database
from app.dates import day_of
from app.models import Actor, Mapping, Partition, Person, Slice, Team, Usage
from app.queries.pivot.dimensions import (
    ADDITIVE,
    COST,
    DAYS,
    DIMENSIONS,
    MEASURES,
    NO_TEAM,
    NOBODYS_TEAM,
    PEOPLE,
    PERIODS,
    PERSON,
    REQUESTS,
    UNOWNED,
    WORKSPACE,
    Amount,
    period_of,
    periods,
)
from app.queries.pivot.pivot import (
    MOST_COLUMNS,
    MOST_PERIODS,
    Pivot,
    Shape,
    natural_sort,
    pivot,
    shown_periods,
)
from app.queries.scope import Scope
from app.rollups import TOKENS as ALL_TOKENS
from app.states import Rule
from app.usage import CLAUDE_CODE, CURSOR
from tests.filled import COMPANY_DAYS, LEAP_DAYS, TEAMS, Reader


class Record(NamedTuple):
    """A usage record with everything a pivot can be cut by."""

    day: date
    person: int
    email: str
    tool: str
    raw: str
    model: str
    workspace: tuple[int, str]
    tokens: int
    requests: int
    nanos: int | None
    team: int
    team_name: str
    shared: str
    counted: bool


def records() -> list[Record]:
    """Every counting record, without any rollup."""
    rows = (
        Usage.select(
            Usage.day,
            Actor.person,
            Person.email,
            Slice.tool,
            Slice.model,
            Slice.name,
            Actor.organization,
            Actor.workspace,
            ALL_TOKENS,
            Usage.requests,
            Usage.value_nanos,
            Person.team,
            Team.name,
            Actor.key,
            Actor.rule,
        )
        .join(Actor)
        .join(Person, JOIN.LEFT_OUTER)
        .join(Team, JOIN.LEFT_OUTER)
        .switch(Usage)
        .join(Slice)
        .switch(Usage)
        .join(Partition)
        .where(Partition.counts)
        .tuples()
    )
    names = dict(Mapping.select(Mapping.key, Mapping.label).tuples())
    return [
        Record(
            day_of(day), person or 0, email or "", tool, raw, name, (organization, place),
            int(tokens), requests or 0, nanos, (team or NO_TEAM) if person else NOBODYS_TEAM,
            team_name or "", names[key] if rule == Rule.SHARED else "", requests is not None,
        )
        for day, person, email, tool, raw, name, organization, place, tokens, requests, nanos,
            team, team_name, key, rule in rows
    ]  # fmt: skip


def key_of(record: Record, dimension: str) -> Any:
    if dimension in PERIODS:
        return period_of(dimension, record.day)
    return getattr(record, dimension)


def within(found: Iterable[Record], scope: Scope, search: str, rows: str) -> list[Record]:
    assert scope.start
    assert scope.end
    return [
        record
        for record in found
        if scope.start <= record.day <= scope.end
        and (not scope.tools or record.tool in scope.tools)
        and (not scope.models or record.model in scope.models or record.raw in scope.models)
        and (not scope.teams or record.team_name in scope.teams)
        and (rows != PERSON or search.lower() in record.email)
    ]


def measured(found: Iterable[Record], measure: str) -> int:
    found = list(found)
    if measure == DAYS:
        return len({record.day for record in found})
    if measure == PEOPLE:
        return len({record.person for record in found if record.person})
    values: dict[str, Callable[[Record], int]] = {
        "tokens": lambda record: record.tokens,
        "requests": lambda record: record.requests,
        COST: lambda record: record.nanos or 0,
    }
    return sum(values[measure](record) for record in found)


def check(found: list[Record], scope: Scope, shape: Shape) -> Pivot:
    """Every cell, every edge and every line of the foot is what the records say."""
    answer = pivot(scope, shape, limit=None)
    kept = within(found, scope, shape.search, shape.rows)
    measure = shape.measure
    assert answer.total.value == measured(kept, measure)
    shown = [column.key for column in answer.columns]
    lines = {line.key: line for line in answer.lines}
    unowned = UNOWNED.get(shape.rows)
    assert unowned not in lines
    owned = [record for record in kept if key_of(record, shape.rows) != unowned]
    assert {key_of(record, shape.rows) for record in owned} <= set(lines)
    check_foot(within(found, scope, "", ""), owned, shape, answer)
    others = [record for record in kept if answer.by and key_of(record, answer.by) not in shown]
    assert answer.others.value == measured(others, measure)
    of_column, of_row, of_cell = defaultdict(list), defaultdict(list), defaultdict(list)
    for record in kept:
        row, column = key_of(record, shape.rows), answer.by and key_of(record, answer.by)
        of_row[row].append(record)
        of_column[column].append(record)
        of_cell[row, column].append(record)
    for place, key in enumerate(shown):
        assert answer.columns[place].total.value == measured(of_column[key], measure)
        for line in answer.lines:
            assert_amount(line.cells[place], of_cell[line.key, key], measure)
    for key, line in lines.items():
        assert_amount(line.total, of_row[key], measure)
        rest = [
            record for record in of_row[key] if answer.by and key_of(record, answer.by) not in shown
        ]
        assert line.others.value == measured(rest, measure)
    return answer


def check_foot(found: list[Record], owned: list[Record], shape: Shape, answer: Pivot) -> None:
    """The rows alone, each shared name and what has no owner: nothing more, nothing twice."""
    check_line(answer.rows_sum, owned, shape, answer)
    nobody: dict[str, list[Record]] = defaultdict(list)
    for record in found if shape.rows in UNOWNED else ():
        if not record.person and shape.search.lower() in record.shared.lower():
            nobody[record.shared].append(record)
    if shape.search:
        nobody.pop("", None)
    assert [line.label for line in answer.nobody if line.label] == [
        line.label
        for line in sorted(answer.nobody, key=lambda one: (-one.total.value, one.label))
        if line.label
    ]
    assert {line.label for line in answer.nobody} == set(nobody)
    for line in answer.nobody:
        check_line(line, nobody[line.label], shape, answer)
    if not shape.search and shape.measure in ADDITIVE:
        parts = [answer.rows_sum, *answer.nobody]
        assert sum(part.total.value for part in parts if part.total) == answer.total.value


def check_line(line: Any, found: list[Record], shape: Shape, answer: Pivot) -> None:
    shown = [column.key for column in answer.columns]
    columns = [key_of(record, answer.by) if answer.by else None for record in found]
    beyond = [one for one, key in zip(found, columns, strict=True) if key not in shown]
    for place, key in enumerate(shown):
        there = [one for one, column in zip(found, columns, strict=True) if column == key]
        assert value(line.cells[place]) == measured(there, shape.measure)
    assert value(line.others) == (measured(beyond, shape.measure) if answer.by else 0)
    assert value(line.total) == measured(found, shape.measure)


def value(amount: Amount | None) -> int:
    return amount.value if amount else 0


def assert_amount(amount: Amount | None, found: list[Record], measure: str) -> None:
    assert (amount is None) == (not found)
    assert amount is None or amount.value == measured(found, measure)


def pairs() -> list[tuple[str, str]]:
    return [(rows, by) for rows in DIMENSIONS for by in ("", *DIMENSIONS) if rows != by]


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
            check(found, scope, Shape(rows, by, dice.choice(MEASURES), search))


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
    assert (answer.sort, answer.descending) == natural_sort("day") == ("label", False)


def test_usage_without_an_owner_is_below_the_people_on_every_page(company: Reader) -> None:
    with database.connection_context():
        answer = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=None)
        pages = [
            pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=4, offset=offset)
            for offset in (0, 4, 8)
        ]
        searched = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool", search="@"), limit=None)
    assert [(line.label, line.keys) for line in answer.nobody] == [("", ())]
    assert 0 not in {line.key for line in answer.lines}
    assert answer.row_count == len(answer.lines)
    for page in pages:
        assert (page.rows_sum, page.nobody, page.total) == (
            answer.rows_sum,
            answer.nobody,
            answer.total,
        )
    assert searched.nobody == []
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
    assert len(periods("day", two_months)) == MOST_PERIODS
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
@pytest.mark.parametrize("measure", [COST, REQUESTS])
def test_what_nobody_knows_is_no_zero(company: Reader, measure: str, rows: str, by: str) -> None:
    assert_unknown_is_told(Scope(*COMPANY_DAYS), Shape(rows, by, measure))


def test_a_cost_nobody_knows_is_no_zero(town: Reader) -> None:
    for rows, by in ((PERSON, "model"), (WORKSPACE, "day"), ("day", "tool"), ("month", PERSON)):
        assert_unknown_is_told(Scope(town.today, town.today), Shape(rows, by, COST))


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
    return record.nanos is None if shape.measure == COST else not record.counted


def test_the_measures_that_add_up_are_told_apart() -> None:
    assert set(MEASURES) - set(ADDITIVE) == {DAYS, PEOPLE}
    assert MOST_COLUMNS <= MOST_PERIODS


def test_a_search_of_people_tells_how_many_there_are_without_it(company: Reader) -> None:
    with database.connection_context():
        whole = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool"), limit=None)
        one = next(line.label for line in whole.lines if line.label)
        answer = pivot(Scope(*COMPANY_DAYS), Shape(PERSON, "tool", search=one), limit=None)
    assert (answer.row_count, answer.known_rows) == (1, whole.row_count)
