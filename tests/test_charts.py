"""The charts put every amount where it belongs."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.view.charts import (
    CURVE_WIDTH,
    PLOT_HEIGHT,
    PLOT_TOP,
    WIDEST_BAR,
    Bar,
    Point,
    bars,
    curve,
    round_ticks,
    stacked,
    strips,
)

MONDAY = date(2026, 11, 2)
SERIES = ("cursor", "claude_code")


def points(count: int, start: date = MONDAY, **amounts: int) -> list[Point]:
    return [Point(start + timedelta(days=number), dict(amounts)) for number in range(count)]


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (160, [0, 50, 100, 150, 200]),
        (97, [0, 20, 40, 60, 80, 100]),
        (8_000_000, [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]),
    ],
)
def test_ticks_are_round(highest: int, expected: list[int]) -> None:
    assert round_ticks(highest) == expected


@given(st.integers(min_value=0, max_value=10**16))
def test_ticks_reach_the_highest_amount_in_few_equal_steps(highest: int) -> None:
    ticks = round_ticks(highest)
    step = ticks[1]
    assert ticks == [step * number for number in range(len(ticks))]
    assert ticks[-1] >= highest
    assert 2 <= len(ticks) <= 6
    assert str(step).rstrip("0") in ("1", "2", "25", "5")


def test_draws_days_up_to_ninety_and_weeks_beyond() -> None:
    assert len(bars(points(90), set())) == 90
    weeks = bars(points(91, tokens=2), set())
    assert len(weeks) == 13
    assert weeks[0] == Bar(MONDAY, MONDAY + timedelta(days=6), {"tokens": 14}, False)


def test_a_week_that_the_range_cuts_is_not_whole() -> None:
    weeks = bars(points(92, MONDAY + timedelta(days=3)), set())
    assert [week.open for week in weeks] == [True, *[False] * 12, True]
    assert (weeks[0].last - weeks[0].first).days == 3


def test_an_incomplete_day_opens_its_bar_only() -> None:
    drawn = bars(points(3), {MONDAY + timedelta(days=2)})
    assert [bar.open for bar in drawn] == [False, False, True]


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=90))
def test_a_stack_is_as_high_as_its_amounts(amounts: list[tuple[int, int]]) -> None:
    drawn = [Bar(MONDAY, MONDAY, dict(zip(SERIES, pair, strict=True)), False) for pair in amounts]
    chart = stacked(drawn, SERIES)
    scale = (PLOT_HEIGHT - PLOT_TOP) / chart.ticks[-1].value
    for column, pair in zip(chart.columns, amounts, strict=True):
        top = min((part.y for part in column.segments), default=PLOT_HEIGHT)
        assert top == pytest.approx(PLOT_HEIGHT - sum(pair) * scale, abs=0.02)
        assert top >= PLOT_TOP - 0.02
    assert chart.columns[-1].x + chart.columns[-1].width == pytest.approx(100, abs=0.2)


def test_the_first_series_lies_at_the_bottom() -> None:
    chart = stacked(bars(points(1, cursor=10, claude_code=30), set()), SERIES)
    bottom, top = chart.columns[0].segments
    assert (bottom.series, top.series) == SERIES
    assert bottom.y + bottom.height == PLOT_HEIGHT
    assert top.y < bottom.y


def test_a_line_of_the_days_before_goes_through_bars_that_have_any() -> None:
    drawn = bars(points(3, cursor=10), set())
    chart = stacked(drawn, SERIES, before={drawn[0].first: 40, drawn[1].first: 0})
    assert [column.before for column in chart.columns] == [40, 0, None]
    assert chart.ticks[-1].value >= 40
    assert chart.line == f"16.66,{PLOT_TOP} 49.99,{PLOT_HEIGHT}"
    assert stacked(drawn, SERIES).line == ""


def test_a_series_is_one_path_through_its_complete_bars() -> None:
    drawn = bars(points(3, cursor=10), {points(3)[-1].day})
    chart = stacked(drawn, SERIES)
    assert list(chart.paths) == ["cursor"]
    first, second, rest = chart.paths["cursor"].split("z")
    assert rest == ""
    column = chart.columns[1]
    across, down = f"{column.bar_width:g}", f"{column.segments[0].height:.1f}".removesuffix(".0")
    assert second == f"M{column.bar_x:g} {column.segments[0].y:.0f}h{across}v{down}h-{across}"
    assert first.startswith(f"M{chart.columns[0].bar_x:g} ")
    assert chart.width == column.width


def test_a_lone_day_is_a_bar_in_the_middle() -> None:
    column = stacked(bars(points(1, cursor=1), set()), SERIES).columns[0]
    assert column.bar_width == WIDEST_BAR
    assert column.bar_x + column.bar_width / 2 == 50


def test_a_chart_without_days_or_amounts_still_has_an_axis() -> None:
    assert [tick.value for tick in stacked([], SERIES).ticks] == [0, 1]
    assert stacked(bars(points(2), set()), SERIES).columns[0].segments == []


def test_labels_are_few_and_every_second_gives_way() -> None:
    labels = stacked(bars(points(90), set()), SERIES).labels
    assert len(labels) == 10
    assert [label.minor for label in labels[:3]] == [False, True, False]


def test_a_curve_goes_by_whole_steps_to_the_end_of_its_canvas() -> None:
    assert curve([0, 50, 100]) == "M0 68l144-32 144-32"
    assert curve([100, 0]) == "M0 4l288 64"
    assert curve([7]) == "M0 4l288 0"
    assert curve([0, 0]) == "M0 68l288 0"
    assert curve([]) == ""
    steps = re.findall(r"(-?\d+) ?(-?\d+)", curve(list(range(29))).partition("l")[2])
    assert sum(int(right) for right, _ in steps) == CURVE_WIDTH


def test_strips_lie_end_to_end() -> None:
    parts = strips([("claude_code", 30), ("none", 0), ("cursor", 20)], 100)
    assert [(part.series, part.x, part.width) for part in parts] == [
        ("claude_code", "0", "30"),
        ("cursor", "30", "20"),
    ]
    assert strips([("cursor", 5)], 0) == []
