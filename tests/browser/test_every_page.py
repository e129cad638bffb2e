"""What holds on every page, in both themes: access, width, height of rows, print, titles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.looks import OVER_EDGE, RUN_AXE, TALL_ROWS, THEMES, TOO_WIDE, WIDTHS, axe_context
from tests.browser.pages import MISSING, PAGES, address, every_page
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
HREFS = '(all) => all.map((one) => new URL(one.getAttribute("href"), location.href).href)'
PORTRAIT, LANDSCAPE = 703, 1031
"""What A4 has between margins of 12 mm, in CSS pixels."""
BACKGROUND = "() => getComputedStyle(document.documentElement).backgroundColor"
BACKGROUNDS = "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
FILLS = "(all) => all.map((one) => getComputedStyle(one).fill)"
POSITIONS = "(all) => all.map((one) => getComputedStyle(one).position)"


def faults_by_page(page: Page, watch: Watch, look: Callable[[], Any]) -> dict[str, Any]:
    """What `look` finds on each page, without the pages where it finds nothing."""
    return {name: found for name in every_page(page, watch) if (found := look())}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(theme: str, new_context: NewContext, watch: Watch) -> None:
    page = axe_context(new_context, theme)

    def look() -> Any:
        closed = page.evaluate(RUN_AXE, "html")
        return closed or (page.evaluate(OPEN, "details") and page.evaluate(RUN_AXE, "details"))

    assert faults_by_page(page, watch, look) == {}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_list_of_keys(theme: str, new_context: NewContext) -> None:
    page = axe_context(new_context, theme)
    page.goto("/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert page.evaluate(RUN_AXE, "html") == []


def test_nothing_is_wider_than_the_window(page: Page, watch: Watch) -> None:
    def look() -> dict[int, Any]:
        found = {}
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found[width] = page.evaluate(TOO_WIDE) + page.evaluate(OVER_EDGE)
        return {width: out for width, out in found.items() if out}

    assert faults_by_page(page, watch, look) == {}


@pytest.mark.parametrize("width", [390, 641, 720, 800, 860, 901, 1024])
def test_the_navigation_is_never_cut_off(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/")
    assert page.evaluate(CUT_OFF) == []


def test_nothing_moves_by_itself(page: Page, watch: Watch) -> None:
    """What may fade at any time also fades in while a page loads: a flash of other colours."""
    found = faults_by_page(page, watch, lambda: page.evaluate(MOVING))
    assert found == {}
    page.locator(".theme button").first.hover()
    assert page.evaluate(MOVING) == ["BUTTON system"]


def test_an_open_menu_fits_on_a_phone(new_context: NewContext, watch: Watch) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    found = faults_by_page(
        page, watch, lambda: page.evaluate(OPEN, "details.menu") and page.evaluate(TOO_WIDE)
    )
    assert found == {}


def test_no_row_is_higher_than_32_pixels(page: Page, watch: Watch) -> None:
    def look() -> Any:
        page.evaluate(OPEN, "details.behind")
        return page.evaluate(TALL_ROWS)

    assert faults_by_page(page, watch, look) == {}


def test_a_page_prints_figures_without_controls(page: Page, watch: Watch) -> None:
    page.emulate_media(media="print")
    found = faults_by_page(page, watch, lambda: page.evaluate(STILL_PRINTED, CONTROLS))
    assert found == {}
    expect(page.locator("main h1")).to_be_visible()


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
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    # A sum that sticks to the window would lie across the rows of the first page.
    assert set(page.locator("main tfoot :is(th, td)").evaluate_all(POSITIONS)) <= {"static"}


@pytest.mark.parametrize("theme", THEMES)
def test_marks_and_shades_stay_in_forced_colours(theme: str, new_context: NewContext) -> None:
    page = new_context(forced_colors="active", color_scheme=theme).new_page()
    page.goto("/?by=model")
    fills = page.locator("#daily .legend rect").evaluate_all(FILLS)
    assert len(set(fills)) == len(fills) > 2
    page.goto(PAGES["pivot"])
    shades = page.locator("#scale [class]").evaluate_all(BACKGROUNDS)
    assert len(set(shades)) == len(shades) == 5


def test_every_page_has_a_title_one_heading_and_no_id_twice(page: Page, watch: Watch) -> None:
    titles = {}
    for name in every_page(page, watch):
        expect(page.locator("h1")).to_have_count(1)
        titles[name] = page.title()
        ids = page.locator("[id]").evaluate_all("(all) => all.map((one) => one.id)")
        assert sorted({one for one in ids if ids.count(one) > 1}) == [], name
    assert {
        title for title in titles.values() if not title.endswith(" · AI Usage Tracker")
    } == set()
    assert len({titles[name] for name in ("overview", "people", "pivot", "person", "no page")}) == 5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [390, 1440])
def test_an_empty_product_leads_on(
    width: int, theme: str, served_empty: str, new_context: NewContext, watch: Watch
) -> None:
    watch.base_url = served_empty
    viewport = {"width": width, "height": 900}
    page = axe_context(new_context, theme, base_url=served_empty, viewport=viewport)
    for path in ("/", "/users", "/users?rows=model&by=month"):
        page.goto(path)
        expect(page.locator("#empty")).to_be_visible()
        assert page.evaluate(RUN_AXE, "html") == []
        assert page.evaluate(TOO_WIDE) == []


def test_every_kind_of_link_leads_somewhere(page: Page) -> None:
    kinds: dict[str, str] = {}
    for name in PAGES.keys() - MISSING:
        page.goto(address(page.request, name))
        for link in page.locator("a[href]").evaluate_all(HREFS):
            path, _, query = link.partition("?")
            parameters = sorted(part.split("=")[0] for part in query.split("&"))
            kinds["/".join((path.split("@")[0], *parameters))] = link
    assert len(kinds) > 50
    answers = {link: page.request.get(link).status for link in kinds.values()}
    assert {link: status for link, status in answers.items() if status != 200} == {}
