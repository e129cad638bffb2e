"""Persons ever seen: names, teams, and the first and last day of all their usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from peewee import JOIN

from app.database import database
from app.dates import day_of
from app.models import Person, PersonSpan
from app.queries.remembered import remembered
from app.queries.scope import teams

BYTES_A_PERSON = 400


class Known(NamedTuple):
    """A person ever seen, and the edges of all their usage as integers (0: no usage).

    `name` and `team` are "" where nobody said, `left_day` is 0 for somebody who has not left.
    """

    email: str
    first_day: int
    last_day: int
    name: str = ""
    team: str = ""
    left_day: int = 0


def told_of_people() -> set[str]:
    """Which of "name" and "team" anybody is known to have."""
    known = known_people().values()
    return {field for field in ("name", "team") if any(getattr(one, field) for one in known)}


def known_people(ids: Sequence[int] | None = None) -> dict[int, Known]:
    """These persons by id; without `ids` all persons, and remembered."""
    return _everybody_known() if ids is None else _known_people(list(ids))


@remembered(lambda found: BYTES_A_PERSON * len(found))
def _everybody_known() -> dict[int, Known]:
    return _known_people(None)


def _known_people(ids: list[int] | None) -> dict[int, Known]:
    edges = (PersonSpan.first_day, PersonSpan.last_day)
    columns = (Person.id, Person.email, *edges, Person.name, Person.team, Person.left_day)
    query = Person.select(*columns).join(
        PersonSpan, JOIN.LEFT_OUTER, on=Person.id == PersonSpan.person_id
    )
    rows = database.execute(query if ids is None else query.where(Person.id.in_(ids))).fetchall()
    named = teams()
    return {
        key: Known(email, first or 0, last or 0, name, named[team] if team else "", left or 0)
        for key, email, first, last, name, team, left in rows
    }


def edges_of(person: Known) -> tuple[date | None, date | None]:
    """The first and last day with usage of all time; None without any."""
    if not person.first_day:
        return None, None
    return day_of(person.first_day), day_of(person.last_day)
