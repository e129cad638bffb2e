"""Is a SQLite file sound? Its own check, without the false alarms that some versions raise."""

from __future__ import annotations

import re
import sqlite3

NULL_VALUE = re.compile(r"NULL value in (\w+)\.(\w+)")
MOST_MESSAGES = 2**31 - 1


def sqlite_damage(connection: sqlite3.Connection, check: str = "integrity_check") -> str:
    """The first damage that `check` ("quick_check" is faster) finds, "" when all is well.

    SQLite 3.40 and 3.41 say "NULL value in ..." of every row of a table WITHOUT ROWID whose key
    is not its first columns. Such a word counts only when the value can be found.
    """
    try:
        return _first_damage(connection, check)
    except sqlite3.DatabaseError as error:
        # Some damage keeps SQLite from looking any further.
        return str(error)


def _first_damage(connection: sqlite3.Connection, check: str) -> str:
    looked_at: set[str] = set()
    for (message,) in connection.execute(f"PRAGMA {check}({MOST_MESSAGES})"):
        if message == "ok" or message in looked_at:
            continue
        looked_at.add(message)
        if not _is_false_alarm(connection, message):
            return str(message)
    return ""


def _is_false_alarm(connection: sqlite3.Connection, message: str) -> bool:
    named = NULL_VALUE.fullmatch(message)
    if not named:
        return False
    table, column = named.groups()
    # Not IS NULL, from which SQLite concludes "none" because the column is declared NOT NULL.
    query = f'SELECT 1 FROM "{table}" WHERE typeof("{column}") = \'null\' LIMIT 1'  # noqa: S608
    return connection.execute(query).fetchone() is None
