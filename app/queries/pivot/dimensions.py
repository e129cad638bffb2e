"""What a pivot can be cut by and measured in, and how a question is narrowed to some keys."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from peewee import JOIN

from app.database import database
from app.dates import days_between, month_end, month_start, week_end, week_start
from app.models import UNATTRIBUTED, Organization, Workspace
from app.providers import PROVIDERS, label_of
from app.queries.people.everybody import known_people
from app.queries.scope import Scope, Slices, slices_of, teams

PERSON, TEAM, MODEL, TOOL = "person", "team", "model", "tool"
DAY, WEEK, MONTH = "day", "week", "month"
WORKSPACE = "workspace"
DIMENSIONS = (PERSON, TEAM, MODEL, TOOL, DAY, WEEK, MONTH, WORKSPACE)
PERIODS = (DAY, WEEK, MONTH)

NO_TEAM, NOBODYS_TEAM = 0, -1
"""Keys of the dimension "team": people without a team, and usage that belongs to nobody."""
UNOWNED = {PERSON: UNATTRIBUTED, TEAM: NOBODYS_TEAM}
"""The key of usage that belongs to nobody, by dimension."""

TOKENS, COST, REQUESTS = "tokens", "cost", "requests"
DAYS, PEOPLE = "days", "people"
MEASURES = (TOKENS, COST, REQUESTS, DAYS, PEOPLE)
ADDITIVE = (TOKENS, COST, REQUESTS)


class Amount(NamedTuple):
    """One figure: tokens, nano-dollars, or a count.

    For the measures "cost" and "requests" `unknown_tokens` of the `tokens` have no price, or
    nobody told their requests.
    """

    value: int
    tokens: int = 0
    unknown_tokens: int = 0

    @property
    def is_unknown(self) -> bool:
        """Whether it is known of no part of the usage: then it is unknown, not zero."""
        return bool(self.tokens) and self.unknown_tokens == self.tokens and not self.value

    @property
    def is_partial(self) -> bool:
        """Whether it is known of a part of the usage only."""
        return bool(self.unknown_tokens) and not self.is_unknown


NOTHING = Amount(0)


def add(amounts: Iterable[Amount]) -> Amount:
    """The sum of amounts of an additive measure."""
    return Amount(*(sum(column) for column in zip(NOTHING, *amounts, strict=True)))


def subtract(whole: Amount, part: Amount) -> Amount:
    """The difference of amounts of an additive measure."""
    return Amount(*(mine - theirs for mine, theirs in zip(whole, part, strict=True)))


@dataclass(frozen=True)
class Question:
    """What is measured: days from and to (both set), and whose usage.

    `search` narrows to people whose e-mail holds the words. `people`, `teams` and `workspaces`
    narrow to some keys, `no_people`, `no_teams` and `no_workspaces` leave some out; the key of
    a workspace is (organisation id, external id).
    """

    scope: Scope
    measure: str
    search: str = ""
    people: tuple[int, ...] | None = None
    no_people: tuple[int, ...] = ()
    teams: tuple[int, ...] | None = None
    no_teams: tuple[int, ...] = ()
    workspaces: tuple[tuple[int, str], ...] | None = None
    no_workspaces: tuple[tuple[int, str], ...] = ()
    models: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None

    @property
    def slices(self) -> Slices:
        """The slices of the scope, of these models and tools only."""
        found = slices_of(self.scope)
        if self.models is not None:
            by_model = {key: part for key, part in found.by_model.items() if part[1] in self.models}
            by_tool = {key: tool for key, (tool, _) in by_model.items()}
            found = Slices(tuple(by_model), by_tool, by_model)
        if self.tools is not None:
            by_tool = {key: tool for key, tool in found.by_tool.items() if tool in self.tools}
            by_model = {key: part for key, part in found.by_model.items() if part[0] in self.tools}
            found = Slices(tuple(by_tool), by_tool, by_model)
        return found

    @property
    def is_of_anybody(self) -> bool:
        """Whether usage counts whoever it belongs to."""
        some = self.scope.teams or self.search or self.no_people or self.no_teams
        return not some and self.people is None and self.teams is None

    def to(self, dimension: str, keys: Sequence[Any]) -> Question:
        """The same question about some keys of a dimension only (of periods: one)."""
        if dimension == PERSON:
            return replace(self, people=tuple(keys))
        if dimension == TEAM:
            return replace(self, teams=tuple(keys))
        if dimension == WORKSPACE:
            return replace(self, workspaces=tuple(keys))
        if dimension in PERIODS:
            first, last = period_span(dimension, keys[0], self.scope)
            return replace(self, scope=self.scope._replace(start=first, end=last))
        if dimension == MODEL:
            return replace(self, models=tuple(keys))
        return replace(self, tools=tuple(keys))

    def without(self, dimension: str, keys: Sequence[Any]) -> Question:
        """The same question about all other keys; of periods: about the days before them."""
        if dimension == PERSON:
            return replace(self, no_people=tuple(keys))
        if dimension == TEAM:
            return replace(self, no_teams=tuple(keys))
        if dimension == WORKSPACE:
            return replace(self, no_workspaces=tuple(keys))
        if dimension in PERIODS:
            end = min(keys) - timedelta(days=1)
            return replace(self, scope=self.scope._replace(end=end))
        named = {name for _, name in self.slices.by_model.values()}
        known = named if dimension == MODEL else set(self.slices.by_tool.values())
        return self.to(dimension, list(known.difference(keys)))


def period_of(dimension: str, day: date) -> date:
    """The first day of the day's period: the day itself, its ISO week's Monday, or the 1st."""
    if dimension == DAY:
        return day
    return week_start(day) if dimension == WEEK else month_start(day)


def period_span(dimension: str, first: date, scope: Scope) -> tuple[date, date]:
    """The days of a period that lie in the scope, first and last."""
    last = {DAY: first, WEEK: week_end(first), MONTH: month_end(first)}[dimension]
    return max(first, scope.start or first), min(last, scope.end or last)


def periods(dimension: str, scope: Scope) -> list[date]:
    """Every period that has days in the scope, oldest first, known by its first day."""
    start, end = scope.start, scope.end
    if start is None or end is None:
        return []
    return list(dict.fromkeys(period_of(dimension, day) for day in days_between(start, end)))


def labels(dimension: str, keys: Iterable[Hashable]) -> dict[Any, str]:
    """Words for keys, as searched and sorted by: e-mail, name, or ISO date ("2026-11")."""
    if dimension == PERSON:
        return _emails(keys)
    if dimension == TEAM:
        return _team_names(keys)
    if dimension == WORKSPACE:
        return _workspace_names(list(keys))
    length = 7 if dimension == MONTH else 10
    return {key: key.isoformat()[:length] if isinstance(key, date) else str(key) for key in keys}


def _emails(ids: Iterable[Any]) -> dict[Any, str]:
    known = known_people()
    return {key: "" if key == UNATTRIBUTED else known[key].email for key in ids}


def _team_names(ids: Iterable[Any]) -> dict[Any, str]:
    names = {**teams(), NO_TEAM: "No team", NOBODYS_TEAM: ""}
    return {key: names[key] for key in ids}


def _workspace_names(keys: list[Any]) -> dict[Any, str]:
    rows = database.execute(
        Organization.select(
            Organization.id, Organization.provider, Workspace.external_id, Workspace.name
        ).join(Workspace, JOIN.LEFT_OUTER, on=(Workspace.organization == Organization.id))
    ).fetchall()
    providers = {organization: provider for organization, provider, _, _ in rows}
    named = {(key, external): name for key, _, external, name in rows if external is not None}
    return {key: _workspace_name(key, named, providers) for key in keys}


_HAVE_WORKSPACES = {provider.NAME for provider in PROVIDERS if provider.HAS_WORKSPACES}


def _workspace_name(
    key: tuple[int, str], named: dict[tuple[int, str], str], providers: dict[int, str]
) -> str:
    organization, external = key
    if external:
        return named.get(key) or external
    # Only providers that have workspaces have a default one.
    provider = providers[organization]
    if provider in _HAVE_WORKSPACES or any(owner == organization for owner, _ in named):
        return "Default workspace"
    return f"{label_of(provider)} (no workspaces)"
