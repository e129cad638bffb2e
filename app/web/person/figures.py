"""What one person's usage says: lifetime, cards with changes, the chart, where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.dates import days_between
from app.queries.people.own_keys import OwnKey
from app.queries.people.people import tokens_per_day
from app.queries.people.person import PersonDayPoint, PersonUsage
from app.queries.people.rank import Rank
from app.queries.scope import Scope
from app.queries.sums.figures import Figures, add_up
from app.web.view import charts, formatting
from app.web.view.cards import Kind, write_share
from app.web.view.charts import CACHE, TOTAL, VALUE
from app.web.view.earlier import before_bars, days_before
from app.web.view.periods import Comparison
from app.web.view.tools import ordered_tools

ACTIVE = "active"
"""The key of a bar's days with usage, beside its other amounts."""


class Lifetime(NamedTuple):
    """All of a person's usage, of every day and tool."""

    figures: Figures
    preferred_tool: str
    preferred_tokens: int


class Measures(NamedTuple):
    """The figures on the cards."""

    tokens: int
    value_nanos: int
    days: int
    tokens_per_day: int
    cache_share: int
    """Cache reads in hundredths of a percent of all tokens."""
    not_priced: bool


class PersonChart(NamedTuple):
    """The stacked chart, its legend (tool, tokens) and what it says in a sentence or two.

    `before` names the days of the line, "" without one.
    """

    chart: charts.Chart
    weekly: bool
    legend: list[tuple[str, int]]
    finding: str
    open_bars: list[charts.Bar]
    before: str = ""


KINDS: tuple[Kind[Measures], ...] = (
    Kind(
        "Tokens",
        lambda of: of.tokens,
        formatting.compact,
        lambda of: formatting.exact(of.tokens),
        lambda amounts: amounts[TOTAL],
        rows="day",
    ),
    Kind(
        "Cost",
        lambda of: of.value_nanos,
        formatting.money,
        lambda of: formatting.exact_money(of.value_nanos),
        lambda amounts: amounts[VALUE],
        is_unknown=lambda of: of.not_priced,
        quiet=True,
        rows="day",
        measure="cost",
    ),
    Kind(
        "Active days",
        lambda of: of.days,
        formatting.exact,
        lambda of: formatting.exact(of.days),
        lambda amounts: amounts[ACTIVE],
        rows="week",
        measure="days",
    ),
    Kind(
        "Tokens per active day",
        lambda of: of.tokens_per_day,
        formatting.compact,
        lambda of: formatting.exact(of.tokens_per_day),
        lambda amounts: amounts[TOTAL] // max(amounts[ACTIVE], 1),
        sort="avgTokensPerDay",
    ),
    Kind(
        "Cache share",
        lambda of: of.cache_share,
        write_share,
        lambda of: f"{Decimal(of.cache_share) / 100:.2f}{formatting.SPACE}%",
        lambda amounts: 10_000 * amounts[CACHE] // max(amounts[TOTAL], 1),
        sort="cacheShare",
    ),
)


def lifetime(keys: Iterable[OwnKey]) -> Lifetime:
    """Lifetime figures from what every key and account of a person has brought."""
    by_tool: dict[str, list[Figures]] = {}
    for key in keys:
        by_tool.setdefault(key.tool, []).append(key.figures)
    sums = {tool: add_up(parts) for tool, parts in by_tool.items() if tool}
    if not sums:
        return Lifetime(Figures(), "", 0)
    preferred = min(sums, key=lambda tool: (-sums[tool].tokens, tool))
    return Lifetime(add_up(sums.values()), preferred, sums[preferred].tokens)


def every_day(usage: PersonUsage, start: date, end: date) -> list[PersonDayPoint]:
    """The days of a range, zero-filled, oldest first."""
    used = {point.day: point.by_tool for point in usage.days}
    return [PersonDayPoint(day, used.get(day, {})) for day in days_between(start, end)]


def by_tool(usage: PersonUsage) -> dict[str, Figures]:
    """Sums per tool."""
    parts: dict[str, list[Figures]] = {}
    for model in usage.models:
        parts.setdefault(model.tool, []).append(model.figures)
    return {tool: add_up(figures) for tool, figures in sorted(parts.items())}


def measures(days: Iterable[PersonDayPoint], within: Scope | None = None) -> Measures:
    """The figures of the cards, of all days or those in the range of `within`."""
    first = (within and within.start) or date.min
    last = (within and within.end) or date.max
    found = [point.figures for point in days if first <= point.day <= last]
    whole = add_up(found) if found else Figures()
    return Measures(
        whole.tokens,
        whole.value_nanos,
        len(found),
        tokens_per_day(whole.tokens, len(found)),
        _cache_share(whole.cache_read_tokens, whole.tokens),
        whole.not_priced,
    )


def _cache_share(read: int, tokens: int) -> int:
    return round(Fraction(10_000 * read, tokens)) if tokens else 0


def bars(points: Iterable[PersonDayPoint], open_days: set[date]) -> list[charts.Bar]:
    """One bar a day, or one a week of a long range: tokens by tool, and the figures of cards."""
    return charts.bars([_point(point) for point in points], open_days)


def _point(point: PersonDayPoint) -> charts.Point:
    return charts.Point(point.day, _amounts(point), point.by_tool)


def _amounts(point: PersonDayPoint) -> dict[str, int]:
    figures = point.figures
    tools = {tool: part.tokens for tool, part in point.by_tool.items()}
    return tools | {
        TOTAL: figures.tokens,
        VALUE: figures.value_nanos,
        ACTIVE: int(bool(point.by_tool)),
        CACHE: figures.cache_read_tokens,
    }


def days_before_bars(
    drawn: Sequence[charts.Bar], compared: Comparison | None, earlier: Iterable[PersonDayPoint]
) -> dict[date, int]:
    """{first day of a bar: tokens of the days before}; empty without any usage in these."""
    tokens = {point.day: point.figures.tokens for point in earlier}
    return before_bars(drawn, days_before(compared), tokens) if any(tokens.values()) else {}


def chart(
    drawn: Sequence[charts.Bar],
    tokens_by_tool: dict[str, int],
    before: dict[date, int],
    *,
    weekly: bool,
) -> PersonChart:
    """Tokens per bar, stacked by tool, and those of the days before."""
    tools = ordered_tools(tokens_by_tool)
    return PersonChart(
        charts.stacked(drawn, tools[::-1], before=before),
        weekly,
        [(tool, tokens_by_tool[tool]) for tool in tools],
        _finding(drawn, weekly=weekly),
        [bar for bar in drawn if bar.open],
    )


def _finding(drawn: Sequence[charts.Bar], *, weekly: bool) -> str:
    busiest = max(drawn, key=lambda bar: bar.amounts[TOTAL])
    when = formatting.weekday(busiest.first)
    if weekly:
        when = f"week from {formatting.full_day(busiest.first)}"
    used = sum(bar.amounts[ACTIVE] for bar in drawn)
    active = formatting.count_of(used, "active day")
    return f"{active}. Busiest: {when} with {formatting.compact(busiest.amounts[TOTAL])}."


def rank_words(rank: Rank | None) -> str:
    """Where the person stands: "more than 83 % of 140 active people"; "" when not compared."""
    if rank is None:
        return ""
    if rank.people == 1:
        return "the only one active on two days"
    people = f"{formatting.exact(rank.people)} active people"
    if rank.below == 0:
        return f"the least of {people}"
    return f"more than {rank.percent}{formatting.SPACE}% of {people}"
