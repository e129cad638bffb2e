"""One person: who they are, their models and their days."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from difflib import SequenceMatcher
from functools import reduce
from operator import or_
from typing import NamedTuple

from peewee import JOIN, ModelSelect, fn

from app.database import database
from app.dates import day_of
from app.identity import aliases
from app.models import ALL_SLICE, SUM_COLUMNS, Person, PersonDay, PersonSpan
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures, add_up
from app.usage import normal_email

SHORTEST_WORD, LONGEST_START = 3, 4
MOST_CANDIDATES = 500


class KnownPerson(NamedTuple):
    """A person and the edges of all their usage; the days are None without any usage.

    `record_day` is the first day with the most tokens, `left` the day they left on.
    """

    person_id: int
    email: str
    name: str
    first_day: date | None
    last_day: date | None
    record_day: date | None
    record_tokens: int
    left: date | None = None


class SimilarPerson(NamedTuple):
    """Somebody's own e-mail, and their further one that is meant ("": their own is)."""

    email: str
    further: str = ""


class PersonModel(NamedTuple):
    """A person's usage of one display model of one tool."""

    model: str
    tool: str
    figures: Figures


class PersonDayPoint(NamedTuple):
    """A person's day: sums per tool."""

    day: date
    by_tool: dict[str, Figures]

    @property
    def figures(self) -> Figures:
        """Sums over all tools."""
        return _sum(self.by_tool.values()) if self.by_tool else Figures()


class PersonUsage(NamedTuple):
    """A person's models, most tokens first, and days with usage, oldest first."""

    models: list[PersonModel]
    days: list[PersonDayPoint]


def known_person(email: str) -> KnownPerson | None:
    """The person with this e-mail, ever seen or listed by a provider, else None. One query."""
    row = (
        Person.select(
            Person.id,
            Person.email,
            Person.name,
            PersonSpan.first_day,
            PersonSpan.last_day,
            _own_days(PersonDay.day).order_by(PersonDay.tokens.desc(), PersonDay.day).limit(1),
            _own_days(fn.MAX(PersonDay.tokens)),
            Person.left_day,
        )
        .join(PersonSpan, JOIN.LEFT_OUTER, on=Person.id == PersonSpan.person_id)
        .where(Person.email == email)
        .tuples()
        .first()
    )
    if row is None:
        return None
    first, last, record, left = (day_of(day) if day else None for day in (*row[3:6], row[7]))
    return KnownPerson(
        person_id=row[0],
        email=row[1],
        name=row[2],
        first_day=first,
        last_day=last,
        record_day=record,
        record_tokens=row[6] or 0,
        left=left,
    )


def _own_days(chosen: object) -> ModelSelect:
    return PersonDay.select(chosen).where(
        (PersonDay.slice == ALL_SLICE) & (PersonDay.person_id == Person.id)
    )


def similar_people(text: str, limit: int = 8) -> list[SimilarPerson]:
    """People an e-mail of whom holds the start of a word of `text` (before its "@").

    The most alike come first, everybody once; a further e-mail stands for the person's own.
    """
    local = normal_email(text).partition("@")[0][:100]
    words = [word for word in re.findall(r"\w+", local) if len(word) >= SHORTEST_WORD][:6]
    if not words:
        return []
    own = aliases()
    starts = [word[:LONGEST_START] for word in words]
    found = {email for email in own if any(start in email for start in starts)}
    condition = reduce(or_, (Person.email.contains(start) for start in starts))
    rows = Person.select(Person.email).where(condition).order_by(Person.email)
    found.update(email for (email,) in rows.limit(MOST_CANDIDATES).tuples())

    def alike(email: str) -> float:
        return SequenceMatcher(None, local, email.partition("@")[0]).ratio()

    people: dict[str, SimilarPerson] = {}
    for email in sorted(found, key=lambda email: (-alike(email), email)):
        person = own.get(email, email)
        people.setdefault(person, SimilarPerson(person, email if email in own else ""))
    return list(people.values())[:limit]


def person_usage(scope: Scope, person_id: int) -> PersonUsage:
    """Models and days of a person in a scope: one range of the rollup, summed here."""
    by_model = slices_of(scope).by_model
    models: dict[tuple[str, str], list[Figures]] = {}
    days: dict[int, dict[str, list[Figures]]] = {}
    for slice_id, day, *sums in _rows(scope, person_id, list(by_model)):
        tool, name = by_model[slice_id]
        figures = Figures(*sums)
        models.setdefault((tool, name), []).append(figures)
        days.setdefault(day, {}).setdefault(tool, []).append(figures)
    breakdown = [PersonModel(name, tool, _sum(parts)) for (tool, name), parts in models.items()]
    breakdown.sort(key=lambda row: (-row.figures.tokens, row.model, row.tool))
    points = [
        PersonDayPoint(day_of(day), {tool: _sum(parts) for tool, parts in sorted(by_tool.items())})
        for day, by_tool in sorted(days.items())
    ]
    return PersonUsage(breakdown, points)


def _sum(parts: Collection[Figures]) -> Figures:
    """`add_up`, without the work where there is one part: most days have one model of a tool."""
    return next(iter(parts)) if len(parts) == 1 else add_up(parts)


def _rows(scope: Scope, person_id: int, slice_ids: list[int]) -> list[tuple]:
    columns = [getattr(PersonDay, name) for name in SUM_COLUMNS]
    query = PersonDay.select(PersonDay.slice, PersonDay.day, *columns).where(
        (PersonDay.person_id == person_id)
        & PersonDay.slice.in_(slice_ids)
        & scope.rows_of(PersonDay)
    )
    return list(database.execute(query).fetchall())
