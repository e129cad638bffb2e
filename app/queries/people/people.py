"""What people add up to: each of them, and all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from app.models import Person
from app.queries.people.everybody import MOST_IDS, ByTool, Everybody, everybody, merged
from app.queries.people.known import Known, edges_of, known_people
from app.queries.people.order import every_top_model, matching, tokens_per_day, top_models
from app.queries.people.person import PersonUsage, person_usage
from app.queries.scope import Scope
from app.queries.sums.figures import Figures, add_up


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
    figures_by_tool: Mapping[str, Figures] = MappingProxyType({})

    @property
    def tokens_per_day(self) -> int:
        """Tokens per active day, rounded half-even; 0 without active days."""
        return tokens_per_day(self.figures.tokens, self.days)

    def of_tools(self, figure: str) -> dict[str, int]:
        """One of the figures by tool."""
        return {tool: getattr(part, figure) for tool, part in self.figures_by_tool.items()}


class PeopleTotals(NamedTuple):
    """What all people of a scope add up to, without unattributed usage."""

    figures: Figures
    by_tool: dict[str, int]
    days: int


def person_at(
    found: Everybody, place: int, known: Known, by_tool: ByTool, favorite: str = ""
) -> PersonTotals:
    """The totals of the person at a place, `known` as such."""
    first_day, last_day = edges_of(known)
    return PersonTotals(
        person_id=found.ids[place],
        email=known.email,
        figures=merged(by_tool),
        by_tool={tool: figures.tokens for tool, figures in by_tool.items()},
        days=found.days[place],
        first_day=first_day,
        last_day=last_day,
        favorite_model=favorite,
        figures_by_tool=by_tool,
    )


def favorite_models(scope: Scope, ids: Sequence[int]) -> dict[int, str]:
    """The display model with most tokens per person; ties go to the first by name."""
    if not ids:
        return {}
    if len(ids) > MOST_IDS:
        return every_top_model(scope)
    # Whose ids they are is known to count: no team needs to be asked for again.
    return top_models(scope._replace(teams=()), list(ids))


def people_totals(scope: Scope, search: str = "") -> PeopleTotals:
    """What all people the filters leave add up to, without unattributed usage."""
    found = everybody(scope)
    return sums_of_people(found, matching(found, search))


def sums_of_people(found: Everybody, places: Sequence[int] | None) -> PeopleTotals:
    """What the persons at these places (None: all) add up to."""
    by_tool = found.sums(places)
    return PeopleTotals(
        merged(by_tool),
        {tool: figures.tokens for tool, figures in by_tool.items()},
        found.days_of(places),
    )


def person_by_email(email: str) -> tuple[int, str] | None:
    """(id, e-mail) of a person ever seen or listed by a provider, else None."""
    return Person.select(Person.id, Person.email).where(Person.email == email).tuples().first()


def one_person(
    scope: Scope, person_id: int, email: str, usage: PersonUsage | None = None
) -> PersonTotals:
    """One person's totals; zeros when there is no usage in the scope.

    `usage`: theirs in the scope, when known already.
    """
    usage = usage or person_usage(scope, person_id)
    by_tool: dict[str, list[Figures]] = {}
    by_model: dict[str, int] = {}
    for model in usage.models:
        by_tool.setdefault(model.tool, []).append(model.figures)
        by_model[model.model] = by_model.get(model.model, 0) + model.figures.tokens
    sums = {tool: add_up(parts) for tool, parts in sorted(by_tool.items())}
    first_day, last_day = edges_of(known_people([person_id])[person_id])
    return PersonTotals(
        person_id=person_id,
        email=email,
        figures=merged(sums),
        by_tool={tool: figures.tokens for tool, figures in sums.items()},
        days=len(usage.days),
        first_day=first_day,
        last_day=last_day,
        favorite_model=min(by_model, key=lambda name: (-by_model[name], name), default=""),
    )
