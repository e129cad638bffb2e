"""What one person's usage says: lifetime, cards with changes, the chart, where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.dates import days_between
from app.queries.people.people import tokens_per_day
from app.queries.people.percentile import Standing
from app.queries.people.person import PersonDayPoint, PersonUsage
from app.queries.people.records import OwnKey
from app.queries.scope import Scope
from app.queries.sums.figures import Figures, add_up
from app.web.view import charts, formatting
from app.web.view.cards import (
    DASH,
    NOT_KNOWN,
    Card,
    Writer,
    change_words,
    compared_words,
    points_words,
    until_words,
    write_share,
)
from app.web.view.tools import ordered_tools

TOTAL, COST, ACTIVE, CACHE, UNPRICED = "total", "cost", "active", "cache", "unpriced"
"""Keys of a bar's own amounts, beside those of its tools."""


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


class PersonChart(NamedTuple):
    """The stacked chart, its legend (tool, tokens) and what it says in a sentence or two."""

    chart: charts.Chart
    weekly: bool
    legend: list[tuple[str, int]]
    finding: str
    open_bars: list[charts.Bar]


def _hundredths(share: int) -> str:
    return f"{Decimal(share) / 100:.2f}{formatting.SPACE}%"


CARDS: tuple[tuple[str, Writer, Writer, dict[str, str]], ...] = (
    ("Tokens", formatting.compact, formatting.exact, {"rows": "day"}),
    ("Cost", formatting.money, formatting.exact_money, {"rows": "day", "measure": "cost"}),
    ("Active days", formatting.exact, formatting.exact, {"rows": "week", "measure": "days"}),
    ("Tokens per active day", formatting.compact, formatting.exact, {"sort": "avgTokensPerDay"}),
    ("Cache share", write_share, _hundredths, {"sort": "cacheShare"}),
)
"""Label, short and full writing of each of `Measures`, and which view is behind it."""


def lifetime(keys: Iterable[OwnKey]) -> Lifetime:
    """Lifetime figures from what every key and account of a person has brought."""
    by_tool: dict[str, list[Figures]] = {}
    for key in keys:
        figures = Figures(
            tokens=key.tokens, value_nanos=key.value_nanos, unpriced_tokens=key.unpriced_tokens
        )
        by_tool.setdefault(key.tool, []).append(figures)
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
    )


def _cache_share(read: int, tokens: int) -> int:
    return round(Fraction(10_000 * read, tokens)) if tokens else 0


def cards(
    shown: Measures,
    settled: Measures,
    before: Measures | None,
    drawn: Sequence[charts.Bar],
    *,
    known: bool = True,
    until: date | None = None,
) -> list[Card]:
    """The cards of a range: `settled` and `before` are what the change compares.

    `known`: whether all of the compared days were read. `until`: the last day of `settled`,
    where the range goes on.
    """
    unknown = {"Cost"} if _not_priced(drawn) else set()
    return [
        Card(
            label,
            DASH if label in unknown else write(shown[place]),
            "No price is known" if label in unknown else write_full(shown[place]),
            until_words(write, shown[place], settled[place], until if known else None)
            + _change(write, settled[place], before[place], known=known)
            if before and label not in unknown
            else "",
            compared_words(write_full(settled[place]), write_full(before[place]), known=known)
            if before
            else "",
            spark,
            **behind,
        )
        for place, ((label, write, write_full, behind), spark) in enumerate(
            zip(CARDS, _sparklines(drawn), strict=True)
        )
    ]


def _not_priced(drawn: Iterable[charts.Bar]) -> bool:
    """Whether there is usage and no price is known for any of it."""
    sums = {key: sum(bar.amounts[key] for bar in drawn) for key in (TOTAL, COST, UNPRICED)}
    return 0 < sums[TOTAL] == sums[UNPRICED] and not sums[COST]


def _change(write: Writer, now: int, before: int, *, known: bool) -> str:
    """Both values in words; a share changes by points, not by percent of a percentage."""
    if not known:
        return NOT_KNOWN
    if write is write_share:
        return points_words(now, before)
    return change_words(write, now, before)


def _sparklines(drawn: Iterable[charts.Bar]) -> list[str]:
    """Curves over the complete bars, in the order of `Measures`."""
    settled = [bar.amounts for bar in drawn if not bar.open]
    return [
        charts.sparkline([amounts[TOTAL] for amounts in settled]),
        charts.sparkline([amounts[COST] for amounts in settled]),
        charts.sparkline([amounts[ACTIVE] for amounts in settled]),
        charts.sparkline([amounts[TOTAL] // max(amounts[ACTIVE], 1) for amounts in settled]),
        charts.sparkline(
            [10_000 * amounts[CACHE] // max(amounts[TOTAL], 1) for amounts in settled]
        ),
    ]


def bars(points: Iterable[PersonDayPoint], open_days: set[date]) -> list[charts.Bar]:
    """One bar a day, or one a week of a long range: tokens by tool, and the figures of cards."""
    return charts.bars([charts.Point(point.day, _amounts(point)) for point in points], open_days)


def _amounts(point: PersonDayPoint) -> dict[str, int]:
    figures = point.figures
    tools = {tool: part.tokens for tool, part in point.by_tool.items()}
    return tools | {
        TOTAL: figures.tokens,
        COST: figures.value_nanos,
        ACTIVE: int(bool(point.by_tool)),
        CACHE: figures.cache_read_tokens,
        UNPRICED: figures.unpriced_tokens,
    }


def chart(
    drawn: Sequence[charts.Bar], tokens_by_tool: dict[str, int], *, weekly: bool
) -> PersonChart:
    """Tokens per bar, stacked by tool."""
    tools = ordered_tools(tokens_by_tool)
    return PersonChart(
        charts.stacked(drawn, tools[::-1]),
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


def standing_words(standing: Standing | None) -> str:
    """Where the person stands: "more than 83 % of 140 active people"; "" when not compared."""
    if standing is None:
        return ""
    if standing.people == 1:
        return "the only one active on two days"
    people = f"{formatting.exact(standing.people)} active people"
    if standing.below == 0:
        return f"the least of {people}"
    return f"more than {standing.percent}{formatting.SPACE}% of {people}"
