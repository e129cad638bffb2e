"""The list of people as it stands on screen: every cell written, and where it leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from flask import url_for

from app.queries.keys.shared import UnattributedLines
from app.queries.people.order import tokens_per_day
from app.queries.people.rows import Footer, PersonRow
from app.queries.scope import NO_FILTERS
from app.queries.sums.figures import Figures
from app.web.people.columns import Column
from app.web.people.view import PeopleView
from app.web.view import charts, formatting
from app.web.view.cells import DASH, EMPTY, Cell, money_cell, tokens_cell
from app.web.view.navigation import person_paths
from app.web.view.records import nobodys_queries
from app.web.view.tools import tool_parts

TEXTS = ("team", "model", "curve", "split")
"""Kinds of columns that stand at the left, and so carry their name."""
Leads = Callable[[str], str]
"""The address behind the figures of a tool, and of all (""); "" where there is none."""


class Told(NamedTuple):
    """What one row tells: of a person, whose `row` it is, or of several as a sum.

    `days` and `average` are None where they are not known.
    """

    figures: Figures
    by_tool: dict[str, int]
    days: int | None
    average: int | None
    leads: Leads
    row: PersonRow | None = None


class TableRow(NamedTuple):
    """A person: where their page is, what opens or closes the panel beside them, their cells."""

    row: PersonRow
    href: str
    peek: str
    chosen: bool
    mine: bool
    title: str
    cells: list[Cell]


class SumRow(NamedTuple):
    """A row below the people: their "sum", a line of "nobody", or "everything".

    `label`, `keys` and `href` are as of `nobody_heading`.
    """

    kind: str
    cells: list[Cell]
    label: str = ""
    keys: tuple[str, ...] = ()
    href: str = ""


Everything = tuple[Figures, dict[str, int]]
Writer = Callable[[Told], Cell]


def nowhere(_: str) -> str:
    """What leads to no page."""
    return ""


class PeopleTable:
    """Writes the rows of a view; `weekly` are the points of its curves, else days.

    What does not change from row to row, such as the query of a filter, is made once.
    """

    def __init__(self, view: PeopleView, *, weekly: bool) -> None:
        self.view, self.weekly = view, weekly
        self.person_path = person_paths()
        self.queries = view.plain_queries()
        self.peek = view.queries_ending("peek", peek="")
        self.of_team = cache(lambda team: view.query(teams=(team,)))
        self.of_model = cache(lambda model: view.query(models=(model,)))
        # A first or last day is of all usage; the person's page has no filter of teams.
        of_everything = {**NO_FILTERS, "teams": view.scope.teams}
        self.of_day = cache(lambda day: view.plain().changed(**of_everything).with_dates(day, day))
        self.columns = [column for column in view.table_columns if column.kind != "email"]
        self.writers = [self._writer(column) for column in self.columns]

    def rows(self, people: Sequence[PersonRow], chosen: int, first_team: str) -> list[TableRow]:
        """The people, one of whom is `chosen` (by id, 0: nobody)."""
        return [self._row(row, chosen, first_team) for row in people]

    def foot(self, sums: Footer, everything: Everything | None) -> list[SumRow]:
        """The sum of the people, lines of what is nobody's, and all together."""
        figures, by_tool, days = sums.people
        average = tokens_per_day(figures.tokens, days)
        told = Told(figures, by_tool, days, average, nowhere)
        rows = [SumRow("sum", self._cells(told)), *self._nobodys(sums.lines)]
        if everything:
            rows.append(SumRow("everything", self._cells(Told(*everything, None, None, nowhere))))
        return rows

    def _row(self, row: PersonRow, chosen: int, first_team: str) -> TableRow:
        person = row.person
        own, is_chosen = self.person_path(person.email), person.person_id == chosen
        told = Told(
            person.figures,
            person.by_tool,
            person.days,
            person.tokens_per_day,
            lambda tool: own + self.queries[tool],
            row,
        )
        return TableRow(
            row=row,
            href=own + self.queries[""],
            peek=self.view.query(peek="") if is_chosen else self.peek(person.email),
            chosen=is_chosen,
            mine=bool(first_team) and row.team == first_team,
            title=", ".join(filter(None, (row.name, person.email))),
            cells=self._cells(told),
        )

    def _nobodys(self, lines: UnattributedLines) -> list[SumRow]:
        parts = [(line.label, line.keys, line.figures, line.by_tool) for line in lines.shared]
        if lines.others:
            parts.append(("", *lines.others[1:]))
        if not self.view.search and (lines.rest.tokens or lines.rest.value_nanos):
            parts.append(("", (), lines.rest, lines.rest_by_tool))
        return [self._nobodys_row(*part) for part in parts]

    def _nobodys_row(
        self, label: str, keys: tuple[str, ...], figures: Figures, by_tool: dict[str, int]
    ) -> SumRow:
        queries = nobodys_queries(self.view, label, keys)
        there = url_for("records.page")
        leads: Leads = (lambda tool: there + queries[tool]) if queries else nowhere
        told = Told(figures, by_tool, None, None, leads)
        return SumRow("nobody", self._cells(told), label, keys, leads(""))

    def _cells(self, told: Told) -> list[Cell]:
        return [write(told) for write in self.writers]

    def _writer(self, column: Column) -> Writer:
        """What writes a column; no sum is told of kinds that only a person has."""
        if column.kind in OF_SUMS:
            write = OF_SUMS[column.kind]
            return lambda told: write(column, told)
        of_person = self._writer_of_person(column)
        empty = EMPTY._replace(look=column.kind if column.kind in TEXTS else "")
        return lambda told: of_person(told.row) if told.row else empty

    def _writer_of_person(self, column: Column) -> Callable[[PersonRow], Cell]:
        if column.kind == "day":
            return lambda row: self._day(row, first=column.name == "firstActive")
        writers = {
            "team": lambda row: _only("team", row.team, self.of_team),
            "model": lambda row: _only("model", row.person.favorite_model, self.of_model),
            "change": _change,
            "curve": self._curve,
        }
        return writers[column.kind]

    def _day(self, row: PersonRow, *, first: bool) -> Cell:
        person = row.person
        day = person.first_day if first else person.last_day
        if day is None:
            return EMPTY
        full = formatting.full_day(day)
        text = formatting.day(day) if day.year == self.view.today.year else full
        return Cell(text, full, self.person_path(person.email) + self.of_day(day))

    def _curve(self, row: PersonRow) -> Cell:
        most = max(row.trend, default=0)
        if not most:
            return Cell("", look="curve")
        title = f"{formatting.exact(most)} tokens at most in a {'week' if self.weekly else 'day'}"
        return Cell("", title, look="curve", curve=charts.curve(row.trend))


def _only(kind: str, name: str, narrowed: Callable[[str], str]) -> Cell:
    return Cell(name, f"Only {name}", narrowed(name), kind) if name else Cell("", look=kind)


def _change(row: PersonRow) -> Cell:
    if row.compared is None:
        return Cell(DASH, "The days before are not known", look="change muted")
    now, before = row.compared
    title = f"{formatting.exact(before)} tokens before, {formatting.exact(now)} now"
    return Cell(formatting.change(now, before), title, look="change")


def _tokens(column: Column, told: Told) -> Cell:
    return tokens_cell(getattr(told.figures, column.figure), told.leads(""))


def _money(column: Column, told: Told) -> Cell:
    return money_cell(told.figures, column.figure, told.leads(""))


def _tool(column: Column, told: Told) -> Cell:
    count = told.by_tool.get(column.tool, 0)
    return tokens_cell(count, told.leads(column.tool)) if count else Cell("0", look="muted")


def _share(_: Column, told: Told) -> Cell:
    part, whole = told.figures.cache_read_tokens, told.figures.tokens
    if not whole:
        return Cell(DASH, look="muted")
    title = f"{formatting.exact(part)} of {formatting.exact(whole)} tokens"
    return Cell(formatting.percent(part, whole), title)


def _split(_: Column, told: Told) -> Cell:
    whole, parts = told.figures.tokens, tool_parts(told.by_tool)
    words = ", ".join(
        f"{formatting.tool_label(tool)} {formatting.percent(count, whole)}" for tool, count in parts
    )
    return Cell("", words, look="split", parts=tuple(charts.strips(parts, whole)))


def _days(_: Column, told: Told) -> Cell:
    return EMPTY if told.days is None else Cell(formatting.exact(told.days), "", told.leads(""))


def _average(_: Column, told: Told) -> Cell:
    return EMPTY if told.average is None else tokens_cell(told.average, told.leads(""))


OF_SUMS: dict[str, Callable[[Column, Told], Cell]] = {
    "tokens": _tokens,
    "money": _money,
    "tool": _tool,
    "share": _share,
    "split": _split,
    "days": _days,
    "average": _average,
}
"""How the kinds of columns are written that sums have too."""
