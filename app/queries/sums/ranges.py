"""What ranges add up to, by tool and model, each by itself, in few readings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from peewee import fn

from app.database import database
from app.models import ALL_SLICE, TotalDay
from app.queries.people.everybody import unattributed_of
from app.queries.remembered import remembered
from app.queries.scope import Scope, its_days, slices_of
from app.queries.sums.active import people_count, people_in
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.slices import days_around, slice_sums, sums_by_range

ToolModel = tuple[str, str]
"""(tool, display model), the model "" where a range is cut by tool alone."""


class ModelShare(NamedTuple):
    """One display model of one tool; `percentage` of all tokens, or of
    another figure that was asked for, with one decimal."""

    model: str
    tool: str
    figures: Figures
    percentage: Decimal


class RangeSums(NamedTuple):
    """What one range adds up to, in parts. `unattributed` is part of it."""

    parts: dict[ToolModel, Figures]
    unattributed: Figures

    @property
    def figures(self) -> Figures:
        """Sums over everything."""
        return add_up(self.parts.values()) if self.parts else Figures()

    @property
    def by_tool(self) -> dict[str, Figures]:
        """Sums per tool, by name of the tool."""
        return self._by(lambda tool, _: tool)

    @property
    def by_model(self) -> dict[str, Figures]:
        """Sums per display model, in whichever tool, by name of the model."""
        return self._by(lambda _, model: model)

    def _by(self, name_of: Callable[[str, str], str]) -> dict[str, Figures]:
        found: dict[str, list[Figures]] = {}
        for key, figures in sorted(self.parts.items()):
            found.setdefault(name_of(*key), []).append(figures)
        return {name: add_up(figures) for name, figures in found.items()}

    def plus(self, other: RangeSums) -> RangeSums:
        """Both ranges together."""
        keys = self.parts.keys() | other.parts.keys()
        both = (self.parts, other.parts)
        merged = {key: add_up(part[key] for part in both if key in part) for key in keys}
        return RangeSums(merged, add_up((self.unattributed, other.unattributed)))

    def shares(self, figure: str = "tokens") -> list[ModelShare]:
        """All models with their shares of a figure, most of it first, ties by name and tool."""
        whole = getattr(self.figures, figure)
        found = [
            ModelShare(name, tool, figures, percentage(getattr(figures, figure), whole))
            for (tool, name), figures in self.parts.items()
        ]
        return sorted(
            found, key=lambda share: (-getattr(share.figures, figure), share.model, share.tool)
        )


def percentage(part: int, whole: int) -> Decimal:
    """`part` of `whole` in percent, half-even to one decimal; 0.0 of nothing."""
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    return share.quantize(Decimal("0.1"))


class AllTime(NamedTuple):
    """Everything ever recorded: tokens, nano-dollars and persons with usage."""

    tokens: int
    value_nanos: int
    people: int


def sums_of_ranges(scopes: Iterable[Scope], *, by_model: bool = True) -> list[RangeSums]:
    """What ranges without a common day add up to, each by itself; remembered.

    All scopes have the same tools, models and teams. Days between them belong to none. Without
    `by_model` the parts are tools: some thirty rows a day less to read.
    """
    return _sums_of_ranges(tuple(scopes), by_model)


@remembered(days=days_around)
def _sums_of_ranges(scopes: tuple[Scope, ...], by_model: bool) -> list[RangeSums]:
    slices = slices_of(scopes[0])
    labels = slices.by_model
    if not by_model:
        labels = {key: (tool, "") for key, tool in slices.by_tool.items()}
    if scopes[0].teams:
        # A team's usage is in the rollups of persons only, and no team holds unattributed usage.
        return [_of_slices(slice_sums(scope, labels).items(), labels) for scope in scopes]
    return _of_everybody(scopes, labels)


def _of_everybody(scopes: tuple[Scope, ...], labels: Mapping[int, ToolModel]) -> list[RangeSums]:
    """One query of the totals: a row for each range and slice."""
    sums: list[list[tuple[int, Figures]]] = [[] for _ in scopes]
    query = sums_by_range(TotalDay, TotalDay.day, scopes, labels)
    for place, slice_id, *figures in database.execute(query).fetchall():
        sums[place].append((slice_id, Figures(*figures)))
    return [
        _of_slices(found, labels, nobodys.values())
        for found, nobodys in zip(sums, unattributed_of(scopes), strict=True)
    ]


def _of_slices(
    sums: Iterable[tuple[int, Figures]],
    labels: Mapping[int, ToolModel],
    nobodys: Collection[Figures] = (),
) -> RangeSums:
    parts: dict[ToolModel, list[Figures]] = {}
    for slice_id, figures in sums:
        parts.setdefault(labels[slice_id], []).append(figures)
    return RangeSums(
        {key: add_up(figures) for key, figures in parts.items()},
        add_up(nobodys) if nobodys else Figures(),
    )


def people_counts(scopes: Iterable[Scope]) -> list[int]:
    """Number of persons with usage in each of the scopes; remembered until the data changes."""
    return list(map(_people_count, scopes))


@remembered(days=its_days)
def _people_count(scope: Scope) -> int:
    return people_count(people_in(scope, slices_of(scope).whole))


@remembered()
def lifetime() -> AllTime:
    """Everything ever recorded, whatever the range and the filters; remembered likewise."""
    sums = TotalDay.select(
        fn.COALESCE(fn.SUM(TotalDay.tokens), 0).cast("BIGINT"),
        fn.COALESCE(fn.SUM(TotalDay.value_nanos), 0).cast("BIGINT"),
    ).where(TotalDay.slice == ALL_SLICE)
    tokens, value = sums.tuples().get()
    return AllTime(tokens, value, people_count(people_in(Scope(), (ALL_SLICE,))))
