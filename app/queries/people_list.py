"""The rows of the list of people: only what the shown columns need is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import Select, Value, fn

from app.database import database
from app.models import SUM_COLUMNS, UNATTRIBUTED, Person, PersonDay, TotalDay
from app.queries.figures import Figures, add_up, sums_of
from app.queries.people import PeopleTotals, PersonTotals
from app.queries.people_order import (
    DEFAULT_SORT,
    MORE_SORTS,
    Order,
    edge_day,
    matching,
    ordered,
    top_models,
)
from app.queries.person_sums import days_active, person_sums
from app.queries.scope import Scope, Slices
from app.usage import day_number, day_of

MOST_IDS = 1000
"""Up to so many persons are asked for by id; more are asked for like everybody."""
Span = tuple[date, date]


class Question(NamedTuple):
    """Which people, in which order, and what to tell of them.

    `columns` are names of columns on screen. `compared`: the days of "change", now and before.
    `curve`: the first and last day of each point of the curve of "trend".
    """

    scope: Scope
    slices: Slices
    columns: Collection[str]
    search: str = ""
    sort: str = DEFAULT_SORT
    descending: bool = True
    compared: tuple[Scope, Scope] | None = None
    curve: Sequence[Span] = ()


class PersonRow(NamedTuple):
    """One person: figures, tokens per point of the curve, tokens (now, before) compared."""

    person: PersonTotals
    trend: list[int]
    compared: tuple[int, int] | None

    @property
    def change(self) -> int | None:
        """Tokens more (or less) than before; None when nothing can be compared."""
        return self.compared[0] - self.compared[1] if self.compared else None


class Rows(NamedTuple):
    """One page of rows, and how many people match in all."""

    rows: list[PersonRow]
    total_count: int


class Foot(NamedTuple):
    """What stands below the rows: the matching people, usage of nobody, and how many people
    there are without the search."""

    people: PeopleTotals
    nobody: Figures
    nobody_by_tool: dict[str, int]
    everybody_count: int


def people_rows(question: Question, limit: int | None = None, offset: int = 0) -> Rows:
    """People with usage in the scope, filled with what `question.columns` need.

    An unknown sort, or "change" with nothing to compare, means most tokens first. Ties break
    by e-mail ascending. No `limit`: all of them.
    """
    asked = question
    if not asked.slices.whole:
        return Rows([], 0)
    if asked.sort not in MORE_SORTS or (asked.sort == "change" and not asked.compared):
        asked = asked._replace(sort=DEFAULT_SORT, descending=True)
    order = Order(asked.sort, asked.descending, asked.compared)
    query = ordered(asked.scope, asked.slices, asked.search, order)
    if limit is not None:
        query = query.limit(limit).offset(offset)
    found = _read(query)
    return Rows(_filled(asked, {row[0]: row[1] for row in found}), found[0][2] if found else 0)


def one_row(question: Question, person_id: int, email: str) -> PersonRow:
    """The row of one person; zeros when there is no usage in the scope."""
    if not question.slices.whole:
        nothing = PersonTotals(person_id, email, Figures(), {}, 0, None, None)
        return PersonRow(nothing, [], _compared(question, None))
    return _filled(question, {person_id: email})[0]


def _read(query: Any) -> list[tuple]:
    """Bare rows: for ten thousand people the wrappers around them cost more than the query."""
    return database.execute(query).fetchall()


def _filled(asked: Question, emails: dict[int, str]) -> list[PersonRow]:
    if not emails:
        return []
    narrow = list(emails) if len(emails) <= MOST_IDS else matching(asked.search)
    figures = _figures_by_tool(asked, narrow)
    names = _dictionary(top_models(asked.scope, asked.slices, narrow), asked, "topModel")
    days = _days(asked, narrow)
    trends = _trends(asked, narrow) if "trend" in asked.columns else {}
    changes = _changes(asked, narrow) if "change" in asked.columns else {}
    edges = _edges(narrow) if {"firstActive", "lastActive"} & set(asked.columns) else {}
    rows = []
    for key, email in emails.items():
        by_tool, (first, last) = figures.get(key, {}), edges.get(key, (None, None))
        person = PersonTotals(
            key,
            email,
            _sum(by_tool),
            {tool: part.tokens for tool, part in by_tool.items()},
            days.get(key, 0),
            first,
            last,
            names.get(key, ""),
        )
        rows.append(PersonRow(person, trends.get(key, []), _compared(asked, changes.get(key))))
    return rows


def _sum(by_tool: dict[str, Figures]) -> Figures:
    if len(by_tool) == 1:
        return next(iter(by_tool.values()))
    return add_up(by_tool.values()) if by_tool else Figures()


def _compared(asked: Question, found: tuple[int, int] | None) -> tuple[int, int] | None:
    return (found or (0, 0)) if asked.compared else None


def _dictionary(query: Any, asked: Question, column: str) -> dict[int, Any]:
    """The answer of a query of pairs, asked only when the column is shown."""
    if column not in asked.columns:
        return {}
    return dict(_read(query))


def _figures_by_tool(asked: Question, narrow: Any) -> dict[int, dict[str, Figures]]:
    slices = asked.slices
    query = person_sums(
        asked.scope, list(slices.by_tool), SUM_COLUMNS, people=narrow, by_slice=True
    )
    found: dict[int, dict[str, Figures]] = {}
    for person_id, slice_id, *sums in _read(query):
        tools = found.setdefault(person_id, {})
        tool, figures = slices.by_tool[slice_id], Figures(*sums[:-1])
        tools[tool] = add_up((tools[tool], figures)) if tool in tools else figures
    return found


def _days(asked: Question, narrow: Any) -> dict[int, int]:
    if not {"daysActive", "avgTokensPerDay"} & set(asked.columns):
        return {}
    query = days_active(asked.scope, asked.slices.whole, narrow)
    return dict(_read(query))


def _edges(narrow: Any) -> dict[int, Span]:
    query = Person.select(Person.id, edge_day(fn.MIN, Person.id), edge_day(fn.MAX, Person.id))
    if narrow is not None:
        query = query.where(Person.id.in_(narrow))
    return {key: (day_of(first), day_of(last)) for key, first, last in _read(query) if first}


def _trends(asked: Question, narrow: Any) -> dict[int, list[int]]:
    """Tokens per person and point of the curve, one range of the days' rollup."""
    if not asked.curve:
        return {}
    places = {
        day: place
        for place, (first, last) in enumerate(asked.curve)
        for day in range(day_number(first), day_number(last) + 1)
    }
    bounds = day_number(asked.curve[0][0]), day_number(asked.curve[-1][1])
    query = PersonDay.select(PersonDay.person_id, PersonDay.day, PersonDay.tokens).where(
        PersonDay.slice.in_(list(asked.slices.whole)) & PersonDay.day.between(*bounds)
    )
    if narrow is not None:
        query = query.where(PersonDay.person_id.in_(narrow))
    found: dict[int, list[int]] = {}
    points = len(asked.curve)
    for person_id, day, tokens in _read(query):
        if person_id not in found:
            found[person_id] = [0] * points
        if day in places:
            found[person_id][places[day]] += tokens
    return found


def _changes(asked: Question, narrow: Any) -> dict[int, tuple[int, int]]:
    """Tokens (now, before) per person: both ranges in one query."""
    if not asked.compared:
        return {}
    parts = []
    for tag, scope in enumerate(asked.compared):
        sums = person_sums(scope, asked.slices.whole, ["tokens"], people=narrow).alias("sums")
        parts.append(Select([sums], [sums.c.person_id, sums.c.tokens, Value(tag)]))
    found: dict[int, tuple[int, int]] = {}
    for person_id, tokens, tag in _read(parts[0].union_all(parts[1])):
        now, before = found.get(person_id, (0, 0))
        found[person_id] = (now, tokens) if tag else (tokens, before)
    return found


def foot(question: Question, matched: int) -> Foot:
    """The sums below the rows; `matched` is how many people match the search.

    Without a search everybody is what is not nobody's, so no person needs to be summed.
    """
    asked = question
    if not asked.slices.whole:
        return Foot(PeopleTotals(Figures(), {}, 0), Figures(), {}, 0)
    narrow = matching(asked.search)
    nobody = _summed_by_tool(asked, [UNATTRIBUTED])
    if narrow is None:
        by_tool = {
            tool: figures.minus(nobody.get(tool, Figures()))
            for tool, figures in _everything_by_tool(asked).items()
        }
    else:
        by_tool = _summed_by_tool(asked, narrow)
    return Foot(
        PeopleTotals(_sum(by_tool), _tokens(by_tool), _all_days(asked, narrow)),
        _sum(nobody),
        _tokens(nobody),
        matched if narrow is None else _count(asked),
    )


def _tokens(by_tool: dict[str, Figures]) -> dict[str, int]:
    return {tool: figures.tokens for tool, figures in sorted(by_tool.items())}


def _everything_by_tool(asked: Question) -> dict[str, Figures]:
    query = (
        TotalDay.select(TotalDay.slice, *sums_of(TotalDay))
        .where(TotalDay.slice.in_(list(asked.slices.by_tool)) & asked.scope.covers(TotalDay.day))
        .group_by(TotalDay.slice)
    )
    return _by_tool(asked.slices, _read(query))


def _summed_by_tool(asked: Question, narrow: Any) -> dict[str, Figures]:
    rows = person_sums(
        asked.scope, list(asked.slices.by_tool), SUM_COLUMNS, people=narrow, by_slice=True
    ).alias("rows")
    sums = [fn.SUM(getattr(rows.c, name)).cast("BIGINT") for name in SUM_COLUMNS]
    query = Select([rows], [rows.c.slice_id, *sums]).group_by(rows.c.slice_id)
    return _by_tool(asked.slices, _read(query))


def _by_tool(slices: Slices, rows: Any) -> dict[str, Figures]:
    parts: dict[str, list[Figures]] = {}
    for slice_id, *sums in rows:
        parts.setdefault(slices.by_tool[slice_id], []).append(Figures(*sums))
    return {tool: add_up(figures) for tool, figures in parts.items()}


def _all_days(asked: Question, narrow: Any) -> int:
    """Days active of all matching people together; 0 unless a column shows them."""
    if not {"daysActive", "avgTokensPerDay"} & set(asked.columns):
        return 0
    active = days_active(asked.scope, asked.slices.whole, narrow).alias("active")
    days = fn.COALESCE(fn.SUM(active.c.days), 0).cast("BIGINT")
    query = Select([active], [days]).where(active.c.person_id != UNATTRIBUTED)
    return int(query.scalar(database.obj))


def _count(asked: Question) -> int:
    everybody = person_sums(asked.scope, asked.slices.whole, ()).alias("people")
    query = Select([everybody], [fn.COUNT(everybody.c.person_id)])
    return int(query.where(everybody.c.person_id != UNATTRIBUTED).scalar(database.obj))
