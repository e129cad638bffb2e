""" "Sync now" in a browser: it shows itself, survives a reload, is cancelled, needs no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.dates import utc_today
from tests import commands
from tests.browser.conftest import DESKTOP, PATIENCE_MS
from tests.browser.looks import AXE, faults
from tests.browser.served import serving
from tests.browser.watch import Watch
from tests.held import Held
from tests.upstream import Company, Upstream

PART = "/status/sync"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    company = Company(heavy=60)
    for back in range(8):
        company.clear(utc_today() - timedelta(back), tool="cursor")
    with Upstream(company) as server:
        yield server


@pytest.fixture
def held(upstream: Upstream) -> Iterator[Held]:
    """Lets the first request for usage wait."""
    fault = Held()
    upstream.fault("anthropic", "usage_report", 1, fault)
    yield fault
    fault.release()


@pytest.fixture
def live(upstream: Upstream, tmp_path: Path) -> Iterator[str]:
    """The URL of the product without usage, with a provider, and without a clock."""
    settings = {"SQLITE_PATH": str(tmp_path / "live.db"), "SCHEDULER": "off"}
    with serving(settings | commands.providers(upstream, "anthropic"), tmp_path / "log") as url:
        yield url


@pytest.fixture
def watch(live: str) -> Iterator[Watch]:
    watching = Watch(live)
    yield watching
    assert watching.unexpected() == []


def new_page(chromium: Browser, live: str, watch: Watch, **options: object) -> BrowserContext:
    context = chromium.new_context(base_url=live, viewport=DESKTOP, **options)
    context.set_default_timeout(PATIENCE_MS)
    watch.follow(context)
    return context


@pytest.fixture
def page(chromium: Browser, live: str, watch: Watch) -> Iterator[Page]:
    with new_page(chromium, live, watch) as context:
        yield context.new_page()


@pytest.fixture
def plain(chromium: Browser, live: str, watch: Watch) -> Iterator[Page]:
    """A browser without JavaScript."""
    with new_page(chromium, live, watch, java_script_enabled=False) as context:
        yield context.new_page()


def test_it_shows_how_far_it_is_and_how_it_ended(page: Page, held: Held) -> None:
    page.goto(PART)
    page.get_by_role("button", name="Sync now").click()
    bar = page.locator("#sync li")
    expect(bar).to_contain_text("Anthropic")
    expect(bar).to_contain_text("0 of 4 days")
    page.reload()
    expect(bar).to_contain_text("running")
    page.evaluate("window.here = true")
    held.release()
    expect(page.locator("#sync header")).to_contain_text("Last: run 1, sync")
    expect(page.locator("#sync header")).to_contain_text("ok")
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()
    assert page.evaluate("window.here"), "the page was not loaded again"
    expect(page).to_have_url(re.compile(f"{PART}$"))


def test_the_page_around_it_tells_the_end_too(page: Page, held: Held, live: str) -> None:
    page.goto("/status")
    page.locator("#start-sync").click()
    held.wait()
    day = utc_today() - timedelta(1)
    page.goto(f"/status?day={day}&provider=anthropic")
    expect(page.locator("#sync li")).to_contain_text("running")
    expect(page.locator("#run-1")).to_contain_text("running")
    page.evaluate("window.here = true")
    held.release()
    expect(page.locator("#sync header")).to_contain_text("ok")
    expect(page.locator("#run-1")).not_to_contain_text("running")
    assert page.evaluate("window.here"), "the page was not loaded again"
    assert f"day={day}" in page.url
    page.go_back()
    expect(page).to_have_url(f"{live}/status")


def test_it_is_cancelled(page: Page, held: Held) -> None:
    page.goto(PART)
    page.locator("#start-sync").click()
    held.wait()
    page.locator("#cancel-sync").click()
    expect(page.locator("#sync header")).to_contain_text("stopped")
    expect(page.locator("#sync .wrong")).to_contain_text("stopped as asked")
    expect(page.locator("#start-sync")).to_be_visible()


def test_a_second_start_is_told_that_one_is_running(page: Page, held: Held, watch: Watch) -> None:
    watch.expect("409")
    page.goto(PART)
    other = page.context.new_page()
    other.goto(PART)
    page.locator("#start-sync").click()
    held.wait()
    other.locator("#start-sync").click()
    expect(other.locator("#flash")).to_contain_text("A sync is already running (run 1")


def test_it_works_without_javascript(plain: Page, held: Held) -> None:
    plain.goto(PART)
    plain.locator("#start-sync").click()
    expect(plain.locator("#sync li")).to_contain_text("running")
    held.release()
    # The page renews itself.
    expect(plain.locator("#sync header")).to_contain_text("ok")


def test_it_is_cancelled_without_javascript(plain: Page, held: Held) -> None:
    plain.goto(PART)
    plain.locator("#start-sync").click()
    held.wait()
    plain.locator("#cancel-sync").click()
    expect(plain.locator("#sync header")).to_contain_text("stopped")


def test_axe_finds_nothing_while_it_runs(
    chromium: Browser, live: str, watch: Watch, held: Held
) -> None:
    with new_page(chromium, live, watch, bypass_csp=True) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.goto(PART)
        page.locator("#start-sync").click()
        expect(page.locator("#sync li")).to_contain_text("running")
        assert faults(page, "main") == {}
