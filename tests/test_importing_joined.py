"""Different exports in one file: each part has its own verdict and can be undone by itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from app.importing import SentFile, history, import_files, taken_apart, undo
from tests.imported import BY, DOMAIN, event, events, tokens, total, usage
from tests.reading import shown, token_in

pytestmark = pytest.mark.usefixtures("database")
CURSOR, CLAUDE = events(event(tokens=10), event(tokens=20)), tokens(usage(tokens=5))
NAMES = ["a.csv, lines 1 to 3", "a.csv, lines 4 to 5"]


def parts_of(content: bytes) -> list[tuple[str, bytes]]:
    return [(part.name, part.stream.read()) for part in taken_apart([sent(content)])]


def sent(content: bytes) -> SentFile:
    return SentFile(io.BytesIO(content), "a.csv")


@pytest.mark.parametrize(
    "contents",
    [
        [CURSOR],
        [CURSOR, CURSOR],
        [b""],
        [b"no export\n1,2\n"],
        [b"Team report\n\n", CURSOR],
        [CURSOR.decode().encode("utf-16")],
    ],
)
def test_a_file_of_one_export_stays_whole(contents: Sequence[bytes]) -> None:
    whole = b"".join(contents)
    assert parts_of(whole) == [("a.csv", whole)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"Team report\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_parts_begin_with_their_headers(mark: bytes, end: bytes) -> None:
    whole = (mark + CURSOR + CLAUDE + CLAUDE + CURSOR).replace(b"\n", end)
    above = mark.count(b"\n")
    first, second, third = parts_of(whole)
    assert first == (f"a.csv, lines 1 to {3 + above}", (mark + CURSOR).replace(b"\n", end))
    assert second[1] == b"\n" * (3 + above) + (CLAUDE + CLAUDE).replace(b"\n", end)
    assert third[0] == f"a.csv, lines {8 + above} to {10 + above}"
    assert third[1].lstrip(b"\n") == CURSOR.replace(b"\n", end)


def test_each_part_counts_and_can_be_undone_by_itself() -> None:
    verdicts = import_files(taken_apart([sent(CURSOR + CLAUDE)]), by=BY, email_domain=DOMAIN)
    assert [verdict.name for verdict in verdicts] == NAMES
    assert total()[0] == 35
    again = import_files(taken_apart([sent(CURSOR + CLAUDE)]), by=BY, email_domain=DOMAIN)
    assert [bool(one.found and one.found.note) for one in again] == [True, True]
    kinds = {file.provider: file.id for file in history()}
    undo(kinds["cursor"], by=BY, email_domain=DOMAIN)
    assert total()[0] == 5


def test_a_bad_row_is_of_its_part_and_named_by_its_line_of_the_file(client: FlaskClient) -> None:
    bad = usage(tokens=7).replace("2026-", "1026-")
    answer = client.post(
        "/api/import",
        data={"file": (io.BytesIO(CURSOR + CLAUDE + bad.encode() + b"\n"), "a.csv")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400
    first, second = answer.get_json()["files"]
    assert (first["name"], first["result"]["recordsImported"]) == (NAMES[0], 2)
    assert second["name"] == "a.csv, lines 4 to 6"
    assert [error["line"] for error in second["result"]["errors"]] == [6]
    assert total()[0] == 30


def test_the_page_tells_of_each_part(client: FlaskClient) -> None:
    form = {"csrf_token": token_in(client.get("/import").text)}
    answer = client.post(
        "/import",
        data={**form, "file": (io.BytesIO(CURSOR + CLAUDE), "a.csv")},
        content_type="multipart/form-data",
        follow_redirects=True,
    )
    assert answer.status_code == 200
    for name in NAMES:
        assert name in shown(answer.text)
    assert total() == (0, 0)


def test_the_command_tells_of_each_part(runner: FlaskCliRunner, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CLAUDE + CURSOR)
    said = runner.invoke(args=["import", str(path)])
    assert said.exit_code == 0, said.output
    for words in ("a.csv, lines 1 to 2: ", "a.csv, lines 3 to 5: "):
        assert words in said.output
    assert total()[0] == 35
