"""The parts of a pivot as written on screen: headings, cells, rows, the whole table."""

from __future__ import annotations

from typing import NamedTuple


class Heading(NamedTuple):
    """The heading of a column: its words, in full, the sort it stands for.

    `part`: why a period is not whole, "" when it is.
    """

    id: str
    sort: str
    label: str
    title: str
    query: str
    order: str
    part: str = ""


class Cell(NamedTuple):
    """A figure as written, every digit of it, where it leads ("" nowhere), 0 to 5 of shade.

    `lacks`: what is not known of it, "" when all of it is.
    """

    text: str
    title: str = ""
    href: str = ""
    shade: int = 0
    lacks: str = ""


class Row(NamedTuple):
    """A row as written. `share` is of the total, empty for counts that do not add up.

    `part`: why a period is not whole, "" when it is.
    """

    label: str
    title: str
    href: str
    cells: list[Cell]
    others: Cell
    total: Cell
    share: Cell
    part: str = ""


class FootRow(NamedTuple):
    """A row below the rows: their "sum", a line of "nobody", or the "whole".

    `label` names shared keys; without a label the `keys` have several names, and without keys
    it is usage that has no owner at all. `href` leads to the records of a line of nobody.
    """

    kind: str
    cells: list[Cell]
    others: Cell
    total: Cell
    share: Cell
    label: str = ""
    keys: tuple[str, ...] = ()
    href: str = ""


class Table(NamedTuple):
    """The whole table. `largest` is the largest shaded figure, written; "" without shades.

    `parts` says of each shown period that is not whole why, in the order of the table.
    """

    corner: Heading
    headings: list[Heading]
    total: Heading
    rows: list[Row]
    foot: list[FootRow]
    largest: str
    parts: list[str]
