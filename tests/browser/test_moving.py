"""Moving about: Back and Forward, new tabs, fast clicks, and the keys."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from tests.browser.pages import settle
from tests.browser.watch import Watch

AGE = re.compile(r"just now|\d+\s(min|h|d) ago")
"""How long ago something was: a minute may pass between two looks at a page."""


def ageless(page: Page) -> str:
    """What the page says, but for the ages in it."""
    return AGE.sub("(age)", page.locator("#main").inner_text())


def filter_link(page: Page, name: str) -> None:
    page.locator("#filters").get_by_role("link", name=name, exact=True).click()


def chosen_tool(page: Page, name: str) -> None:
    expect(page.locator("#filters .tools [aria-current]")).to_have_text(name)


def test_back_and_forward_show_the_whole_page_of_their_url(page: Page, watch: Watch) -> None:
    page.goto("/")
    filter_link(page, "Cursor")
    chosen_tool(page, "Cursor")
    filter_link(page, "90 d")
    expect(page).to_have_url(f"{watch.base_url}/?days=90&tool=cursor")
    page.go_back()
    expect(page).to_have_url(f"{watch.base_url}/?tool=cursor")
    expect(page.locator("#filters .days [aria-current]")).to_have_text("30 d")
    page.go_back()
    chosen_tool(page, "All tools")
    page.go_forward()
    chosen_tool(page, "Cursor")
    expect(page.locator("header.top")).to_be_visible()
    filter_link(page, "Claude Code")
    chosen_tool(page, "Claude Code")
    expect(page.locator("#main")).to_have_count(1)
    expect(page.locator("#main")).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("away", ["/healthz", "/users"])
def test_back_from_another_page_is_never_a_bare_part(away: str, page: Page, watch: Watch) -> None:
    page.goto("/")
    filter_link(page, "Cursor")
    expect(page).to_have_url(f"{watch.base_url}/?tool=cursor")
    page.goto(away)
    page.go_back()
    chosen_tool(page, "Cursor")
    expect(page.locator("header.top")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    chosen_tool(page, "Cursor")


def test_a_filtered_page_is_the_same_by_click_and_by_its_url(page: Page) -> None:
    page.goto("/")
    filter_link(page, "Cursor")
    chosen_tool(page, "Cursor")
    swapped = ageless(page)
    page.reload()
    assert ageless(page) == swapped


@pytest.mark.parametrize("modifier", ["Control", "Shift"])
def test_a_click_with_a_modifier_opens_another_tab(
    modifier: str, page: Page, context: BrowserContext, watch: Watch
) -> None:
    page.goto("/")
    link = page.locator("#filters").get_by_role("link", name="Cursor", exact=True)
    with context.expect_page() as opened:
        link.click(modifiers=[modifier])
    chosen_tool(opened.value, "Cursor")
    expect(opened.value.locator("header.top")).to_be_visible()
    assert page.url == f"{watch.base_url}/"
    chosen_tool(page, "All tools")


def test_a_late_answer_never_replaces_a_newer_one(page: Page, watch: Watch) -> None:
    page.goto("/")
    held: list[Route] = []
    page.route(re.compile(r"days=90"), lambda route: held.append(route))
    filter_link(page, "90 d")
    expect(page.locator("#main")).to_have_attribute("aria-busy", "true")
    filter_link(page, "7 d")
    expect(page).to_have_url(f"{watch.base_url}/?days=7")
    assert len(held) == 1
    # The browser may have taken its question back already.
    with suppress(Error):
        held[0].continue_()
    settle(page)
    assert page.url == f"{watch.base_url}/?days=7"
    expect(page.locator("#filters .days [aria-current]")).to_have_text("7 d")
    expect(page.locator("#main")).not_to_have_attribute("aria-busy", "true")


def test_many_fast_clicks_end_on_the_last(page: Page, watch: Watch) -> None:
    page.goto("/")
    for name in ("7 d", "90 d", "1 y", "All", "90 d", "7 d", "90 d"):
        page.locator("#filters").get_by_role("link", name=name, exact=True).click(
            no_wait_after=True
        )
    expect(page).to_have_url(f"{watch.base_url}/?days=90")
    settle(page)
    assert page.url == f"{watch.base_url}/?days=90"
    expect(page.locator("#filters .days [aria-current]")).to_have_text("90 d")


@pytest.mark.parametrize("answer", [500, 503, None], ids=["fault", "busy", "no network"])
def test_a_failed_answer_leaves_the_page_and_says_so(
    answer: int | None, page: Page, watch: Watch
) -> None:
    def fail(route: Route) -> None:
        if answer is None:
            route.abort()
        else:
            route.fulfill(status=answer, content_type="text/plain", body="It went wrong.")

    page.goto("/")
    page.route("**/?tool=cursor", fail)
    filter_link(page, "Cursor")
    expect(page.locator("#flash")).to_have_text(
        "It went wrong." if answer else re.compile("did not answer")
    )
    chosen_tool(page, "All tools")
    assert page.url == f"{watch.base_url}/"
    page.unroute("**/?tool=cursor")
    filter_link(page, "Cursor")
    chosen_tool(page, "Cursor")
    expect(page.locator("#flash")).to_be_empty()
    watch.expect("tool=cursor", "htmx")


def test_a_swap_is_said_to_those_who_listen(page: Page) -> None:
    page.goto("/")
    filter_link(page, "Cursor")
    chosen_tool(page, "Cursor")
    expect(page.locator("#live")).not_to_be_empty()


def test_the_focus_stays_on_the_followed_link(page: Page) -> None:
    page.goto("/")
    page.locator("#filters").get_by_role("link", name="Cursor", exact=True).focus()
    page.keyboard.press("Enter")
    chosen_tool(page, "Cursor")
    expect(page.locator(":focus")).to_have_text("Cursor")


def test_the_first_tab_skips_to_the_figures(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the figures")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("key", ["d", "D", "w", "m", "y"])
def test_a_letter_chooses_the_range(key: str, page: Page, watch: Watch) -> None:
    page.goto("/?days=90&tool=cursor")
    page.keyboard.press(key)
    expect(page).not_to_have_url(f"{watch.base_url}/?days=90&tool=cursor")
    expect(page).to_have_url(re.compile(r"tool=cursor"))
    chosen_tool(page, "Cursor")


def test_the_arrows_step_by_the_length_of_the_range(page: Page, watch: Watch) -> None:
    page.goto("/?start=2026-10-01&end=2026-10-07")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(f"{watch.base_url}/?start=2026-09-24&end=2026-09-30")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{watch.base_url}/?start=2026-10-01&end=2026-10-07")


def test_escape_clears_the_filters(page: Page, watch: Watch) -> None:
    page.goto("/?days=90&tool=cursor")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{watch.base_url}/?days=90")


def test_a_question_mark_opens_the_keys_and_escape_closes_them(page: Page, watch: Watch) -> None:
    page.goto("/?tool=cursor")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert page.url == f"{watch.base_url}/?tool=cursor"


def test_escape_closes_a_menu_first(page: Page, watch: Watch) -> None:
    page.goto("/?tool=cursor")
    menu = page.locator("#filters details.menu").first
    menu.locator("summary").click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    assert page.url == f"{watch.base_url}/?tool=cursor"


def test_a_slash_goes_to_the_search(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("dwm?/")
    expect(page.get_by_role("searchbox")).to_have_value("dwm?/")
    expect(page.locator("#help")).to_be_hidden()


@pytest.mark.parametrize("chord", ["Control+d", "Alt+d", "Alt+ArrowLeft", "Meta+y"])
def test_a_chord_belongs_to_the_browser(chord: str, page: Page, watch: Watch) -> None:
    page.goto("/?tool=cursor")
    page.keyboard.press(chord)
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{watch.base_url}/")
    assert watch.asked() == ["/?tool=cursor", "/"]
