"""What is looked for on any page: faults of access, too much width, rows that are too high."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import NewContext

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RUN_AXE = """async (part) => {
  const found = await axe.run({ include: [part] }, { resultTypes: ["violations"] });
  const tell = (node) => `${node.target.join(" ")}: ${node.html.slice(0, 160)}`;
  return found.violations.map(({ id, nodes }) => [id, nodes.length, nodes.slice(0, 3).map(tell)]);
}"""
TALL_ROWS = """() => [...document.querySelectorAll("table tr")]
  .map((row) => [row.getBoundingClientRect().height, row.innerText.slice(0, 60)])
  .filter(([height]) => height > 32)"""
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const isOut = (one) => one.getBoundingClientRect().right > width + 0.5;
  const tell = (one) => `${one.tagName} ${one.id} ${one.getAttribute("class") ?? ""}`;
  return [...document.querySelectorAll("body *")].filter(isOut).slice(0, 4).map(tell);
}"""
OVER_EDGE = """() => {
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const held = (table) => [...document.querySelectorAll(".fit, .table, .scroll")]
    .some((one) => one.contains(table) && scrolls(one));
  const right = (one) => one.getBoundingClientRect().right;
  return [...document.querySelectorAll(".panel table")]
    .filter((one) => !held(one) && right(one) > right(one.closest(".panel")) + 0.5)
    .map((one) => `${one.closest(".panel").id}: ${one.innerText.slice(0, 60)}`);
}"""
WIDTHS = (390, 768, 1440, 2560)
THEMES = ["light", "dark"]


def axe_context(new_context: NewContext, theme: str, **options: Any) -> Page:
    """A page in which axe can run: it makes functions of text, which the policy forbids."""
    context = new_context(bypass_csp=True, color_scheme=theme, **options)
    context.add_init_script(path=AXE)
    return context.new_page()
