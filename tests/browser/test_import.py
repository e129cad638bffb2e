"""A file is dropped or chosen, previewed, imported and taken back, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NewContext
from tests.browser.looks import TALL_ROWS, TOO_WIDE, axe_context, faults, faults_at_any_width
from tests.browser.served import serving
from tests.browser.watch import Watch
from tests.imported import CSV_FILES, event, events, tokens, usage

ALONE = CSV_FILES / "cursor_07_individual_2026_requests.csv"
MEGABYTES = 1
DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    transfer.items.add(new File([text], name, { type: "text/csv" }));
  }
  for (const kind of ["dragover", "drop"]) {
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    document.querySelector("main").dispatchEvent(new DragEvent(kind, options));
  }
}"""
DROP_FOLDER = """(files) => {
  const fileOf = ([name, text]) => (done) => done(new File([text], name));
  const found = files.map((each) => ({ isFile: true, file: fileOf(each) }));
  const inner = { isDirectory: true, createReader: () => readerOf(found.slice(0, 1)) };
  const outer = { isDirectory: true, createReader: () => readerOf([inner, ...found.slice(1)]) };
  const readerOf = (entries) => ({ readEntries: (done) => done(entries.splice(0, 1)) });
  const event = new DragEvent("drop", { bubbles: true, cancelable: true });
  const items = [{ webkitGetAsEntry: () => outer }];
  Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [], items } });
  document.querySelector("main").dispatchEvent(event);
}"""
TAGS = "#heading .tag"


@pytest.fixture(scope="module")
def served_import(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a product that tests write to: without usage, uploads of up to 1 MB."""
    folder = tmp_path_factory.mktemp("served_import")
    settings = {
        "SQLITE_PATH": str(folder / "imports.db"),
        "SCHEDULER": "off",
        "MAX_UPLOAD_MB": str(MEGABYTES),
    }
    with serving(settings, folder / "server.log") as url:
        yield url


@pytest.fixture
def page(served_import: str, new_context: NewContext, watch: Watch) -> Page:
    """A tab on the import page."""
    return opened(served_import, new_context, watch)


@pytest.fixture
def plain_page(served_import: str, new_context: NewContext, watch: Watch) -> Page:
    """The same without JavaScript."""
    return opened(served_import, new_context, watch, java_script_enabled=False)


def opened(url: str, new_context: NewContext, watch: Watch, **options: bool) -> Page:
    """A new tab on the import page of the server at `url`."""
    watch.base_url = url
    tab = new_context(base_url=url, **options).new_page()
    tab.goto("/import")
    return tab


def export(folder: Path, hour: int, *more: str) -> Path:
    """An export of two events in an hour of their own, so that no test knows another's."""
    path = folder / f"team-usage-{hour}.csv"
    at = [f"2026-10-{day:02}T{hour:02}:00:00.000Z" for day in (3, 5)]
    path.write_bytes(events(event(at[0], tokens=2_000), event(at[1], tokens=3_000), *more))
    return path


def choose(page: Page, path: Path) -> None:
    """Choose a file and ask for its preview."""
    page.locator("#file").set_input_files(path)
    page.get_by_role("button", name="Preview").click()


def import_and_undo(page: Page, path: Path) -> None:
    """Import a file that has 5,000 tokens from its preview on, and take it back."""
    choose(page, path)
    expect(page).to_have_url(re.compile(r"/import/\d+$"))
    expect(page.locator("h1")).to_contain_text(path.name)
    expect(page.locator("#verdict")).to_contain_text("+5.00\u00a0K")
    here = page.url
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.locator(TAGS)).to_have_text("imported")
    expect(page).to_have_url(here)
    page.get_by_role("button", name="Undo this import").click()
    expect(page.locator(TAGS)).to_have_text("undone")
    expect(page).to_have_url(here)
    page.get_by_role("link", name="Choose the file again").click()
    expect(page.locator("#history")).to_contain_text(path.name)


def test_a_file_is_imported_and_taken_back(page: Page, tmp_path: Path) -> None:
    import_and_undo(page, export(tmp_path, 1))


def test_a_file_is_imported_and_taken_back_without_javascript(
    plain_page: Page, tmp_path: Path
) -> None:
    import_and_undo(plain_page, export(tmp_path, 2))


def test_the_answer_is_swapped_and_told(page: Page, tmp_path: Path) -> None:
    choose(page, export(tmp_path, 3))
    expect(page.locator(TAGS)).to_have_text("waiting")
    page.locator("body").evaluate("(body) => body.classList.add('same-document')")
    page.get_by_role("button", name="Import", exact=False).click()
    expect(page.locator("#live")).to_have_text(re.compile(r"Import #\d+, applied"))
    expect(page.locator("body")).to_have_class("same-document")


def test_a_dropped_file_goes_to_its_preview(page: Page, tmp_path: Path) -> None:
    path = export(tmp_path, 4)
    page.evaluate(DROP, [[path.name, path.read_text()]])
    expect(page.locator("h1")).to_contain_text(path.name)
    expect(page.locator(TAGS)).to_have_text("waiting")
    page.get_by_role("button", name="Discard").click()
    expect(page).to_have_url(re.compile(r"/import\?discarded=\d+$"))
    expect(page.locator("#upload-answer")).to_contain_text("was discarded")


def test_several_dropped_files_each_wait_for_themselves(page: Page, tmp_path: Path) -> None:
    paths = [export(tmp_path, hour) for hour in (9, 10)]
    page.evaluate(DROP, [[path.name, path.read_text()] for path in paths])
    expect(page.locator("#upload-answer")).to_contain_text("2 files read.")
    for path in paths:
        page.goto("/import")
        page.locator("#history").get_by_role("link", name=path.name).click()
        expect(page.locator("h1")).to_contain_text(path.name)
        page.get_by_role("button", name="Discard").click()
        expect(page.locator("#upload-answer")).to_contain_text("was discarded")


def test_a_dropped_folder_is_the_files_in_it(page: Page, tmp_path: Path) -> None:
    """Only a hand on a mouse drops real folders: this one is made in the page."""
    files = [export(tmp_path, hour) for hour in (11, 12)]
    contents = [[path.name, path.read_text()] for path in files]
    page.evaluate(DROP_FOLDER, [*contents, ["notes.pdf", "not for us"]])
    expect(page.locator("#upload-answer")).to_contain_text("2 files read.")
    expect(page.locator("#upload-answer")).to_contain_text("1 file left out: no CSV.")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_chosen_folder_and_its_refusals(
    scripted: bool, served_import: str, new_context: NewContext, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("422")
    page = opened(served_import, new_context, watch, java_script_enabled=scripted)
    good = export(tmp_path, 13 + scripted)
    (tmp_path / "notes.pdf").write_text("not for us")
    (tmp_path / "diary.csv").write_text("Dear diary")
    page.locator("#folder").set_input_files(tmp_path)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#upload-error")).to_have_text("1 of 2 files was not imported.")
    expect(page.locator("#sent")).to_contain_text("diary.csv: ")
    expect(page.locator("#upload-answer")).to_contain_text("1 file left out: no CSV.")
    expect(page.locator("#history")).to_contain_text(good.name)
    assert page.locator("#folder").input_value() == ""
    page.locator("#sent").get_by_role("link", name=good.name).click()
    expect(page.locator(TAGS)).to_have_text("waiting")


def test_a_missing_person_is_asked_for_and_the_file_kept(page: Page, watch: Watch) -> None:
    watch.expect("422")
    choose(page, ALONE)
    expect(page.locator("#upload-error")).to_contain_text("Say whose usage it is")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type("dan@acme.example")
    page.keyboard.press("Enter")
    expect(page.locator("#heading")).to_contain_text("of dan@acme.example")


def test_a_missing_person_is_asked_for_without_javascript(plain_page: Page, watch: Watch) -> None:
    watch.expect("422")
    choose(plain_page, ALONE)
    expect(plain_page.locator("#upload-error")).to_contain_text("Say whose usage it is")
    plain_page.locator("#email").fill("eve@acme.example")
    choose(plain_page, ALONE)
    expect(plain_page.locator("#heading")).to_contain_text("of eve@acme.example")


def test_a_refused_file_says_why(page: Page, watch: Watch) -> None:
    watch.expect("422")
    choose(page, CSV_FILES / "cursor_11_aggregated_by_model.csv")
    expect(page.locator("#upload-error")).to_contain_text("Export the usage events instead")
    expect(page.get_by_role("button", name="Preview")).to_be_enabled()
    expect(page.locator("#uploading")).to_be_hidden()


def test_a_file_too_large_is_not_sent(page: Page, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_bytes(b"x" * (MEGABYTES * 2**20 + 1))
    choose(page, path)
    expect(page.locator("#upload-error")).to_contain_text("larger than 1 MB")
    expect(page.locator("#upload-error")).to_contain_text("flask import")
    assert [request for request in watch.requests if request.method == "POST"] == []


def test_a_file_too_large_is_told_without_javascript(
    plain_page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("413")
    path = tmp_path / "big.csv"
    path.write_bytes(b"x" * (20 * 2**20))
    choose(plain_page, path)
    expect(plain_page.locator("#upload-error")).to_contain_text("larger than 1 MB")


def test_the_second_of_two_tabs_gets_a_sentence(page: Page, watch: Watch, tmp_path: Path) -> None:
    watch.expect("409")
    choose(page, export(tmp_path, 5))
    expect(page.locator(TAGS)).to_have_text("waiting")
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_role("button", name="Import", exact=False).click()
    expect(page.locator(TAGS)).to_have_text("imported")
    other.get_by_role("button", name="Import", exact=False).click()
    expect(other.locator("#answer")).to_contain_text("is applied already; nothing was changed")
    expect(other.locator(TAGS)).to_have_text("imported")


def test_every_state_is_accessible_and_fits(
    served_import: str, new_context: NewContext, watch: Watch, tmp_path: Path
) -> None:
    watch.base_url = served_import
    page = axe_context(new_context, base_url=served_import)
    page.goto("/import")
    bad = event("2026-10-03T06:00:00.000Z", cost="much")
    nobody = event("2026-10-03T06:30:00.000Z", user="nightly build", cost="Included")
    choose(page, export(tmp_path, 6, bad, nobody))
    for state, button in (("waiting", "Import the"), ("good rows", "Undo"), ("undone", "")):
        expect(page.locator(TAGS)).to_have_text(state)
        look(page)
        if button:
            page.get_by_role("button", name=button).click()
    page.goto("/import")
    look(page)


def test_a_long_address_breaks_instead_of_the_page(page: Page, tmp_path: Path) -> None:
    user = "maximiliane.konstantinopolsky-vonundzu@a-research-subsidiary-of-ours.example.com"
    choose(page, export(tmp_path, 8, event("2026-10-03T08:00:00.000Z", user=user)))
    expect(page.locator("#names")).to_contain_text(user)
    for width in (390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(TOO_WIDE) == []
        names = page.locator("#names").bounding_box()
        name = page.locator("#names li").get_by_text(user).bounding_box()
        assert names
        assert name
        assert name["x"] + name["width"] <= names["x"] + names["width"]


def look(page: Page) -> None:
    """Axe finds nothing in any theme, nothing is too wide, no row too high but on small phones."""
    for width in (320, 390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(TOO_WIDE) == []
        assert width == 320 or page.evaluate(TALL_ROWS) == []
    assert faults_at_any_width(page) == {}


@pytest.mark.parametrize("scripted", [True, False])
def test_the_organisation_of_a_file_is_said_and_changed_by_keyboard(
    scripted: bool, served_import: str, new_context: NewContext, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("422")
    page = opened(served_import, new_context, watch, java_script_enabled=scripted)
    page.set_viewport_size({"width": 320, "height": 900})
    page.locator("#file").set_input_files(export(tmp_path, 15 + scripted))
    page.locator("#organization").press_sequentially("LABS")
    page.keyboard.press("Enter")
    expect(page.locator("#heading")).to_contain_text("organisation LABS")
    for label in ("TEAM_B", "main"):
        page.locator("#organization").fill(label)
        page.keyboard.press("Enter")
        told = "organisation TEAM_B" if label == "TEAM_B" else "Cursor usage events"
        expect(page.locator("#heading .item").first).to_have_text(re.compile(f"{told}$"))
        expect(page.locator("#organization")).to_have_value(label)
        assert page.evaluate(TOO_WIDE) == []
    page.locator("#organization").fill("two words")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("cannot be called 'two words'")
    expect(page.locator(TAGS)).to_have_text("waiting")


@pytest.mark.parametrize("answer", ["same", "different"])
@pytest.mark.parametrize("scripted", [True, False])
def test_a_name_in_doubt_is_answered_by_keyboard_before_the_file_counts(
    answer: str,
    scripted: bool,
    served_import: str,
    new_context: NewContext,
    watch: Watch,
    tmp_path: Path,
) -> None:
    """Each case has a day and keys of its own: an answer holds for good."""
    watch.base_url = served_import
    page = axe_context(new_context, base_url=served_import, java_script_enabled=scripted)
    page.set_viewport_size({"width": 320, "height": 900})
    day = f"2026-10-{11 + 2 * scripted + (answer == 'same')}"
    before, after = f"key-{day}", f"Key {day}"
    for key in (before, after):
        path = tmp_path / f"{key}.csv"
        path.write_bytes(tokens(usage(day, key, 7_000)))
        page.goto("/import")
        choose(page, path)
        button = page.get_by_role("button", name="Import 1 row")
        if key == after:
            rows = page.locator(".question li")
            expect(rows).to_contain_text(f"{day} Sonnet 4.5: 7,000 tokens of key {before} in #")
            expect(rows).to_contain_text(f"{before}.csv, the same of key {after} in this file.")
            assert page.evaluate(TOO_WIDE) == []
            if scripted:
                assert faults(page) == {}
            button.click()
            expect(page.locator(TAGS)).to_have_text("waiting")
            page.get_by_label("The same: the newer name counts").focus()
            page.keyboard.press("Space" if answer == "same" else "ArrowDown")
        button.press("Enter")
        expect(page.locator(TAGS)).to_have_text("imported")
    tokens_after = page.locator("#verdict tbody tr").first.locator("td").nth(1)
    expect(tokens_after).to_have_text(f"{'7.00' if answer == 'same' else '14.0'}\u00a0K")
