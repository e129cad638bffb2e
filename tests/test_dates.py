"""The calendar, against Python's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dates import (
    day_number,
    day_of,
    days_before,
    days_between,
    moment,
    month_after,
    month_before,
    month_end,
    month_length,
    month_start,
    week_end,
    week_start,
)

any_day = st.dates(date(1, 1, 8), date(9999, 12, 20))


@given(any_day)
def test_a_day_and_its_number_are_one(day: date) -> None:
    assert day_of(day_number(day)) == day
    assert day_number(day) == int(day.isoformat().replace("-", ""))


@given(any_day)
def test_a_week_goes_from_monday_to_sunday(day: date) -> None:
    first, last = week_start(day), week_end(day)
    assert (first.isoweekday(), last.isoweekday()) == (1, 7)
    assert first.isocalendar()[:2] == day.isocalendar()[:2] == last.isocalendar()[:2]


@given(any_day)
@example(date(2026, 12, 31))
@example(date(2027, 1, 1))
@example(date(2028, 2, 29))
def test_a_month_is_all_its_days_and_no_other(day: date) -> None:
    days = list(days_between(month_start(day), month_end(day)))
    assert day in days
    assert {(one.year, one.month) for one in days} == {(day.year, day.month)}
    assert len(days) == month_length(day_number(day) // 100)
    before, after = month_start(day) - timedelta(days=1), month_end(day) + timedelta(days=1)
    assert month_before(day_number(day) // 100) == day_number(before) // 100
    assert month_after(day_number(day) // 100) == day_number(after) // 100


@pytest.mark.parametrize("ends", [week_end, month_end])
def test_the_last_day_there_is_ends_its_week_and_month(ends: object) -> None:
    assert callable(ends)
    assert ends(date.max) == date.max


def test_january_to_date_is_compared_with_december_and_a_later_month_s_year_with_the_last() -> None:
    january, february = date(2027, 1, 15), date(2027, 2, 3)
    first = date(2027, 1, 1)
    assert days_before(first, january, january) == (date(2026, 12, 1), date(2026, 12, 15))
    assert days_before(first, february, february) == (date(2026, 1, 1), date(2026, 2, 3))


def test_a_moment_is_utc() -> None:
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
