"""What the figures of a range say on the overview: complete days, changes, cards, the chart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from app.providers import PROVIDERS
from app.queries.figures import Figures, add_up
from app.queries.freshness import ProviderState
from app.queries.people import PeoplePage
from app.queries.scope import Scope
from app.queries.totals import Totals
from app.queries.trends import DayPoint
from app.usage import CLAUDE_CODE, CURSOR
from app.web import charts, formatting

STACK = (CURSOR, CLAUDE_CODE)
"""Tools from the bottom of a bar to its top; a tool without a place here goes above."""
TOTAL, COST, PEOPLE = "total", "cost", "people"
TOOL_ROWS = (
    ("input_tokens", "Input"),
    ("cache_write_tokens", "Cache write"),
    ("cache_read_tokens", "Cache read"),
    ("output_tokens", "Output"),
    ("tokens", "All tokens"),
)
"""Token parts of `Figures` in the order of the tools table, and their sum."""
LONGEST_EMPTY_RANGE = 366
"""A longer range (in days) is cut to the days that records are known of."""


class Comparison(NamedTuple):
    """The complete part of a range, and the same number of days before the range."""

    now: Scope
    before: Scope

    def begins_inside(self, first: date) -> bool:
        """True when records begin on `first`, within the days before: these are not whole."""
        start, end = self.before.start, self.before.end
        return bool(start and end and start < first <= end)


class Measures(NamedTuple):
    """The four figures on the cards, of one range."""

    tokens: int
    value_nanos: int
    people: int
    tokens_per_person: int


class Card(NamedTuple):
    """One figure of the range: as shown, in full, against the days before, and its curve."""

    label: str
    value: str
    full: str
    change: str
    spark: str


class DailyChart(NamedTuple):
    """The stacked chart with its legend (tool, tokens) and what it says in one sentence."""

    chart: charts.Chart
    weekly: bool
    legend: list[tuple[str, int]]
    finding: str
    open_bars: list[charts.Bar]


def within_records(scope: Scope, span: tuple[date, date]) -> Scope:
    """The scope, cut to the first and last known day when it is open or longer than a year.

    Nothing is lost by it, and a range of a thousand years draws no thousand years.
    """
    if scope.days is not None and scope.days <= LONGEST_EMPTY_RANGE:
        return scope
    start, end = max(scope.start or span[0], span[0]), min(scope.end or span[1], span[1])
    return scope._replace(start=start, end=end) if start <= end else scope


def first_days(span: tuple[date, date]) -> tuple[date, date]:
    """The first 30 of the known days: where to go from a range without usage."""
    return span[0], min(span[0] + timedelta(days=29), span[1])


def incomplete_days(
    points: Iterable[DayPoint],
    unsettled: set[date],
    states: Sequence[ProviderState],
    tools: Sequence[str],
) -> set[date]:
    """Days of the range whose figures may still grow.

    These are the days a provider may still add to, and the days after the last one that every
    configured provider (of the chosen tools) has delivered. Without a configured provider the
    last day of any counts: the figures then come from files or from the demo company.
    """
    wanted = {provider.NAME for provider in PROVIDERS if not tools or provider.TOOL in tools}
    live = [state.through for state in states if state.configured and state.provider in wanted]
    reached = min((day for day in live if day), default=None)
    if reached is None:
        reached = max((state.through for state in states if state.through), default=None)
    return {
        point.day
        for point in points
        if point.day in unsettled or (reached is not None and point.day > reached)
    }


def comparison(scope: Scope, open_days: set[date]) -> Comparison | None:
    """What the changes on the cards compare; None when there is nothing to compare.

    The rule: incomplete days at the end of the range are cut off, and the part that is left
    is compared with the same number of days immediately before the range. So both sides have
    as many days, and no day that may still grow at their end. An open range (all time) has
    no days before it, and a range of incomplete days only has no complete part.
    """
    earlier = scope.previous()
    if earlier is None or not (scope.start and scope.end and earlier.end):
        return None
    end = scope.end
    while end in open_days:
        end -= timedelta(days=1)
    if end < scope.start:
        return None
    start = earlier.end - (end - scope.start)
    return Comparison(scope._replace(end=end), earlier._replace(start=start))


def measures(found: Totals) -> Measures:
    """The figures of the cards; usage that belongs to nobody raises nobody's average."""
    owned = found.figures.tokens - found.unattributed.tokens
    average = round(Fraction(owned, found.active_people)) if found.active_people else 0
    return Measures(found.figures.tokens, found.figures.value_nanos, found.active_people, average)


Writer = Callable[[int], str]
CARDS: tuple[tuple[str, Writer, Writer], ...] = (
    ("Tokens", formatting.compact, formatting.exact),
    ("Cost", formatting.money, formatting.exact_money),
    ("Active people", formatting.exact, formatting.exact),
    ("Tokens per person", formatting.compact, formatting.exact),
)
"""Label, short and full writing of each of `Measures`."""


def cards(
    shown: Measures, settled: Measures, before: Measures | None, sparks: Sequence[str]
) -> list[Card]:
    """The cards of a range: `settled` and `before` are what the change compares."""
    return [
        Card(
            label,
            write(shown[place]),
            write_full(shown[place]),
            change_words(write, settled[place], before[place]) if before else "",
            sparks[place],
        )
        for place, (label, write, write_full) in enumerate(CARDS)
    ]


def change_words(write: Writer, now: int, before: int) -> str:
    """Both the earlier value and the change: "2.81 B before, up 16 %", "0 before, new"."""
    return f"{write(before)} before, {formatting.change(now, before)}"


def day_points(points: Iterable[DayPoint]) -> list[charts.Point]:
    """Days as chart points: tokens by tool, and their total, cost and people."""
    return [charts.Point(point.day, _amounts(point)) for point in points]


def _amounts(point: DayPoint) -> dict[str, int]:
    figures = point.figures
    by_tool = {tool: figures.tokens for tool, figures in point.by_tool.items()}
    return by_tool | {TOTAL: figures.tokens, COST: figures.value_nanos, PEOPLE: point.people}


def sparklines(drawn: Iterable[charts.Bar]) -> list[str]:
    """Curves of the cards over the complete bars, in the order of `Measures`."""
    settled = [bar.amounts for bar in drawn if not bar.open]
    return [
        charts.sparkline([amounts[TOTAL] for amounts in settled]),
        charts.sparkline([amounts[COST] for amounts in settled]),
        charts.sparkline([amounts[PEOPLE] for amounts in settled]),
        charts.sparkline([amounts[TOTAL] // max(amounts[PEOPLE], 1) for amounts in settled]),
    ]


def daily_chart(drawn: Sequence[charts.Bar], found: Totals, *, weekly: bool) -> DailyChart:
    """Tokens per bar, stacked by tool."""
    tools = ordered_tools(found.by_tool)
    return DailyChart(
        charts.stacked(drawn, tools[::-1]),
        weekly,
        [(tool, found.by_tool[tool].tokens) for tool in tools],
        finding(drawn, found, weekly=weekly),
        [bar for bar in drawn if bar.open],
    )


def ordered_tools(by_tool: Iterable[str]) -> list[str]:
    """Tools in the order of legends and columns: the top of a bar first."""
    rank = {tool: place for place, tool in enumerate(reversed(STACK))}
    return sorted(by_tool, key=lambda tool: (rank.get(tool, -1), tool))


def finding(drawn: Sequence[charts.Bar], found: Totals, *, weekly: bool) -> str:
    """What the chart shows in a sentence or two: who leads, and the busiest day or week."""
    leader, figures = max(found.by_tool.items(), key=lambda item: item[1].tokens)
    busiest = max(drawn, key=lambda bar: bar.amounts[TOTAL])
    when = formatting.weekday(busiest.first)
    if weekly:
        when = f"week from {formatting.full_day(busiest.first)}"
    share = ""
    if len(found.by_tool) > 1:
        part = formatting.percent(figures.tokens, found.figures.tokens)
        share = f"{formatting.tool_label(leader)} made {part} of the tokens. "
    return f"{share}Busiest: {when} with {formatting.compact(busiest.amounts[TOTAL])}."


def tool_parts(by_tool: dict[str, int]) -> list[tuple[str, int]]:
    """Amounts by tool, in the order in which a horizontal bar lays them end to end."""
    return [(tool, by_tool[tool]) for tool in ordered_tools(by_tool)]


def other_people(found: Totals, top: PeoplePage) -> Figures:
    """The figures of the people below the top, so that the table adds up to its total."""
    listed = add_up(person.figures for person in top.people) if top.people else Figures()
    return found.figures.minus(found.unattributed).minus(listed)
