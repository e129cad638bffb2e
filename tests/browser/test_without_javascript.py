"""Everything that reads works without JavaScript: links, forms, and nothing else."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.pages import EMAILS, MISSING, PAGES, address, emails, top_person
from tests.browser.watch import Watch


def test_the_overview_filters_and_steps(plain_page: Page, watch: Watch) -> None:
    plain_page.goto("/")
    plain_page.locator("#tool-cursor").click()
    plain_page.locator("#days-7").click()
    expect(plain_page).to_have_url(f"{watch.base_url}/?days=7&tool=cursor")
    plain_page.locator("#earlier").click()
    expect(plain_page).to_have_url(re.compile(r"start=.*&end=.*&tool=cursor"))
    plain_page.locator("#model-summary").click()
    plain_page.locator("#model-menu input[name=model]").first.check()
    plain_page.locator("#model-menu").get_by_role("button", name="Apply").click()
    expect(plain_page).to_have_url(re.compile("model="))
    plain_page.go_back()
    expect(plain_page.locator("#model-summary")).to_have_text("All models")


def test_the_list_sorts_searches_and_turns_its_pages(plain_page: Page, watch: Watch) -> None:
    plain_page.goto("/users")
    plain_page.locator("#sort-totalCost").click()
    heading = plain_page.locator("#table th:has(#sort-totalCost)")
    expect(heading).to_have_attribute("aria-sort", "descending")
    plain_page.locator("#page-after").click()
    expect(plain_page).to_have_url(f"{watch.base_url}/users?sort=totalCost&page=2")
    plain_page.locator("#q").fill("ann")
    plain_page.locator("#search").get_by_role("button").click()
    expect(plain_page.locator("#q")).to_have_value("ann")
    expect(heading).to_have_attribute("aria-sort", "descending")
    found = emails(plain_page)
    assert found
    assert all("ann" in email for email in found)


def test_the_list_chooses_its_columns(plain_page: Page) -> None:
    plain_page.goto("/users")
    plain_page.locator("#columns summary").click()
    plain_page.locator("#columns").get_by_label("Output").check()
    plain_page.locator("#columns").get_by_role("button", name="Show").click()
    expect(plain_page.locator("#sort-outputTokens")).to_be_visible()


def test_a_person_is_looked_at_and_opened(plain_page: Page) -> None:
    plain_page.goto("/users")
    email = plain_page.locator(EMAILS).first.inner_text()
    plain_page.locator("#table tbody a.look").first.click()
    expect(plain_page.locator("#peek h2")).to_have_text(email)
    plain_page.locator("#peek h2 a").click()
    expect(plain_page.locator("h1")).to_contain_text(email)
    assert email == top_person(plain_page.request)


def test_a_pivot_is_made_by_its_form(plain_page: Page, watch: Watch) -> None:
    plain_page.goto("/users")
    plain_page.locator("#shape-rows").select_option("model")
    plain_page.locator("#shape-by").select_option("month")
    plain_page.locator("#shape").get_by_role("button", name="Show").click()
    expect(plain_page.locator("#grid")).to_be_visible()
    expect(plain_page.locator("#shape-rows")).to_have_value("model")
    expect(plain_page.locator("#shape-by")).to_have_value("month")


def test_a_theme_is_chosen_by_its_form(plain_page: Page, watch: Watch) -> None:
    plain_page.goto("/users?days=7")
    plain_page.get_by_role("button", name="Dark theme").click()
    expect(plain_page).to_have_url(f"{watch.base_url}/users?days=7")
    expect(plain_page.locator("html")).to_have_attribute("data-theme", "dark")


def test_every_page_shows_its_heading(plain_page: Page, watch: Watch) -> None:
    watch.expect("404")
    for name in PAGES:
        answer = plain_page.goto(address(plain_page.request, name))
        assert answer
        assert (answer.status == 404) == (name in MISSING)
        expect(plain_page.locator("h1")).to_be_visible()
