"""Many rows at once, as fast as each database takes them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import __exception_wrapper__

from app.database import database, is_postgres


def insert_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert many rows fast: COPY on PostgreSQL, one prepared statement on SQLite.

    `table` and `columns` are names from our own models, never input.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    # Past peewee to the driver, whose errors must be peewee's all the same.
    if is_postgres():
        command = f"COPY \"{table}\" ({names}) FROM STDIN WITH (FORMAT csv, NULL '\\N')"
        with __exception_wrapper__:
            database.cursor().copy_expert(command, _CsvStream(rows))
    else:
        places = ", ".join("?" * len(columns))
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608
        with __exception_wrapper__:
            database.cursor().executemany(statement, rows)


class _CsvStream(io.TextIOBase):
    """Feeds rows to COPY piece by piece, so that memory stays bounded."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows = iter(rows)

    def read(self, size: int | None = -1) -> str:
        lines: list[str] = []
        length = 0
        for row in self.rows:
            lines.append(",".join(map(_csv_cell, row)) + "\n")
            length += len(lines[-1])
            if length >= 65536:
                break
        return "".join(lines)


def _csv_cell(value: Any) -> str:
    """Quoted whatever it is, so that no text is taken for NULL or for the end of a line."""
    if value is None:
        return "\\N"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace('"', '""') + '"'
