"""The list of people as CSV: the rows, columns and order of the screen, every page of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from app.database import reading
from app.dates import utc_now
from app.queries.days.freshness import freshness, known_span
from app.queries.people.rows import PersonRow, people_rows
from app.web.people.columns import Column
from app.web.people.page import asks_for_pivot, question_of
from app.web.people.view import PeopleView, parse_people_view
from app.web.pivot import export as pivot
from app.web.view import formatting
from app.web.view.csv_files import csv_answer, csv_text, file_name, plain_dollars, plain_share
from app.web.view.frame import configured_providers
from app.web.view.tools import tool_parts

ROWS_AT_ONCE = 500

blueprint = Blueprint("export", __name__)


@blueprint.get("/export/users.csv")
def users() -> Response:
    """Everybody whom the view of `/users` shows, without the sums below them.

    One heading row with the words of the screen, ISO days, plain integers, dollars as plain
    decimals. A cost that no price is known for is an empty cell, never 0.
    """
    if asks_for_pivot(request.args):
        return pivot.export()
    view = parse_people_view(request.args, utc_now().date())
    with reading():
        rows, days = found_rows(view)
    lines = csv_lines(view.shown_columns, rows)
    covered = [day.isoformat() for day in days if day]
    return csv_answer(lines, file_name("users", *covered, *view.scope.filters(), view.search))


def found_rows(view: PeopleView) -> tuple[list[PersonRow], tuple[date | None, date | None]]:
    """All rows of a view, and the first and last day that they cover."""
    span = known_span()
    if span is None:
        return [], (view.scope.start, view.scope.end)
    asked, viewed = question_of(view, span, freshness(configured_providers()))
    return people_rows(asked).rows, (viewed.scope.start, viewed.scope.end)


def csv_lines(columns: list[Column], rows: list[PersonRow]) -> Iterator[str]:
    """The file in pieces of some hundred rows."""
    yield csv_text([[column.label for column in columns]])
    writers = [WRITERS[column.kind](column) for column in columns]
    for first in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[first : first + ROWS_AT_ONCE]
        yield csv_text([[write(row) for write in writers] for row in chunk])


Writer = Callable[[PersonRow], Any]


def _email(_: Column) -> Writer:
    return lambda row: row.person.email


def _tokens(column: Column) -> Writer:
    return lambda row: getattr(row.person.figures, column.figure)


def _money(_: Column) -> Writer:
    return lambda row: _cost(row)


def _cost(row: PersonRow) -> str:
    figures = row.person.figures
    return "" if figures.not_priced else plain_dollars(figures.value_nanos)


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
