"""The chart of days on the overview: tokens or cost, by tool or by model, and a projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from app.queries.scope import Slices
from app.queries.sums.days import SeriesDay
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.weekdays import by_weekday
from app.web.dashboard.view import MODEL, DashboardView
from app.web.view import charts, formatting
from app.web.view.charts import BILLED, TOTAL, VALUE, SeriesStyle
from app.web.view.colors import model_class
from app.web.view.figure_words import FIGURE_WORDS
from app.web.view.tools import ordered_tools

PEOPLE = "people"
"""The key of a bar's people, beside its other amounts."""

TOP_MODELS = 8
OTHERS = "others"
MODEL_PREFIX = "model:"
"""Keeps a model that is called "tokens" apart from the total."""
NOUNS = {TOTAL: "tokens", VALUE: "cost", BILLED: "billed money"}
"""What is measured, by the key of the whole in a bar's amounts."""
WEEKS_LEARNED = 4
LEAST_LEARNED = 2
LEAST_OF_A_PATTERN = 5


class Projection(NamedTuple):
    """What a day is likely to end with, in the chart's measure, and what that was learned from."""

    day: date
    amount: int
    learned_from: str


class DailyChart(NamedTuple):
    """The stacked chart with its legend (series, total) and what it says in one sentence.

    `main` is the key of the whole in a bar's amounts, which is the measured figure. `sums` are
    the figures of each series. `before` names the days of the line, "" without one.
    """

    chart: charts.Chart
    weekly: bool
    main: str
    noun: str
    legend: list[tuple[str, int]]
    sums: dict[str, Figures]
    looks: dict[str, SeriesStyle]
    finding: str
    open_bars: list[charts.Bar]
    projection: Projection | None
    before: str = ""


def series_labels(view: DashboardView, slices: Slices) -> dict[int, str]:
    """{slice id: name of its series} as the view cuts the bars."""
    if view.by == MODEL:
        return {key: MODEL_PREFIX + name for key, (_, name) in slices.by_model.items()}
    return dict(slices.by_tool)


def chart_points(days: Sequence[SeriesDay], view: DashboardView) -> list[charts.Point]:
    """Days as chart points: the measure by series, and the day's own totals."""
    kept = ranked(days, view.figure)[:TOP_MODELS] if view.by == MODEL else None
    return [_point(day, view.figure, kept) for day in days]


def ranked(days: Sequence[SeriesDay], figure: str) -> list[str]:
    """Series by their sum of a figure, most first, ties by name."""
    sums: dict[str, int] = {}
    for day in days:
        for series, figures in day.by_series.items():
            sums[series] = sums.get(series, 0) + getattr(figures, figure)
    return sorted(sums, key=lambda series: (-sums[series], series))


def _point(day: SeriesDay, figure: str, kept: list[str] | None) -> charts.Point:
    by_series = day.by_series if kept is None else _with_others(day.by_series, kept)
    amounts = {series: getattr(figures, figure) for series, figures in by_series.items()}
    whole = day.figures
    totals = {key: getattr(whole, key) for key in NOUNS}
    return charts.Point(day.day, amounts | totals | {PEOPLE: day.people}, by_series)


def _with_others(by_series: dict[str, Figures], kept: list[str]) -> dict[str, Figures]:
    """The kept series, and the sum of the rest where there is any."""
    found = {series: figures for series, figures in by_series.items() if series in kept}
    rest = [figures for series, figures in by_series.items() if series not in kept]
    return found | ({OTHERS: add_up(rest)} if rest else {})


def daily_chart(
    drawn: Sequence[charts.Bar],
    view: DashboardView,
    projection: Projection | None,
    before: Mapping[date, int],
    *,
    weekly: bool,
) -> DailyChart:
    """The chart of these bars in the view's measure, cut as the view says.

    `before`: {first day of a bar: the whole of the days that it is compared with}.
    """
    main, sums = view.figure, series_sums(drawn)
    amounts = {series: getattr(figures, main) for series, figures in sums.items()}
    order = ordered_tools(amounts) if view.by != MODEL else _by_size(amounts)
    legend = [(series, amounts[series]) for series in order]
    upwards = order[::-1] if view.by != MODEL else order
    ends = {projection.day: projection.amount} if projection else {}
    looks = {series: style_of(series) for series in order}
    return DailyChart(
        chart=charts.stacked(drawn, upwards, ends, before),
        weekly=weekly,
        main=main,
        noun=NOUNS[main],
        legend=legend,
        sums=sums,
        looks=looks,
        finding=finding(drawn, legend, looks, main, weekly=weekly),
        open_bars=[bar for bar in drawn if bar.open],
        projection=projection,
    )


def series_sums(drawn: Sequence[charts.Bar]) -> dict[str, Figures]:
    """{series: sums over all bars}."""
    parts: dict[str, list[Figures]] = {}
    for bar in drawn:
        for series, figures in bar.figures.items():
            parts.setdefault(series, []).append(figures)
    return {series: add_up(found) for series, found in parts.items()}


def _by_size(sums: dict[str, int]) -> list[str]:
    return sorted(sums, key=lambda series: (series == OTHERS, -sums[series], series))


def style_of(series: str) -> SeriesStyle:
    """How a series of the chart is called and coloured."""
    if series == OTHERS:
        return SeriesStyle("Others", "tool-other", {})
    if series.startswith(MODEL_PREFIX):
        name = series.removeprefix(MODEL_PREFIX)
        return SeriesStyle(name, model_class(name), {"models": (name,)})
    style = formatting.tool_class(series)
    return SeriesStyle(formatting.tool_label(series), style, {"tools": (series,)})


def finding(
    drawn: Sequence[charts.Bar],
    legend: Sequence[tuple[str, int]],
    looks: dict[str, SeriesStyle],
    main: str,
    *,
    weekly: bool,
) -> str:
    """What the chart shows in a sentence or two: who leads, and the busiest day or week."""
    if add_up(bar.whole for bar in drawn).is_unknown(main):
        return f"{FIGURE_WORDS[main].unknown}."
    whole = sum(amount for _, amount in legend)
    busiest = max(drawn, key=lambda bar: bar.amounts[main])
    when = formatting.weekday(busiest.first)
    if weekly:
        when = f"week from {formatting.full_day(busiest.first)}"
    share = ""
    if len(legend) > 1 and whole:
        leader, most = max(legend, key=lambda item: (item[0] != OTHERS, item[1]))
        share = (
            f"{looks[leader].label} made {formatting.percent(most, whole)} of the {NOUNS[main]}. "
        )
    write = formatting.compact if main == TOTAL else formatting.money
    return f"{share}Busiest: {when} with {write(busiest.amounts[main])}."


def days_to_learn_from(today: date, first_known: date) -> list[date]:
    """The same weekday of the last four weeks, as far as records reach."""
    days = [today - timedelta(weeks=number) for number in range(1, WEEKS_LEARNED + 1)]
    return [day for day in days if day >= first_known]


def project(
    today: date, so_far: int, learned: dict[date, int], days: Sequence[date]
) -> Projection | None:
    """How today is likely to end: the median of the same weekday in the weeks before.

    A plain rule on purpose. Only one of the providers tells the hour of its usage, so that
    the part of the day that has passed says little about all tools. None when fewer than two
    such days are known, or when today has reached the median already.
    """
    if len(days) < LEAST_LEARNED:
        return None
    amounts = sorted(learned.get(day, 0) for day in days)
    middle = len(amounts) // 2
    median = amounts[middle] if len(amounts) % 2 else (amounts[middle - 1] + amounts[middle]) // 2
    if median <= so_far:
        return None
    name = f"{formatting.WEEKDAY_NAMES[today.weekday()]}s"
    return Projection(today, median, f"median of {len(days)} {name}")


class WeekdayAverage(NamedTuple):
    """An average day of this weekday, rounded half-even; nano-dollars None: not priced."""

    name: str
    tokens: int
    value_nanos: int | None
    people: int


class _DaySums(NamedTuple):
    """A day as `by_weekday` reads it."""

    day: date
    by_tool: dict[str, Figures]


def weekday_averages(
    days: Sequence[SeriesDay], first_known: date, left_out: set[date]
) -> list[WeekdayAverage]:
    """Averages from Monday to Sunday over the days from `first_known` on, without `left_out`.

    Days without usage count as days; a weekday without a day is left out. Empty when there
    are fewer than five days: that is no pattern.
    """
    start, end = max(days[0].day, first_known), days[-1].day
    counted = [day for day in days if day.day >= start and day.day not in left_out]
    if len(counted) < LEAST_OF_A_PATTERN:
        return []
    sums = [_DaySums(day.day, day.by_series) for day in counted]
    people = [0] * len(formatting.WEEKDAY_NAMES)
    for day in counted:
        people[day.day.weekday()] += day.people
    return [
        WeekdayAverage(
            formatting.WEEKDAY_NAMES[found.weekday],
            found.average_tokens,
            None if found.figures.not_priced else found.average_value_nanos,
            round(Fraction(people[found.weekday], found.days)),
        )
        for found in by_weekday(sums, start, end, left_out)
        if found.days
    ]
