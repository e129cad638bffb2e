"""Distinct people of a pivot, and days on which some of them were active, counted in bitmaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from app.bitmaps import bitmap_of
from app.queries.people.directory import people_found
from app.queries.pivot.dimensions import DAY, DIMENSIONS, PivotQuestion, people_by_team
from app.queries.pivot.measures import DAYS, Amount
from app.queries.sums.active import ANYBODY, active_in, people_count

Keys = tuple[Any, ...]
Labels = Mapping[int, tuple[str, str]]


def counted(
    question: PivotQuestion, dimensions: Sequence[str], labels: Labels
) -> dict[Keys, Amount]:
    """How many people (for the measure "days": on how many days) by every combination of keys.

    `labels` are the slices to count. Workspaces are not told by these bitmaps.
    """
    if question.measure.name != DAYS:
        found = _active(question, dimensions, labels)
        return {keys: Amount(people_count(people)) for keys, people in found.items()}
    days: dict[Keys, int] = {}
    for *keys, _ in _active(question, (*dimensions, DAY), labels):
        days[tuple(keys)] = days.get(tuple(keys), 0) + 1
    return {keys: Amount(number) for keys, number in days.items()}


def _active(question: PivotQuestion, dimensions: Sequence[str], labels: Labels) -> dict[Keys, int]:
    """Who was active, as a bitmap for each combination of keys with usage."""
    chosen = [DIMENSIONS[name] for name in dimensions]
    told_by_people = [one for one in chosen if one.is_of_people]
    key_at = [one.key_at(labels) for one in chosen if not one.is_of_people]
    asked = people_asked(question)
    joined: dict[Keys, int] = {}
    for place, people in active_in(question.scope, labels).items():
        if people & asked:
            keys = tuple([key(*place) for key in key_at])
            joined[keys] = joined.get(keys, 0) | people & asked
    for one in told_by_people:
        joined = {
            (*keys, key): part
            for keys, people in joined.items()
            for key, part in one.parted(people)
        }
    # In the keys are first those of slices and days, then those of people.
    order = [one for one in chosen if not one.is_of_people] + told_by_people
    places = [order.index(one) for one in chosen]
    return {tuple([keys[place] for place in places]): people for keys, people in joined.items()}


def people_asked(question: PivotQuestion) -> int:
    """The bitmap of those whom a question is about, beside what its scope says."""
    asked, found = ANYBODY, people_found(question.search)
    if found is not None:
        asked &= bitmap_of(found)
    if question.people is not None:
        asked &= bitmap_of(question.people)
    if question.teams is not None:
        asked &= _of_teams(question.teams)
    return asked & ~bitmap_of(question.no_people) & ~_of_teams(question.no_teams)


def _of_teams(keys: Iterable[int]) -> int:
    by_team = people_by_team()
    return reduce(or_, (by_team.get(key, 0) for key in keys), 0)
