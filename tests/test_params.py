"""Query strings become a view of a page, or an API call's scope, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.dates import days_before
from app.queries.scope import Scope
from app.web.request.errors import BadRequest
from app.web.view.params import (
    DEFAULT_DAYS,
    MOST_DAYS,
    api_number,
    api_scope,
    parse_number,
)
from app.web.view.state import View, parse_view
from tests.tools import CLAUDE_CODE, CURSOR

TODAY = date(2026, 11, 22)
LAST_30 = (date(2026, 10, 24), TODAY)
KNOWN_PARAMETERS = ("start", "end", "days", "tool", "model", "startDate", "endDate", "limit")


def arguments(text: str) -> MultiDict[str, str]:
    return MultiDict(parse_qsl(text.lstrip("?"), keep_blank_values=True))


def view_of(text: str) -> View:
    return parse_view(arguments(text), TODAY)


def scope_of(text: str, default_days: int | None = None) -> Scope:
    return api_scope(arguments(text), TODAY, default_days)


def range_of(scope: Scope) -> tuple[date | None, date | None]:
    return scope.start, scope.end


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", (None, None)),
        ("startDate=2026-10-01&endDate=2026-10-05", (date(2026, 10, 1), date(2026, 10, 5))),
        ("startDate=2026-10-05&endDate=2026-10-05", (date(2026, 10, 5), date(2026, 10, 5))),
        ("startDate=%202026-10-01%20", (date(2026, 10, 1), TODAY)),
        ("startDate=2026-11-22", (TODAY, TODAY)),
        ("endDate=2026-10-05", (None, date(2026, 10, 5))),
        ("endDate=2030-01-01", (None, date(2030, 1, 1))),
        ("startDate=2029-12-31&endDate=2030-01-01", (date(2029, 12, 31), date(2030, 1, 1))),
        ("startDate=2024-02-29&endDate=2024-02-29", (date(2024, 2, 29), date(2024, 2, 29))),
        ("startDate=0001-01-01&endDate=9999-12-31", (date.min, date.max)),
        ("days=1", (TODAY, TODAY)),
        ("days=30", LAST_30),
        ("days=%2030%20", LAST_30),
        ("days=", (None, None)),
        ("startDate=&endDate=&days=30", LAST_30),
        ("startDate=2026-10-01&days=3", (date(2026, 10, 1), TODAY)),
        ("endDate=2026-10-05&days=3", (None, date(2026, 10, 5))),
        ("startDate=2026-10-01&startDate=x", (date(2026, 10, 1), TODAY)),
    ],
)
def test_an_api_range(text: str, days: tuple[date | None, date | None]) -> None:
    assert range_of(scope_of(text)) == days


def test_a_default_range_only_fills_what_nobody_said() -> None:
    assert range_of(scope_of("", 14)) == (date(2026, 11, 9), TODAY)
    assert range_of(scope_of("tool=cursor", 14)) == (date(2026, 11, 9), TODAY)
    assert range_of(scope_of("days=2", 14)) == (date(2026, 11, 21), TODAY)
    assert range_of(scope_of("endDate=2026-11-01", 14)) == (None, date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("startDate=2026-10-32", "startDate: must be a day written YYYY-MM-DD, not '2026-10-32'."),
        ("endDate=2026-1-1", "endDate: must be a day written YYYY-MM-DD, not '2026-1-1'."),
        ("endDate=%00", "endDate: must be a day written YYYY-MM-DD, not '\\x00'."),
        ("startDate=x&endDate=y", "startDate: must be a day written YYYY-MM-DD, not 'x'."),
        ("startDate=2026-10-02&endDate=2026-10-01", "startDate: must not be after endDate."),
        ("startDate=2026-11-23", "startDate: must not be after today (2026-11-22, UTC)."),
        ("days=0", f"days: must be a whole number from 1 to {MOST_DAYS}."),
        ("days=-3", f"days: must be a whole number from 1 to {MOST_DAYS}."),
        (f"days={MOST_DAYS + 1}", f"days: must be a whole number from 1 to {MOST_DAYS}."),
        ("days=all", f"days: must be a whole number from 1 to {MOST_DAYS}."),
    ],
)
def test_a_bad_api_parameter_is_named(text: str, sentence: str) -> None:
    with pytest.raises(BadRequest) as refused:
        scope_of(text)
    assert str(refused.value) == sentence


def test_api_filters_repeat() -> None:
    scope = scope_of("tool=cursor&tool=claude_code&tool=cursor&model=b&model=a&model=b&model=+")
    assert scope.tools == (CURSOR, CLAUDE_CODE)
    assert scope.models == ("b", "a")
    assert scope_of("tool=copilot").tools == ("copilot",)
    assert scope_of("tool=&model=&model=%00") == Scope()


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 50), ("limit=", 50), ("limit=1", 1), ("limit=+7", 7), ("limit=007", 7),
     ("limit=1000", 1000), ("limit=1001", 1000), (f"limit={'9' * 5000}", 1000)],
)  # fmt: skip
def test_a_number_is_cut_to_the_most(text: str, number: int) -> None:
    assert api_number(arguments(text), "limit", 50, 1, 1000) == number


@pytest.mark.parametrize(
    "text", ["0", "-1", "1.0", "1e3", "ten", "\u0661", "1\u00a02", "0x1", "\0"]
)
def test_a_bad_number_is_named(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^limit: must be a whole number from 1, not "):
        api_number({"limit": text}, "limit", 50, 1, 1000)


def test_parses_numbers_in_bounds_only() -> None:
    assert parse_number("5", 1, 5) == 5
    for text in ("6", "0", "", " 5", "5 ", "+5", "\u0665", "1" * 10):
        assert parse_number(text, 1, 5) is None


@pytest.mark.parametrize(
    ("text", "days", "preset"),
    [
        ("", LAST_30, DEFAULT_DAYS),
        ("days=7", (date(2026, 11, 16), TODAY), 7),
        ("days=all", (None, None), None),
        ("start=2026-10-01&end=2026-10-05", (date(2026, 10, 1), date(2026, 10, 5)), None),
        ("start=2026-10-01", (date(2026, 10, 1), TODAY), None),
        ("end=2026-10-05", (None, date(2026, 10, 5)), None),
        ("start=2026-10-01&days=7", (date(2026, 10, 1), TODAY), None),
        ("start=2026-10-06&end=2026-10-05", LAST_30, DEFAULT_DAYS),
        ("start=2026-10-06&end=2026-10-05&days=7", (date(2026, 11, 16), TODAY), 7),
        ("start=2026-12-24", LAST_30, DEFAULT_DAYS),
        ("start=soon&end=2026-13-01", LAST_30, DEFAULT_DAYS),
        ("start=soon&end=2026-10-05", (None, date(2026, 10, 5)), None),
        ("days=0", LAST_30, DEFAULT_DAYS),
        ("days=x", LAST_30, DEFAULT_DAYS),
        ("days=99999999999", LAST_30, DEFAULT_DAYS),
        ("days=x&days=7", LAST_30, DEFAULT_DAYS),
    ],
)
def test_a_view_falls_back_to_the_default(
    text: str, days: tuple[date | None, date | None], preset: int | None
) -> None:
    view = view_of(text)
    assert (range_of(view.scope), view.days) == (days, preset)
    assert view.all_time == (text == "days=all")


def test_a_view_keeps_tools_in_their_order_and_what_is_none_after_them() -> None:
    view = view_of("tool=cursor&tool=copilot&tool=claude_code&model=auto&model=auto&model=+x+")
    assert view.scope.tools == (CLAUDE_CODE, CURSOR, "copilot")
    assert view.scope.models == ("auto", "x")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", "?"),
        ("days=30", "?"),
        ("days=7&cols=&junk=1", "?days=7"),
        ("start=2026-10-01", "?start=2026-10-01&end=2026-11-22"),
        ("end=2026-10-05", "?end=2026-10-05"),
        ("days=all&tool=cursor", "?days=all&tool=cursor"),
        ("model=Sonnet 4.5&model=a%26b=%C3%A9", "?model=Sonnet+4.5&model=a%26b%3D%C3%A9"),
    ],
)
def test_a_view_says_itself_in_canonical_form(text: str, canonical: str) -> None:
    assert view_of(text).query() == canonical


def test_a_view_links_to_its_neighbours() -> None:
    view = view_of("days=7&tool=cursor&model=auto")
    assert view.with_days(90) == "?days=90&tool=cursor&model=auto"
    assert view.with_days(DEFAULT_DAYS) == "?tool=cursor&model=auto"
    assert view.with_all_time() == "?days=all&tool=cursor&model=auto"
    assert view.without_filters() == "?days=7"
    days = (date(2026, 10, 1), date(2026, 10, 2))
    assert view.with_dates(*days) == "?start=2026-10-01&end=2026-10-02&tool=cursor&model=auto"
    assert view_of(view.with_dates(*days)).scope.models == ("auto",)


odd_text = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["cursor", "claude_code", "all", "7", "30", "2026-10-01", "2026-10-05", ""]),
    st.dates().map(date.isoformat),
)
odd_arguments = st.lists(st.tuples(st.sampled_from(KNOWN_PARAMETERS), odd_text), max_size=8)


@given(odd_arguments)
def test_any_view_is_read_back_from_its_own_query(pairs: list[tuple[str, str]]) -> None:
    view = parse_view(MultiDict(pairs), TODAY)
    assert view_of(view.query()) == view
    start, end = view.scope.start, view.scope.end
    assert start is None or end is None or start <= end


@given(odd_arguments)
def test_any_api_call_has_a_scope_or_a_named_parameter(pairs: list[tuple[str, str]]) -> None:
    scope, refusal = None, ""
    try:
        scope = api_scope(MultiDict(pairs), TODAY, 14)
    except BadRequest as error:
        refusal = str(error)
    if scope is None:
        assert refusal.split(":")[0] in dict(pairs)
        return
    assert scope.end is not None
    assert (scope.start or scope.end) <= scope.end


@given(st.dates(), st.dates(), st.dates())
def test_the_period_before_a_rolling_range_is_as_long(one: date, other: date, today: date) -> None:
    scope = Scope(min(one, other), max(one, other), (CURSOR,), ("auto",))
    before = scope.previous(today, rolling=True)
    if before is None:
        assert scope.days
        assert (scope.start or date.max).toordinal() <= scope.days
        return
    assert before.days == scope.days
    assert before.end == (scope.start or date.min) - timedelta(days=1)
    assert (before.tools, before.models) == (scope.tools, scope.models)


@given(st.dates(min_value=date(3, 1, 1)), st.dates(), st.dates())
def test_no_period_overlaps_with_the_one_before(one: date, other: date, today: date) -> None:
    start, end = min(one, other), max(one, other)
    before = days_before(start, end, today)
    assert before is None or before[0] <= before[1] < start


BEFORE = {
    "a month": ("2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30"),
    "February": ("2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
    "a quarter": ("2026-07-01", "2026-09-30", "2026-04-01", "2026-06-30"),
    "a whole year": ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"),
    "a month to date": ("2026-11-01", "2026-11-18", "2026-10-01", "2026-10-18"),
    "a month to yesterday": ("2026-11-01", "2026-11-17", "2026-10-01", "2026-10-17"),
    "a year to date": ("2026-01-01", "2026-11-18", "2025-01-01", "2025-11-18"),
    "days of a month": ("2026-11-01", "2026-11-10", "2026-10-22", "2026-10-31"),
    "other days": ("2026-11-02", "2026-11-08", "2026-10-26", "2026-11-01"),
}


@pytest.mark.parametrize("name", BEFORE)
def test_the_period_before(name: str) -> None:
    start, end, *before = map(date.fromisoformat, BEFORE[name])
    assert days_before(start, end, date(2026, 11, 18)) == tuple(before)
    length = end - start + timedelta(days=1)
    assert days_before(start, end, date(2026, 11, 18), rolling=True) == (
        start - length,
        start - timedelta(days=1),
    )


def test_a_month_to_date_is_cut_at_the_end_of_a_shorter_month() -> None:
    start, today = date(2026, 3, 1), date(2026, 3, 30)
    assert days_before(start, today, today) == (date(2026, 2, 1), date(2026, 2, 28))
    leap = date(2028, 2, 29)
    assert days_before(date(2028, 1, 1), leap, leap) == (date(2027, 1, 1), date(2027, 2, 28))
