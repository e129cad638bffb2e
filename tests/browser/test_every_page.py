"""What holds on every page, in both themes: access, width, height of rows, print, titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import APIRequestContext, Page, expect

from tests.browser.conftest import NewContext
from tests.browser.looks import (
    COVERED,
    OVER_EDGE,
    RUN_AXE,
    TALL_ROWS,
    TOO_WIDE,
    axe_context,
    faults,
    faults_at_any_width,
    juts_out,
)
from tests.browser.pages import EVERY_COLUMN, MISSING, PAGES, address, open_page, top_person
from tests.browser.watch import Watch

OPEN = """(kind) => {
  const folds = [...document.querySelectorAll(kind)];
  for (const fold of folds) { fold.name = ""; fold.open = true; }
  return folds.length;
}"""
CUT_OFF = """() => [...document.querySelectorAll(".top nav, .top nav a, .top .end > *")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1
    || one.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map((one) => `${one.tagName} ${one.className} ${one.innerText}`)"""
MOVING = """() => [...document.querySelectorAll("*")]
  .filter((one) => getComputedStyle(one).transitionDuration !== "0s")
  .map((one) => `${one.tagName} ${one.value || one.className}`)"""
CONTROLS = "nav a, form, .skip, dialog, .busy, main [data-key]"
STILL_PRINTED = """(controls) => [...document.querySelectorAll(controls)]
  .filter((one) => one.checkVisibility() && !one.closest("main h1, main table, main dl"))
  .map((one) => `${one.tagName} ${one.id} ${one.className}`)"""
LINK = re.compile(r'<a\s[^>]*?href="([^"]*)"')
SOMEBODY = re.compile(r"[^/]*@.*")
PHONE = {"width": 390, "height": 844}
SIZES_TOO = {"rules": {"target-size": {"enabled": True}}}
"""axe leaves it out unless told."""
PORTRAIT, LANDSCAPE = 703, 1031
"""What A4 has between margins of 12 mm, in CSS pixels."""
BACKGROUND = "() => getComputedStyle(document.documentElement).backgroundColor"
BACKGROUNDS = "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
FILLS = "(all) => all.map((one) => getComputedStyle(one).fill)"
OVERFLOWING = """(all) => all.filter((one) => one.scrollHeight > one.clientHeight + 1)
  .map((one) => one.id)"""
POSITIONS = "(all) => all.map((one) => getComputedStyle(one).position)"


def test_axe_finds_nothing_in_an_open_menu(new_context: NewContext) -> None:
    page = axe_context(new_context)
    page.goto("/users")
    menus = page.locator("details.menu")
    assert menus.count() > 3
    for width in (1440, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for menu in menus.all():
            menu.locator("summary").click()
            expect(menu).to_have_attribute("open", "")
            name = menu.get_attribute("id")
            assert page.evaluate(RUN_AXE, [f"#{name}", SIZES_TOO]) == [], (width, name)
            menu.locator("summary").click()


@pytest.mark.parametrize("name", list(PAGES))
def test_axe_finds_nothing(name: str, new_context: NewContext, watch: Watch) -> None:
    page = axe_context(new_context)
    open_page(page, name, watch)
    assert faults_at_any_width(page) == {}
    if page.evaluate(OPEN, "details"):
        assert faults(page, "details") == {}


@pytest.mark.parametrize(
    ("width", "script"), [(390, True), (1440, True), (320, False), (1440, False)]
)
@pytest.mark.parametrize(
    "path",
    [
        "/?days=all&by=model&table=1",
        "/users",
        f"/users?days=all&size=25{EVERY_COLUMN}",
        "/users?rows=person&by=month&days=365&size=25",
        "/users?rows=model&by=week&days=365",
        "/users/{email}?days=365",
        "/records?size=25",
    ],
)
def test_nothing_takes_focus_behind_a_sticky_edge(
    path: str, width: int, script: bool, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=script).new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path.replace("{email}", top_person(page.request)))
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_keeps_the_rules_of_every_page(name: str, page: Page, watch: Watch) -> None:
    """One heading, a title, no id twice; nothing moves, juts out, stands too high or misprints."""
    open_page(page, name, watch)
    expect(page.locator("h1")).to_have_count(1)
    assert page.title().endswith(" · AI Usage Tracker")
    ids = page.locator("[id]").evaluate_all("(all) => all.map((one) => one.id)")
    assert sorted({one for one in ids if ids.count(one) > 1}) == []
    # What may fade at any time also fades in while a page loads: a flash of other colours.
    assert page.evaluate(MOVING) == []
    assert juts_out(page) == {}
    assert still_printed(page) == []
    assert page.evaluate(TALL_ROWS) == []
    page.set_viewport_size(PHONE)
    page.evaluate(OPEN, "details.menu")
    assert page.evaluate(TOO_WIDE) == [], "with open menus on a phone"


def still_printed(page: Page) -> Any:
    """Controls that a print shows; it shows the heading, too."""
    page.emulate_media(media="print")
    expect(page.locator("main h1")).to_be_visible()
    found = page.evaluate(STILL_PRINTED, CONTROLS)
    page.emulate_media(media="screen")
    return found


def test_pages_are_told_apart_by_their_titles(page: Page, watch: Watch) -> None:
    names = ("overview", "people", "pivot", "person", "no page")
    assert len({open_page(page, name, watch).title() for name in names}) == len(names)


def test_a_button_may_answer_the_pointer(page: Page) -> None:
    page.goto("/")
    page.locator(".theme button").first.hover()
    assert page.evaluate(MOVING) == ["BUTTON system"]


def test_axe_finds_nothing_in_the_list_of_keys(new_context: NewContext) -> None:
    page = axe_context(new_context)
    page.goto("/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert faults(page) == {}


def test_the_navigation_is_never_cut_off(page: Page) -> None:
    page.goto("/")
    for width in (390, 641, 720, 800, 860, 901, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT_OFF) == [], width


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("overview", PORTRAIT),
        ("overview of all time by model", PORTRAIT),
        ("people", LANDSCAPE),
        ("pivot", LANDSCAPE),
        ("pivot of one dimension", LANDSCAPE),
    ],
)
def test_a_print_is_light_and_fits_its_paper(name: str, width: int, page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address(page.request, name))
    assert page.evaluate(TOO_WIDE) + page.evaluate(OVER_EDGE) == []
    assert page.locator(".panel, .scroll").evaluate_all(OVERFLOWING) == []
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    # A sum that sticks to the window would lie across the rows of the first page.
    assert set(page.locator("main tfoot :is(th, td)").evaluate_all(POSITIONS)) <= {"static"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_and_shades_stay_in_forced_colours(theme: str, new_context: NewContext) -> None:
    page = new_context(forced_colors="active", color_scheme=theme).new_page()
    page.goto("/?by=model")
    fills = page.locator("#daily .legend rect").evaluate_all(FILLS)
    assert len(set(fills)) == len(fills) > 2
    page.goto(PAGES["pivot"])
    shades = page.locator("#scale [class]").evaluate_all(BACKGROUNDS)
    assert len(set(shades)) == len(shades) == 5


@pytest.mark.parametrize("path", ["/", "/users", "/users?rows=model&by=month"])
def test_an_empty_product_leads_on(
    path: str, served_empty: str, new_context: NewContext, watch: Watch
) -> None:
    watch.base_url = served_empty
    page = axe_context(new_context, base_url=served_empty)
    page.goto(path)
    expect(page.locator("#empty")).to_be_visible()
    assert juts_out(page) == {}
    assert faults_at_any_width(page) == {}


def test_every_kind_of_link_leads_somewhere(page: Page) -> None:
    kinds: dict[str, str] = {}
    for name in PAGES.keys() - MISSING:
        for link in links_of(page.request, address(page.request, name)):
            path, _, query = link.partition("?")
            parameters = sorted(part.split("=")[0] for part in query.split("&"))
            # Whoever it is about, it is the same kind.
            kinds["/".join((SOMEBODY.sub("@", path), *parameters))] = link
    assert len(kinds) > 50
    answers = {link: page.request.get(link).status for link in kinds.values()}
    assert {link: status for link, status in answers.items() if status != 200} == {}


def links_of(request: APIRequestContext, path: str) -> Iterator[str]:
    """Where the links of a page lead."""
    answer = request.get(path)
    return (urljoin(answer.url, unescape(link)) for link in LINK.findall(answer.text()))
