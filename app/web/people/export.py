"""The list of people as CSV: its rows, columns and order, every page, and what is nobody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, Response, request

from app.database import reading
from app.dates import utc_now
from app.queries.days.freshness import ProviderState, freshness, known_span
from app.queries.keys.shared import UnattributedLines
from app.queries.people.people import PersonTotals
from app.queries.people.rows import PersonRow, footer, people_rows
from app.queries.sums.figures import LACKS, Figures
from app.web.people.columns import Column
from app.web.people.page import asks_for_pivot, question_of, without_untold
from app.web.people.view import PeopleView, parse_people_view
from app.web.pivot import export as pivot
from app.web.pivot.words import shared_words
from app.web.request.unchanged import DAY, MINUTE, known_while
from app.web.view import formatting
from app.web.view.csv_files import (
    csv_answer,
    csv_text,
    file_name,
    plain_dollars,
    plain_share,
)
from app.web.view.csv_metadata import Contents, metadata_answer, with_metadata_link
from app.web.view.figure_words import FIGURE_WORDS
from app.web.view.frame import configured_providers
from app.web.view.tools import tool_parts

ROWS_AT_ONCE = 500

blueprint = Blueprint("export", __name__)


class PeopleFile(NamedTuple):
    """The rows of a file: people in the order of the screen, then lines of nobody."""

    view: PeopleView
    rows: list[PersonRow]
    nobody: list[PersonRow]
    first: date | None
    last: date | None
    open_days: set[date]
    states: list[ProviderState]

    @property
    def headings(self) -> list[str]:
        """The words of the screen, and the tokens that lack a shown figure where there are any."""
        headings = [column.label for column in self.view.shown_columns]
        return [*headings, *(FIGURE_WORDS[figure].heading for figure in self.partly_known)]

    @property
    def partly_known(self) -> list[str]:
        """The figures of shown columns that some of the usage lacks."""
        rows = (*self.rows, *self.nobody)
        shown = [column.figure for column in self.view.shown_columns if column.figure in LACKS]
        return [name for name in shown if any(row.person.figures.lacking(name) for row in rows)]


@blueprint.get("/export/users.csv")
@known_while(DAY)
def users() -> Response:
    """Everybody whom the view of `/users` shows, then what belongs to nobody: the file sums up.

    One heading row with the words of the screen, ISO days, plain integers, dollars as plain
    decimals. Money that nothing is known of is an empty cell, never 0.
    """
    if asks_for_pivot(request.args):
        return with_metadata_link(pivot.export(), "export.users_metadata")
    view = parse_people_view(request.args, utc_now().date())
    with reading():
        found = found_rows(view)
    covered = [day.isoformat() for day in (found.first, found.last) if day]
    kind = "users-without-usage" if view.unused else "users"
    name = file_name(kind, *covered, *view.scope.filters(), view.search)
    return with_metadata_link(csv_answer(csv_lines(found), name), "export.users_metadata")


@blueprint.get("/export/users.csv-metadata.json")
@known_while(MINUTE)
def users_metadata() -> Response:
    """What the file of the same query string holds."""
    now = utc_now()
    if asks_for_pivot(request.args):
        return metadata_answer(pivot.contents(now), "users.csv", now)
    view = parse_people_view(request.args, now.date())
    with reading():
        found = found_rows(view)
    contents = Contents(
        title="People without usage" if view.unused else "People",
        scope=view.scope,
        first=found.first,
        last=found.last,
        columns=found.headings,
        rows=len(found.rows) + len(found.nobody),
        open_days=found.open_days,
        states=found.states,
        search=view.search,
        meanings={column.label: column.meaning for column in view.shown_columns},
        money=[FIGURE_WORDS[one.figure].money for one in view.shown_columns if one.kind == "money"],
    )
    return metadata_answer(contents, "users.csv", now)


def found_rows(view: PeopleView) -> PeopleFile:
    """All rows of a view, and what they cover."""
    view = without_untold(view)
    span, states = known_span(), freshness(configured_providers())
    if span is None:
        return PeopleFile(view, [], [], *view.scope[:2], set(), states)
    asked, viewed = question_of(view, span, states)
    lines = footer(asked, every_name=True).lines
    return PeopleFile(
        view=view,
        rows=people_rows(asked).rows,
        nobody=nobodys_rows(lines),
        first=viewed.scope.start,
        last=viewed.scope.end,
        open_days=viewed.open_days,
        states=states,
    )


def nobodys_rows(lines: UnattributedLines) -> list[PersonRow]:
    """A row for each name of shared keys and one for usage without an owner."""
    parts = [(shared_words(line.label), line.figures, line.by_tool) for line in lines.shared]
    if lines.rest.tokens or lines.rest.value_nanos:
        parts.append((formatting.NO_OWNER, lines.rest, lines.rest_by_tool))
    return [_nobodys_row(*part) for part in parts]


def _nobodys_row(label: str, figures: Figures, by_tool: dict[str, int]) -> PersonRow:
    totals = PersonTotals(
        person_id=0,
        email=label,
        figures=figures,
        by_tool=by_tool,
        days=0,
        first_day=None,
        last_day=None,
    )
    return PersonRow(totals, [], None)


def csv_lines(export: PeopleFile) -> Iterator[str]:
    """The file in pieces of some hundred rows."""
    yield csv_text([export.headings])
    columns = export.view.shown_columns
    writers = [WRITERS[column.kind](column) for column in columns]
    nobodys = [
        WRITERS[column.kind](column) if column.kind in NOBODYS else _nothing for column in columns
    ]
    lacking = [_lacking(figure) for figure in export.partly_known]
    writers += lacking
    nobodys += lacking
    for first in range(0, len(export.rows), ROWS_AT_ONCE):
        chunk = export.rows[first : first + ROWS_AT_ONCE]
        yield csv_text([[write(row) for write in writers] for row in chunk])
    yield csv_text([[write(row) for write in nobodys] for row in export.nobody])


Writer = Callable[[PersonRow], Any]


def _nothing(_: PersonRow) -> str:
    return ""


def _lacking(figure: str) -> Writer:
    return lambda row: row.person.figures.lacking(figure)


def _email(_: Column) -> Writer:
    return lambda row: row.person.email


def _tokens(column: Column) -> Writer:
    return lambda row: getattr(row.person.figures, column.figure)


def _money(column: Column) -> Writer:
    return lambda row: _plain_money(row.person.figures, column.figure)


def _plain_money(figures: Figures, figure: str) -> str:
    return "" if figures.is_unknown(figure) else plain_dollars(getattr(figures, figure))


def _tool(column: Column) -> Writer:
    return lambda row: row.person.by_tool.get(column.tool, 0)


def _split(_: Column) -> Writer:
    return lambda row: ", ".join(
        f"{formatting.tool_label(tool)} {formatting.percent(tokens, row.person.figures.tokens)}"
        for tool, tokens in tool_parts(row.person.by_tool)
    ).replace(formatting.SPACE, " ")


def _share(_: Column) -> Writer:
    return lambda row: plain_share(row.person.figures.cache_read_tokens, row.person.figures.tokens)


def _day(column: Column) -> Writer:
    name = "first_day" if column.name == "firstActive" else "last_day"
    return lambda row: _iso(getattr(row.person, name))


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


WRITERS: dict[str, Callable[[Column], Writer]] = {
    "email": _email,
    "name": lambda _: lambda row: row.name,
    "team": lambda _: lambda row: row.team,
    "tokens": _tokens,
    "money": _money,
    "tool": _tool,
    "split": _split,
    "share": _share,
    "day": _day,
    "days": lambda _: lambda row: row.person.days,
    "average": lambda _: lambda row: row.person.tokens_per_day,
    "model": lambda _: lambda row: row.person.favorite_model,
    "change": lambda _: lambda row: "" if row.change is None else row.change,
    "curve": lambda _: lambda row: " ".join(map(str, row.trend)),
}
"""How each kind of column is written. "change" is in tokens; "curve" lists the points of the
curve, oldest first."""
NOBODYS = ("email", "tokens", "money", "tool", "split", "share")
"""Kinds of columns that are known of what belongs to nobody too; the others are empty there."""
