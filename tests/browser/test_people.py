"""The list of people in a browser: sort, search, columns, pages and export."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import EMAILS, emails, settle
from tests.browser.watch import Watch

PAUSE_MS = 300
"""More than the pause after typing, after which the list is asked for."""
ENDS = """(cells) => [...new Set(cells.map((cell) =>
  Math.round(cell.querySelector("a").getBoundingClientRect().right)))]"""
"""Where the figures of some cells end, each place once."""
SORTED = "#table thead [aria-sort]"


def known_to_the_api(page: Page, **query: str) -> list[str]:
    """E-mail addresses as the API lists them, over the default range of the page."""
    answer = page.request.get(
        f"/api/users/pivot?{urlencode({'days': '30', 'limit': '25'} | query)}"
    )
    return [user["email"] for user in answer.json()["users"]]


def people_count(page: Page, **query: str) -> int:
    """How many people the API counts over all time, or over the days of `query`."""
    return page.request.get(f"/api/users/pivot?{urlencode(query)}").json()["totalCount"]


@contextmanager
def no_time_passing(page: Page) -> Iterator[None]:
    """Stops the clock of the page, so that no pause is made, however busy the machine is."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
    yield
    page.clock.resume()


def history_length(page: Page) -> int:
    return page.evaluate("() => history.length")


def show_only_sort(page: Page, column: str, direction: str) -> None:
    """The table says that it is sorted by this column and by no other."""
    expect(page.locator(f"#table th:has(#sort-{column})")).to_have_attribute("aria-sort", direction)
    expect(page.locator(SORTED)).to_have_count(1)


def test_a_mark_of_what_is_partly_known_leaves_decimals_in_line(page: Page) -> None:
    page.goto("/users?cols=totalTokens,totalBilled&days=all")
    expect(page.locator("#table tbody .unsure").first).to_be_visible()
    assert len(page.locator("#table tbody td:last-child").evaluate_all(ENDS)) == 1


def test_the_list_begins_with_most_tokens_as_the_api_does(page: Page) -> None:
    page.goto("/users")
    show_only_sort(page, "totalTokens", "descending")
    assert emails(page) == known_to_the_api(page, sortBy="totalTokens", sortDir="desc")


def test_a_click_sorts_and_a_second_one_reverses(page: Page, watch: Watch) -> None:
    page.goto("/users")
    page.locator("#sort-totalCost").click()
    expect(page).to_have_url(f"{watch.base_url}/users?sort=totalCost")
    show_only_sort(page, "totalCost", "descending")
    assert emails(page) == known_to_the_api(page, sortBy="totalCost", sortDir="desc")
    page.locator("#sort-totalCost").click()
    show_only_sort(page, "totalCost", "ascending")
    assert emails(page) == known_to_the_api(page, sortBy="totalCost", sortDir="asc")
    page.go_back()
    show_only_sort(page, "totalCost", "descending")
    assert len(watch.asked("/users?")) == 3


def test_the_keyboard_sorts_and_keeps_its_place(page: Page) -> None:
    page.goto("/users")
    page.locator("#sort-totalTokens").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator("#sort-daysActive:focus").count():
            break
    page.keyboard.press("Enter")
    show_only_sort(page, "daysActive", "descending")
    expect(page.locator("#sort-daysActive")).to_be_focused()
    page.keyboard.press("Enter")
    show_only_sort(page, "daysActive", "ascending")
    expect(page.locator("#sort-daysActive")).to_be_focused()


def test_every_column_with_an_order_sorts(page: Page) -> None:
    page.goto("/users?size=25")
    page.locator("#columns summary").click()
    page.locator("#columns").get_by_role("link", name="All of them").click()
    expect(page.locator("#sort-firstActive")).to_be_visible()
    links = page.locator("#table thead a")
    names = [links.nth(number).get_attribute("id") or "" for number in range(links.count())]
    assert len(names) >= 15
    for name in names:
        page.locator(f"#{name}").click()
        show_only_sort(page, name.removeprefix("sort-"), re.compile("ending"))  # type: ignore[arg-type]
        expect(page.locator(f"#{name}")).to_be_focused()


def test_typing_asks_once_a_pause_and_keeps_the_caret(page: Page, watch: Watch) -> None:
    page.goto("/users")
    before = history_length(page)
    with no_time_passing(page):
        page.locator("#q").press_sequentially("an")
    expect(page).to_have_url(f"{watch.base_url}/users?q=an")
    expect(page.locator("#count")).to_contain_text(f"of {people_count(page, days='30')}")
    assert watch.asked("q=") == ["/users?q=an"]
    assert history_length(page) == before
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("n")
    expect(page).to_have_url(f"{watch.base_url}/users?q=ann")
    assert page.locator("#q").evaluate("(field) => field.selectionStart") == 2
    assert all("ann" in email for email in emails(page))
    assert emails(page) == known_to_the_api(
        page, search="ann", sortBy="totalTokens", sortDir="desc"
    )


def test_what_is_typed_stays_while_a_slow_answer_comes(page: Page, watch: Watch) -> None:
    page.goto("/users")
    held: list[Route] = []
    page.route(re.compile("q=a$"), lambda route: held.append(route))
    with page.expect_request(re.compile("q=a$")):
        page.locator("#q").press_sequentially("a")
    with no_time_passing(page):
        page.locator("#q").press_sequentially("nn")
        page.clock.run_for(PAUSE_MS)
        held[0].continue_()
    expect(page).to_have_url(f"{watch.base_url}/users?q=ann")
    settle(page)
    expect(page.locator("#q")).to_have_value("ann")
    assert emails(page)
    assert all("ann" in email for email in emails(page))
    assert page.url == f"{watch.base_url}/users?q=ann"


def test_a_sort_right_after_typing_keeps_what_was_typed(page: Page, watch: Watch) -> None:
    page.goto("/users")
    with no_time_passing(page):
        page.locator("#q").press_sequentially("ann")
        page.locator("#sort-totalCost").click()
        expect(page).to_have_url(re.compile(r"sort=totalCost"))
        page.clock.run_for(PAUSE_MS)
    settle(page)
    assert set(page.url.split("?")[1].split("&")) == {"q=ann", "sort=totalCost"}
    assert emails(page) == known_to_the_api(page, search="ann", sortBy="totalCost", sortDir="desc")


def test_a_search_starts_at_the_first_page_and_keeps_the_order(page: Page, watch: Watch) -> None:
    page.goto("/users?sort=totalCost&page=3")
    page.locator("#q").press_sequentially("ann")
    expect(page).to_have_url(re.compile("q=ann"))
    assert "page=" not in page.url
    show_only_sort(page, "totalCost", "descending")


def test_a_search_for_nobody_says_so_and_leads_back(page: Page, watch: Watch) -> None:
    page.goto("/users")
    page.locator("#q").fill("nobody at all")
    expect(page.locator("#empty")).to_contain_text("nobody at all")
    page.locator("#empty").get_by_role("link", name="Clear the search").click()
    expect(page).to_have_url(f"{watch.base_url}/users")
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator(EMAILS)).to_have_count(25)


def test_enter_searches_at_once(page: Page, watch: Watch) -> None:
    page.goto("/users")
    page.locator("#q").fill("ann")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{watch.base_url}/users?q=ann")
    assert all("ann" in email for email in emails(page))


def test_the_find_field_of_the_overview_leads_to_the_list(page: Page, watch: Watch) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{watch.base_url}/users?q=ann")
    expect(page.locator("#q")).to_have_value("ann")


def test_columns_are_chosen_and_stay_in_the_url(page: Page, watch: Watch) -> None:
    page.goto("/users?sort=totalCost")
    page.locator("#columns summary").click()
    expect(page.locator("#columns input[disabled]")).to_have_count(1)
    page.locator("#columns").get_by_label("Top model").uncheck()
    page.locator("#columns").get_by_label("Output").check()
    page.locator("#columns").get_by_role("button", name="Show").click()
    expect(page.locator("#sort-outputTokens")).to_be_visible()
    expect(page.locator("#sort-topModel")).to_have_count(0)
    expect(page.locator("#sort-email")).to_be_visible()
    assert "cols=outputTokens" in page.url
    show_only_sort(page, "totalCost", "descending")
    page.locator("#sort-outputTokens").click()
    show_only_sort(page, "outputTokens", "descending")
    page.locator("#columns summary").click()
    expect(page.locator("#columns").get_by_label("Output")).to_be_checked()
    page.locator("#columns").get_by_role("link", name="The usual ones").click()
    expect(page.locator("#sort-topModel")).to_be_visible()
    assert "cols=" not in page.url
    expect(page.locator("#columns [name=cols][value=outputTokens]")).not_to_be_checked()


def test_pages_follow_each_other_without_a_gap(page: Page, watch: Watch) -> None:
    page.goto("/users?days=all")
    seen = emails(page)
    while page.locator("a#page-after").count():
        page.locator("a#page-after").click()
        expect(page.locator(EMAILS).first).not_to_have_text(seen[-len(emails(page))])
        expect(page.locator("#pager")).to_contain_text(f"{len(seen) + 1}\u2013")
        seen += emails(page)
    assert len(seen) == len(set(seen)) == people_count(page) > 150
    expect(page.locator("body")).not_to_be_focused()
    page.go_back()
    expect(page.locator("a#page-after")).to_have_count(1)


def test_the_last_page_keeps_the_focus_in_the_pager(page: Page) -> None:
    page.goto("/users?days=all&size=100")
    page.locator("#page-after").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pager")).to_contain_text("101\u2013")
    expect(page.locator("a#page-after")).to_have_count(0)
    assert page.evaluate("() => document.activeElement !== document.body")


def test_a_page_begins_at_its_top(page: Page) -> None:
    page.goto("/users?days=all")
    page.locator("#page-after").click()
    expect(page.locator("#pager")).to_contain_text("26\u201350")
    expect(page.locator(EMAILS).first).to_be_in_viewport()


def test_the_size_of_a_page_is_a_choice(page: Page, watch: Watch) -> None:
    page.goto("/users?days=all&page=2")
    page.locator("#size-50").click()
    expect(page).to_have_url(f"{watch.base_url}/users?days=all&size=50")
    expect(page.locator(EMAILS)).to_have_count(50)
    page.locator("#size-250").click()
    expect(page.locator(EMAILS)).to_have_count(people_count(page))


def test_a_filter_starts_at_the_first_page(page: Page, watch: Watch) -> None:
    page.goto("/users?page=2&sort=totalCost")
    page.locator("#filters").get_by_role("link", name="Cursor", exact=True).click()
    expect(page).to_have_url(re.compile("tool=cursor"))
    assert "page=" not in page.url
    show_only_sort(page, "totalCost", "descending")


def test_a_model_is_filtered_by_its_box_and_cleared_again(page: Page, watch: Watch) -> None:
    page.goto("/users")
    menu = page.locator("#model-menu")
    menu.locator("summary").click()
    box = menu.locator("input[name=model]").first
    name = box.get_attribute("value") or ""
    box.check()
    menu.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(f"{watch.base_url}/users?{urlencode({'model': name})}")
    expect(menu.locator("summary")).to_contain_text(name)
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    menu.get_by_role("link", name="All models").click()
    expect(page).to_have_url(f"{watch.base_url}/users")
    expect(menu.locator("input:checked")).to_have_count(0)


def test_the_heading_of_the_table_stays_in_sight(page: Page) -> None:
    page.goto("/users?days=all&size=50")
    page.locator("#table tbody tr").nth(40).scroll_into_view_if_needed()
    page.mouse.wheel(0, 600)
    expect(page.locator("#sort-totalCost")).to_be_in_viewport()
    expect(page.locator(EMAILS).first).not_to_be_in_viewport()


def test_the_sum_says_what_it_sums(page: Page) -> None:
    page.goto("/users?days=all&q=ann")
    count, everybody = people_count(page, search="ann"), people_count(page)
    expect(page.locator("#table tfoot .sum th")).to_have_text(f"{count} of {everybody} people")


def test_the_export_holds_what_is_on_screen(page: Page, tmp_path: Path) -> None:
    page.goto("/users?q=ann&sort=totalCost&cols=totalCost&cols=daysActive")
    on_screen = emails(page)
    with page.expect_download() as download:
        page.locator("#export").click()
    download.value.save_as(tmp_path / "people.csv")
    assert download.value.suggested_filename.endswith(".csv")
    heading, *rows = csv.reader((tmp_path / "people.csv").read_text().splitlines())
    assert heading == ["Person", "Cost", "Active days"]
    assert [row[0] for row in rows] == on_screen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_tool_has_its_own_colour(theme: str, page: Page) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto("/users?days=all")
    colours = {
        name: page.locator(f".tool-{name}").first.evaluate("(mark) => getComputedStyle(mark).fill")
        for name in ("claude-code", "cursor")
    }
    assert len(set(colours.values())) == 2
