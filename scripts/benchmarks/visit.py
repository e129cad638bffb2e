"""A first visit with a browser that holds nothing yet: requests, bytes, and what it paints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.served import serving
from scripts.benchmarks.sizes import Filled
from tests.browser.served import installed_browser

PAINTS = """() => new Promise(tell => {
  const found = {paint: 0, shift: 0};
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) found.paint = one.startTime;
  }).observe({type: "largest-contentful-paint", buffered: true});
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) found.shift += one.value;
  }).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => setTimeout(() => tell(found), 100));
})"""


def measure_visit(data: Filled, folder: Path) -> Iterator[Figure]:
    """The overview and the list of people, each by a new browser; none without Chromium."""
    browser = installed_browser()
    if browser is None:
        print("  no Chromium here: no cold visit")
        return
    with serving(data, folder / "server.log") as server:
        for name, path in (("overview", "/"), ("people", "/users")):
            for row, value in visit(browser, server.url + path).items():
                yield Figure(
                    data.size.name, data.engine, "a cold visit", f"{name}: {row}", "value", value
                )


def visit(browser: str, address: str) -> dict[str, float]:
    """Requests, kilobytes over the wire, largest paint and layout shift of one page."""
    sizes: list[float] = []
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = window.new_page()
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda told: sizes.append(length(told)))
        page.goto(address, wait_until="networkidle")
        painted = page.evaluate(PAINTS)
        window.close()
    return {
        "requests": len(sizes),
        "KB over the wire": sum(sizes) / 1024,
        "largest paint, ms": painted["paint"],
        "layout shift": painted["shift"],
    }


def length(told: dict[str, Any]) -> float:
    """The bytes of an answer as they came, with their headers."""
    return float(told["encodedDataLength"])
