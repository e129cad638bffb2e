"""What a question is about: days, tools, models, teams, organisations, products, and its slices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from peewee import JOIN, Expression, Field, ModelSelect

from app.dates import day_number, days_before
from app.models import (
    ALL_SLICE,
    MODEL,
    TOOL,
    Organization,
    Person,
    PersonDay,
    Slice,
    Team,
    TotalDay,
)
from app.queries.remembered import Days, no_day, remembered
from app.usage import organization_slug

FIRST_DAY, LAST_DAY = 0, 99991231
NO_SLICE = 0
"""The id of no slice, for a list of ids that must not be empty."""
FILTERS = {
    "tool": "tools",
    "model": "models",
    "team": "teams",
    "organization": "organizations",
    "product": "products",
}
"""The field of a scope that each filter fills, by its name in addresses; in the scope's order."""
NO_FILTERS: dict[str, tuple[str, ...]] = dict.fromkeys(FILTERS.values(), ())


class Scope(NamedTuple):
    """Days from `start` to `end` (both included, None = open), of some of the usage.

    Empty filters mean all of it. A model is a display name or a raw name. With `teams`, by
    name, a scope holds the usage of their present members only: none of people without a team,
    and none that belongs to nobody. An organisation is "provider:label", or a label alone for
    all that are called so.
    """

    start: date | None = None
    end: date | None = None
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        """Whether any filter leaves something out."""
        return bool(self.filters())

    def filters(self) -> tuple[str, ...]:
        """The names of all that the scope is narrowed to."""
        return self.tools + self.models + self.teams + self.organizations + self.products

    @property
    def days(self) -> int | None:
        """Number of days, None for an open range."""
        return (self.end - self.start).days + 1 if self.start and self.end else None

    def previous(self, today: date, *, rolling: bool = False) -> Scope | None:
        """What it is compared with (`days_before`); None for an open range."""
        if not (self.start and self.end):
            return None
        days = days_before(self.start, self.end, today, rolling=rolling)
        return self._replace(start=days[0], end=days[1]) if days else None

    def bounds(self) -> tuple[int, int]:
        """First and last day as integers YYYYMMDD."""
        return (
            day_number(self.start) if self.start else FIRST_DAY,
            day_number(self.end) if self.end else LAST_DAY,
        )

    def covers(self, day: Field | Expression) -> Expression:
        """The condition that the integer `day` lies in the range."""
        return day.between(*self.bounds())

    def members(self) -> ModelSelect | None:
        """Ids of the persons in the teams, as a subquery; None when anybody counts."""
        if not self.teams:
            return None
        return Person.select(Person.id).join(Team).where(Team.name.in_(list(self.teams)))

    def rows_of(self, table: type[TotalDay] | type[PersonDay]) -> Expression:
        """The condition that a row of a rollup of days lies in the range and counts."""
        within = self.covers(table.day)
        return within & table.person_id.in_(self.members()) if self.teams else within


def its_days(scope: Scope, *_: object) -> Days:
    """The days that the answer to a question depends on whose first argument is its scope."""
    return scope.bounds()


class Slices(NamedTuple):
    """Ids of the slices that answer a scope.

    `whole`: few slices whose sum is the answer. `by_tool` and `by_model`: the same answer cut
    by tool and by model, as {slice id: tool} and {slice id: (tool, display name)}.
    """

    whole: tuple[int, ...]
    by_tool: dict[int, str]
    by_model: dict[int, tuple[str, str]]


class StoredSlice(NamedTuple):
    """A slice; of a model it knows the raw and the display name, "provider:label" and product."""

    id: int
    kind: str
    tool: str
    raw: str
    name: str
    organization: str
    product: str


@remembered(days=no_day)
def _all_slices() -> list[StoredSlice]:
    """Every slice, the first seen first."""
    rows = (
        Slice.select(
            Slice.id,
            Slice.kind,
            Slice.tool,
            Slice.model,
            Slice.name,
            Organization.provider,
            Organization.name,
            Slice.product,
        )
        .join(Organization, JOIN.LEFT_OUTER)
        .order_by(Slice.id)
    )
    return [
        StoredSlice(
            id=number,
            kind=kind,
            tool=tool,
            raw=raw,
            name=name,
            organization=organization_slug(provider, label) if provider else "",
            product=product,
        )
        for number, kind, tool, raw, name, provider, label, product in rows.tuples()
    ]


def slices_of(scope: Scope) -> Slices:
    """The slices of a scope, from a small table; remembered."""
    return _slices(scope.tools, scope.models, scope.organizations, scope.products)


@remembered(days=no_day)
def _slices(
    tools: tuple[str, ...],
    models: tuple[str, ...],
    organizations: tuple[str, ...],
    products: tuple[str, ...],
) -> Slices:
    rows = [row for row in _all_slices() if not tools or row.tool in tools]
    of_tools = {row.id: row.tool for row in rows if row.kind == TOOL}
    known = [row for row in rows if row.kind == MODEL and row.tool in of_tools.values()]
    chosen = [
        row
        for row in known
        if (not models or row.name in models or (row.raw and row.raw in models))
        and (not organizations or is_called(row.organization, organizations))
        and (not products or row.product in products)
    ]
    of_models = {row.id: (row.tool, row.name) for row in chosen}
    if len(chosen) == len(known):
        return Slices(tuple(of_tools) if tools else (ALL_SLICE,), of_tools, of_models)
    # A tool of which nothing is left out is one slice, however many models it has.
    cut = {row.tool for row in known if row.id not in of_models}
    by_tool = {key: tool for key, tool in of_tools.items() if tool not in cut}
    by_tool |= {key: tool for key, (tool, _) in of_models.items() if tool in cut}
    return Slices(tuple(by_tool), by_tool, of_models)


def slice_organizations() -> dict[int, str]:
    """The organisation of the slice of every model, "provider:label", by its id."""
    return {row.id: row.organization for row in _all_slices() if row.kind == MODEL}


def is_called(slug: str, names: Collection[str]) -> bool:
    """Whether one of the names is that of an organisation, "provider:label", or its label."""
    return slug in names or slug.partition(":")[2] in names


def models_of(scope: Scope) -> set[str]:
    """The display names of all models of its tools, organisations and products."""
    return {name for _, name in slices_of(scope._replace(models=())).by_model.values()}


def known_models() -> list[tuple[str, str]]:
    """Every (tool, display name) with usage, by name."""
    found = {(row.tool, row.name) for row in _all_slices() if row.kind == MODEL}
    return sorted(found, key=lambda row: (row[1].lower(), row[0]))


def model_names() -> set[str]:
    """Every name that a filter of models finds: display names and raw ones."""
    found = {name for row in _all_slices() if row.kind == MODEL for name in (row.name, row.raw)}
    return found - {""}


def known_products() -> list[str]:
    """Every product that a provider named, by name."""
    return sorted({row.product for row in _all_slices()} - {""})


@remembered()
def organizations() -> dict[int, str]:
    """What the filter `organization` calls each account, by its id: "anthropic:main"."""
    rows = Organization.select(Organization.id, Organization.provider, Organization.name).tuples()
    return {key: organization_slug(provider, name) for key, provider, name in rows}


def organization_names() -> set[str]:
    """Every name that a filter of organisations finds: "provider:label", and labels alone."""
    slugs = organizations().values()
    return {name for slug in slugs for name in (slug, slug.partition(":")[2])}


def parted_organizations() -> list[str]:
    """The organisations with usage where a provider has several, by name; else none."""
    slugs = {row.organization for row in _all_slices() if row.kind == MODEL}
    providers = {slug.partition(":")[0] for slug in slugs}
    return sorted(slugs, key=str.lower) if len(slugs) > len(providers) else []


@remembered(days=no_day)
def teams() -> dict[int, str]:
    """The name of every team by its id; remembered."""
    return dict(Team.select(Team.id, Team.name).tuples())


def known_teams() -> list[str]:
    """The name of every team, by name."""
    return sorted(teams().values(), key=lambda name: (name.lower(), name))


def model_places() -> dict[str, int]:
    """{display model: place in the order in which models were first seen}: it never changes."""
    names = dict.fromkeys(row.name for row in _all_slices() if row.kind == MODEL)
    return {name: place for place, name in enumerate(names)}
