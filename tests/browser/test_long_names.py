"""Names of any length: they give way to figures, and stay in the title."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.looks import OVER_EDGE, TALL_ROWS, TOO_WIDE, WIDTHS
from tests.browser.pages import EVERY_COLUMN
from tests.browser.served import serving, write_demo
from tests.browser.watch import Watch

EMAIL = (
    "maximiliane.konstantinopolsky-vonundzu.hohenstein@research.a-subsidiary-of-ours.example.com"
)
MODELS = ("gpt-5.1-codex-max-xhigh-fast", "a-provider/an-experimental-model-with-a-very-long-name")
ADDRESSES = {"person": "email", "member": "email", "actor": "account"}
PAGES = [
    "/?days=all",
    "/users",
    f"/users?{EVERY_COLUMN}",
    f"/users?peek={EMAIL}",
    "/users?rows=person&by=model",
    f"/users/{EMAIL}",
    "/settings",
    "/settings/people",
    "/settings/mappings?show=automatic",
]
OVERRUN = """() => [...document.querySelectorAll("main table :is(th, td)")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => getComputedStyle(one).overflowX === "visible")
  .map((one) => one.innerText.slice(0, 60))"""


@pytest.fixture(scope="module")
def served_long(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a demo company in which the names of most usage are long."""
    folder = tmp_path_factory.mktemp("served_long")
    settings = {"SQLITE_PATH": str(folder / "demo.db"), "SCHEDULER": "off"}
    write_demo(run_folder, folder / "demo.db", people=30, days=40)
    lengthen(folder / "demo.db")
    with serving(settings, folder / "server.log") as url:
        yield url


def lengthen(path: Path) -> None:
    """Give the most used models and the person with most tokens long names."""
    with closing(sqlite3.connect(path)) as database, database:
        models = database.execute(
            "SELECT slice_id FROM total_day JOIN slice ON slice.id = slice_id"
            " WHERE kind = 'model' GROUP BY slice_id ORDER BY sum(tokens) DESC LIMIT 2"
        ).fetchall()
        for name, (model,) in zip(MODELS, models, strict=True):
            database.execute("UPDATE slice SET name = ? WHERE id = ?", (name, model))
        [address] = database.execute(
            "SELECT email FROM person JOIN person_day ON person_id = person.id"
            " GROUP BY email ORDER BY sum(tokens) DESC LIMIT 1"
        ).fetchone()
        # The product works out from accounts and members who its people are.
        for table, column in ADDRESSES.items():
            database.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} = ?",  # noqa: S608
                (EMAIL, address),
            )


@pytest.fixture
def page(served_long: str, new_context: NewContext, watch: Watch) -> Page:
    """A tab on the company of long names."""
    watch.base_url = served_long
    return new_context(base_url=served_long).new_page()


CUT = """(all) => all.filter((one) => {
  for (let box = one; box.tagName !== "TR"; box = box.parentElement) {
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "hidden")
      return true;
  }
}).map((one) => [one.title, one.innerText])"""


@pytest.mark.parametrize("path", PAGES)
def test_a_long_name_stays_in_its_column(path: str, page: Page) -> None:
    page.goto(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = [page.evaluate(look) for look in (TOO_WIDE, OVER_EDGE, OVERRUN)]
        assert found == [[], [], []], width
        assert width < 1440 or page.evaluate(TALL_ROWS) == [], width


def test_a_name_that_is_cut_has_its_whole_in_the_title(page: Page) -> None:
    page.goto("/?days=all")
    expect(page.locator("#people tbody a").get_by_text(EMAIL)).to_be_visible()
    names = page.locator("#people .name a, #people .model a, #models .name a")
    cut: set[str] = set()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        told = names.evaluate_all(CUT)
        assert [text for title, text in told if not title.startswith(text)] == [], width
        cut |= {text for _, text in told}
    assert EMAIL in cut
    assert cut & set(MODELS)
