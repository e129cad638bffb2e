"""Signing in and out in a real browser, with and without JavaScript, and when a session ends."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looks import AXE, faults, juts_out
from tests.browser.served import serving, write_demo
from tests.browser.watch import Watch
from tests.modes import ADMIN_PASSWORD, BOTH, VIEWER_PASSWORD

PATIENCE_MS = 120_000
ANSWERS = ("answer 401", "answer 429", "the server responded with a status of")
"""Refusals that these tests provoke, and Chromium's word for them."""


@pytest.fixture(scope="module")
def guarded(
    run_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The URL of a small demo company behind both passwords, and its database file."""
    folder = tmp_path_factory.mktemp("guarded")
    path = folder / "demo.db"
    settings = {"SQLITE_PATH": str(path), "SCHEDULER": "off", **BOTH}
    write_demo(run_folder, path, people=12, days=60)
    with serving(settings, folder / "server.log") as url:
        yield url, path


@pytest.fixture
def looked_at(guarded: tuple[str, Path]) -> Iterator[Watch]:
    """Fails a test whose pages complained about more than refusals."""
    forget(guarded[1], "login_try")
    watching = Watch(guarded[0])
    watching.expect(*ANSWERS)
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def open_browser(
    chromium: Browser, guarded: tuple[str, Path], looked_at: Watch
) -> Iterator[object]:
    """Makes browser contexts on the guarded product."""
    with ExitStack() as contexts:

        def make(**options: object) -> BrowserContext:
            context = contexts.enter_context(
                chromium.new_context(base_url=guarded[0], **options)  # type: ignore[arg-type]
            )
            context.set_default_timeout(PATIENCE_MS)
            looked_at.follow(context)
            return context

        yield make


def forget(path: Path, table: str) -> None:
    """Empty a table behind the product's back."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.close()


def sign_in(page: Page, password: str) -> None:
    """Type the password where the focus is, and press Enter."""
    expect(page.get_by_label("password")).to_be_focused()
    page.keyboard.type(password)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("javascript", [True, False])
def test_signs_in_to_the_page_asked_for_and_out(open_browser, javascript: bool) -> None:
    page = open_browser(java_script_enabled=javascript).new_page()
    page.goto("/users?days=7")
    expect(page).to_have_url(re.compile(r"/login\?next=/users\?days%3D7$"))
    if javascript:
        sign_in(page, VIEWER_PASSWORD)
    else:
        page.get_by_label("password").fill(VIEWER_PASSWORD)
        page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/users\?days=7$"))
    expect(page.locator("#table tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login$"))
    page.goto("/users")
    expect(page).to_have_url(re.compile(r"/login\?next=/users$"))


def test_back_after_signing_out_shows_nothing(open_browser) -> None:
    page = open_browser().new_page()
    page.goto("/users")
    sign_in(page, VIEWER_PASSWORD)
    expect(page.locator("#table tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("password")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("password")).to_be_visible()
    expect(page.locator("#table")).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False])
def test_says_that_the_password_is_wrong_and_when_to_try_again(
    open_browser, javascript: bool
) -> None:
    page = open_browser(java_script_enabled=javascript).new_page()
    page.goto("/login?next=/users")
    for _ in range(5):
        page.get_by_label("password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").get_by_text("That is not the password.")).to_be_visible()
    page.get_by_label("password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#login-error")).to_have_text(re.compile(r"Wait \d+ seconds"))


def test_a_session_that_ends_leads_to_the_login_and_back(
    open_browser, guarded: tuple[str, Path]
) -> None:
    page = open_browser().new_page()
    page.goto("/users?days=7")
    sign_in(page, VIEWER_PASSWORD)
    expect(page.locator("#table tbody tr").first).to_be_visible()
    forget(guarded[1], "login_session")
    page.get_by_role("link", name="Tokens", exact=True).click()
    expect(page).to_have_url(re.compile(r"/login\?next=/users\?days%3D7$"))
    expect(page.locator("main")).to_have_count(1)
    expect(page.locator("#table")).to_have_count(0)
    sign_in(page, VIEWER_PASSWORD)
    expect(page).to_have_url(re.compile(r"/users\?days=7$"))
    expect(page.locator("#table tbody tr").first).to_be_visible()


def test_axe_finds_nothing_at_the_login(open_browser) -> None:
    context = open_browser(bypass_csp=True)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/login?next=/users")
    assert faults(page) == {}
    page.get_by_label("password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#login-error")).to_be_visible()
    assert faults(page) == {}
    page.get_by_label("password").fill(ADMIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for path in ("/users", "/logout"):
        page.goto(path)
        assert faults(page) == {}


def test_fits_every_width(open_browser) -> None:
    page = open_browser().new_page()
    page.goto("/login?next=/users")
    assert juts_out(page) == {}
    sign_in(page, ADMIN_PASSWORD)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert juts_out(page) == {}
