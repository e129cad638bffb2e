"""The parts of a pivot: how it is asked for, its columns and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.queries.pivot.dimensions import (
    ADDITIVE,
    DAYS,
    PEOPLE,
    PERIODS,
    PERSON,
    TEAM,
    TOKENS,
    Amount,
)

BY_LABEL, BY_TOTAL = "label", "total"


class Shape(NamedTuple):
    """How a pivot is cut, measured and ordered. `by` "" means no columns but the total.

    `sort` is "label", "total", or the label of a shown column; "" and unknown ones mean the
    natural order: periods from the first, everything else most first.
    """

    rows: str = PERSON
    by: str = ""
    measure: str = TOKENS
    search: str = ""
    sort: str = ""
    descending: bool = True


class Column(NamedTuple):
    """One column: its key, its label ("" is usage of nobody), what everything in it comes to."""

    key: Any
    label: str
    total: Amount


class Line(NamedTuple):
    """One row. `cells` are in the order of the columns; None where there is no usage at all."""

    key: Any
    label: str
    cells: list[Amount | None]
    others: Amount
    total: Amount | None


class Columns(NamedTuple):
    """The dimension of the columns, and the keys of those shown."""

    by: str
    shown: Sequence[Any]


def natural_sort(rows: str) -> tuple[str, bool]:
    """(sort, descending) of a pivot nobody has sorted."""
    return (BY_LABEL, False) if rows in PERIODS else (BY_TOTAL, True)


def columns_add_up(measure: str, by: str) -> bool:
    """Whether the columns share nothing, so that what they count adds up."""
    return (
        measure in ADDITIVE
        or (measure == PEOPLE and by in (PERSON, TEAM))
        or (measure == DAYS and by in PERIODS)
    )
