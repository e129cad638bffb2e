"""The geometry of the charts: numbers in, places on an SVG out. Nothing is drawn here.

Widths are percentages and heights are pixels, so that a chart fills any column without
stretching its text. Only geometry is ever a float; the amounts stay integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from app.dates import week_start
from app.queries.sums.figures import Figures, add_up

LONGEST_DAILY_RANGE = 90
"""A range with more days than this is drawn in weeks."""
PLOT_HEIGHT = 264.0
PLOT_TOP = 10.0
"""Room above the highest gridline."""
BAR_SHARE = 0.78
"""The part of a column's width that its bar takes; the rest is the gap."""
WIDEST_BAR = 12.0
"""Percent of the plot's width: a single day is a bar, not a wall."""
STACK_GAP = 1.0
CURVE_WIDTH, CURVE_HEIGHT = 288, 72
"""Four times the pixels of a table's curve: whole numbers are quarters of a pixel."""
MAX_LABELS = 10


class Point(NamedTuple):
    """The amounts of one day by series name, and the figures of series where pages tell them."""

    day: date
    amounts: dict[str, int]
    figures: Mapping[str, Figures] = MappingProxyType({})


class Bar(NamedTuple):
    """The amounts of the days `first` to `last`.

    `open` while one of them is incomplete, or when the range holds only a part of the week.
    """

    first: date
    last: date
    amounts: dict[str, int]
    open: bool
    figures: Mapping[str, Figures] = MappingProxyType({})

    @property
    def whole(self) -> Figures:
        """The figures of all series."""
        return add_up(self.figures.values())

    def of(self, series: str) -> Figures:
        """The figures of a series, zeros where it has no usage."""
        return self.figures.get(series, Figures())


TOTAL, VALUE, BILLED, CACHE = "tokens", "value_nanos", "billed_nanos", "cache"
"""Keys of a bar's own amounts, beside those of its series."""


class SeriesStyle(NamedTuple):
    """How a series is called, the style class that colours it, and the filter that it is.

    `narrows` are changes to a view that leave this series alone; empty where none does.
    """

    label: str
    style: str
    narrows: dict[str, tuple[str, ...]]


class Segment(NamedTuple):
    """The part of a bar that belongs to one series, in pixels from the top."""

    series: str
    y: float
    height: float


class PlotColumn(NamedTuple):
    """One bar and the strip of the plot that answers for it, in percent of the width.

    `before` is the whole amount of the days that the bar is compared with, None without any.
    """

    bar: Bar
    x: float
    width: float
    bar_x: float
    bar_width: float
    segments: list[Segment]
    projected: Segment | None = None
    before: int | None = None


class Tick(NamedTuple):
    """A gridline: its round value and its height in pixels from the top."""

    value: int
    y: float


class Label(NamedTuple):
    """A date under the plot, in percent of the width; a minor one gives way on a phone."""

    day: date
    x: float
    minor: bool


class Chart(NamedTuple):
    """Everything a template needs to draw stacked bars.

    `line` are the points of a polyline through what the bars are compared with, on a canvas that
    is 100 wide and as high as the chart; "" without any. `paths` are, on the same canvas, the `d`
    of each series' part of all complete bars. `width` is that of a bar's strip, in percent.
    """

    height: float
    columns: list[PlotColumn]
    ticks: list[Tick]
    labels: list[Label]
    line: str
    paths: dict[str, str]
    width: float


def bars(points: Sequence[Point], open_days: set[date]) -> list[Bar]:
    """One bar a day, or one a week (from Monday) when there are more than 90 days."""
    weekly = len(points) > LONGEST_DAILY_RANGE
    groups: dict[date, list[Point]] = {}
    for point in points:
        first = week_start(point.day) if weekly else point.day
        groups.setdefault(first, []).append(point)
    length = 7 if weekly else 1
    return [_bar(group, open_days, length) for group in groups.values()]


def _bar(points: Sequence[Point], open_days: set[date], length: int) -> Bar:
    amounts: dict[str, int] = {}
    for point in points:
        for series, amount in point.amounts.items():
            amounts[series] = amounts.get(series, 0) + amount
    return Bar(
        points[0].day,
        points[-1].day,
        amounts,
        len(points) < length or any(point.day in open_days for point in points),
        _by_series(points),
    )


def _by_series(points: Sequence[Point]) -> dict[str, Figures]:
    parts: dict[str, list[Figures]] = {}
    for point in points:
        for series, figures in point.figures.items():
            parts.setdefault(series, []).append(figures)
    return {series: add_up(found) for series, found in parts.items()}


def round_ticks(highest: int, wanted: int = 5) -> list[int]:
    """Round values from 0 to at least `highest`, in steps of 1, 2, 2.5 or 5 times a power of 10.

    The step is the smallest that needs no more than `wanted` steps. Steps are whole numbers,
    since nobody uses half a token.
    """
    power = 1
    while True:
        for tenths in (10, 20, 25, 50):
            step, remainder = divmod(tenths * power, 10)
            if remainder == 0 and step * wanted >= highest:
                steps = max(1, -(-highest // step))
                return [step * number for number in range(steps + 1)]
        power *= 10


def stacked(
    drawn: Sequence[Bar],
    series: Sequence[str],
    projected: Mapping[date, int] | None = None,
    before: Mapping[date, int] | None = None,
) -> Chart:
    """Stacked bars of `series`, the first one at the bottom.

    By the first day of a bar: `projected`, the whole amount it may end with, and `before`, that
    of the days it is compared with.
    """
    ends, before = projected or {}, before or {}
    wholes = [_total(bar, series) for bar in drawn]
    ticks = round_ticks(max([*wholes, *ends.values(), *before.values()], default=0))
    scale = (PLOT_HEIGHT - PLOT_TOP) / ticks[-1]
    width = 100 / max(len(drawn), 1)
    columns = [
        _column(bar, series, index * width, width, scale)._replace(
            projected=_projected(ends.get(bar.first, 0), whole, scale),
            before=before.get(bar.first),
        )
        for index, (bar, whole) in enumerate(zip(drawn, wholes, strict=True))
    ]
    return Chart(
        PLOT_HEIGHT,
        columns,
        [Tick(value, round(PLOT_HEIGHT - value * scale, 2)) for value in ticks],
        _labels(drawn, width),
        line=_line(columns, scale),
        paths=_paths(columns, series),
        width=round(width, 2),
    )


def _total(bar: Bar, series: Sequence[str]) -> int:
    return sum(bar.amounts.get(name, 0) for name in series)


def _column(bar: Bar, series: Sequence[str], x: float, width: float, scale: float) -> PlotColumn:
    bar_width = min(width * BAR_SHARE, WIDEST_BAR)
    return PlotColumn(
        bar=bar,
        x=round(x, 2),
        width=round(width, 2),
        bar_x=round(x + (width - bar_width) / 2, 2),
        bar_width=round(bar_width, 2),
        segments=list(_segments(bar, series, scale)),
    )


def _projected(end: int, whole: int, scale: float) -> Segment | None:
    """The part of a bar that is yet to come."""
    missing = (end - whole) * scale
    if missing <= 0:
        return None
    return Segment("projected", round(PLOT_HEIGHT - end * scale, 2), round(missing, 2))


def _line(columns: Sequence[PlotColumn], scale: float) -> str:
    return " ".join(
        f"{column.x + column.width / 2:.2f},{PLOT_HEIGHT - column.before * scale:.1f}"
        for column in columns
        if column.before is not None
    )


def _paths(columns: Sequence[PlotColumn], series: Sequence[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {name: [] for name in series}
    for column in columns:
        for part in column.segments if not column.bar.open else ():
            across, down = f"{column.bar_width:g}", f"{round(part.height, 1):g}"
            box = f"M{column.bar_x:g} {round(part.y, 1):g}h{across}v{down}h-{across}z"
            parts[part.series].append(box)
    return {name: "".join(found) for name, found in parts.items() if found}


def _segments(bar: Bar, series: Sequence[str], scale: float) -> Iterable[Segment]:
    """Segments from the bottom up; a hairline parts two that are tall enough to spare it."""
    floor = PLOT_HEIGHT
    for name in series:
        height = bar.amounts.get(name, 0) * scale
        if height <= 0:
            continue
        gap = STACK_GAP if floor < PLOT_HEIGHT and height > 2 * STACK_GAP else 0
        # The hairline is taken from the part: a bar stays as high as its whole says.
        yield Segment(name, round(floor - height, 2), round(height - gap, 2))
        floor -= height


def _labels(drawn: Sequence[Bar], width: float) -> list[Label]:
    """At most `MAX_LABELS` dates at equal steps, every second one minor."""
    step = max(1, -(-len(drawn) // MAX_LABELS))
    return [
        Label(drawn[index].first, round((index + 0.5) * width, 3), bool(number % 2))
        for number, index in enumerate(range(0, len(drawn), step))
    ]


def curve(values: Sequence[int]) -> str:
    """The `d` of a path through `values`, on a canvas that starts at 0; "" of none.

    From the first point on every step is told as right and down, in as few letters as can be.
    One value gives a flat line.
    """
    if not values:
        return ""
    shown = list(values) * 2 if len(values) == 1 else values
    highest, last = max(*shown, 1), len(shown) - 1
    # Places are rounded and steps are their differences: rounded steps would drift on the way.
    top, room = 4, CURVE_HEIGHT - 8
    xs = [index * CURVE_WIDTH // last for index in range(len(shown))]
    ys = [top + room - value * room // highest for value in shown]
    steps = zip(pairwise(xs), pairwise(ys), strict=True)
    moves = " ".join(f"{right - x} {below - y}" for (x, right), (y, below) in steps)
    return f"M0 {ys[0]}l{moves.replace(' -', '-')}"


class Strip(NamedTuple):
    """A part of a horizontal bar, in percent of its full length as written."""

    series: str
    x: str
    width: str


def strips(parts: Iterable[tuple[str, int]], whole: int) -> list[Strip]:
    """Parts laid end to end along a bar whose full length is `whole`; empty parts vanish."""
    found = []
    offset = 0
    for series, amount in parts:
        if amount > 0 and whole > 0:
            x, width = 100 * offset / whole, 100 * amount / whole
            found.append(
                Strip(series, f"{x:.1f}".removesuffix(".0"), f"{width:.1f}".removesuffix(".0"))
            )
        offset += amount
    return found


def _tenths(part: int, whole: int) -> str:
    return f"{round(100 * part / whole, 1):g}"
