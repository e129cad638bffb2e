"""What every page of figures compares, and which days it takes for incomplete."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.dates import days_between
from app.queries.days.freshness import ProviderState
from app.queries.scope import Scope
from app.web.view.periods import comparison, incomplete_days, with_both_ends
from tests.tools import CURSOR

BOTH = ("anthropic", "cursor")
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 10)

NEXT_YEAR = date(2027, 7, 7)


def days(first: date = FIRST, last: date = LAST) -> list[date]:
    return list(days_between(first, last))


def state(provider: str, configured: bool, through: date | None) -> ProviderState:
    return ProviderState(provider, provider.title(), configured, through, None, "", None)


def test_cuts_open_days_at_the_end_and_compares_as_many_before() -> None:
    compared = comparison(Scope(FIRST, LAST), {LAST, LAST - timedelta(days=1)}, NEXT_YEAR)
    assert compared is not None
    assert compared.now == Scope(FIRST, date(2026, 11, 8))
    assert compared.before == Scope(date(2026, 10, 22), date(2026, 10, 29))
    assert compared.now.days == compared.before.days


def test_a_month_of_which_today_is_open_is_compared_with_the_same_days_of_the_month_before() -> (
    None
):
    today = date(2026, 11, 30)
    compared = comparison(Scope(date(2026, 11, 1), today), {today}, today)
    assert compared is not None
    assert compared.now == Scope(date(2026, 11, 1), date(2026, 11, 29))
    assert compared.before == Scope(date(2026, 10, 1), date(2026, 10, 29))
    rolling = comparison(Scope(date(2026, 11, 1), today), {today}, today, rolling=True)
    assert rolling is not None
    assert rolling.before == Scope(date(2026, 10, 2), date(2026, 10, 30))


def test_a_week_without_today_is_compared_with_the_same_weekdays() -> None:
    sunday = date(2026, 11, 22)
    compared = comparison(Scope(sunday - timedelta(days=6), sunday), {sunday}, sunday)
    assert compared is not None
    assert compared.now == Scope(date(2026, 11, 16), date(2026, 11, 21))
    assert compared.before == Scope(date(2026, 11, 9), date(2026, 11, 14))


def test_an_open_day_in_the_middle_cuts_nothing() -> None:
    compared = comparison(Scope(FIRST, LAST), {date(2026, 11, 5)}, NEXT_YEAR)
    assert compared is not None
    assert compared.now == Scope(FIRST, LAST)
    assert compared.before == Scope(date(2026, 10, 22), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("scope", "open_days"),
    [
        (Scope(), set()),
        (Scope(None, LAST), set()),
        (Scope(LAST, LAST), {LAST}),
        (Scope(date.min, LAST), set()),
    ],
)
def test_compares_nothing_without_complete_days_or_days_before(
    scope: Scope, open_days: set[date]
) -> None:
    assert comparison(scope, open_days, NEXT_YEAR) is None


@pytest.mark.parametrize(
    ("states", "wanted", "expected"),
    [
        ([state("anthropic", True, LAST), state("cursor", True, date(2026, 11, 8))], BOTH, {9, 10}),
        ([state("anthropic", True, LAST), state("cursor", True, FIRST)], BOTH[:1], set()),
        ([state("anthropic", True, LAST), state("cursor", False, FIRST)], BOTH, set()),
        ([state("anthropic", True, LAST), state("cursor", True, None)], BOTH, set()),
        ([state("anthropic", False, date(2026, 11, 9))], BOTH, {10}),
        ([], BOTH, set()),
    ],
)
def test_days_after_what_every_tool_delivered_are_incomplete(
    states: list[ProviderState], wanted: tuple[str, ...], expected: set[int]
) -> None:
    found = incomplete_days(days(), {date(2026, 11, 3)}, states, wanted)
    assert found == {date(2026, 11, number) for number in expected | {3}}


def test_a_range_ends_where_it_was_asked_to_whatever_its_length() -> None:
    span, today = (FIRST, LAST), LAST + timedelta(days=2)
    for length in (1, 7, 365, 366, 367, 376):
        asked = Scope(LAST - timedelta(days=length - 1), today, (CURSOR,))
        assert with_both_ends(asked, span, today) == asked
    ahead = Scope(FIRST, today + timedelta(days=366))
    assert with_both_ends(ahead, span, today) == ahead


def test_an_open_end_is_that_of_the_records_and_a_thousand_years_are_cut() -> None:
    span, today = (FIRST, LAST), LAST + timedelta(days=2)
    assert with_both_ends(Scope(None, None, (CURSOR,)), span, today) == Scope(
        FIRST, LAST, (CURSOR,)
    )
    assert with_both_ends(Scope(date.min, date.max), span, today) == Scope(FIRST, today)
    long_ago, ahead = date(2020, 1, 1), date(2999, 1, 1)
    for before in (Scope(None, long_ago), Scope(date.min, long_ago)):
        assert with_both_ends(before, span, today) == Scope(long_ago, long_ago)
    assert with_both_ends(Scope(ahead, date.max), span, today) == Scope(ahead, ahead)
