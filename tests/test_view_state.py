"""What the states of all pages share: pages of a list, and the query one change away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from werkzeug.datastructures import MultiDict

from app.web.view.state import DEFAULT_SIZE, LAST_PAGE, Paged, parse_page, parse_size


@dataclass(frozen=True)
class Shelf(Paged):
    """A list of books, of which one may be open."""

    size: int = 10
    author: str = ""
    open: str = ""
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "open"})

    def arguments(self) -> list[tuple[str, str]]:
        texts = [("author", self.author), ("open", self.open)]
        return [pair for pair in texts if pair[1]] + super().arguments()


def test_the_default_needs_no_query() -> None:
    assert Shelf().query() == "?"


def test_a_change_of_the_rows_starts_at_the_first_page() -> None:
    assert Shelf(page=4).query(author="Eco") == "?author=Eco"
    assert Shelf(page=4).query(author="Eco", page=2) == "?author=Eco&page=2"
    assert Shelf(page=4).query(size=50) == "?size=50"


def test_a_change_beside_the_rows_stays_on_the_page() -> None:
    assert Shelf(page=4).query(open="Baudolino") == "?open=Baudolino&page=4"
    assert Shelf(page=4).query() == "?page=4"


@pytest.mark.parametrize(("count", "last"), [(0, 1), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_a_page_after_the_last_is_the_last(count: int, last: int) -> None:
    assert Shelf(page=9).within(count).page == last
    assert Shelf(page=1).within(count).page == 1


def test_the_pager_names_the_rows_of_the_page() -> None:
    pages = Shelf(page=3).pages(count=24, shown=4)
    assert (pages.first, pages.last, pages.count) == (21, 24, 24)
    assert (pages.page, pages.last_page) == (3, 3)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1.5", str(LAST_PAGE + 1)])
def test_an_odd_page_is_the_first(text: str) -> None:
    assert parse_page(MultiDict({"page": text})) == 1


@pytest.mark.parametrize("text", ["", "0", "24", "x", "251"])
def test_an_odd_size_is_the_default(text: str) -> None:
    assert parse_size(MultiDict({"size": text})) == DEFAULT_SIZE


def test_queries_that_end_alike_are_those_of_the_state() -> None:
    of_author = Shelf(page=4).queries_ending("author", author="")
    assert of_author("Eco & Co") == Shelf(page=4).query(author="Eco & Co")
    of_author = Shelf(size=50).queries_ending("author", author="")
    assert of_author("Eco") == "?size=50&author=Eco"
