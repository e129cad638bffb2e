"""How far an import is: told by the database, to any process, also after a reload."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.dates import now_seconds
from app.importing import being_read, stage
from app.importing.progress import SILENT_SECONDS, busy
from app.models import ImportBatch
from app.states import BatchStatus
from tests.import_browser import GOOD, HEADER, Importer
from tests.imported import BY, DOMAIN, event, events

pytestmark = pytest.mark.usefixtures("database")


def test_the_page_shows_a_file_that_is_being_read(client: FlaskClient) -> None:
    """Asked from beside, while the reader is in the middle of it."""
    importer = Importer(client)
    content, pages = events(*(event(tokens=n) for n in range(1, 12_001))), []
    stage(
        io.BytesIO(content),
        "big.csv",
        by=BY,
        email_domain=DOMAIN,
        progress=lambda _: pages.append(importer.read("/import")),
    )
    told = [page for page in pages if "big.csv" in page]
    assert "big.csv being read by test, 5,000 rows so far" in " ".join(told)
    assert 'hx-trigger="every 1s"' not in importer.get("/import").text
    assert "1 file waiting" in importer.read("/import")


def test_a_file_whose_reader_died_is_not_shown_as_being_read(client: FlaskClient) -> None:
    found = stage(io.BytesIO(events(event())), "a.csv", by=BY, email_domain=DOMAIN)
    then = now_seconds() - SILENT_SECONDS - 1
    change = ImportBatch.update(status=BatchStatus.STAGING, touched_at=now_seconds())
    change.where(ImportBatch.id == found.file.id).execute()
    assert [file.name for file in being_read()] == ["a.csv"]
    ImportBatch.update(touched_at=then).execute()
    assert being_read() == []


def test_a_reload_shows_that_a_file_is_being_imported_or_undone(
    client: FlaskClient, database: Database
) -> None:
    importer = Importer(client)
    number = importer.stage(f"{HEADER}\n{GOOD}")
    for act, words, tag in (("import", "imported", "importing"), ("undo", "undone", "undoing")):
        with busy(number):
            page = importer.get(f"/import/{number}").text
            assert f"It is being {words}" in page
            assert 'hx-trigger="every 1s"' in page
            assert "-form" not in page.partition("verdict")[2]
            assert tag in importer.read("/import")
        importer.done(number, act)
        assert f"It is being {words}" not in importer.read(f"/import/{number}")


def test_what_a_dead_process_noted_holds_no_longer(client: FlaskClient) -> None:
    importer = Importer(client)
    number = importer.stage(f"{HEADER}\n{GOOD}")
    ImportBatch.update(busy_at=now_seconds()).execute()
    assert "It is being imported" not in importer.read(f"/import/{number}")
    importer.done(number, "import")
