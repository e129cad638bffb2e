"""The page `/import`: a file is previewed, imported or discarded, and an import is undone."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from app.database import database as proxy
from app.models import ImportedRow
from tests.import_browser import (
    BAD,
    FILES,
    GOOD,
    HEADER,
    TEAM,
    TEAM_NANOS,
    TEAM_TOKENS,
    Importer,
    counted,
    store_api_day,
)
from tests.imported import tokens, usage
from tests.reading import PART, shown

ALONE = "cursor_07_individual_2026_requests.csv"
COSTS = "claude_cost_04_2025-12_context-window.csv"


@pytest.fixture
def importer(client: FlaskClient) -> Importer:
    """A browser on an empty database."""
    return Importer(client)


def test_a_file_counts_from_its_import_to_its_undo(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    page = importer.read(f"/import/{number}")
    assert "Tokens 0 896 K +896 K" in page
    assert "Cost partly priced $0.00 $0.23 +$0.23" in page
    assert "Import 4 rows" in page
    assert counted() == (0, 0)

    importer.done(number, "import")
    page = importer.read(f"/import/{number}")
    assert "It counts" in page
    assert "Tokens 896 K 0 \u2212896 K" in page
    assert counted() == (TEAM_TOKENS, TEAM_NANOS)

    importer.done(number, "undo")
    page = importer.read(f"/import/{number}")
    assert "Nothing of it counts any more" in page
    assert 'href="/import">Choose the file again' in importer.get(f"/import/{number}").text
    assert counted() == (0, 0)
    assert importer.stage_sample(TEAM) != number


def test_a_preview_tells_all_of_the_file(importer: Importer) -> None:
    lines = [HEADER + ",Team Budget", GOOD + ",9", GOOD.replace("auto", "nova") + ",9", BAD + ",9"]
    free = GOOD.replace("1,2,3,4,10", "0,0,0,0,0").replace("0.25", "Included")
    key = GOOD.replace("ann@acme.example", "build key")
    page = importer.read(f"/import/{importer.stage(chr(10).join([*lines, free + ',', key + ',']))}")
    for words in (
        "usage.csv 1 Mar 2026, UTC waiting",
        "Cursor usage events read",
        "New 3 not seen before",
        "Nothing to count 1",
        "Rejected 1 cannot be read",
        "5 rows in the file, of 1 day. Good rows hold 30 tokens, $0.75.",
        "1 person, 1 new here ann@acme.example",
        "1 unassigned key build key 10, $0.25",
        "1 rejected row All as CSV Line Value Reason 4 x",
        "Columns not read Team Budget",
        "Import the 3 good rows",
        "Discard",
    ):
        assert words in page, words


def test_money_that_nobody_knows_is_never_zero(importer: Importer) -> None:
    unknown = tokens(usage(key="nova", tokens=7_000, model="claude-nova-9"))
    number = importer.stage(unknown, "unknown.csv")
    page = importer.read(f"/import/{number}")
    assert "Cost not priced $0.00 \u2014 \u2014" in page
    assert "Good rows hold 7,000 tokens, no known price." in page
    assert "1 unassigned key nova 7.00 K, \u2014 not priced" in page
    importer.done(number, "import")
    page = importer.read(f"/import/{number}")
    assert "Before After Change Tokens 0 7.00 K +7.00 K Cost not priced $0.00 \u2014 \u2014" in page
    more = usage(key="nova", model="claude-nova-9", tokens=5, workspace="W")
    part = importer.stage(tokens(more, usage(tokens=1_000_000)), "part.csv")
    page = importer.read(f"/import/{part}")
    assert "Cost partly priced \u2014 $3.00 +$3.00" in page
    assert "$3.00, partly priced." in page
    history = importer.read("/import")
    assert "7.00 K \u2014 not priced" in history
    assert "1.00 M $3.00 +? partly priced" in history
    assert "$0.00" not in history


def test_an_export_without_a_user_asks_for_the_person(importer: Importer) -> None:
    content = (FILES / ALONE).read_bytes()
    answer = importer.send(content, ALONE)
    assert answer.status_code == 422
    assert "Say whose usage it is" in shown(answer.text)
    assert "Choose the files again." in shown(answer.text)
    assert re.search(r'id="email"[^>]*aria-invalid="true"', answer.text)

    number = importer.stage(content, ALONE, " Dan@Acme.example ")
    assert "Cursor usage events of dan@acme.example" in importer.read(f"/import/{number}")


def test_rejects_a_person_who_is_no_address(importer: Importer) -> None:
    answer = importer.send((FILES / ALONE).read_bytes(), ALONE, "nobody")
    assert answer.status_code == 422
    assert "Whose usage it is cannot be read" in shown(answer.text)
    assert re.search(r'value="nobody"[^>]*aria-invalid="true"', answer.text)


def test_asks_for_a_file(importer: Importer) -> None:
    answer = importer.client.post(
        "/import", data={"csrf_token": importer.token(), "email": "ann@acme.example"}
    )
    assert answer.status_code == 422
    assert "Choose a CSV file first." in shown(answer.text)
    assert 'value="ann@acme.example"' in answer.text


@pytest.mark.parametrize("content", [f"{HEADER}\n", ""])
def test_a_file_without_rows_changes_nothing(importer: Importer, content: str) -> None:
    answer = importer.send(content)
    assert answer.status_code == 200
    assert "The file holds no rows, so nothing was changed." in shown(answer.text)


def test_several_files_wait_each_for_itself(importer: Importer) -> None:
    later = GOOD.replace("T10", "T11").replace(",4,10,", ",5,11,")
    files = {"b/one.csv": f"{HEADER}\n{GOOD}", "b/two.csv": f"{HEADER}\n{later}", "b/c.pdf": "x"}
    answer = importer.send_several(files)
    assert (answer.status_code, answer.location) == (303, "/import?sent=2&left_out=1")
    page = importer.read(answer.location)
    assert "2 files read. None counts before you import it below. 1 file left out: no CSV." in page
    assert "2 files waiting" in page
    one, two = (number_of(importer, name) for name in ("one.csv", "two.csv"))
    importer.done(one, "import")
    importer.done(two, "import")
    assert counted()[0] == 21
    importer.done(one, "undo")
    assert counted()[0] == 11
    assert importer.act(number_of(importer, "two.csv"), "discard").status_code == 409


def number_of(importer: Importer, name: str) -> int:
    """The number of a file by the list of imports."""
    return int(re.search(rf'/import/(\d+)"><bdi[^>]*>{name}', importer.get("/import").text)[1])


def test_of_several_files_each_refusal_is_told(importer: Importer) -> None:
    good = f"{HEADER}\n{GOOD}"
    importer.done(importer.stage(f"{good}\n{GOOD.replace('T10', 'T12')}", "known.csv"), "import")
    files = {
        "good.csv": good,
        "again.csv": f"{good}\n{GOOD.replace('T10', 'T12')}",
        "mine.csv": (FILES / ALONE).read_bytes(),
        "empty.csv": "",
        "note.txt": "Dear diary",
    }
    answer = importer.send_several(files)
    assert answer.status_code == 422
    page = shown(answer.text)
    assert "2 of 5 files were not imported. good.csv waits for you to import it" in page
    assert "again.csv This file was already imported on" in page
    assert "mine.csv: " in page
    assert "empty.csv The file holds no rows, so nothing was changed. note.txt: " in page
    assert "Choose the files again." in page
    assert re.search(r'id="email"[^>]*aria-invalid="true"', answer.text)
    assert "1 file waiting" in page
    assert importer.send_several({"a.png": "x", "b.pdf": "y"}).status_code == 422


def test_the_same_file_again_leads_to_its_first_import(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    importer.done(number, "import")
    answer = importer.send((FILES / TEAM).read_bytes(), "copy.csv")
    assert (answer.status_code, answer.location) == (303, f"/import/{number}?again=1")
    page = importer.read(answer.location)
    assert f"This file was imported before, as #{number}. Nothing was changed." in page
    assert counted() == (TEAM_TOKENS, TEAM_NANOS)


def test_good_rows_are_imported_only_when_that_is_chosen(importer: Importer) -> None:
    number = importer.stage("\n".join([HEADER, GOOD, BAD]))
    answer = importer.act(number, "import")
    assert answer.status_code == 422
    assert "1 of 2 rows cannot be read, so nothing was imported" in shown(answer.text)
    assert counted() == (0, 0)
    importer.done(number, "import", partial="1")
    assert "The good rows count" in importer.read(f"/import/{number}")
    assert counted() == (10, 250_000_000)


def test_a_file_without_a_good_row_offers_no_import(importer: Importer) -> None:
    number = importer.stage("\n".join([HEADER, BAD]))
    page = importer.read(f"/import/{number}")
    assert "There is nothing to import" in page
    assert "1 row in the file. " in page
    assert "$0.00" not in page + importer.read("/import")
    assert 'id="import-it"' not in importer.get(f"/import/{number}").text


def test_a_discarded_file_is_gone(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    answer = importer.act(number, "discard")
    assert (answer.status_code, answer.location) == (303, f"/import?discarded={number}")
    assert f"File #{number} was discarded" in importer.read(answer.location)
    for answer in (
        importer.get(f"/import/{number}"),
        importer.get(f"/import/{number}/rejected.csv"),
        importer.act(number, "import"),
        importer.act(number, "discard"),
    ):
        assert answer.status_code == 404
        assert f"There is no import #{number}" in shown(answer.text)
    with proxy.connection_context():
        assert ImportedRow.select().count() == 0


def test_days_of_the_api_are_not_counted_again(importer: Importer) -> None:
    store_api_day(date(2025, 11, 13), 1_000)
    number = importer.stage_sample(TEAM)
    page = importer.read(f"/import/{number}")
    assert "Covered by the API 2 1 day, 233 K tokens" in page
    assert "The API covers 1 day, 13 Nov 2025" in page
    assert "in the 2 days that the API does not cover" in page
    assert "Tokens 1.00 K 664 K +663 K" in page
    importer.done(number, "import")
    assert counted()[0] == 1_000 + 651_421 + 11_876
    assert "Tokens 664 K 1.00 K \u2212663 K" in importer.read(f"/import/{number}")
    importer.done(number, "undo")
    assert counted()[0] == 1_000


def test_an_undo_says_what_other_files_still_tell(importer: Importer) -> None:
    first = importer.stage("\n".join([HEADER, GOOD]))
    importer.done(first, "import")
    second = importer.stage("\n".join([HEADER, GOOD, GOOD.replace("T10", "T11")]))
    page = importer.read(f"/import/{second}")
    assert "New 1" in page
    assert "Already known 1" in page
    importer.done(second, "import")
    assert "Removes its rows; the figures stay" in importer.read(f"/import/{first}")
    assert "Tokens 20 10 \u221210" in importer.read(f"/import/{second}")
    importer.done(first, "undo")
    assert counted() == (20, 500_000_000)


def test_costs_are_drawn_as_costs(importer: Importer) -> None:
    page = importer.read(f"/import/{importer.stage_sample(COSTS)}")
    assert "Daily cost of the file" in page
    assert "Busiest: " in page


def test_days_far_apart_are_drawn_without_the_years_between(importer: Importer) -> None:
    old = GOOD.replace("2026-03-01", "2020-03-01")
    page = importer.read(f"/import/{importer.stage(chr(10).join([HEADER, GOOD, old]))}")
    assert "1 Mar 2020 \u2013 1 Mar 2026" in page


def test_a_file_of_very_many_days_shows_the_last_ones(importer: Importer) -> None:
    first = date(2020, 1, 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(1_005)]
    rows = [GOOD.replace("2026-03-01", day) for day in days]
    page = importer.read(f"/import/{importer.stage(chr(10).join([HEADER, *rows]))}")
    assert "5 earlier days are not drawn." in page


def test_the_history_names_every_import_and_turns_its_pages(importer: Importer) -> None:
    for number in range(27):
        content = "\n".join([HEADER, GOOD.replace("T10:00", f"T11:{number:02}")])
        importer.done(importer.stage(content, f"file-{number:02}.csv"), "import")
    waiting = importer.stage("\n".join([HEADER, GOOD]), "waiting.csv")
    page = importer.read("/import")
    assert "27 imports, 1 file waiting" in page
    assert "State Tokens Cost New Known" in page
    assert f"waiting.csv #{waiting} waiting" in page
    assert "file-26.csv" in page
    assert "file-01.csv" not in page
    assert "1\u201325 of 27" in page
    second = importer.read("/import?page=2")
    assert "file-01.csv" in second
    assert "waiting.csv" not in second
    for odd in ("99", "-1", "x"):
        assert importer.get(f"/import?page={odd}").status_code == 200


def test_htmx_gets_the_part_and_the_url(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    part = importer.get(f"/import/{number}", headers=PART)
    assert "<html" not in part.text
    assert part.headers["HX-Push-Url"] == f"/import/{number}"
    importer.done(number, "import")
    again = importer.act(number, "import", headers=PART)
    assert again.status_code == 409
    assert "<html" not in again.text
    assert "is applied already" in again.text
