"""Many rows at once, as fast as each database takes them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import __exception_wrapper__
from psycopg2.extras import execute_batch

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


def change_rows(
    table: str, columns: Sequence[str], key: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Give many rows other values: those of `columns`, then that of the `key`, for each.

    The names are names from our own models, never input.
    """
    place = "%s" if is_postgres() else "?"
    changes = ", ".join(f'"{name}" = {place}' for name in columns)
    _with_each(f'UPDATE "{table}" SET {changes} WHERE "{key}" = {place}', rows)  # noqa: S608


def delete_rows(table: str, key: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Delete all rows that have one of these values in the columns of `key`.

    The names are names from our own models, never input.
    """
    place = "%s" if is_postgres() else "?"
    where = " AND ".join(f'"{name}" = {place}' for name in key)
    _with_each(f'DELETE FROM "{table}" WHERE {where}', rows)  # noqa: S608


def _with_each(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with __exception_wrapper__:
        if is_postgres():
            execute_batch(database.cursor(), statement, list(rows))
        else:
            database.cursor().executemany(statement, list(rows))


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
    if isinstance(value, bytes):
        return f'"\\x{value.hex()}"'
    return '"' + str(value).replace('"', '""') + '"'
