"""People and their usage: one page of them in any order, and what all of them add up to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from peewee import Select, fn

from app.database import database
from app.models import SUM_COLUMNS, UNATTRIBUTED, Person, TotalDay
from app.queries.figures import Figures, add_up, sums_of
from app.queries.people_order import DEFAULT_SORT, SORTS, Order, edge_day, matching, ordered
from app.queries.person_sums import days_active, person_sums
from app.queries.scope import Scope, Slices, slices_of
from app.usage import day_of

__all__ = [
    "DEFAULT_SORT",
    "SORTS",
    "PeoplePage",
    "PeopleTotals",
    "PersonTotals",
    "favorite_models",
    "one_person",
    "people",
    "people_totals",
    "person_by_email",
    "tokens_per_day",
]


class PersonTotals(NamedTuple):
    """One person's usage in a scope; first and last day are of all time, unfiltered."""

    person_id: int
    email: str
    figures: Figures
    by_tool: dict[str, int]
    days: int
    first_day: date | None
    last_day: date | None
    favorite_model: str = ""

    @property
    def tokens_per_day(self) -> int:
        """Tokens per active day, rounded half-even; 0 without active days."""
        return tokens_per_day(self.figures.tokens, self.days)


class PeoplePage(NamedTuple):
    """One page of people and how many there are in all."""

    people: list[PersonTotals]
    total_count: int


class PeopleTotals(NamedTuple):
    """What all people of a scope add up to, without unattributed usage."""

    figures: Figures
    by_tool: dict[str, int]
    days: int


def tokens_per_day(tokens: int, days: int) -> int:
    """Exact tokens / days, rounded half-even; 0 for no days."""
    return round(Fraction(tokens, days)) if days else 0


def people(
    scope: Scope,
    *,
    search: str = "",
    sort: str = DEFAULT_SORT,
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
    with_favorites: bool = False,
    slices: Slices | None = None,
) -> PeoplePage:
    """People with usage in the scope whose e-mail holds `search`, ordered by a column.

    Two phases: the sort column alone for everybody, all columns for the page only. Ties
    break by e-mail ascending. An unknown `sort` means most tokens first. `slices`: those of
    the scope, when known already.
    """
    if sort not in SORTS:
        sort, descending = DEFAULT_SORT, True
    slices = slices or slices_of(scope)
    if not slices.whole:
        return PeoplePage([], 0)
    query = ordered(scope, slices, search, Order(sort, descending))
    rows = list(query.limit(limit).offset(offset).tuples().execute(database.obj))
    # Beyond the last page no row tells the count.
    count = rows[0][2] if rows else _count(scope, slices, search)
    emails = {row[0]: row[1] for row in rows}
    return PeoplePage(_filled(scope, slices, emails, with_favorites), count)


def _count(scope: Scope, slices: Slices, search: str) -> int:
    everybody = person_sums(scope, slices.whole, (), people=matching(search)).alias("people")
    query = Select([everybody], [fn.COUNT(everybody.c.person_id)])
    return int(query.where(everybody.c.person_id != UNATTRIBUTED).scalar(database.obj))


def _filled(
    scope: Scope, slices: Slices, emails: dict[int, str], with_favorites: bool
) -> list[PersonTotals]:
    """All columns of the persons given as {id: e-mail}, in that order."""
    if not emails:
        return []
    ids = list(emails)
    by_tool = _by_slice(scope, slices.by_tool, ids)
    days = dict(days_active(scope, slices.whole, ids).tuples().execute(database.obj))
    edges = _edges(ids)
    favorites = favorite_models(scope, slices, ids) if with_favorites else {}
    return [
        PersonTotals(
            person_id,
            emails[person_id],
            add_up(by_tool[person_id].values()) if person_id in by_tool else Figures(),
            {tool: figures.tokens for tool, figures in by_tool.get(person_id, {}).items()},
            days.get(person_id, 0),
            first_day=edges.get(person_id, (None, None))[0],
            last_day=edges.get(person_id, (None, None))[1],
            favorite_model=favorites.get(person_id, ""),
        )
        for person_id in ids
    ]


def _by_slice(
    scope: Scope, labels: dict[int, Any], ids: Sequence[int]
) -> dict[int, dict[Any, Figures]]:
    """Sums of persons per label of a slice: {person: {label: figures}}."""
    query = person_sums(scope, list(labels), SUM_COLUMNS, people=ids, by_slice=True)
    found: dict[int, dict[Any, list[Figures]]] = {}
    for person_id, slice_id, *sums in query.tuples().execute(database.obj):
        label = labels[slice_id]
        found.setdefault(person_id, {}).setdefault(label, []).append(Figures(*sums[:-1]))
    return {
        person_id: {label: add_up(parts) for label, parts in labelled.items()}
        for person_id, labelled in found.items()
    }


def _edges(ids: Sequence[int]) -> dict[int, tuple[date, date]]:
    rows = (
        Person.select(Person.id, edge_day(fn.MIN, Person.id), edge_day(fn.MAX, Person.id))
        .where(Person.id.in_(list(ids)))
        .tuples()
    )
    return {key: (day_of(first), day_of(last)) for key, first, last in rows if first}


def favorite_models(scope: Scope, slices: Slices, ids: Sequence[int]) -> dict[int, str]:
    """The display model with most tokens per person; ties go to the first by name."""
    names = {key: name for key, (_, name) in slices.by_model.items()}
    favorites = {}
    for person_id, by_model in _by_slice(scope, names, ids).items():
        favorites[person_id] = min(by_model, key=lambda name: (-by_model[name].tokens, name))
    return favorites


def people_totals(scope: Scope, search: str = "", slices: Slices | None = None) -> PeopleTotals:
    """What all people the filters leave add up to, without unattributed usage.

    `slices`: those of the scope, when known already.
    """
    slices = slices or slices_of(scope)
    if not slices.whole:
        return PeopleTotals(Figures(), {}, 0)
    narrowed = matching(search)
    by_tool: dict[str, list[Figures]] = {}
    for slice_id, figures in _sums_by_slice(scope, slices, narrowed).items():
        by_tool.setdefault(slices.by_tool[slice_id], []).append(figures)
    merged = {tool: add_up(parts) for tool, parts in sorted(by_tool.items())}
    active = days_active(scope, slices.whole, narrowed).alias("active")
    days = Select([active], [fn.COALESCE(fn.SUM(active.c.days), 0).cast("BIGINT")]).where(
        active.c.person_id != UNATTRIBUTED
    )
    return PeopleTotals(
        add_up(merged.values()) if merged else Figures(),
        {tool: figures.tokens for tool, figures in merged.items()},
        int(days.scalar(database.obj)),
    )


def _sums_by_slice(scope: Scope, slices: Slices, narrowed: Any) -> dict[int, Figures]:
    """Sums of all (matching) persons per slice: of everybody, less what is nobody's."""
    ids = list(slices.by_tool)
    if narrowed is not None:
        return _person_sums_by_slice(scope, ids, narrowed)
    rows = (
        TotalDay.select(TotalDay.slice, *sums_of(TotalDay))
        .where(TotalDay.slice.in_(ids) & scope.covers(TotalDay.day))
        .group_by(TotalDay.slice)
        .tuples()
    )
    nobody = _person_sums_by_slice(scope, ids, [UNATTRIBUTED])
    return {
        slice_id: Figures(*sums).minus(nobody.get(slice_id, Figures())) for slice_id, *sums in rows
    }


def _person_sums_by_slice(scope: Scope, ids: Sequence[int], people_ids: Any) -> dict[int, Figures]:
    rows = person_sums(scope, ids, SUM_COLUMNS, people=people_ids, by_slice=True).alias("rows")
    sums = [fn.SUM(getattr(rows.c, name)).cast("BIGINT") for name in SUM_COLUMNS]
    query = Select([rows], [rows.c.slice_id, *sums]).group_by(rows.c.slice_id)
    return {slice_id: Figures(*row) for slice_id, *row in query.tuples().execute(database.obj)}


def person_by_email(email: str) -> tuple[int, str] | None:
    """(id, e-mail) of a person ever seen or listed by a provider, else None."""
    return Person.select(Person.id, Person.email).where(Person.email == email).tuples().first()


def one_person(scope: Scope, person_id: int, email: str) -> PersonTotals:
    """One person's totals; zeros when there is no usage in the scope."""
    slices = slices_of(scope)
    if not slices.whole:
        first, last = _edges([person_id]).get(person_id, (None, None))
        return PersonTotals(person_id, email, Figures(), {}, 0, first, last)
    return _filled(scope, slices, {person_id: email}, with_favorites=True)[0]
