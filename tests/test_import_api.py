"""POST /api/import: files, at once, each whole or not at all, and a sentence for all else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.importing import history, undo
from app.models import AuditEvent, ImportBatch
from app.states import BatchStatus
from tests.imported import BY, CSV_FILES, costs, event, events, tokens, total, usage
from tests.modes import ONE_DATABASE

pytestmark = pytest.mark.usefixtures("database")
BAD = event(tokens=5).replace("2026-11-02", "2026-13-02")
INDIVIDUAL = (CSV_FILES / "cursor_04_individual_2025-08_to_2026-03.csv").read_bytes()


def send(client: FlaskClient, content: bytes, name: str = "a.csv", **fields: Any) -> TestResponse:
    return send_several(client, [(name, content)], **fields)


def send_several(
    client: FlaskClient, files: Sequence[tuple[str, bytes]], **fields: Any
) -> TestResponse:
    answer = client.post(
        "/api/import",
        data={"file": [(io.BytesIO(content), name) for name, content in files], **fields},
        content_type="multipart/form-data",
    )
    # The test client keeps a large body in a file, which it leaves open.
    answer.request.environ["wsgi.input"].close()
    return answer


def test_imports_a_file_and_says_what_it_did(client: FlaskClient) -> None:
    answer = send(client, events(event(tokens=10), event(tokens=20)))
    assert answer.status_code == 200
    assert answer.json == {
        "type": "cursor",
        "organization": "main",
        "organizationReason": "",
        "result": {
            "success": True,
            "recordsImported": 2,
            "recordsSkipped": 0,
            "recordsUnchanged": 0,
            "unmappedKeys": [],
            "errors": [],
        },
    }
    assert total() == (30, 100_000_000)
    assert [event.action for event in AuditEvent.select()] == ["import"]


def test_the_same_file_again_is_unchanged(client: FlaskClient) -> None:
    content = events(event(tokens=10), event(tokens=20))
    send(client, content)
    answer = send(client, content)
    assert answer.status_code == 200
    assert answer.json["note"].endswith("as #1; nothing was changed.")
    result = answer.json["result"]
    assert (result["recordsImported"], result["recordsUnchanged"]) == (0, 2)
    assert len(history()) == 1


def test_names_the_keys_that_belong_to_nobody(client: FlaskClient) -> None:
    answer = send(client, tokens(usage(key="key-a"), usage(key="claude_code_key_ann_x1y2")))
    assert answer.json["type"] == "claude_code"
    assert answer.json["result"]["unmappedKeys"] == ["key-a"]


def test_refuses_a_file_with_a_bad_row_and_names_it(client: FlaskClient) -> None:
    answer = send(client, events(event(tokens=10), BAD))
    assert answer.status_code == 400
    assert answer.json["error"].startswith("a.csv: 1 of 2 rows cannot be read")
    result = answer.json["result"]
    assert (result["success"], result["recordsImported"]) == (False, 0)
    (error,) = result["errors"]
    assert error["line"] == 3
    assert "2026-13-02" in error["message"]
    assert total() == (0, 0)


def test_takes_the_good_rows_when_asked(client: FlaskClient) -> None:
    answer = send(client, events(event(tokens=10), BAD), partial="1")
    assert answer.status_code == 200
    assert answer.json["result"]["recordsImported"] == 1
    assert [error["line"] for error in answer.json["result"]["errors"]] == [3]
    assert total()[0] == 10


@pytest.mark.parametrize("kind", ["cursor_events", " cursor ", ""])
def test_takes_the_type_that_the_file_is(client: FlaskClient, kind: str) -> None:
    assert send(client, events(event()), type=kind).status_code == 200


def test_a_file_with_bad_rows_is_never_good_even_when_its_good_rows_are_known(
    client: FlaskClient,
) -> None:
    content = events(event(), "not-a-day,ann@example.com,Included,gpt-5.5,No,0,1,0,0,1,0")
    assert send(client, content, partial="1").json["result"]["recordsImported"] == 1
    refused = send(client, content)
    assert (refused.status_code, refused.json["result"]["success"]) == (400, False)
    again = send(client, content, partial="1").json
    assert again["result"]["recordsImported"] == 0
    assert [error["line"] for error in again["result"]["errors"]] == [3]


def test_refuses_another_type_than_the_file_is(client: FlaskClient) -> None:
    answer = send(client, events(event()), type="claude_cost")
    assert answer.status_code == 400
    assert answer.json["error"].startswith("The file is Cursor usage events (cursor_events), not")


def test_needs_the_person_of_an_export_without_users(client: FlaskClient) -> None:
    answer = send(client, INDIVIDUAL)
    assert answer.status_code == 400
    assert "e-mail" in answer.json["error"]
    assert send(client, INDIVIDUAL, email="nobody").status_code == 400
    answer = send(client, INDIVIDUAL, email="Ann@Example.com")
    assert answer.json["result"]["recordsImported"] == 7
    assert answer.json["result"]["recordsSkipped"] == 2


@pytest.mark.parametrize(
    "name",
    ["cursor_11_aggregated_by_model.csv", "cursor_90_not-usage_analytics.csv"],
)
def test_refuses_what_is_no_usage_with_the_reason(client: FlaskClient, name: str) -> None:
    answer = send(client, (CSV_FILES / name).read_bytes(), name)
    assert answer.status_code == 400
    assert "Export the usage events instead" in answer.json["error"]


@pytest.mark.parametrize("content", [b"", b"\n", events(), costs()])
def test_a_file_without_rows_is_fine_and_changes_nothing(
    client: FlaskClient, content: bytes
) -> None:
    answer = send(client, content)
    assert answer.status_code == 200
    assert answer.json["note"] == "The file holds no rows, so nothing was changed."
    assert answer.json["result"]["recordsImported"] == 0
    assert ImportBatch.select().count() == 0


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0", b"\0\1\2", b"a,b\n1,2\n", b"=1+1"])
def test_refuses_what_is_no_export(client: FlaskClient, content: bytes) -> None:
    answer = send(client, content, "../../etc/passwd")
    assert answer.status_code == 400
    assert set(answer.json) == {"error"}


def test_says_that_the_file_is_missing(client: FlaskClient) -> None:
    for data in ({}, {"file": "text"}, {"other": (io.BytesIO(b"x"), "a.csv")}):
        answer = client.post("/api/import", data=data, content_type="multipart/form-data")
        assert answer.status_code == 400
        assert answer.json["error"].startswith("file: ")


def test_refuses_an_odd_partial(client: FlaskClient) -> None:
    answer = send(client, events(event()), partial="maybe")
    assert answer.status_code == 400
    assert answer.json["error"].startswith("partial: ")


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/octet-stream"])
def test_takes_multipart_only(client: FlaskClient, kind: str) -> None:
    answer = client.post("/api/import", data=events(event()), content_type=kind)
    assert answer.status_code == 415
    assert "multipart" in answer.json["error"]


def test_does_not_take_other_methods(client: FlaskClient) -> None:
    assert client.get("/api/import").status_code == 405


def test_refuses_a_file_that_is_too_large_and_says_what_to_do(
    app: Flask, client: FlaskClient
) -> None:
    from dataclasses import replace

    app.extensions["tracker_config"] = replace(app.extensions["tracker_config"], max_upload_mb=1)
    large = events(*(event(tokens=n) for n in range(1, 20_000)))
    assert len(large) > 1.1 * 2**20
    answer = send(client, large)
    assert answer.status_code == 413
    assert answer.json["error"] == (
        "The upload is larger than 1 MB. Send fewer files at a time, import with "
        "`flask import FILE`, which takes any size, or raise MAX_UPLOAD_MB."
    )
    assert ImportBatch.select().count() == 0


@ONE_DATABASE
def test_takes_more_than_other_requests_may_hold(client: FlaskClient) -> None:
    large = events(*(event(tokens=n) for n in range(1, 20_001)))
    assert len(large) > 1.1 * 2**20
    assert send(client, large).json["result"]["recordsImported"] == 20_000


def test_several_files_each_have_a_verdict_and_an_undo(client: FlaskClient) -> None:
    other = event("2026-11-03T10:00:00.000Z", tokens=20)
    files = [("b.csv", events(other)), ("a.csv", events(event(tokens=10))), ("empty.csv", b"")]
    answer = send_several(client, files)
    assert answer.status_code == 200
    told = answer.json["files"]
    assert [(file["name"], file["type"]) for file in told] == [
        ("b.csv", "cursor"),
        ("a.csv", "cursor"),
        ("empty.csv", ""),
    ]
    assert [file["result"]["recordsImported"] for file in told] == [1, 1, 0]
    assert total()[0] == 30
    assert [event.action for event in AuditEvent.select()] == ["import", "import"]
    undo(next(file.id for file in history() if file.file_name == "b.csv"), by=BY, email_domain="")
    assert total()[0] == 10
    again = send_several(client, files[:2]).json["files"]
    assert [file["result"]["recordsUnchanged"] for file in again] == [0, 1]
    assert again[1]["note"].endswith("nothing was changed.")


def test_a_refused_file_is_named_and_the_others_count(client: FlaskClient) -> None:
    files = [
        ("bad.csv", events(event(tokens=5), BAD)),
        ("good.csv", events(event(tokens=10))),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0"),
    ]
    answer = send_several(client, files)
    assert answer.status_code == 400
    bad, good, picture = answer.json["files"]
    assert answer.json["error"].startswith("2 of 3 files were not imported. bad.csv: 1 of 2 rows")
    assert " picture.csv: " in answer.json["error"]
    assert [file["result"]["success"] for file in (bad, good, picture)] == [False, True, False]
    assert [error["line"] for error in bad["result"]["errors"]] == [3]
    assert picture["error"].startswith("picture.csv: ")
    assert total()[0] == 10
    assert ImportBatch.select().count() == 1


def test_the_order_of_the_files_in_a_call_does_not_matter(
    client: FlaskClient, database_engine: str
) -> None:
    """The two of key-a differ on a day that both have: the one that reaches further counts."""
    later = tokens(usage(tokens=7_000), usage("2026-11-03", tokens=500))
    files = [
        ("z.csv", tokens(usage(tokens=1_000))),
        ("a.csv", later),
        ("m.csv", tokens(usage("2026-11-04", tokens=20))),
    ]
    # Who goes first is chosen before a database is asked: of a server, two orders are enough.
    orders = list(permutations(files))
    for order in orders if database_engine == "sqlite" else (orders[0], orders[-1]):
        assert send_several(client, order).status_code == 200
        assert total()[0] == 7_520
        for file in history():
            if file.status is BatchStatus.APPLIED:
                undo(file.id, by=BY, email_domain="")


def test_a_question_of_several_files_names_its_file(client: FlaskClient) -> None:
    files = [("a.csv", tokens(usage(key="ci-key"))), ("b.csv", tokens(usage(key="CI Key")))]
    answer = send_several(client, files)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("1 of 2 files was not imported. b.csv: 2026-11-02 ")
    assert answer.json["error"].endswith(" Send renamed=same or renamed=different.")
    assert send_several(client, files, renamed="same").status_code == 200
    assert total()[0] == 1_000_000
