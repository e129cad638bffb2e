"""What is looked for on any page: faults of access, too much width, rows that are too high."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, NewContext

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
THIN = """(most) => {
  const tell = (one) => [one.localName, one.getAttribute("class"), one.getAttributeNames(),
    one.textContent.trim() === ""].join();
  const shape = (cell) => [cell, ...cell.querySelectorAll("*")].map(tell).join(" ");
  const seen = {};
  for (const row of document.querySelectorAll("tbody tr, .column")) {
    const shapes = new Set([tell(row), ...[...row.children].map(shape)]);
    if ([...shapes].every((one) => seen[one] >= most)) row.remove();
    for (const one of shapes) seen[one] = (seen[one] ?? 0) + 1;
  }
}"""
"""Removes a row whose cells all differ in nothing but texts and values from several before."""
ALIKE = 4
RUN_AXE = """async ([part, rules]) => {
  const sizes = { rules: { "target-size": { enabled: part !== "details" } } };
  const only = rules ? { runOnly: rules } : sizes;
  const found = await axe.run({ include: [part] }, { resultTypes: ["violations"], ...only });
  const tell = (node) => `${node.target.join(" ")}: ${node.html.slice(0, 160)}`;
  return found.violations.map(({ id, nodes }) => [id, nodes.length, nodes.slice(0, 3).map(tell)]);
}"""
COVERED = """() => {
  const held = (one) => {
    while (one && getComputedStyle(one).position !== "sticky") one = one.parentElement;
    return one;
  };
  const covers = (one, x, y) => {
    const above = document.elementFromPoint(x, y);
    const apart = above && !above.contains(one) && !one.contains(above);
    return apart && held(above) && held(above) !== held(one);
  };
  const isCovered = (one) => {
    one.focus();
    const { left, top, right, bottom } = one.getBoundingClientRect();
    return [[(left + right) / 2, (top + bottom) / 2], [left + 2, top + 2], [right - 2, bottom - 2]]
      .some(([x, y]) => covers(one, x, y));
  };
  const stops = [...document.querySelectorAll("main :is(a[href], button, input, select)")]
    .filter((one) => one.checkVisibility() && one.tabIndex >= 0);
  return [...stops, ...stops.toReversed()].filter(isCovered)
    .map((one) => `${one.id} ${one.innerText.slice(0, 30)}`);
}"""
"""What takes the focus while something that sticks to an edge lies over it, forth and back."""
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
ABOUT_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a theme can break; the others look at what all themes share."""


def axe_context(new_context: NewContext, **options: Any) -> Page:
    """A page in which axe can run: it makes functions of text, which the policy forbids."""
    context = new_context(bypass_csp=True, **options)
    context.add_init_script(path=AXE)
    return context.new_page()


def faults(page: Page, part: str = "html") -> dict[str, Any]:
    """What axe finds in part of a page, by the theme in which it finds it.

    The page keeps a few cells of each shape: axe takes seconds for a list of fifty rows that are
    made alike. Of all "details", open at once and one over the other, it looks at no sizes.
    """
    page.evaluate(THIN, ALIKE)
    found = {}
    for theme, rules in (("dark", ABOUT_COLOURS), ("light", None)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found[theme] = page.evaluate(RUN_AXE, [part, rules])
    return {theme: told for theme, told in found.items() if told}


def juts_out(page: Page) -> dict[int, Any]:
    """What is wider than the window or its panel, by the width of the window."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(TOO_WIDE) + page.evaluate(OVER_EDGE)
    page.set_viewport_size(DESKTOP)
    return {width: out for width, out in found.items() if out}
