"""Figures, money, days and ages read the same on every page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.view import formatting

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def plain(text: str) -> str:
    """The text with plain blanks, so that expectations can be typed."""
    return text.replace(formatting.SPACE, " ")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00 K"),
        (782_400, "782 K"),
        (999_499, "999 K"),
        (999_999, "1.00 M"),
        (9_996, "10.0 K"),
        (41_200_000, "41.2 M"),
        (3_260_000_000, "3.26 B"),
        (10**12, "1.00 T"),
        (10**19, "10,000 Q"),
        (-41_200_000, "\u221241.2 M"),
    ],
)
def test_shortens_a_count_to_three_digits(count: int, expected: str) -> None:
    assert plain(formatting.compact(count)) == expected


@given(st.integers(min_value=1000, max_value=10**15))
def test_a_short_count_is_within_half_a_percent_of_the_count(count: int) -> None:
    number, unit = formatting.compact(count).split(formatting.SPACE)
    shown = Decimal(number) * 1000 ** " KMBTQ".index(unit)
    assert abs(shown - count) * 200 <= count


def test_never_parts_a_figure_from_its_unit() -> None:
    written = (formatting.compact(10**9), formatting.percent(1, 2), formatting.day(NOW.date()))
    assert not any(" " in text for text in written)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0"), (50_000_000, "50 M"), (2_500, "2.5 K"), (100, "100")]
)
def test_an_axis_has_no_idle_digits(count: int, expected: str) -> None:
    assert plain(formatting.tick(count)) == expected


@pytest.mark.parametrize(
    ("nanos", "expected"),
    [
        (None, "\u2014"),
        (0, "$0.00"),
        (1, "<$0.01"),
        (4_000_000, "<$0.01"),
        (15_000_000, "$0.02"),
        (25_000_000, "$0.02"),
        (99_990_000_000, "$99.99"),
        (15_026_690_000_000, "$15,026.69"),
        (-1_500_000_000, "\u2212$1.50"),
    ],
)
def test_writes_money_to_the_cent(nanos: int | None, expected: str) -> None:
    assert formatting.money(nanos) == expected


@pytest.mark.parametrize(
    ("nanos", "expected"),
    [(315_000, "$0.000315"), (1_500_000_000, "$1.50"), (0, "$0.00"), (-1, "\u2212$0.000000001")],
)
def test_writes_every_digit_of_money_on_demand(nanos: int, expected: str) -> None:
    assert formatting.exact_money(nanos) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(381, 1000, "38.1 %"), (1, 100_000, "<0.1 %"), (0, 5, "0.0 %"), (0, 0, "0.0 %")],
)
def test_writes_a_share_with_one_decimal(part: int, whole: int, expected: str) -> None:
    assert plain(formatting.percent(part, whole)) == expected


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (116, 100, "+16 %"),
        (84, 100, "\u221216 %"),
        (1004, 1000, "+0.4 %"),
        (100_001, 100_000, "+<0.1 %"),
        (5, 0, "new"),
        (0, 0, "unchanged"),
        (7, 7, "unchanged"),
        (0, 7, "\u2212100 %"),
        (1200, 100, "\u00d712"),
    ],
)
def test_says_a_change_in_words(now: int, before: int, expected: str) -> None:
    assert plain(formatting.change(now, before)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 10, 24), date(2026, 11, 22), "24 Oct \u2013 22 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 22), "1 \u2013 22 Nov 2026"),
        (date(2025, 12, 24), date(2026, 1, 2), "24 Dec 2025 \u2013 2 Jan 2026"),
        (date(2026, 11, 22), date(2026, 11, 22), "22 Nov 2026"),
        (date(2026, 11, 22), None, "since 22 Nov 2026"),
        (None, date(2026, 11, 22), "until 22 Nov 2026"),
        (None, None, "all time"),
    ],
)
def test_writes_a_range_of_days_briefly(
    start: date | None, end: date | None, expected: str
) -> None:
    assert plain(formatting.days(start, end)) == expected


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(hours=48), "2 d ago"),
    ],
)
def test_says_how_long_ago_a_moment_was(ago: timedelta, expected: str) -> None:
    assert plain(formatting.age(NOW - ago, NOW)) == expected


def test_counts_things_by_their_number() -> None:
    assert plain(formatting.count_of(1, "key")) == "1 key"
    assert plain(formatting.count_of(1200, "key")) == "1,200 keys"
    assert plain(formatting.count_of(2, "person", "people")) == "2 people"


def test_an_unknown_tool_shows_its_own_name() -> None:
    assert formatting.tool_label("cursor") == "Cursor"
    assert formatting.tool_label("windsurf") == "windsurf"
    assert formatting.tool_class("windsurf") == "tool-other"
