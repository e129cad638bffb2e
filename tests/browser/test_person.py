"""One person's page in a browser: filters, records, and the search for an unknown one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import top_person
from tests.browser.watch import Watch


@pytest.fixture
def email(page: Page) -> str:
    return top_person(page.request)


def test_the_page_is_of_this_person_in_this_range(page: Page, email: str, watch: Watch) -> None:
    page.goto(f"/users/{email}?days=90")
    expect(page.locator("h1")).to_contain_text(email)
    page.locator("#tool-cursor").click()
    expect(page).to_have_url(f"{watch.base_url}/users/{email}?days=90&tool=cursor")
    expect(page.locator("#tool-cursor")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#tool-all")).to_have_attribute("aria-current", "true")
    expect(page.locator("header.top")).to_be_visible()


def test_the_newest_records_lead_to_pages_of_all(page: Page, email: str, watch: Watch) -> None:
    page.goto(f"/users/{email}?days=all")
    page.locator("#all-records").click()
    here = f"{watch.base_url}/records?days=all&person={email.replace('@', '%40')}"
    expect(page).to_have_url(here)
    first = page.locator("#records tbody tr").first.inner_text()
    page.locator("#records-older").click()
    expect(page).to_have_url(f"{here}&page=2")
    expect(page.locator("#records tbody tr").first).not_to_have_text(first)
    expect(page.locator("#records tbody tr").first).to_be_in_viewport()
    page.locator("#records-newer").click()
    expect(page).to_have_url(here)


def test_a_record_tells_where_it_came_from(page: Page, email: str) -> None:
    page.goto(f"/users/{email}")
    fold = page.locator("#records tbody details").first
    fold.locator("summary").click()
    expect(fold).to_have_attribute("open", "")
    expect(fold).to_contain_text(re.compile("read", re.IGNORECASE))


def test_a_folded_record_closes_when_the_records_change(page: Page, email: str) -> None:
    page.goto(f"/records?days=all&person={email}")
    page.locator("#records tbody details summary").first.click()
    page.locator("#records-older").click()
    expect(page).to_have_url(re.compile("page=2"))
    expect(page.locator("#records tbody details[open]")).to_have_count(0)


def test_an_unknown_person_leads_to_a_search(page: Page, email: str, watch: Watch) -> None:
    watch.expect("404")
    answer = page.goto("/users/anna.nobody@acme.example")
    assert answer
    assert answer.status == 404
    search = page.locator("main").get_by_role("searchbox")
    search.fill(email.split("@")[0])
    search.press("Enter")
    expect(page).to_have_url(f"{watch.base_url}/users?q={email.split('@')[0]}")
    expect(page.locator("#table tbody")).to_contain_text(email)
