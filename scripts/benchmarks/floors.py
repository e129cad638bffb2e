"""The least that an answer can cost: plain SQL on the rollups, in the same database and run.

Each is what a program would ask that did nothing else: no names, no page, no comparison. "two
phases" ranks everybody by one sum, then reads all sums of the rows that are shown; months are
read whole, and the days at the edges beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from app.database import database, is_postgres
from app.dates import day_number, month_end, month_start
from app.models import ALL_SLICE, SUM_COLUMNS

SHOWN = 50
SUMS = ", ".join(f"SUM({name})" for name in SUM_COLUMNS)


class Window(NamedTuple):
    """Days from and to."""

    first: date
    last: date

    def pieces(self) -> list[tuple[str, str, int, int]]:
        """Tables that together hold the range: (name, column of time, from, to)."""
        first = self.first if self.first.day == 1 else month_end(self.first) + timedelta(1)
        whole = month_end(self.last) == self.last
        last = self.last if whole else month_start(self.last) - timedelta(1)
        if first > last:
            return [("person_day", "day", day_number(self.first), day_number(self.last))]
        found = [("person_month", "month", day_number(first) // 100, day_number(last) // 100)]
        if self.first < first:
            found.append(("person_day", "day", *numbers(self.first, first - timedelta(1))))
        if last < self.last:
            found.append(("person_day", "day", *numbers(last + timedelta(1), self.last)))
        return found


def numbers(first: date, last: date) -> tuple[int, int]:
    """Two days as tables hold them."""
    return day_number(first), day_number(last)


def run(statement: str, *values: object) -> list[tuple[object, ...]]:
    """All rows of a statement with `?` for values."""
    text = statement.replace("?", "%s") if is_postgres() else statement
    return database.execute_sql(text, values).fetchall()


def union(window: Window, columns: str, where: str = "") -> tuple[str, list[int]]:
    """Rows of everybody's usage of all tools in a range, and the values to put in."""
    parts, values = [], []
    for table, time, first, last in window.pieces():
        parts.append(
            f"SELECT person_id, {columns} FROM {table} "  # noqa: S608 - our own names
            f"WHERE slice_id = ? AND {time} BETWEEN ? AND ?{where}"
        )
        values += [ALL_SLICE, first, last]
    return " UNION ALL ".join(parts), values


def two_phases(window: Window) -> None:
    """The people who used most, with all their sums."""
    rows, values = union(window, "tokens")
    ranked = run(
        f"SELECT person_id, SUM(tokens) FROM ({rows}) AS r "  # noqa: S608
        f"GROUP BY person_id ORDER BY 2 DESC LIMIT {SHOWN}",
        *values,
    )
    among = ", ".join(str(person) for person, _ in ranked) or "NULL"
    everything(window, f" AND person_id IN ({among})")


def everything(window: Window, where: str = "") -> None:
    """All sums of everybody."""
    rows, values = union(window, ", ".join(SUM_COLUMNS), where)
    run(f"SELECT person_id, {SUMS} FROM ({rows}) AS r GROUP BY person_id", *values)  # noqa: S608


def totals(window: Window) -> None:
    """Every day and slice of a range."""
    run(
        f"SELECT day, slice_id, {', '.join(SUM_COLUMNS)} FROM total_day "  # noqa: S608
        "WHERE day BETWEEN ? AND ?",
        *numbers(*window),
    )


def person(window: Window) -> None:
    """One person's days."""
    run(
        f"SELECT day, slice_id, {', '.join(SUM_COLUMNS)} FROM person_day "  # noqa: S608
        "WHERE person_id = 1 AND day BETWEEN ? AND ?",
        *numbers(*window),
    )


def overview(window: Window) -> None:
    """The days, and who used most."""
    totals(window)
    two_phases(window)


def by_time(window: Window) -> None:
    """Everybody by month, or by day where the range is short."""
    rows, values = union(window, "tokens")
    run(rows, *values)


def of_models(window: Window) -> None:
    """Everybody by model and month."""
    run(
        "SELECT person_id, slice_id, SUM(tokens) FROM person_month "
        "WHERE slice_id <> ? AND month BETWEEN ? AND ? GROUP BY person_id, slice_id",
        ALL_SLICE,
        *(day // 100 for day in numbers(*window)),
    )


def of_actors(window: Window) -> None:
    """Every actor: what no rollup of persons tells."""
    run(
        "SELECT actor_id, SUM(actor_day.tokens) FROM actor_day "
        "JOIN partition ON partition.id = partition_id WHERE day BETWEEN ? AND ? GROUP BY actor_id",
        *numbers(*window),
    )


def people(_: Window) -> None:
    """Whoever is known."""
    run(f"SELECT id, email FROM person ORDER BY email LIMIT {SHOWN}")  # noqa: S608


def day_stamps(window: Window) -> None:
    """Which days were read."""
    run("SELECT * FROM partition WHERE day BETWEEN ? AND ?", *numbers(*window))


Floor = Callable[[Window], None]
