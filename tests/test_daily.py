"""The chart of days: series, what it says, today's projection, weekdays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from app.queries.sums.days import SeriesDay
from app.queries.sums.figures import Figures
from app.web.dashboard.daily import (
    OTHERS,
    chart_points,
    daily_chart,
    days_to_learn_from,
    project,
    weekday_averages,
)
from app.web.dashboard.view import DashboardView, parse_dashboard
from app.web.view.charts import bars
from tests.tools import CLAUDE_CODE, CURSOR

MONDAY = date(2026, 11, 16)
SUNDAY = date(2026, 11, 22)


def view_of(**arguments: str) -> DashboardView:
    return parse_dashboard(MultiDict(arguments), SUNDAY)


def day(number: int, **tokens: int) -> SeriesDay:
    by_series = {
        series: Figures(tokens=count, value_nanos=count * 1000, unbilled_tokens=count)
        for series, count in tokens.items()
    }
    return SeriesDay(MONDAY + timedelta(days=number), by_series, 2)


def test_the_state_of_the_chart_is_canonical() -> None:
    assert view_of().query() == "?"
    assert view_of(measure="cost", by="model").query() == "?measure=cost&by=model"
    assert view_of(measure="euros", by="moon").query() == "?"
    assert view_of(measure="cost", tool="cursor").plain().query() == "?tool=cursor"


def test_stacks_tools_in_their_fixed_order() -> None:
    points = chart_points([day(0, **{CLAUDE_CODE: 5, CURSOR: 9})], view_of())
    found = daily_chart(bars(points, set()), view_of(), None, {}, weekly=False)
    assert [series for series, _ in found.legend] == [CLAUDE_CODE, CURSOR]
    assert [part.series for part in found.chart.columns[0].segments] == [CURSOR, CLAUDE_CODE]


def test_keeps_eight_models_and_adds_up_the_rest() -> None:
    models = {f"model:{number}": 10 - number for number in range(10)}
    view = view_of(by="model")
    (point,) = chart_points([day(0, **models)], view)
    assert point.amounts[OTHERS] == 2 + 1
    assert point.amounts["model:0"] == 10
    assert sum(point.amounts[series] for series in point.amounts if ":" in series) == 52
    assert point.amounts["tokens"] == 55


def test_measures_cost() -> None:
    (point,) = chart_points([day(0, **{CURSOR: 9})], view_of(measure="cost"))
    assert point.amounts[CURSOR] == 9000
    assert point.amounts["tokens"] == 9


def test_says_so_where_nothing_is_known_of_the_measure() -> None:
    view = view_of(measure="billed")
    points = chart_points([day(0, **{CURSOR: 9, CLAUDE_CODE: 5})], view)
    found = daily_chart(bars(points, set()), view, None, {}, weekly=False)
    assert found.finding == "The vendor does not say what it bills."
    assert all(figures.not_billed for figures in found.sums.values())


@pytest.mark.parametrize(
    ("so_far", "learned", "expected"),
    [
        (10, [40, 20, 30, 50], 35),
        (10, [40, 20, 30], 30),
        (35, [40, 20, 30, 50], None),
        (0, [40], None),
        (0, [0, 0, 0, 0], None),
    ],
)
def test_projects_the_median_of_the_same_weekday(
    so_far: int, learned: list[int], expected: int | None
) -> None:
    days = days_to_learn_from(SUNDAY, date.min)[: len(learned)]
    known = {one: amount for one, amount in zip(days, learned, strict=True) if amount}
    found = project(SUNDAY, so_far, known, days)
    assert (found.amount if found else None) == expected
    if found:
        assert found.learned_from == f"median of {len(learned)} Sundays"


def test_learns_only_from_days_that_records_reach() -> None:
    assert days_to_learn_from(SUNDAY, date(2026, 11, 8)) == [date(2026, 11, 15), date(2026, 11, 8)]


def test_an_average_weekday_leaves_out_open_days() -> None:
    days = [day(number, **{CURSOR: 7 if number < 7 else 9}) for number in range(14)]
    found = weekday_averages(days, MONDAY, {days[13].day})
    assert [(one.name, one.tokens) for one in found][::6] == [("Monday", 8), ("Sunday", 7)]
    assert [one.name for one in weekday_averages(days[:5], MONDAY, set())][-1] == "Friday"
    assert weekday_averages(days[:5], MONDAY + timedelta(days=1), set()) == []
