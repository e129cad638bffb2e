"""The overview in a browser: range, filters, the chart, its weight, and the theme."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import NewContext
from tests.browser.watch import Watch

MOST_BYTES, MOST_REQUESTS = 60_000, 9
BACKGROUND = "() => getComputedStyle(document.documentElement).backgroundColor"

PLACES = "(all) => all.map((one) => one.getBoundingClientRect().y)"


def test_a_tool_filter_swaps_the_page_and_pushes_its_url(page: Page, watch: Watch) -> None:
    page.goto("/")
    page.locator("#tool-cursor").click()
    expect(page).to_have_url(f"{watch.base_url}/?tool=cursor")
    expect(page.locator("#filters .tools [aria-current]")).to_have_text("Cursor")
    assert [one.resource_type for one in watch.requests].count("document") == 1


def test_the_default_range_leaves_no_parameter(page: Page, watch: Watch) -> None:
    page.goto("/?days=90&tool=cursor")
    page.locator("#days-30").click()
    expect(page).to_have_url(f"{watch.base_url}/?tool=cursor")


def test_a_range_of_ones_own_keeps_the_filters(page: Page, watch: Watch) -> None:
    page.goto("/?tool=cursor&days=7")
    page.locator("#range-summary").click()
    page.locator("#range-start").fill("2026-10-05")
    page.locator("#range-end").fill("2026-10-11")
    page.locator("#range-form").get_by_role("button", name="Show").click()
    expect(page).to_have_url(f"{watch.base_url}/?start=2026-10-05&end=2026-10-11&tool=cursor")
    expect(page.locator("#range-menu")).not_to_have_attribute("open", "")
    expect(page.locator("h1")).to_contain_text("Oct")
    page.locator("#days-7").click()
    expect(page).to_have_url(f"{watch.base_url}/?days=7&tool=cursor")


def test_the_chart_switches_to_cost_by_model_and_back(page: Page, watch: Watch) -> None:
    page.goto("/")
    page.locator("#measure-cost").click()
    expect(page.locator("#daily-heading")).to_contain_text("cost")
    page.locator("#by-model").click()
    expect(page.locator("#by-model")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("by=model"))
    page.go_back()
    expect(page.locator("#by-tool")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#daily-heading")).to_contain_text("tokens")
    assert page.url == f"{watch.base_url}/"


def test_a_bar_says_beside_it_what_it_consists_of(page: Page) -> None:
    page.goto("/?by=model")
    bars, answers = page.locator("#daily-chart .answers > a"), page.locator("#daily-chart .tip")
    expect(answers.filter(visible=True)).to_have_count(0)
    for place in (1, bars.count() - 3):
        bars.nth(place).hover()
        expect(answers.filter(visible=True)).to_have_count(1)
        words = answers.nth(place).locator("use").get_attribute("href")
        labels = page.locator(f"{words} text").all_text_contents()
        amounts = answers.nth(place).locator("text").all_text_contents()[1:]
        whole, *parts = (int(amount.replace(",", "")) for amount in amounts)
        assert len(parts) > 2
        lines = zip(labels, parts, strict=True)
        assert whole == sum(amount for label, amount in lines if label != "Before")
        beside, bar = (
            answers.nth(place).bounding_box(),
            bars.nth(place).locator("> use").bounding_box(),
        )
        assert beside
        assert bar
        assert beside["x"] >= bar["x"] + bar["width"] or beside["x"] + beside["width"] <= bar["x"]


def test_a_model_leads_to_its_own_view_and_back_out(page: Page, watch: Watch) -> None:
    page.goto("/")
    link = page.locator("#models tbody a").first
    name = link.inner_text()
    link.click()
    expect(page.locator("#model-summary")).to_contain_text(name)
    page.keyboard.press("Escape")
    expect(page.locator("#model-summary")).to_have_text("All models")
    expect(page).to_have_url(f"{watch.base_url}/")


def test_a_person_leads_to_their_page_with_the_range(page: Page, watch: Watch) -> None:
    page.goto("/?days=90")
    link = page.locator("#people tbody a").first
    email = link.inner_text()
    link.click()
    expect(page).to_have_url(f"{watch.base_url}/users/{email}?days=90")
    expect(page.locator("h1")).to_contain_text(email)


def test_a_cold_start_is_light(page: Page) -> None:
    """Bodies as sent if the server compresses them, else as `gzip -6` would make them."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/", wait_until="networkidle")
    weights = {answer.url: weight(answer) for answer in answers}
    icon = page.locator("link[rel=icon]").evaluate("(link) => link.href")
    weights.setdefault(icon, len(gzip.compress(page.request.get(icon).body(), 6)))
    assert sum(weights.values()) < MOST_BYTES, weights
    assert len(weights) <= MOST_REQUESTS, weights


def weight(answer: Response) -> int:
    if "content-encoding" in answer.headers:
        return answer.request.sizes()["responseBodySize"]
    return len(gzip.compress(answer.body(), 6))


def test_a_second_page_asks_for_nothing_twice(page: Page, watch: Watch) -> None:
    page.goto("/", wait_until="networkidle")
    watch.requests.clear()
    page.locator("#days-7").click()
    expect(page).to_have_url(f"{watch.base_url}/?days=7")
    page.wait_for_load_state("networkidle")
    # Chromium asks for the icon when it has nothing better to do.
    asked = [one.url for one in watch.requests if "favicon" not in one.url]
    assert asked == [f"{watch.base_url}/?days=7"]


@pytest.mark.parametrize("path", ["/", "/users"])
def test_a_theme_stays_and_never_flashes(path: str, page: Page, watch: Watch) -> None:
    page.goto(path)
    light = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(BACKGROUND) != light
    expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", "true")
    assert len(watch.asked()) == 1
    answer = page.reload(wait_until="commit")
    assert answer
    # The first bytes of the page know the theme, so no other colour is ever painted.
    assert '<html lang="en" data-theme="dark">' in answer.text()
    assert page.evaluate(BACKGROUND) != light
    page.get_by_role("button", name="Light theme").click()
    page.reload()
    assert page.evaluate(BACKGROUND) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(BACKGROUND) == light
    page.get_by_role("button", name="System theme").click()
    assert page.evaluate(BACKGROUND) != light


def test_a_theme_survives_a_swap(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Dark theme").click()
    page.locator("#tool-cursor").click()
    expect(page.locator("#tool-cursor")).to_have_attribute("aria-current", "true")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.go_back()
    expect(page.locator("#tool-all")).to_have_attribute("aria-current", "true")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_heading_stays_where_it_is_when_filters_come(width: int, page: Page) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    places = []
    for path in ("/", "/?tool=cursor&model=auto", "/?model=auto&model=composer-1"):
        page.goto(path)
        places.append(page.locator("h1, #freshness").evaluate_all(PLACES))
    assert places == [places[0]] * 3


def test_less_motion_is_respected(new_context: NewContext) -> None:
    page = new_context(reduced_motion="reduce").new_page()
    page.goto("/")
    moving = page.evaluate("() => document.getAnimations().length")
    assert moving == 0
