"""The range picker names what is shown, and steps by the same length."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.web.view.ranges import RangePicker, range_picker
from app.web.view.state import View, parse_view

TODAY = date(2026, 11, 22)
SPAN = (date(2026, 1, 15), TODAY)


def view_of(query: str, today: date = TODAY) -> View:
    return parse_view(MultiDict(parse_qsl(query.lstrip("?"))), today)


def picker(query: str) -> RangePicker:
    return range_picker(view_of(query), SPAN)


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("", ["30 d"]),
        ("?days=7", ["7 d"]),
        ("?days=365", ["1 y"]),
        ("?days=all", ["All"]),
        ("?start=2026-11-01&end=2026-11-22", ["Nov"]),
        ("?start=2026-10-01&end=2026-10-31", ["Oct"]),
        ("?start=2026-09-01&end=2026-09-30", []),
        ("?days=22", []),
    ],
)
def test_marks_what_is_shown(query: str, chosen: list[str]) -> None:
    found = picker(query)
    assert [choice.label for choice in found.choices if choice.chosen] == chosen
    assert found.custom is (not chosen)


def test_today_is_a_choice_of_its_own() -> None:
    found = picker("?days=1")
    assert found.today.chosen
    assert not found.custom


@pytest.mark.parametrize(
    ("query", "earlier", "later"),
    [
        ("?days=7", "?start=2026-11-09&end=2026-11-15", ""),
        ("?start=2026-11-09&end=2026-11-15", "?start=2026-11-02&end=2026-11-08", "?days=7"),
        (
            "?start=2026-10-20&end=2026-11-18&tool=cursor",
            "?start=2026-09-20&end=2026-10-19&tool=cursor",
            "?tool=cursor",
        ),
        ("?start=2026-11-01&end=2026-11-22", "?start=2026-10-01&end=2026-10-31", ""),
        (
            "?start=2026-10-01&end=2026-10-31",
            "?start=2026-09-01&end=2026-09-30",
            "?start=2026-11-01&end=2026-11-22",
        ),
        (
            "?start=2026-03-01&end=2026-03-31",
            "?start=2026-02-01&end=2026-02-28",
            "?start=2026-04-01&end=2026-04-30",
        ),
        ("?start=2026-11-21&end=2026-11-21", "?start=2026-11-20&end=2026-11-20", "?days=1"),
        ("?days=all", "", ""),
        ("?days=365", "", ""),
        ("?start=2025-01-01&end=2025-06-01", "", "?start=2025-06-02&end=2025-10-31"),
        ("?start=0001-01-01&end=0001-01-01", "", "?start=0001-01-02&end=0001-01-02"),
        ("?start=9999-12-31&end=9999-12-31", "?start=9999-12-30&end=9999-12-30", ""),
    ],
)
def test_steps_by_the_same_length(query: str, earlier: str, later: str) -> None:
    found = picker(query)
    assert (found.earlier, found.later) == (earlier, later)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?start=2026-11-01&end=2026-11-07", "The days after"),
        ("?start=2026-11-12&end=2026-11-21", "The last 10\u00a0days, up to today"),
        ("?start=2026-10-01&end=2026-10-31", "The month after"),
        ("?days=30", ""),
    ],
)
def test_says_where_the_later_step_leads(query: str, words: str) -> None:
    assert picker(query).later_words == words


@given(st.dates(), st.integers(min_value=0, max_value=4_000_000), st.dates())
def test_no_range_breaks_the_picker(start: date, length: int, today: date) -> None:
    end = start + timedelta(days=min(length, (date.max - start).days))
    # Today is a day on which this program runs: 400 days of history exist before it.
    today = max(today, date(2000, 1, 1))
    found = range_picker(view_of(f"?start={start}&end={end}", today), SPAN)
    assert len(found.choices) == 7
