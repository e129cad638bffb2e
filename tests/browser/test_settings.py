"""The settings in a browser: keys, people, teams and connections, with and without JavaScript."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from app.config import Config, read_config
from app.database import migrate, open_database
from tests.browser.conftest import DESKTOP, PATIENCE_MS
from tests.browser.looks import AXE, faults
from tests.browser.served import serving
from tests.browser.watch import Watch
from tests.conftest import close
from tests.invented_keys import ANN, BOB, CAT, fill_firm
from tests.upstream import Company, Upstream

BOTH = pytest.mark.parametrize("scripted", [True, False], ids=["javascript", "plain"])
WAYS = ("/settings", "/settings/mappings", "/settings/people", "/settings/people/teams")
MORE = ("/settings/connections", "/settings/prices", "/settings/tokens")

EDITING = (
    *("/settings?key=key_plain", "/settings?key=key_plain&to=ann", "/settings?all=1"),
    *(f"/settings/people?edit={ANN}", f"/settings/people?edit={ANN}&further={CAT}"),
)

FIGURES = (
    *("/?days=all", "/users?days=all", "/users?days=all&q=tabi", "/users?days=all&q=lab"),
    *(f"/users/{CAT}?days=all", "/users/catherina@firm.example"),
    f"/settings/people?edit={CAT}&split=catherine@firm.example",
)
"""Pages that show what was said of people and keys."""

Open = Callable[[bool], Page]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """The invented company's APIs."""
    with Upstream(Company(ordinary=3, heavy=3)) as running:
        yield running


@pytest.fixture(scope="module")
def served_firm(
    tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[tuple[str, Path]]:
    """The URL of the product with a small company, and its database file."""
    folder = tmp_path_factory.mktemp("served_firm")
    path = folder / "firm.db"
    settings = {
        "SQLITE_PATH": str(path),
        "SCHEDULER": "off",
        "ANTHROPIC_ADMIN_KEY": upstream.anthropic_key,
        "ANTHROPIC_BASE_URL": upstream.anthropic_url,
        "CURSOR_ADMIN_KEY": "a-key-that-is-wrong",
        "CURSOR_BASE_URL": upstream.cursor_url,
    }
    _fill(read_config({"SECRET_KEY": "a key for tests only", **settings}, folder))
    shutil.copy(path, original_of(path))
    with serving(settings, folder / "server.log") as url:
        yield url, path


@pytest.fixture
def firm(served_firm: tuple[str, Path]) -> str:
    """The URL of the product with a small company, to be changed at will."""
    url, path = served_firm
    restore(path)
    return url


def _fill(config: Config) -> None:
    engine = open_database(config)
    with engine.connection_context():
        migrate()
        fill_firm()
    close(engine)


def original_of(path: Path) -> Path:
    """Where a database is kept as it was before the first test."""
    return path.with_name("original.db")


def restore(path: Path) -> None:
    """Give a served database the rows it began with, as a version of the data not seen before."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("ATTACH ? AS original", (str(original_of(path)),))
        tables = database.execute("SELECT name FROM original.sqlite_master WHERE type = 'table'")
        [seen] = database.execute("SELECT data_version FROM main.meta").fetchone()
        with database:
            for (name,) in tables.fetchall():
                database.execute(f'DELETE FROM main."{name}"')  # noqa: S608
                database.execute(f'INSERT INTO main."{name}" SELECT * FROM original."{name}"')  # noqa: S608
            version = {"version": seen + 1}
            newer = "UPDATE main.meta SET data_version = :version, overall_version = :version"
            database.execute(newer, version)


@pytest.fixture
def tab(chromium: Browser, firm: str) -> Iterator[Open]:
    """Opens an empty tab, with JavaScript or without."""
    watch = Watch(firm)
    with ExitStack() as contexts:

        def make(scripted: bool) -> Page:
            context: BrowserContext = contexts.enter_context(
                chromium.new_context(
                    base_url=firm,
                    viewport=DESKTOP,
                    java_script_enabled=scripted,
                    color_scheme="light" if scripted else "dark",
                )
            )
            context.set_default_timeout(PATIENCE_MS)
            watch.follow(context)
            return context.new_page()

        yield make
    watch.expect("422")
    assert watch.unexpected() == []


def row(page: Page, name: str) -> Locator:
    """The row of a table that holds a name."""
    return page.locator("tbody tr").filter(has_text=name).first


@BOTH
def test_a_key_is_assigned_after_a_look_at_what_moves(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings")
    page.get_by_role("link", name="Assign experiments").click()
    page.locator("#to").fill(ANN)
    if not scripted:
        page.locator("#to-person button").click()
    expect(page.locator("#effect")).to_contain_text(f"from nobody to {ANN}")
    expect(page.locator("#effect")).to_contain_text("90.0")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#done")).to_contain_text(f"the automatic rule \u2192 {ANN}")
    expect(page.locator("#unmapped")).not_to_contain_text("experiments")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#unmapped")).to_contain_text("experiments")
    expect(page.locator("#done")).to_contain_text(f"{ANN} \u2192 the automatic rule")


@BOTH
def test_a_bad_address_is_told_where_it_was_typed(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings")
    page.get_by_role("link", name="Assign experiments").click()
    page.locator("#to").fill("ann at firm")
    if scripted:
        expect(page).to_have_url(re.compile("to=ann"))
        expect(page.locator("#effect")).not_to_have_class("wrong")
        page.locator("#to").press("Enter")
    else:
        page.locator("#to-person button").click()
    expect(page.locator("#effect")).to_contain_text("looks like name@example.com")
    expect(page.locator("#to")).to_have_value("ann at firm")
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)


@BOTH
def test_all_suggestions_are_accepted_and_taken_back(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings")
    page.locator("#accept-all").click()
    expect(page.locator("#accept-form")).to_contain_text("Accepting 2")
    page.get_by_role("button", name="Accept all").click()
    expect(page.locator("#done")).to_contain_text("2")
    expect(page.locator("#unmapped tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#unmapped tbody tr")).to_have_count(3)


@BOTH
def test_one_suggestion_is_accepted_and_its_mapping_removed(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings")
    page.get_by_role("button", name=f"Accept {BOB} for nightly pipeline").click()
    expect(page.locator("#done")).to_contain_text(BOB)
    page.get_by_role("link", name="Mappings").click()
    page.get_by_role("link", name="Remove the mapping of nightly pipeline").click()
    expect(page.locator("#effect")).to_contain_text(f"from {BOB} to nobody")
    page.get_by_role("button", name="Remove the mapping").click()
    expect(page.locator("#mapped")).to_contain_text("Nobody has mapped a key yet")


@BOTH
def test_a_key_is_shared_under_a_name(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings")
    page.get_by_role("link", name="Assign experiments").click()
    page.locator("#label").fill("Research lab")
    if not scripted:
        page.locator("#to-shared button").click()
    expect(page.locator("#effect")).to_contain_text("Research lab")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#done")).to_contain_text("shared as Research lab")


@BOTH
def test_two_people_become_one_and_two_again(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings/people")
    page.get_by_role("link", name=f"Edit {ANN}").click()
    page.locator("#name").fill("Typed, not saved")
    page.locator("#further").fill(CAT)
    if not scripted:
        page.locator("#merge button").click()
    expect(page.locator("#effect")).to_contain_text(f"from {CAT} to {ANN}")
    expect(page.locator("#effect")).to_contain_text("15 tokens")
    if scripted:
        expect(page.locator("#further")).to_be_focused()
        expect(page.locator("#name")).to_have_value("Typed, not saved")
    page.get_by_role("button", name="Merge into this person").click()
    expect(page.locator("#done")).to_contain_text(f"{CAT} is now an alias of {ANN}")
    page.goto(f"/users/{CAT}")
    expect(page).to_have_url(re.compile(f"/users/{ANN}"))
    page.goto(f"/settings/people?edit={ANN}")
    page.get_by_role("link", name=f"Split {CAT} off again").click()
    expect(page.locator("#splitting")).to_contain_text(f"from {ANN} to {CAT}")
    page.get_by_role("button", name="Split it off").click()
    expect(page.locator("#done")).to_contain_text("no longer")
    expect(page.get_by_role("link", name=f"Edit {CAT}")).to_be_visible()


@BOTH
def test_the_list_of_people_shows_what_the_settings_say(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto(f"/settings/people?edit={CAT}")
    page.locator("#name").fill("Tabitha Stone")
    page.locator("#left").fill("2026-10-02")
    page.locator("#save button").click()
    expect(row(page, CAT)).to_contain_text("used since")
    page.goto("/settings?key=key_plain&label=Research+lab")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#done")).to_contain_text("shared as Research lab")
    page.goto("/users?days=all")
    expect(row(page, CAT)).to_contain_text("left")
    shared = page.locator("#table tfoot").get_by_role("link", name="Research lab")
    shared.click()
    page.get_by_role("link", name="Its keys").click()
    expect(page).to_have_url(re.compile(r"/settings/mappings\?q=Research"))
    expect(row(page, "experiments")).to_contain_text("shared as Research lab")
    page.goto("/users?days=all&q=tabi")
    page.get_by_role("link", name="Tabitha Stone").click()
    expect(page.locator("h1")).to_contain_text("left on 2 Oct 2026")


@BOTH
def test_a_person_is_renamed_and_a_bad_day_is_told(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto(f"/settings/people?edit={CAT}")
    page.locator("#name").fill("Cat Stone")
    page.locator("#team").fill("Data")
    page.locator("#left").fill("1999-01-01")
    page.locator("#save button").click()
    expect(page.locator("#editor .wrong")).to_contain_text("YYYY-MM-DD")
    expect(page.locator("#name")).to_have_value("Cat Stone")
    page.locator("#left").fill("2026-10-09")
    page.locator("#save button").click()
    expect(page.locator("#done")).to_contain_text("is saved")
    expect(row(page, CAT)).to_contain_text("Data")


@BOTH
def test_teams_come_from_a_file_after_a_preview(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings/people")
    page.get_by_role("link", name="Teams from a file").click()
    content = f"email,department\n{ANN},Data\n{BOB},Web\nwho@else.example,Web\nbad\n"
    file = {"name": "teams.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("#file").set_input_files(file)
    page.locator("#upload button").click()
    expect(page.locator("#teams-file")).to_contain_text("who@else.example")
    expect(page.locator("#teams-file")).to_contain_text("1\u00a0bad line")
    page.get_by_role("button", name="Apply 2").click()
    expect(page.locator("#teams-file")).to_contain_text("2\u00a0people changed")
    page.goto("/settings/people?q=Data")
    expect(page.locator("#people tbody tr")).to_have_count(1)


@BOTH
def test_connections_are_tried_out(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings/connections")
    page.locator("#test-anthropic").click()
    expect(page.locator("#connections .right")).to_contain_text("The key works", timeout=20_000)
    page.locator("#test-cursor").click()
    expect(page.locator("#connections .wrong")).to_contain_text("401", timeout=20_000)
    expect(page.locator("#card-cursor .tag")).to_have_text("failed")
    expect(page.locator("#connections .right")).to_have_count(1 if scripted else 0)


@BOTH
def test_a_token_is_made_and_revoked(tab: Open, scripted: bool) -> None:
    page = tab(scripted)
    page.goto("/settings/tokens")
    page.locator("#name").fill("Nightly")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#token")).to_have_text(re.compile("^aut_"))
    page.get_by_role("button", name="Revoke Nightly").click()
    expect(page.locator("#tokens")).to_contain_text("revoked")


def test_a_search_keeps_the_words_and_the_address(tab: Open) -> None:
    page = tab(True)
    page.goto("/settings")
    page.locator("#q").press_sequentially("lapt")
    expect(page.locator("#unmapped tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/settings\?q=lapt$"))
    expect(page.locator("#q")).to_be_focused()


def test_a_phone_shows_whose_figures_wait_for_an_owner(tab: Open) -> None:
    page = tab(True)
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/settings")
    row = page.locator("#unmapped tbody tr").first
    parts = [row.locator(".key bdi"), *row.locator("td.number:visible").all()[:2]]
    boxes = [part.bounding_box() for part in (*parts, row.get_by_role("link", name="Assign"))]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)


def test_no_page_is_wider_than_its_window(tab: Open) -> None:
    page = tab(True)
    for path in (*WAYS, *MORE, *EDITING):
        page.goto(path)
        for width in (390, 1280, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, path


def test_axe_finds_nothing(chromium: Browser, firm: str) -> None:
    options = {"base_url": firm, "viewport": DESKTOP, "bypass_csp": True}
    with chromium.new_context(**options) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        found = {}
        page.goto("/settings?key=key_plain&label=Research+lab")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("#done")).to_contain_text("shared as Research lab")
        page.goto(f"/settings/people?edit={CAT}&further=catherine@firm.example")
        page.get_by_role("button", name="Merge into this person").click()
        expect(page.locator("#done")).to_contain_text("catherine@firm.example")
        page.goto(f"/settings/people?edit={CAT}")
        page.locator("#name").fill("Tabitha Stone")
        page.locator("#left").fill("2026-10-02")
        page.locator("#save button").click()
        expect(page.locator("#done")).to_contain_text("is saved")
        for path in (*WAYS, *MORE, *EDITING, *FIGURES):
            page.goto(path)
            found[path] = faults(page)
        assert {path: told for path, told in found.items() if told} == {}


def test_every_page_has_one_heading_and_no_id_twice(tab: Open) -> None:
    page = tab(False)
    for path in (*WAYS, *MORE, *EDITING):
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        ids = re.findall(r'\sid="([^"]*)"', page.content())
        assert len(ids) == len(set(ids)), path
