"""The page `/import` under odd files, hostile names, second clicks and strangers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database
from werkzeug.test import TestResponse

from app.database import database as proxy
from app.models import AuditEvent, ImportBatch
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
)
from tests.modes import ADMIN, FAR, Serve, contents, serve  # noqa: F401
from tests.reading import shown

FORMULA = BAD.replace(",x,", ',"=1+cmd()",')
REFUSED = {
    "cursor_11_aggregated_by_model.csv": "Export the usage events instead",
    "cursor_90_not-usage_analytics.csv": "counts lines, not tokens",
    "claude_code_team_01.csv": "one total per person and month",
    "claude_spend_report_01.csv": "totals of a whole period",
}


@pytest.fixture
def importer(client: FlaskClient) -> Importer:
    """A browser on an empty database."""
    return Importer(client)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_export_says_why_and_what_instead(importer: Importer, name: str) -> None:
    answer = importer.send((FILES / name).read_bytes(), name, "ann@acme.example")
    assert answer.status_code == 422
    assert REFUSED[name] in shown(answer.text)
    assert 'value="ann@acme.example"' in answer.text
    with proxy.connection_context():
        assert ImportBatch.select().count() == 0


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"a,b\n1,2\n", b'"', b"PK\x03\x04", b"\xff\xfe"]
)
def test_whatever_is_sent_gets_a_sentence(importer: Importer, content: bytes) -> None:
    answer = importer.send(content)
    assert answer.status_code in (200, 422)
    assert re.search(r'id="upload-error"|class="right"', answer.text)


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("c*_0[1-7]_*.csv")))
def test_every_page_of_every_sample_is_good(importer: Importer, name: str) -> None:
    if name in REFUSED:
        return
    number = importer.stage_sample(name, "ann@acme.example")
    assert importer.get(f"/import/{number}").status_code == 200
    importer.done(number, "import")
    assert importer.get(f"/import/{number}").status_code == 200
    importer.done(number, "undo")
    assert importer.get(f"/import/{number}").status_code == 200
    assert importer.get("/import").status_code == 200


def test_rejected_rows_come_as_csv_that_no_spreadsheet_runs(importer: Importer) -> None:
    rows = [FORMULA, *[BAD] * 60]
    number = importer.stage("\n".join([HEADER, GOOD, *rows]))
    page = importer.read(f"/import/{number}")
    assert "The first 50 of 61." in page
    answer = importer.get(f"/import/{number}/rejected.csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="rejected_{number}.csv"'
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines[0] == ["Line", "Value", "Reason"]
    assert lines[1][:2] == ["3", "'=1+cmd()"]
    assert [line[0] for line in lines[1:]] == [str(line) for line in range(3, 64)]


def test_one_of_two_who_confirm_at_once_gets_a_sentence(app: Flask, importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    others = [Importer(app.test_client()) for _ in range(2)]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda other: other.act(number, "import"), others))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert counted() == (TEAM_TOKENS, TEAM_NANOS)


def test_two_copies_of_a_file_count_once(importer: Importer) -> None:
    first, second = importer.stage_sample(TEAM), importer.stage_sample(TEAM)
    importer.done(first, "import")
    answer = importer.act(second, "import")
    assert (answer.status_code, answer.location) == (303, f"/import/{first}?again=1")
    assert counted() == (TEAM_TOKENS, TEAM_NANOS)


def test_a_second_click_changes_nothing(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    importer.done(number, "import")
    for act, state in (("import", "applied"), ("discard", "applied")):
        answer = importer.act(number, act)
        assert answer.status_code == 409
        assert f"Import #{number} is {state} already; nothing was changed." in shown(answer.text)
    importer.done(number, "undo")
    before = contents()
    answer = importer.act(number, "undo")
    assert answer.status_code == 409
    assert f"Import #{number} is undone already; nothing was changed." in shown(answer.text)
    assert contents() == before


def test_a_form_that_says_nothing_does_nothing(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    answer = importer.act(number, "")
    assert answer.status_code == 422
    assert "Nothing was done" in shown(answer.text)


def test_hostile_names_are_inert(importer: Importer) -> None:
    name = '<img src=x onerror=alert(1)>\u202e".csv'
    row = GOOD.replace("ann@acme.example", "<b>ann</b>@acme.example").replace(
        '"auto"', '"<script>alert(2)</script>"'
    )
    bad = BAD.replace(",x,", ',"<script>alert(3)</script>",')
    number = importer.stage("\n".join([f"{HEADER},<i>odd</i>", f"{row},1", f"{bad},1"]), name)
    importer.done(number, "import", partial="1")
    for path in ("/import", f"/import/{number}"):
        page = importer.get(path).text
        assert "<img src" not in page
        assert "<b>ann" not in page
        assert "<script>alert" not in page
        assert "<i>odd" not in page
        assert "\u202e" not in page
        assert "&lt;img src=x" in page


def test_looking_never_writes(importer: Importer) -> None:
    staged = importer.stage("\n".join([HEADER, GOOD, BAD]))
    applied = importer.stage_sample(TEAM)
    importer.done(applied, "import")
    before = contents()
    for number in (staged, applied):
        importer.get(f"/import/{number}")
        importer.get(f"/import/{number}/rejected.csv")
    importer.get("/import")
    assert contents() == before


def test_every_act_is_in_the_audit_trail(importer: Importer, database: Database) -> None:
    number = importer.stage_sample(TEAM)
    importer.done(number, "import")
    importer.done(number, "undo")
    other = importer.stage("\n".join([HEADER, GOOD]))
    importer.act(other, "discard")
    events = [(event.action, event.detail) for event in AuditEvent.select()]
    assert events == [
        ("import", f"#{number} {TEAM}"),
        ("import undone", f"#{number} {TEAM}"),
        ("import discarded", f"#{other} usage.csv"),
    ]


@pytest.mark.parametrize("path", ["/import", "/import/1", "/import/1/rejected.csv"])
def test_imports_are_for_the_administrator(serve: Serve, path: str) -> None:  # noqa: F811
    site = serve(ADMIN)
    answer = site.client.get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")
    assert serve().client.get(path, environ_base=FAR).status_code == 403


def test_rejects_a_form_without_its_token(importer: Importer) -> None:
    number = importer.stage_sample(TEAM)
    upload = {"file": (io.BytesIO((FILES / TEAM).read_bytes()), TEAM)}
    answers: list[Callable[[], TestResponse]] = [
        lambda: importer.client.post("/import", data=upload),
        lambda: importer.client.post(f"/import/{number}", data={"act": "import"}),
    ]
    before = contents()
    assert [answer().status_code for answer in answers] == [403, 403]
    assert contents() == before


def test_a_file_too_large_names_the_limit_and_the_command(serve: Serve) -> None:  # noqa: F811
    site = serve({"MAX_UPLOAD_MB": "1"})
    # A body by hand: that of the test client would be a temporary file which it leaves open.
    head = '--line\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\n'
    answer = site.client.post(
        "/import",
        data=head.encode() + b"x" * (2 * 2**20) + b"\r\n--line--\r\n",
        content_type="multipart/form-data; boundary=line",
    )
    assert answer.status_code == 413
    page = shown(answer.text)
    assert "The upload is larger than 1 MB." in page
    assert "flask import FILE" in page
    assert Importer(site.client).send((FILES / TEAM).read_bytes()).status_code == 303
