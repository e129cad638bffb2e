"""A look at one person beside the list, walked through by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.pages import emails
from tests.browser.watch import Watch

ANY_PERSON = re.compile("@")


def test_a_person_is_looked_at_beside_the_list(page: Page, watch: Watch) -> None:
    page.goto("/users")
    people = emails(page)
    page.locator("#table tbody a.look").nth(1).click()
    expect(page.locator("#peek h2")).to_have_text(people[1])
    expect(page.locator("#table tbody tr[aria-current]")).to_contain_text(people[1])
    page.keyboard.press("j")
    expect(page.locator("#peek h2")).to_have_text(people[2])
    expect(page.locator("#table tbody tr[aria-current] a.look")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#peek h2")).to_have_text(people[1])
    page.keyboard.press("K")
    expect(page.locator("#peek h2")).to_have_text(people[0])
    page.go_back()
    expect(page.locator("#peek h2")).to_have_text(people[1])
    page.keyboard.press("Escape")
    expect(page.locator("#peek")).to_have_count(0)
    expect(page).to_have_url(f"{watch.base_url}/users")
    assert emails(page) == people


def test_j_begins_with_the_first_person(page: Page) -> None:
    page.goto("/users")
    first = emails(page)[0]
    page.keyboard.press("j")
    expect(page.locator("#peek h2")).to_have_text(first)


def test_the_peek_leads_to_the_persons_own_page(page: Page, watch: Watch) -> None:
    page.goto("/users?days=90&tool=cursor")
    page.keyboard.press("j")
    heading = page.locator("#peek h2 a")
    expect(heading).to_have_text(ANY_PERSON)
    email = heading.inner_text()
    heading.click()
    expect(page).to_have_url(f"{watch.base_url}/users/{email}?days=90&tool=cursor")
    page.go_back()
    expect(page.locator("#peek h2")).to_have_text(email)
    expect(page.locator("header.top")).to_be_visible()
