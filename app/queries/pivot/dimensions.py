"""What a pivot can be cut by: each dimension with its keys, labels, order and SQL in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from peewee import JOIN, Case, ModelSelect, fn

from app.bitmaps import ids_in
from app.database import database
from app.dates import day_number, day_of, days_between, month_end, month_start, week_end, week_start
from app.models import UNATTRIBUTED, Organization, Person, Workspace
from app.providers import PROVIDERS, label_of
from app.queries.people.known import known_people
from app.queries.pivot.measures import DAYS, PEOPLE, Measure
from app.queries.scope import Scope, slice_organizations, teams
from app.queries.sums.active import NOBODY, members_of, team_bitmaps
from app.queries.sums.steps import step_of

BY_LABEL, BY_TOTAL = "label", "total"
NO_TEAM, NOBODYS_TEAM = 0, -1
"""Keys of the dimension "team": people without a team, and usage that belongs to nobody."""


@dataclass(frozen=True)
class PivotQuestion:
    """What is measured: days from and to (both set), and whose usage.

    `search` narrows to the people whom its words find. `people`, `teams`, `workspaces`,
    `models`, `tools` and `organizations` narrow to some keys, `no_people` and the like leave
    some out; the key of a workspace is (organisation id, external id).
    """

    scope: Scope
    measure: Measure
    search: str = ""
    people: tuple[int, ...] | None = None
    no_people: tuple[int, ...] = ()
    teams: tuple[int, ...] | None = None
    no_teams: tuple[int, ...] = ()
    workspaces: tuple[tuple[int, str], ...] | None = None
    no_workspaces: tuple[tuple[int, str], ...] = ()
    models: tuple[str, ...] | None = None
    no_models: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    no_tools: tuple[str, ...] = ()
    organizations: tuple[str, ...] | None = None
    no_organizations: tuple[str, ...] = ()

    def days_asked(self, *_: object) -> tuple[int, int]:
        """The days that an answer depends on, first and last."""
        return self.scope.bounds()


@dataclass
class RowSource:
    """Rows that know an answer: the query of them, and which of their columns say what.

    `labels` are the (tool, display model) of the slices that are read. A dimension that needs
    another table joins it to `query`.
    """

    question: PivotQuestion
    query: Any
    figures: Sequence[Any]
    labels: Mapping[int, tuple[str, str]]
    day: Any = None
    month: Any = None
    slice: Any = None
    person: Any = None
    workspace: tuple[Any, ...] = ()


class Group(NamedTuple):
    """Expressions to group by, and how to read their values as a key."""

    expressions: Sequence[Any]
    read: Callable[..., Any]


class Dimension:
    """One thing that a pivot can be cut by: all that is known of it is said in its class.

    `name` is its word in addresses, `one` and `many` are its words on screen. `unattributed`
    is the key of usage that belongs to nobody, None where such usage has a key like any other.
    `is_of_people`: the person of usage tells its key.
    `filter` is the filter of pages that narrows them to a label, "" where there is none.
    `keeps_apart`: the counts that no two of its keys share, so that they add up. `rank`: its
    place among expressions to group by, which is that of the columns in the rollups' indexes.
    """

    name = one = many = filter = ""
    unattributed: Any = None
    is_period = False
    is_of_people = False
    keeps_apart: tuple[str, ...] = ()
    rank = 0

    @property
    def natural_sort(self) -> tuple[str, bool]:
        """(sort, descending) of a pivot nobody has sorted."""
        return (BY_LABEL, False) if self.is_period else (BY_TOTAL, True)

    def adds_up(self, measure: Measure) -> bool:
        """Whether the keys share nothing, so that what they count adds up."""
        return measure.adds_up or measure.name in self.keeps_apart

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        """Words for keys, as searched and sorted by; "" is usage of nobody."""
        return {key: str(key) for key in keys}

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        """The same question about some keys only (of periods: one)."""
        raise NotImplementedError

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        """The same question about all other keys; of periods: about the days before them."""
        raise NotImplementedError

    def group(self, source: RowSource) -> Group:
        """How the rows of a source are grouped by the keys."""
        raise NotImplementedError

    def key_at(self, labels: Mapping[int, tuple[str, str]]) -> Callable[[int, int], Any]:
        """What tells the key of usage of a slice (of these) on a day (YYYYMMDD)."""
        raise NotImplementedError

    def parted(self, people: int) -> Iterable[tuple[Any, int]]:
        """A bitmap of people by the keys, where the person tells them."""
        raise NotImplementedError


class _Person(Dimension):
    name, one, many = "person", "person", "people"
    unattributed, keeps_apart, rank = UNATTRIBUTED, (PEOPLE,), 2
    is_of_people = True

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        known = known_people()
        return {key: "" if key == UNATTRIBUTED else known[key].email for key in keys}

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, people=tuple(keys))

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, no_people=tuple(keys))

    def group(self, source: RowSource) -> Group:
        return Group([source.person], lambda person: person)

    def parted(self, people: int) -> Iterable[tuple[Any, int]]:
        return ((person, 1 << person) for person in ids_in(people))


class _Team(Dimension):
    """A team is known by the person; its members may change, and then all of its usage does."""

    name, one, many = "team", "team", "teams"
    unattributed, keeps_apart, rank, filter = NOBODYS_TEAM, (PEOPLE,), 3, "team"
    is_of_people = True

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        names = {**teams(), NO_TEAM: "No team", NOBODYS_TEAM: ""}
        return {key: names[key] for key in keys}

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, teams=tuple(keys))

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, no_teams=tuple(keys))

    def group(self, source: RowSource) -> Group:
        query, person = source.query, source.person
        # To the rows themselves, not to what was joined to them last; a union knows no model.
        query = query.switch(query.model) if isinstance(query, ModelSelect) else query
        source.query = query.join(Person, JOIN.LEFT_OUTER, on=(Person.id == person))
        own = fn.COALESCE(Person.team, NO_TEAM)
        return Group([Case(None, [(person == UNATTRIBUTED, NOBODYS_TEAM)], own)], lambda team: team)

    def parted(self, people: int) -> Iterable[tuple[Any, int]]:
        parts = ((key, people & members) for key, members in people_by_team().items())
        return [part for part in parts if part[1]]


class _OfSlices(Dimension):
    """A dimension that the slice of a row tells: `keys_of` slices, by their ids.

    Its keys are narrowed to in the field of questions that is called as `many`.
    """

    rank = 1

    def keys_of(self, labels: Mapping[int, tuple[str, str]]) -> dict[int, str]:
        """The key of each of these slices."""
        raise NotImplementedError

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        changes: dict[str, Any] = {self.many: tuple(keys)}
        return replace(question, **changes)

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        changes: dict[str, Any] = {f"no_{self.many}": tuple(keys)}
        return replace(question, **changes)

    def group(self, source: RowSource) -> Group:
        """One slice stands for all of its label, so that the database groups by label.

        Where slices 4 and 7 are both of "Sonnet 4.5", rows of 7 are grouped as if of 4.
        """
        names = self.keys_of(source.labels)
        first: dict[str, int] = {}
        for key, name in names.items():
            first.setdefault(name, key)
        others = [(key, first[name]) for key, name in names.items() if first[name] != key]
        stands = Case(source.slice, others, source.slice) if others else source.slice
        return Group([stands], names.__getitem__)

    def key_at(self, labels: Mapping[int, tuple[str, str]]) -> Callable[[int, int], Any]:
        names = self.keys_of(labels)
        return lambda slice_id, day: names[slice_id]


class _Model(_OfSlices):
    name, one, many, filter = "model", "model", "models", "model"

    def keys_of(self, labels: Mapping[int, tuple[str, str]]) -> dict[int, str]:
        return {key: model for key, (_, model) in labels.items()}


class _Tool(_OfSlices):
    name, one, many, filter = "tool", "tool", "tools", "tool"

    def keys_of(self, labels: Mapping[int, tuple[str, str]]) -> dict[int, str]:
        return {key: tool for key, (tool, _) in labels.items()}


class _Organization(_OfSlices):
    """Known as its filter calls it: "anthropic:main"."""

    name, one, many, filter = "organization", "organization", "organizations", "organization"

    def keys_of(self, labels: Mapping[int, tuple[str, str]]) -> dict[int, str]:
        known = slice_organizations()
        return {key: known[key] for key in labels}


class Period(Dimension):
    """Days, weeks or months, each known by its first day.

    `is_of_months`: it holds whole months, so that their sums tell it.
    """

    is_period, keeps_apart = True, (DAYS,)
    is_of_months = False

    def start(self, day: date) -> date:
        """The first day of the period of a day."""
        raise NotImplementedError

    def end(self, first: date) -> date:
        """The last day of a period."""
        raise NotImplementedError

    def span(self, first: date, scope: Scope) -> tuple[date, date]:
        """The days of a period that lie in the scope, first and last."""
        return max(first, scope.start or first), min(self.end(first), scope.end or date.max)

    def all_in(self, scope: Scope) -> list[date]:
        """Every period that has days in the scope, oldest first."""
        if scope.start is None or scope.end is None:
            return []
        return list(dict.fromkeys(map(self.start, days_between(scope.start, scope.end))))

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        return {key: key.isoformat() for key in keys}

    def key_at(self, labels: Mapping[int, tuple[str, str]]) -> Callable[[int, int], Any]:
        # Thousands of slices and days are asked about, and few different days.
        start = cache(lambda day: self.start(day_of(day)))
        return lambda slice_id, day: start(day)

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        first, last = self.span(keys[0], question.scope)
        return replace(question, scope=question.scope._replace(start=first, end=last))

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        end = min(keys) - timedelta(days=1)
        return replace(question, scope=question.scope._replace(end=end))


class _Day(Period):
    name, one, many = "day", "day", "days"

    def start(self, day: date) -> date:
        return day

    def end(self, first: date) -> date:
        return first

    def group(self, source: RowSource) -> Group:
        return Group([source.day], day_of)


class _Week(Period):
    name, one, many = "week", "week", "weeks"

    def start(self, day: date) -> date:
        return week_start(day)

    def end(self, first: date) -> date:
        return week_end(first)

    def group(self, source: RowSource) -> Group:
        mondays = map(day_number, self.all_in(source.question.scope))
        return Group([step_of(source.day, [(monday, monday) for monday in mondays])], day_of)


class _Month(Period):
    name, one, many = "month", "month", "months"
    is_of_months = True

    def start(self, day: date) -> date:
        return month_start(day)

    def end(self, first: date) -> date:
        return month_end(first)

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        return {key: key.isoformat()[:7] for key in keys}

    def group(self, source: RowSource) -> Group:
        # Both databases divide integers to the whole: 20261205 / 100 is 202612.
        month = source.day / 100 if source.month is None else source.month
        return Group([month], lambda number: day_of(number * 100 + 1))


class _Workspace(Dimension):
    name, one, many, rank = "workspace", "workspace", "workspaces", 4

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        rows = database.execute(
            Organization.select(
                Organization.id, Organization.provider, Workspace.external_id, Workspace.name
            ).join(Workspace, JOIN.LEFT_OUTER, on=(Workspace.organization == Organization.id))
        ).fetchall()
        providers = {organization: provider for organization, provider, _, _ in rows}
        named = {(key, external): name for key, _, external, name in rows if external is not None}
        return {key: _workspace_name(key, named, providers) for key in keys}

    def only(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, workspaces=tuple(keys))

    def without(self, question: PivotQuestion, keys: Sequence[Any]) -> PivotQuestion:
        return replace(question, no_workspaces=tuple(keys))

    def group(self, source: RowSource) -> Group:
        return Group(source.workspace, lambda organization, external: (organization, external))


_HAVE_WORKSPACES = {provider.NAME for provider in PROVIDERS if provider.HAS_WORKSPACES}


def people_by_team() -> dict[int, int]:
    """The bitmap of who is of each key of the dimension "team": none is in two of them."""
    known = team_bitmaps()
    return {**known, NO_TEAM: ~(members_of(known) | NOBODY), NOBODYS_TEAM: NOBODY}


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


PERIODS: dict[str, Period] = {one.name: one for one in (_Day(), _Week(), _Month())}
"""The periods by name, the finest first."""
DIMENSIONS: dict[str, Dimension] = {
    one.name: one
    for one in (
        _Person(),
        _Team(),
        _Model(),
        _Tool(),
        _Organization(),
        *PERIODS.values(),
        _Workspace(),
    )
}
"""Every dimension by its name, in the order of the menu."""
PERSON, TEAM, MODEL, TOOL, ORGANIZATION, DAY, WEEK, MONTH, WORKSPACE = DIMENSIONS
OF_SLICES: dict[str, _OfSlices] = {
    name: one for name, one in DIMENSIONS.items() if isinstance(one, _OfSlices)
}
"""The dimensions that the slice of a row tells."""
OF_MODELS = (MODEL, ORGANIZATION)
"""Those of them that only the slices of models tell."""
