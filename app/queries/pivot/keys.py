"""How the figures of a pivot are grouped: the expressions to group by, and reading them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN, Case, ModelSelect, fn

from app.dates import day_of
from app.models import ALL_SLICE, UNATTRIBUTED, Person, TotalDay
from app.queries.people.directory import with_further_email
from app.queries.pivot.dimensions import (
    DAY,
    MODEL,
    MONTH,
    NO_TEAM,
    NOBODYS_TEAM,
    PERIODS,
    PERSON,
    TEAM,
    TOOL,
    WEEK,
    WORKSPACE,
    Amount,
    Question,
)
from app.usage import normal_email

JULIAN_DAY_OF_YEAR_0 = 1_721_425
"""What to take from a Julian day number to get Python's ordinal of the day."""


class Keys(NamedTuple):
    """How a question is grouped: by periods, labels of slices, by person, team, workspace.

    `labels` is {slice id: (model and/or tool)}; None when not grouped by them.
    """

    periods: tuple[str, ...]
    labels: dict[int, tuple[str, ...]] | None
    person: bool
    team: bool
    workspace: bool
    slice_ids: tuple[int, ...]

    @property
    def one_slice_each(self) -> bool:
        """Whether every group is one slice: counts of it can be read, not only counted."""
        if self.labels is None:
            return len(self.slice_ids) == 1
        return len(set(self.labels.values())) == len(self.labels)


def keys_of(question: Question, dimensions: Sequence[str]) -> Keys:
    """How a question about these dimensions is grouped."""
    slices, wanted = question.slices, [name for name in dimensions if name in (MODEL, TOOL)]
    labels: dict[int, tuple[str, ...]] | None = None
    if MODEL in wanted:
        labels = {
            key: tuple(model if name == MODEL else tool for name in wanted)
            for key, (tool, model) in slices.by_model.items()
        }
    elif wanted:
        labels = {key: (tool,) for key, tool in slices.by_tool.items()}
    return Keys(
        tuple(name for name in dimensions if name in PERIODS),
        labels,
        PERSON in dimensions,
        TEAM in dimensions,
        WORKSPACE in dimensions,
        tuple(labels) if labels is not None else slices.whole,
    )


def models_alone(question: Question) -> tuple[list[str], list[str]]:
    """The display models that are one raw model of one tool, and the others."""
    raw = Counter(name for _, name in question.slices.by_model.values())
    return [name for name in raw if raw[name] == 1], [name for name in raw if raw[name] > 1]


def with_periods(
    query: ModelSelect, question: Question, keys: Keys, day: Any
) -> tuple[ModelSelect, list[Any]]:
    """The query and its keys of periods; weeks need a calendar, made of the known days."""
    found = {DAY: day, MONTH: day / 100}
    if WEEK in keys.periods:
        weeks = _calendar(question)
        query = query.switch(query.model).join(weeks, on=(weeks.c.day == day))
        found[WEEK] = weeks.c.week
    return query, [found[name] for name in keys.periods]


def _calendar(question: Question) -> Any:
    known = TotalDay.alias("known")
    return (
        known.select(known.day.alias("day"), (_julian(known.day) / 7).alias("week"))
        .where((known.slice == ALL_SLICE) & question.scope.covers(known.day))
        # So that a planner works out each day's week once, not once for every row.
        .group_by(known.day)
        .alias("weeks")
    )


def _julian(day: Any) -> Any:
    """Julian day number of an integer YYYYMMDD, in whole-number SQL; Mondays divide by 7.

    The standard formula for the Gregorian calendar, with years that begin in March.
    """
    months = day / 100
    day_of_month, month_of_year = day - months * 100, months - day / 10_000 * 100
    before_march = (14 - month_of_year) / 12
    year = day / 10_000 + 4800 - before_march
    month = month_of_year + 12 * before_march - 3
    leap_days = year / 4 - year / 100 + year / 400
    days = day_of_month + (153 * month + 2) / 5 + 365 * year + leap_days
    return days - 32_045


def person_keys(query: Any, keys: Keys, person: Any) -> tuple[Any, list[Any]]:
    """The query and its keys of persons and teams; teams are known by the person."""
    found = [person] if keys.person else []
    if not keys.team:
        return query, found
    source = query.switch(query.model) if isinstance(query, ModelSelect) else query
    query = source.join(Person, JOIN.LEFT_OUTER, on=(Person.id == person))
    team = Case(None, [(person == UNATTRIBUTED, NOBODYS_TEAM)], fn.COALESCE(Person.team, NO_TEAM))
    return query, [*found, team]


def of_people(query: Any, question: Question, person: Any) -> Any:
    """The query, narrowed to the people that the question and its scope ask for."""
    conditions: list[Any] = []
    for members in (question.scope.members(), _matching(question.search)):
        if members is not None:
            conditions.append(person.in_(members))
    if question.people is not None:
        conditions.append(person.in_(list(question.people)))
    if question.no_people:
        conditions.append(person.not_in(list(question.no_people)))
    if question.teams is not None:
        conditions.append(_in_teams(person, question.teams))
    if question.no_teams:
        conditions.append(~_in_teams(person, question.no_teams))
    return query.where(*conditions) if conditions else query


def _matching(search: str) -> ModelSelect | None:
    """Ids of the persons one of whose e-mails holds the words; % _ and \\ are literal."""
    wanted = normal_email(search)
    if not wanted:
        return None
    others = with_further_email(wanted)
    holds = Person.email.contains(wanted)
    return Person.select(Person.id).where(holds | Person.email.in_(others) if others else holds)


def _in_teams(person: Any, teams: Collection[int]) -> Any:
    members = Person.select(Person.id).where(fn.COALESCE(Person.team, NO_TEAM).in_(list(teams)))
    found = person.in_(members)
    return found | (person == UNATTRIBUTED) if NOBODYS_TEAM in teams else found


def slice_key(field: Any, keys: Keys) -> list[Any]:
    """One slice stands for all of its label, so that the database groups by label."""
    if keys.labels is None:
        return []
    first: dict[tuple[str, ...], int] = {}
    for key, label in keys.labels.items():
        first.setdefault(label, key)
    others = [(key, first[label]) for key, label in keys.labels.items() if first[label] != key]
    return [Case(field, others, field) if others else field]


def decoder(
    keys: Keys, dimensions: Sequence[str]
) -> Callable[[tuple[Any, ...]], tuple[tuple[Any, ...], Amount]]:
    """Reads a row of the database as (keys in the order of the dimensions, amount)."""
    readers = {DAY: day_of, MONTH: lambda month: day_of(month * 100 + 1), WEEK: _monday}
    wanted = [name for name in dimensions if name in (MODEL, TOOL)]

    def decode(row: tuple[Any, ...]) -> tuple[tuple[Any, ...], Amount]:
        found: dict[str, Any] = {}
        values = iter(row)
        for name in keys.periods:
            found[name] = readers[name](next(values))
        if keys.labels is not None:
            found.update(zip(wanted, keys.labels[next(values)], strict=True))
        if keys.person:
            found[PERSON] = next(values)
        if keys.team:
            found[TEAM] = next(values)
        if keys.workspace:
            found[WORKSPACE] = (next(values), next(values))
        return tuple(found[name] for name in dimensions), Amount(*values)

    return decode


def _monday(week: int) -> date:
    return date.fromordinal(week * 7 - JULIAN_DAY_OF_YEAR_0)
