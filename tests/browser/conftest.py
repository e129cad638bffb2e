"""Fixtures: a served demo company, one Chromium for all tests, a fresh watched context for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.served import installed_browser, serving, write_demo
from tests.browser.watch import Watch

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Else every context has a second process, which waits for a tab that no test opens.
    "--renderer-process-limit=1",
]
MISSING = (
    "No Chromium to test with: install it (Debian: apt-get install chromium-headless-shell). "
    "Until then nothing is known about the pages in a browser."
)
PATIENCE_MS = 120_000
DESKTOP = {"width": 1440, "height": 900}

expect.set_options(timeout=PATIENCE_MS)

NewContext = Callable[..., BrowserContext]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this package."""
    package = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(package):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The installed Chromium; skips without one, fails when CI=true."""
    program = installed_browser()
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def served(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the product with the demo company. Read only."""
    folder = tmp_path_factory.mktemp("served")
    settings = {"SQLITE_PATH": str(folder / "demo.db"), "SCHEDULER": "off"}
    write_demo(run_folder, folder / "demo.db")
    with serving(settings, folder / "server.log") as url:
        yield url


@pytest.fixture(scope="package")
def served_empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the product without any usage."""
    folder = tmp_path_factory.mktemp("served_empty")
    settings = {"SQLITE_PATH": str(folder / "empty.db"), "SCHEDULER": "off"}
    with serving(settings, folder / "server.log") as url:
        yield url


@pytest.fixture
def watch(served: str) -> Iterator[Watch]:
    """Fails a test whose pages complained about anything."""
    watching = Watch(served)
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def new_context(chromium: Browser, served: str, watch: Watch) -> Iterator[NewContext]:
    """Makes browser contexts (nothing kept, nothing cached) on the demo company."""
    with ExitStack() as contexts:

        def make(**options: Any) -> BrowserContext:
            chosen = {"base_url": served, "viewport": DESKTOP, "color_scheme": "light"} | options
            context = contexts.enter_context(chromium.new_context(**chosen))
            context.set_default_timeout(PATIENCE_MS)
            watch.follow(context)
            return context

        yield make


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """A desktop browser with JavaScript and light colours."""
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab of `context`."""
    return context.new_page()


@pytest.fixture
def plain_page(new_context: NewContext) -> Page:
    """An empty tab of a browser without JavaScript."""
    return new_context(java_script_enabled=False).new_page()
