"""The rows of the list of people: only what the shown columns need is asked."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from peewee import SQL, Case

from app.database import database, total
from app.dates import day_number, day_of, days_between
from app.models import PersonDay
from app.queries.keys.shared import MOST_SHARED, UnattributedLines, unattributed_lines
from app.queries.people.everybody import MOST_IDS, Everybody, everybody, merged, unused_by
from app.queries.people.known import Known, edges_of, known_people
from app.queries.people.order import (
    DEFAULT_SORT,
    MORE_SORTS,
    PeopleOrder,
    matching,
    ordered,
    tokens_by_person,
)
from app.queries.people.people import (
    PeopleTotals,
    PersonTotals,
    favorite_models,
    person_at,
    sums_of_people,
)
from app.queries.remembered import Days, remembered
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures
from app.queries.sums.running import (
    Span,
    is_of_whole_tools,
    sums_of_spans,
    users_in,
)
from app.queries.sums.steps import step_of

BYTES_A_POINT = 40
NO_POINT = -1


class PeopleQuestion(NamedTuple):
    """Which people, in which order, and what to tell of them.

    `unused`: instead of people with usage in the scope those who are known and have none.
    `columns` are names of columns on screen. `compared`: the days of "change", now and before.
    `curve`: the first and last day of each point of the curve of "trend". The people of
    `first_team` go first.
    """

    scope: Scope
    columns: Collection[str] = ()
    search: str = ""
    sort: str = DEFAULT_SORT
    descending: bool = True
    compared: tuple[Scope, Scope] | None = None
    curve: Sequence[Span] = ()
    unused: bool = False
    first_team: str = ""

    def everybody(self) -> Everybody:
        """Everybody whom it is about, searched for or not."""
        return unused_by(self.scope) if self.unused else everybody(self.scope)


class PersonRow(NamedTuple):
    """One person: figures, tokens per point of the curve, tokens (now, before) compared.

    `name` and `team` are "" and `left` None when nobody said.
    """

    person: PersonTotals
    trend: list[int]
    compared: tuple[int, int] | None
    name: str = ""
    team: str = ""
    left: date | None = None

    @property
    def change(self) -> int | None:
        """Tokens more (or less) than before; None when nothing can be compared."""
        return self.compared[0] - self.compared[1] if self.compared else None


class Rows(NamedTuple):
    """One page of rows, and how many people match in all."""

    rows: list[PersonRow]
    total_count: int

    @property
    def people(self) -> list[PersonTotals]:
        """The people of the rows."""
        return [row.person for row in self.rows]


class Footer(NamedTuple):
    """What stands below the rows: the matching people, usage of nobody in all and in lines, and
    how many people there are without the search."""

    people: PeopleTotals
    unattributed: Figures
    lines: UnattributedLines
    everybody_count: int


def people_rows(question: PeopleQuestion, limit: int | None = None, offset: int = 0) -> Rows:
    """The people of a question, filled with what `question.columns` need.

    An unknown sort, or "change" with nothing to compare, means most tokens first. Ties break
    by e-mail ascending. No `limit`: all of them.
    """
    asked = question
    if asked.sort not in MORE_SORTS or (asked.sort == "change" and not asked.compared):
        asked = asked._replace(sort=DEFAULT_SORT, descending=True)
    found = asked.everybody()
    order = PeopleOrder(asked.sort, asked.descending, asked.compared, asked.first_team)
    places = ordered(found, matching(found, asked.search), asked.scope, order)
    page = places if limit is None else places[offset : offset + limit]
    return Rows(_filled(asked, found, page), len(places))


def one_row(question: PeopleQuestion, person_id: int, email: str) -> PersonRow:
    """The row of one person; zeros when there is no usage in the scope."""
    found = everybody(question.scope)
    if person_id in found.ids:
        return _filled(question, found, [found.ids.index(person_id)])[0]
    known = known_people([person_id])[person_id]
    nothing = PersonTotals(person_id, email, Figures(), {}, 0, *edges_of(known))
    changes = _changes(question).get(person_id, (0, 0))
    return PersonRow(nothing, [], changes if question.compared else None, *_described(known))


def _described(known: Known) -> tuple[str, str, date | None]:
    """A person's name, team, and the day they left on."""
    return known.name, known.team, day_of(known.left_day) if known.left_day else None


def _filled(asked: PeopleQuestion, found: Everybody, places: Sequence[int]) -> list[PersonRow]:
    ids, known = [found.ids[place] for place in places], known_people()
    shown = set(asked.columns)
    names = favorite_models(asked.scope, ids) if "topModel" in shown else {}
    trends = _trends(asked, ids) if "trend" in shown else {}
    changes = _changes(asked) if "change" in shown else {}
    nothing = (0, 0) if asked.compared else None
    return [
        PersonRow(
            person_at(found, place, known[key], by_tool, names.get(key, "")),
            trends.get(key, []),
            changes.get(key, nothing),
            *_described(known[key]),
        )
        for key, place, by_tool in zip(ids, places, found.by_tool(places), strict=True)
    ]


def _changes(asked: PeopleQuestion) -> dict[int, tuple[int, int]]:
    """Tokens (now, before) of everybody with usage in either."""
    if not asked.compared:
        return {}
    now, before = (tokens_by_person(scope) for scope in asked.compared)
    return {key: (now.get(key, 0), before.get(key, 0)) for key in now.keys() | before.keys()}


def _trends(asked: PeopleQuestion, ids: Sequence[int]) -> dict[int, list[int]]:
    """Tokens per person and point of the curve, one range of the days' rollup."""
    if not (asked.curve and ids):
        return {}
    if len(ids) > MOST_IDS:
        return _trends_of_everybody(asked.scope, tuple(asked.curve))
    # Whose ids they are is known to count: no team needs to be asked for again.
    scope = asked.scope._replace(teams=())
    if is_of_whole_tools(scope):
        return _whole_trends(scope, asked.curve, ids)
    return _read_trends(scope, asked.curve, ids)


def _of_the_curve(_: Scope, curve: tuple[Span, ...]) -> Days:
    return day_number(curve[0][0]), day_number(curve[-1][1])


@remembered(
    lambda found: BYTES_A_POINT * sum(map(len, found.values())) + 250 * len(found),
    days=_of_the_curve,
)
def _trends_of_everybody(scope: Scope, curve: tuple[Span, ...]) -> dict[int, list[int]]:
    if not is_of_whole_tools(scope):
        return _read_trends(scope, curve, None)
    return _whole_trends(scope, curve, None)


def _whole_trends(
    scope: Scope, curve: Sequence[Span], ids: Sequence[int] | None
) -> dict[int, list[int]]:
    whole = (curve[0][0], curve[-1][1])
    people = users_in(scope, sums_of_spans(scope, "records", [whole], ids)[0])
    columns = sums_of_spans(scope, "tokens", curve, ids)
    return {person: [column[person] for column in columns] for person in people}


def _read_trends(
    scope: Scope, points: Sequence[Span], ids: Sequence[int] | None
) -> dict[int, list[int]]:
    curve = scope._replace(start=points[0][0], end=points[-1][1])
    steps = [(day_number(first), place) for place, (first, _) in enumerate(points)]
    place = step_of(PersonDay.day, steps)
    if between := _days_between(points):
        place = Case(None, [(PersonDay.day.in_(between), NO_POINT)], place)
    query = (
        PersonDay.select(PersonDay.person_id, place, total(PersonDay.tokens))
        .where(PersonDay.slice.in_(list(slices_of(scope).whole)) & curve.rows_of(PersonDay))
        .group_by(PersonDay.person_id, SQL("2"))
    )
    if ids is not None:
        query = query.where(PersonDay.person_id.in_(list(ids)))
    found: dict[int, list[int]] = {}
    # Bare rows: of ten thousand people the wrappers around them cost more than the query.
    for person_id, number, tokens in database.execute(query).fetchall():
        sums = found.setdefault(person_id, [0] * len(points))
        if number != NO_POINT:
            sums[number] = tokens
    return found


def _days_between(points: Sequence[Span]) -> list[int]:
    """The days that lie in no point: days that are not settled may lie between settled ones."""
    gaps = ((last, first) for (_, last), (first, _) in pairwise(points))
    return [day_number(day) for gap in gaps for day in days_between(*gap) if day not in gap]


def unused_count(question: PeopleQuestion) -> int:
    """How many of those whom a search may find are known and used nothing in the scope."""
    found = unused_by(question.scope)
    places = matching(found, question.search)
    return len(found.ids if places is None else places)


def footer(question: PeopleQuestion, *, every_name: bool = False) -> Footer:
    """The sums below the rows; `every_name` of shared keys has a line, however many there are."""
    most = sys.maxsize if every_name else MOST_SHARED
    found = question.everybody()
    nobodys = found.unattributed()
    return Footer(
        sums_of_people(found, matching(found, question.search)),
        merged(nobodys),
        unattributed_lines(question.scope, nobodys, most, question.search),
        len(found.ids),
    )
