"""Hostile and broken files: a sentence for people or rejected rows, never another exception."""

from __future__ import annotations

import gzip
import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.providers.exports import UnreadableExport, open_export
from tests.exported import (
    COSTS,
    COSTS_ROW,
    NOW,
    PERSON,
    TEAM,
    TEAM_ROW,
    TOKENS,
    TOKENS_ROW,
    Contents,
    contents,
    csv_text,
    with_cells,
)


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("usage.csv", "0" * 10_000_000)
    return stream.getvalue()


GOOD = csv_text(TEAM, TEAM_ROW, TEAM_ROW)
OTHER_HEADERS = "Date,Weather,Temperature"
REFUSED = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(64), "a PNG picture"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(64), "a JPEG picture"),
    "gif": (b"GIF89a" + bytes(64), "a GIF picture"),
    "zip bomb": (zipped(), "a ZIP archive or an Excel workbook"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "an empty ZIP archive"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "an old Excel workbook"),
    "gzip": (gzip.compress(GOOD.encode()), "a GZIP archive"),
    "bzip2": (b"BZh91AY&SY", "a BZIP2 archive"),
    "xz": (b"\xfd7zXZ\x00", "an XZ archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    "rar": (b"Rar!\x1a\x07", "a RAR archive"),
    "zstd": (b"\x28\xb5\x2f\xfd\x00", "a Zstandard archive"),
    "exe": (b"MZ\x90\x00" + bytes(64), "a Windows program"),
    "elf": (b"\x7fELF\x02\x01" + bytes(64), "a program"),
    "pdf": (b"%PDF-1.7\n", "a PDF document"),
    "sqlite": (b"SQLite format 3\x00" + bytes(64), "a SQLite database"),
    "parquet": (b"PAR1" + bytes(64), "a Parquet file"),
    "html": (b"<!doctype html><html><title>Sign in</title>", "a web page"),
    "xml": (b'\xef\xbb\xbf\n<?xml version="1.0"?>', "a web page or XML"),
    "json": (b'{"data": []}', "JSON"),
    "json lines": (b'[{"date": 1}]', "JSON"),
    "utf-32": (GOOD.encode("utf-32"), "UTF-32"),
    "utf-16 without its mark": (GOOD.encode("utf-16-le"), "line 1.*UTF-16 without its mark"),
    "cut utf-16": (GOOD.encode("utf-16")[:-1], "not all UTF-16"),
    "nul in a cell": (GOOD.replace("gpt", "g\0t").encode(), "NUL character in line 2"),
    "two encodings": (
        csv_text(TEAM, TEAM_ROW.replace("bob", "bøb")).encode() + b"\xf8\n",
        "mixes encodings",
    ),
    "no encoding": (GOOD.encode() + b"\x81\x8d\x8f\n", "neither all UTF-8 nor all Windows-1252"),
    "unknown header": (OTHER_HEADERS + "\n1,2,3\n", "'Weather'.*known are: Cursor usage events"),
    "no header": (TEAM_ROW + "\n", "no export this program knows"),
    "prose": ("Dear colleague,\nplease find attached\n", "no export this program knows"),
    "only a comment": ("# nothing\n", "no export this program knows"),
    "header of another alphabet": ("Дата,Модель\n1,2\n", "no export this program knows"),
    "wrong sep": ("sep=;\n" + GOOD, "no export this program knows"),
    "10,000 columns": (",".join(f"c{n}" for n in range(10_000)), "and 9,980 more"),
    "header twice the same": (GOOD.replace("Kind", "Model"), "two columns of one meaning: 'Model'"),
    "two names of one column": (GOOD.replace("Max Mode", "Output"), "'Output', 'Output Tokens'"),
    "two unknown of one name": (
        csv_text(f"{TEAM},Note,note", f"{TEAM_ROW},1,2"),
        "two columns of one meaning: 'Note', 'note'",
    ),
    "no date": (GOOD.replace("Date", "When"), "has no column 'Date'"),
    "no model": (GOOD.replace("Model", "Engine"), "has no column 'Model'"),
    "no cache read": (GOOD.replace("Cache Read", "Cache"), "has no column 'Cache Read'"),
    "no output": (csv_text(TOKENS.replace("output", "out"), TOKENS_ROW), "usage_output_tokens"),
    "no input": (
        csv_text("usage_date_utc,model_version,usage_output_tokens", "2026-01-01,m,1"),
        "has no column 'usage_input_tokens_no_cache'",
    ),
    "no cost": (csv_text(COSTS.replace("cost_usd", "cost"), COSTS_ROW), "no column 'cost_usd'"),
    "spend report": ("user_email,product,total_prompt_tokens\n", "a Claude spend report"),
    "our own export": ("email,totalTokens,totalCost\n", "this program's own export"),
    "quote never closed": (GOOD + '"2026-05-16', "begins in line 4 a quote opens"),
    "quote never closed early": (
        csv_text(TEAM, '"2026-05-16T07:04:58.836Z,bob', *["x,y"] * 50),
        "begins in line 2 a quote opens",
    ),
    "quote in a quote": (csv_text(TEAM, TEAM_ROW, '"a"b",c'), "in line 3 the quotes do not add up"),
    "quote missing in the middle": (
        csv_text(TEAM, TEAM_ROW.replace('","', ',"', 1), TEAM_ROW),
        "in line 2 the quotes do not add up",
    ),
    "field too long": (csv_text(TEAM, "x" * 140_000 + TEAM_ROW), "line 2 a cell is longer"),
    "quoted field too long": (
        csv_text(TEAM, '"' + "x\n" * 70_000 + '",' + TEAM_ROW),
        "begins in line 2 a cell is longer than 131,072",
    ),
    "one endless line": (b"Date,User," + b"x" * 3_000_000, "1,000,000 characters in line 1"),
    "an endless line below": (GOOD.encode() + b"x" * 3_000_000, "1,000,000 characters in line 4"),
}
NOTHING = {
    "empty": b"",
    "a byte order mark": b"\xef\xbb\xbf",
    "blank lines": b"\n\r\n  \n\n",
    "only commas": b",,,\n,,,\n",
    "sep alone": b"sep=;\n",
    "a mark of utf-16": b"\xff\xfe",
    "header": TEAM.encode(),
    "header and blank lines": (TEAM + "\n\n,,,,\n").encode(),
    "header of tokens": TOKENS.encode("utf-16"),
    "header of costs": COSTS.encode(),
}
LONG = "x" * 1_001
REJECTED = {
    "short row": (TEAM, TEAM_ROW.rsplit(",", 2)[0], "the row has 9 cells, the header has 11"),
    "long row": (TEAM, TEAM_ROW + ",1", "the row has 12 cells, the header has 11"),
    "decimal comma unquoted": (TEAM, TEAM_ROW.replace('"0.25"', "0,25"), "12 cells"),
    "one word": (TEAM, "total", "the row has 1 cells"),
    "excel date": (TEAM, with_cells(TEAM, TEAM_ROW, [("Date", "5/16/2026 7:04")]), "Date: "),
    "no date": (TEAM, with_cells(TEAM, TEAM_ROW, [("Date", "")]), "Date: "),
    "formula": (TEAM, with_cells(TEAM, TEAM_ROW, [("Cache Read", "=1+1")]), "Cache Read: "),
    "text in tokens": (TEAM, with_cells(TEAM, TEAM_ROW, [("Output Tokens", "n/a")]), "Output"),
    "euro": (TEAM, with_cells(TEAM, TEAM_ROW, [("Cost", "€1")]), "Cost: expected dollars"),
    "infinity": (TEAM, with_cells(TEAM, TEAM_ROW, [("Cost", "inf")]), "Cost: expected dollars"),
    "script": (TEAM, with_cells(TEAM, TEAM_ROW, [("Cost", "<script>")]), "Cost: expected"),
    "long cell": (TEAM, with_cells(TEAM, TEAM_ROW, [("Model", LONG)]), "1,001 characters"),
    "negative": (TOKENS, TOKENS_ROW.replace(",10,", ",-10,"), "usage_input_tokens_no_cache"),
    "half a search": (TOKENS, TOKENS_ROW.replace(",0,global", ",0.5,global"), "web_search_count"),
    "slashes": (TOKENS, TOKENS_ROW.replace("2026-03-22", "2026/3/22"), "usage_date_utc: "),
    "bad cost": (COSTS, COSTS_ROW.replace("0.40", "0.4.0"), "cost_usd: "),
    "bad list price": (COSTS, COSTS_ROW.replace("0.50", "many"), "list_price_usd: "),
}
READ = {
    "blank around": GOOD.replace(",", " , ").replace('"', ""),
    "latin-1": GOOD.replace("gpt-5.5", "modèle").encode("cp1252"),
    "comma lines first": ",,\n\n" + GOOD,
    "commas at every end": GOOD.replace("\n", ",,\n"),
    "no newline at the end": GOOD.rstrip(),
    "sep in quotes": '"sep=,"\n' + GOOD,
    "pipes": GOOD.replace(",", "|"),
    "bom inside quotes": b"\xef\xbb\xbf" + GOOD.replace("Date", '"Date"', 1).encode(),
    "hostile names": GOOD.replace("bob@example.com", "=cmd|'/C calc'!A0"),
    "right to left": GOOD.replace("gpt-5.5", "\u202egpt\u200b"),
    "markup": GOOD.replace("gpt-5.5", "<img src=x onerror=alert(1)>"),
    "unknown column": csv_text(f"{TEAM},", f"{TEAM_ROW},surplus", TEAM_ROW + ",").replace(
        ",surplus", ","
    ),
}


def read(file: bytes | str) -> Contents:
    return contents(file, person=PERSON, name="/tmp/../usage.csv")  # noqa: S108


def test_there_are_more_than_sixty_hostile_files() -> None:
    assert len(REFUSED) + len(REJECTED) + len(NOTHING) > 60


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_a_file_with_a_sentence(case: str) -> None:
    file, sentence = REFUSED[case]
    with pytest.raises(UnreadableExport, match=f"^The file 'usage.csv' .*{sentence}") as refusal:
        read(file)
    assert len(str(refusal.value)) < 1_500
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("case", NOTHING)
def test_a_file_without_rows_has_no_rows(case: str) -> None:
    found = read(NOTHING[case])
    assert (found.good, found.rejected, found.skipped) == ([], [], [])
    assert (found.export.kind.name == "empty") is not case.startswith("header")


@pytest.mark.parametrize("case", REJECTED)
def test_rejects_a_row_and_reads_the_others(case: str) -> None:
    header, row, message = REJECTED[case]
    good = {TEAM: TEAM_ROW, TOKENS: TOKENS_ROW, COSTS: COSTS_ROW}[header]
    found = read(csv_text(header, good, row, good))
    assert [rejected.line for rejected in found.rejected] == [3]
    assert message in found.rejected[0].message
    assert len(found.rejected[0].value) <= 80
    assert [line for line, *_ in found.good] == [2, 4]


@pytest.mark.parametrize("case", READ)
def test_reads_an_odd_file(case: str) -> None:
    found = read(READ[case])
    assert found.rejected == []
    assert [record.total_tokens for record in found.records] == [100, 100]


def test_decodes_windows_letters() -> None:
    assert read(READ["latin-1"]).records[0].model == "modèle"


class Drip(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(7)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_pieces_may_end_anywhere(encoding: str) -> None:
    text = csv_text(TEAM, TEAM_ROW.replace("gpt-5.5", "modèle"), TEAM_ROW, end="\r\n")
    rows = list(open_export(Drip(text.encode(encoding)), now=NOW).rows())
    assert rows == list(open_export(io.BytesIO(text.encode()), now=NOW).rows())
    assert [row.line for row in rows] == [2, 3]


def test_refuses_a_damaged_file_after_its_good_rows() -> None:
    rows = open_export(io.BytesIO((GOOD + '"open').encode()), now=NOW).rows()
    assert [next(rows).line, next(rows).line] == [2, 3]
    with pytest.raises(UnreadableExport, match="line 4"):
        next(rows)


def ends_well(file: bytes) -> None:
    with suppress(UnreadableExport):
        found = read(file)
        lines = [row.line for row in (*found.good, *found.rejected, *found.skipped)]
        assert len(lines) == len(set(lines))


@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00\xd8")
def test_random_bytes_end_well(file: bytes) -> None:
    ends_well(file)


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['"', '""', "1,234", "-", "NaN", "Free", "2026-05-16", "≤ 200k", "\r", "\0"]),
    st.integers(-5, 10**18).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=True).map(str),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
)


@given(
    st.sampled_from([TEAM, TOKENS, COSTS]),
    st.lists(st.lists(CELL, max_size=16), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    st.binary(max_size=3),
)
@settings(max_examples=max(300, settings.default.max_examples))
def test_random_rows_under_a_good_header_end_well(
    header: str, rows: list[list[str]], delimiter: str, encoding: str, tail: bytes
) -> None:
    lines = [header.replace(",", delimiter), *(delimiter.join(cells) for cells in rows)]
    ends_well("\n".join(lines).encode(encoding, "replace") + tail)


@given(st.data(), st.sampled_from([(TEAM, TEAM_ROW), (TOKENS, TOKENS_ROW), (COSTS, COSTS_ROW)]))
@settings(max_examples=max(300, settings.default.max_examples))
def test_one_random_cell_in_a_good_row_ends_well(
    data: st.DataObject, lines: tuple[str, str]
) -> None:
    header, row = lines
    cells = row.split(",")
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(CELL)
    ends_well(csv_text(header, row, ",".join(cells)).encode("utf-8", "replace"))
