"""What is looked for on any page: faults of access, too much width, rows that are too high."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, NewContext

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
THIN = """(most) => {
  const seen = {};
  const tell = (one) => [one.localName, one.getAttribute("class"), one.getAttributeNames(),
    one.dataset.state, one.textContent.trim() === "", one.nextElementSibling?.localName].join();
  const kinds = (one, above) => {
    const own = `${above} ${tell(one)}`;
    return [own, ...[...one.children].flatMap((child) => kinds(child, own))];
  };
  for (const row of document.querySelectorAll("tbody tr, .answers > :is(a, g), li")) {
    const held = new Set(kinds(row, row.parentElement.closest("[id]")?.id));
    if ([...held].every((one) => seen[one] >= most)) row.remove();
    else for (const one of held) seen[one] = (seen[one] ?? 0) + 1;
  }
}"""
"""Removes a row in which everything differs in nothing but texts and values from some before."""
ALIKE = 2
"""Of each kind; styles tell no more apart than the odd and the even."""
ABOUT_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a theme can break; the others look at what all themes share."""
TELL = """const tell = (found) => found.violations.map(({ id, nodes }) => [id, nodes.length,
  nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.html.slice(0, 160)}`)]);
"""
RUN_AXE = f"""async ([part, options]) => {{ {TELL}
  return tell(await axe.run({{ include: [part] }}, {{ resultTypes: ["violations"], ...options }}));
}}"""
RUN_AXE_ON_COLOURS = f"""async ([part, theme, most, rules]) => {{ {TELL}
  const grounds = new Map([[null, ""]]);
  const ground = (one) => {{
    if (grounds.has(one)) return grounds.get(one);
    const {{ backgroundColor, backgroundImage, opacity }} = getComputedStyle(one);
    const own = `${{backgroundColor}} ${{backgroundImage}} ${{opacity}} `;
    const seen = own === "rgba(0, 0, 0, 0) none 1 " ? "" : own;
    grounds.set(one, ground(one.parentElement) + seen);
    return grounds.get(one);
  }};
  const look = (one) => {{
    const {{ color, fontSize, fontWeight, textDecorationLine, textShadow }} = getComputedStyle(one);
    return [ground(one), color, fontSize, fontWeight, textDecorationLine, textShadow,
      one.localName === "a" && getComputedStyle(one.parentElement).color].join();
  }};
  const speaks = (one) => one.matches("a, input, select, textarea")
    || [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const seen = (window.looks ??= {{}})[theme] ??= {{}};
  const isNew = (one) => (seen[look(one)] = (seen[look(one)] ?? 0) + 1) <= most;
  const include = [...document.querySelectorAll(`${{part}} *`)]
    .filter((one) => speaks(one) && one.checkVisibility({{ visibilityProperty: true }}))
    .filter(isNew);
  if (!include.length) return [];
  const exclude = include.flatMap((one) => [...one.children]);
  const options = {{ resultTypes: ["violations"], runOnly: rules }};
  return tell(await axe.run({{ include, exclude }}, options));
}}"""
"""Looks at two texts of each colour, size and weight on each ground: others are read as well."""
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
"""What takes the focus while something that sticks to an edge lies over it, forth and back.

Every row counts: what is far away is brought to the middle, and only a neighbour to the edge.
"""
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
NARROWEST = 320
AT_MORE_WIDTHS = ["target-size", "scrollable-region-focusable"]
"""The rules that a width can break though nothing is shown in it that others hide."""


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
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        found[theme] = page.evaluate(RUN_AXE_ON_COLOURS, [part, theme, ALIKE, ABOUT_COLOURS])
    others = (*ABOUT_COLOURS, "target-size") if part == "details" else ABOUT_COLOURS
    rules = {rule: {"enabled": False} for rule in others}
    found["any theme"] = page.evaluate(RUN_AXE, [part, {"rules": rules}])
    return {theme: told for theme, told in found.items() if told}


def faults_at_any_width(page: Page, between: Iterable[int] = (390,)) -> dict[int, Any]:
    """What axe finds in a page, by the width of its window.

    What styles show to some windows alone they show to the narrowest or to a desktop: in others
    axe looks for what is too close together, and for what scrolls and cannot be reached.
    """
    found: dict[int, Any] = {}
    for width in (NARROWEST, *between, DESKTOP["width"]):
        page.set_viewport_size({"width": width, "height": 900})
        whole = width not in between
        few = {"runOnly": AT_MORE_WIDTHS}
        found[width] = faults(page) if whole else page.evaluate(RUN_AXE, ["html", few])
    return {width: told for width, told in found.items() if told}


def juts_out(page: Page) -> dict[int, Any]:
    """What is wider than the window or its panel, by the width of the window."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(TOO_WIDE) + page.evaluate(OVER_EDGE)
    page.set_viewport_size(DESKTOP)
    return {width: out for width, out in found.items() if out}
