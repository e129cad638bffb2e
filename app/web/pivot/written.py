"""The parts of a pivot as written on screen: headings, rows, the whole table."""

from __future__ import annotations

from typing import NamedTuple

from app.web.view.cells import Cell


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


class Row(NamedTuple):
    """A row as written, its cells in the order of the headings.

    `part`: why a period is not whole, "" when it is.
    """

    label: str
    title: str
    href: str
    cells: list[Cell]
    part: str = ""


class FootRow(NamedTuple):
    """A row below the rows: their "sum", a line of "nobody", or the "whole".

    `label` names shared keys; without a label the `keys` have several names, and without keys
    it is usage that has no owner at all. `href` leads to the records of a line of nobody.
    """

    kind: str
    cells: list[Cell]
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
