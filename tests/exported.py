"""Small CSV exports for tests, and how to read one to its end."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from app.providers.exports import BadRow, Export, ExportRow, SkippedRow, open_export
from app.usage import UsageRecord

CSV_FILES = Path(__file__).parent / "csv_files"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERSON = "ann@example.com"
TEAM = (
    "Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),"
    "Cache Read,Output Tokens,Total Tokens,Cost"
)
TEAM_ROW = (
    '"2026-05-16T07:04:58.836Z","bob@example.com","On-Demand","gpt-5.5","No",'
    '"10","20","30","40","100","0.25"'
)
TOKENS = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed"
)
TOKENS_ROW = "2026-03-22,claude-sonnet-4-5,key-a,Default,standard,≤ 200k,10,20,30,40,50,0,global,"
COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,"
    "list_price_usd,cost_type,inference_geo,speed"
)
COSTS_ROW = "2026-03-22,Claude Sonnet 4.5,Default,key-a,message,≤ 200k,output,0.40,0.50,token,us,"


class Contents(NamedTuple):
    """An export read to its end."""

    export: Export
    good: list[ExportRow]
    rejected: list[BadRow]
    skipped: list[SkippedRow]

    @property
    def records(self) -> list[UsageRecord]:
        return [row.record for row in self.good]


def contents(file: bytes | str, *, person: str = "", name: str = "") -> Contents:
    """What a file holds; UnreadableExport where it is refused, at once or further down."""
    data = file.encode() if isinstance(file, str) else file
    export = open_export(io.BytesIO(data), name=name, person=person, now=NOW)
    rows = list(export.rows())
    return Contents(
        export,
        [row for row in rows if isinstance(row, ExportRow)],
        [row for row in rows if isinstance(row, BadRow)],
        [row for row in rows if isinstance(row, SkippedRow)],
    )


def csv_text(header: str, *rows: str, end: str = "\n") -> str:
    """A file of these lines."""
    return end.join([header, *rows]) + end


def only_record(header: str, row: str, *, person: str = "") -> UsageRecord:
    """The record of the one row of a file."""
    found = contents(csv_text(header, row), person=person)
    assert (found.rejected, found.skipped) == ([], [])
    (record,) = found.records
    return record


def with_cells(header: str, row: str, changes: Iterable[tuple[str, str]]) -> str:
    """The row with other contents in some columns."""
    names = header.split(",")
    cells = row.split(",")
    for column, cell in changes:
        cells[names.index(column)] = f'"{cell}"'
    return ",".join(cells)
