"""Any pivot, computed from plain sums over the usage records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN

from app.dates import day_of
from app.models import Actor, Mapping, Organization, Partition, Person, Slice, Team, Usage
from app.queries.pivot.dimensions import (
    DIMENSIONS,
    NO_TEAM,
    NOBODYS_TEAM,
    PERIODS,
    PERSON,
    TEAM,
)
from app.queries.pivot.measures import (
    ADDITIVE,
    BILLED,
    COST,
    DAYS,
    PEOPLE,
    Amount,
)
from app.queries.pivot.pivot import (
    Pivot,
    Shape,
    pivot,
)
from app.queries.scope import Scope
from app.rollups import TOKENS as ALL_TOKENS
from app.states import Rule
from tests.expected import is_of


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
    billed: int | None
    organization: str


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
            Usage.billed_nanos,
            Person.team,
            Team.name,
            Actor.key,
            Actor.rule,
            Organization.provider,
            Organization.name,
        )
        .join(Actor)
        .join(Person, JOIN.LEFT_OUTER)
        .join(Team, JOIN.LEFT_OUTER)
        .switch(Usage)
        .join(Slice)
        .switch(Usage)
        .join(Partition)
        .join(Organization)
        .where(Partition.counts)
        .tuples()
    )
    names = dict(Mapping.select(Mapping.key, Mapping.label).tuples())
    return [
        Record(
            day_of(day), person or 0, email or "", tool, raw, name, (organization, place),
            int(tokens), requests or 0, nanos, (team or NO_TEAM) if person else NOBODYS_TEAM,
            team_name or "", names[key] if rule == Rule.SHARED else "", requests is not None,
            billed, f"{provider}:{label or 'main'}",
        )
        for day, person, email, tool, raw, name, organization, place, tokens, requests, nanos,
            billed, team, team_name, key, rule, provider, label in rows
    ]  # fmt: skip


def key_of(record: Record, dimension: str) -> Any:
    if dimension in PERIODS:
        return PERIODS[dimension].start(record.day)
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
        and (not scope.organizations or is_of(record.organization, scope.organizations))
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
        BILLED: lambda record: record.billed or 0,
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
    unowned = DIMENSIONS[shape.rows].unattributed
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
    for record in found if shape.rows in (PERSON, TEAM) else ():
        if not record.person and shape.search.lower() in record.shared.lower():
            nobody[record.shared].append(record)
    if shape.search:
        nobody.pop("", None)
    assert [line.label for line in answer.footer if line.label] == [
        line.label
        for line in sorted(answer.footer, key=lambda one: (-one.total.value, one.label))
        if line.label
    ]
    assert {line.label for line in answer.footer} == set(nobody)
    for line in answer.footer:
        check_line(line, nobody[line.label], shape, answer)
    if not shape.search and shape.measure in ADDITIVE:
        parts = [answer.rows_sum, *answer.footer]
        assert sum(part.total.value for part in parts if part.total) == answer.total.value


def check_line(line: Any, found: list[Record], shape: Shape, answer: Pivot) -> None:
    shown = [column.key for column in answer.columns]
    of_column = defaultdict(list)
    for record in found:
        of_column[key_of(record, answer.by) if answer.by else None].append(record)
    for place, key in enumerate(shown):
        assert value(line.cells[place]) == measured(of_column.pop(key, []), shape.measure)
    beyond = [record for there in of_column.values() for record in there]
    assert value(line.others) == (measured(beyond, shape.measure) if answer.by else 0)
    assert value(line.total) == measured(found, shape.measure)


def value(amount: Amount | None) -> int:
    return amount.value if amount else 0


def assert_amount(amount: Amount | None, found: list[Record], measure: str) -> None:
    assert (amount is None) == (not found)
    assert amount is None or amount.value == measured(found, measure)


def pairs() -> list[tuple[str, str]]:
    return [(rows, by) for rows in DIMENSIONS for by in ("", *DIMENSIONS) if rows != by]
