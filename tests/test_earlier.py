"""What the bars of a chart are compared with, day for day."""

from __future__ import annotations

from datetime import date

from app.queries.scope import Scope
from app.web.view.charts import Point, bars
from app.web.view.earlier import before_bars, days_before
from app.web.view.periods import Comparison


def compared(*days: tuple[int, int], unknown: str = "") -> Comparison:
    """Days of 2026 from and to, then those before, each as (month, day)."""
    start, end, first, last = (date(2026, month, day) for month, day in days)
    return Comparison(Scope(start, end), Scope(first, last), whole=True, unknown=unknown)


def test_other_ranges_go_by_counting_and_months_by_the_calendar() -> None:
    then = days_before(compared((11, 2), (11, 30), (10, 3), (10, 31)))
    assert len(then) == 29
    assert then[date(2026, 11, 2)] == date(2026, 10, 3)
    assert then[date(2026, 11, 30)] == date(2026, 10, 31)
    then = days_before(compared((11, 1), (11, 30), (10, 1), (10, 31)))
    assert then[date(2026, 11, 30)] == date(2026, 10, 30)


def test_no_day_stands_twice() -> None:
    then = days_before(compared((3, 1), (3, 31), (2, 1), (2, 28)))
    assert list(then) == [date(2026, 3, day) for day in range(1, 29)]
    assert len(set(then.values())) == len(then)


def test_nothing_is_compared_with_days_that_are_not_known() -> None:
    days = (11, 2), (11, 30), (10, 3), (10, 31)
    assert days_before(None) == days_before(compared(*days, unknown="never read")) == {}


def test_a_week_has_the_sum_of_the_days_before_and_open_days_have_none() -> None:
    then = days_before(compared((6, 1), (10, 4), (1, 26), (5, 31)))
    days = [date.fromordinal(date(2026, 6, 1).toordinal() + number) for number in range(127)]
    weeks = bars([Point(day, {}) for day in days], set())
    amounts = {date(2026, 1, 26): 1, date(2026, 2, 1): 20, date(2026, 2, 2): 300}
    found = before_bars(weeks, then, amounts)
    assert [found[week.first] for week in weeks[:3]] == [21, 300, 0]
    assert weeks[-1].first not in found
