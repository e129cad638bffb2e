"""The state of the list of people goes into its query string and comes back unchanged."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.queries.people.order import MORE_SORTS
from app.web.people.columns import BY_NAME, COLUMNS, EVERY, USUAL, chosen_columns
from app.web.people.view import PeopleView, parse_people_view
from app.web.view.state import DEFAULT_SIZE, SIZES

TODAY = date(2026, 11, 22)


def view_of(query: str) -> PeopleView:
    return parse_people_view(MultiDict(parse_qsl(query.lstrip("?"))), TODAY)


def test_an_empty_query_is_the_default_and_the_other_way_round() -> None:
    assert view_of("").arguments() == []
    defaults = "days=30&sort=totalTokens&dir=desc&page=1&size=25&q=&peek="
    assert view_of(defaults).arguments() == []


@pytest.mark.parametrize(
    "query",
    [
        "?q=ada",
        "?q=ada&usage=none",
        "?sort=email",
        "?sort=email&dir=desc",
        "?sort=totalCost&dir=asc",
        "?dir=asc",
        "?cols=email&cols=totalCost",
        "?page=3&size=100",
        "?days=7&tool=cursor&model=auto&q=x&sort=change&cols=email&page=2&peek=a%40b.c",
    ],
)
def test_a_canonical_query_comes_back(query: str) -> None:
    view = view_of(query)
    assert view.query(page=view.page) == query


@given(
    st.dictionaries(
        st.sampled_from(("q", "sort", "dir", "cols", "page", "size", "peek", "days", "tool")),
        st.one_of(st.text(max_size=30), st.sampled_from((*MORE_SORTS, "asc", "desc", "7", "250"))),
    )
)
def test_any_query_has_one_canonical_form(query: dict[str, str]) -> None:
    view = parse_people_view(MultiDict(query), TODAY)
    assert view_of(view.query(page=view.page)) == view


@pytest.mark.parametrize(
    ("query", "sort", "descending"),
    [
        ("sort=nonsense&dir=asc", "totalTokens", True),
        ("sort=email", "email", False),
        ("sort=topModel", "topModel", False),
        ("sort=totalCost", "totalCost", True),
        ("sort=totalCost&dir=ASC", "totalCost", False),
        ("sort=totalCost&dir=sideways", "totalCost", True),
        ("sort=tools", "totalTokens", True),
    ],
)
def test_odd_orders_fall_back(query: str, sort: str, descending: bool) -> None:
    view = view_of(query)
    assert (view.sort, view.descending) == (sort, descending)


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999999", "size=51"])
def test_odd_pages_and_sizes_fall_back(query: str) -> None:
    assert (view_of(query).page, view_of(query).size) == (1, DEFAULT_SIZE)


@pytest.mark.parametrize("size", SIZES)
def test_takes_the_sizes_on_offer(size: int) -> None:
    assert view_of(f"size={size}").size == size


def test_a_first_click_sorts_in_the_columns_own_direction_and_a_second_reverses() -> None:
    view = view_of("")
    by_email = view_of(view.sorted_by(BY_NAME["email"]))
    assert (by_email.sort, by_email.descending) == ("email", False)
    assert view_of(by_email.sorted_by(BY_NAME["email"])).descending
    by_cost = view_of(view.sorted_by(BY_NAME["totalCost"]))
    assert by_cost.descending
    assert not view_of(by_cost.sorted_by(BY_NAME["totalCost"])).descending


def test_a_change_of_the_rows_starts_at_the_first_page() -> None:
    view = view_of("page=4")
    assert view_of(view.query(tools=("cursor",))).page == 1
    assert view_of(view.with_days(7)).page == 1
    assert view_of(view.query(size=50)).page == 1
    assert view_of(view.query(peek="a@b.c")).page == 4
    assert view_of(view.query(columns=("email",))).page == 4


def test_the_email_cannot_be_hidden_and_columns_keep_their_order() -> None:
    assert chosen_columns(["totalCost", "totalTokens"]) == ("email", "totalTokens", "totalCost")
    assert chosen_columns(["nonsense"]) == USUAL
    assert chosen_columns([]) == USUAL
    assert chosen_columns(list(EVERY)) == EVERY


def test_every_column_with_an_order_can_be_sorted_by() -> None:
    assert {column.name for column in COLUMNS if column.order} == set(MORE_SORTS)


def test_other_pages_get_the_range_and_the_filters_alone() -> None:
    assert view_of("days=7&tool=cursor&q=x&page=2").plain_query() == "?days=7&tool=cursor"
    assert view_of("q=x&sort=email").plain_query() == ""


def test_columns_may_be_listed_with_commas() -> None:
    listed = parse_people_view(MultiDict({"cols": "totalCost,daysActive"}), TODAY)
    repeated = parse_people_view(MultiDict([("cols", "daysActive"), ("cols", "totalCost")]), TODAY)
    assert listed.columns == repeated.columns == ("email", "totalCost", "daysActive")
