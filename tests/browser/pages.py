"""The pages of the product, in the states that look different."""

from __future__ import annotations

from playwright.sync_api import APIRequestContext, Page, expect

from app.web.people.columns import EVERY
from tests.browser.watch import Watch

EVERY_COLUMN = "".join(f"&cols={name}" for name in EVERY)
PAGES = {
    "overview": "/",
    "overview of a week": "/?days=7",
    "overview of all time by model": "/?days=all&measure=cost&by=model&table=1",
    "overview of one tool": "/?tool=cursor",
    "overview without matches": "/?model=nothing-like-it",
    "overview before all data": "/?start=2001-01-01&end=2001-01-31",
    "people": "/users",
    "people with every column": f"/users?days=all{EVERY_COLUMN}",
    "people without matches": "/users?q=nobody-like-it",
    "people with a look at one": "/users?peek={email}",
    "pivot": "/users?rows=model&by=month&measure=cost&heat=1",
    "pivot of people": "/users?rows=person&by=model&heat=1&days=all",
    "pivot of one dimension": "/users?rows=week&measure=people&days=all",
    "pivot without matches": "/users?rows=model&by=tool&q=nothing-like-it",
    "person": "/users/{email}",
    "person over all time": "/users/{email}?days=all&table=1",
    "person without usage": "/users/{email}?start=2001-01-01&end=2001-01-31",
    "records": "/records",
    "records without an owner": "/records?owner=none&days=90",
    "records without matches": "/records?person=nobody@nowhere.example",
    "status": "/status",
    "import": "/import",
    "unmapped keys": "/settings",
    "people in settings": "/settings/people",
    "connections": "/settings/connections",
    "prices": "/settings/prices",
    "tokens": "/settings/tokens",
    "nobody known": "/users/nobody@nowhere.example",
    "no page": "/nothing/here",
}
EMAILS = "#table tbody th[scope=row] bdi"
"""The people in the list, top to bottom."""
ASK_AND_DRAW = """async () => {
  await (await fetch("/healthz")).text();
  await new Promise(requestAnimationFrame);
}"""
MISSING = {"nobody known", "no page"}
"""Pages that answer 404, which Chromium tells its console too."""


def address(request: APIRequestContext, name: str) -> str:
    """The path of a page; `{email}` is the person with most tokens."""
    path = PAGES[name]
    return path.replace("{email}", top_person(request)) if "{email}" in path else path


def top_person(request: APIRequestContext) -> str:
    """The e-mail address of the person with most tokens of the last 30 days."""
    return request.get("/api/users/pivot?days=30&limit=1").json()["users"][0]["email"]


def open_page(page: Page, name: str, watch: Watch) -> Page:
    """Open one page of the list; it answers as it should."""
    watch.expect("404")
    answer = page.goto(address(page.request, name))
    assert answer
    assert answer.status == (404 if name in MISSING else 200), name
    return page


def settle(page: Page) -> None:
    """Return when whatever has begun in the page has had its turn, and no swap is under way.

    A question asked now and answered, and a frame after it, come later than all before them.
    """
    page.evaluate(ASK_AND_DRAW)
    expect(page.locator("#main")).not_to_have_attribute("aria-busy", "true")


def emails(page: Page) -> list[str]:
    """The e-mail addresses in the list, top to bottom."""
    return page.locator(EMAILS).all_inner_texts()
