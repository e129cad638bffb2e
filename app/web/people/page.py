"""The list of people at `/users`: parse the query string, ask, choose what to show, render."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.database import reading
from app.dates import days_between, utc_now
from app.queries.days.freshness import ProviderState
from app.queries.people.everybody import everybody
from app.queries.people.known import told_of_people
from app.queries.people.rows import Footer, PeopleQuestion, Rows, footer, people_rows, unused_count
from app.queries.pivot.dimensions import DIMENSIONS, PERSON
from app.queries.sums.figures import Figures, add_up
from app.web.people.columns import COLUMNS, USUAL
from app.web.people.peek import COLUMNS as PEEK_COLUMNS
from app.web.people.peek import peek_at
from app.web.people.table import PeopleTable
from app.web.people.view import PeopleView, parse_people_view
from app.web.pivot import page as pivot
from app.web.pivot.words import menus
from app.web.request import htmx
from app.web.request.unchanged import MINUTE, known_while
from app.web.view import charts, formatting
from app.web.view.csv_files import export_note
from app.web.view.frame import frame
from app.web.view.mine import first_team
from app.web.view.navigation import person_path
from app.web.view.periods import ViewedRange, viewed_range
from app.web.view.state import SIZES

WORDS_FOR_DIRECTION = {True: "descending", False: "ascending"}
WINDOW_WIDTHS = (760, 900, 1040, 1180, 1375, 1800)
"""Widths of a window, in pixels, from which on a table may stand without a scroll bar."""
AROUND_TABLE, WIDEST_TABLE, PEEK_WIDTH = 97, {1375: 1278, 1800: 1558}, 356

blueprint = Blueprint("people", __name__)


@blueprint.get("/users")
@known_while(MINUTE)
def page() -> Response:
    """The people of the range and filters in the query string, or the pivot that it asks for."""
    if asks_for_pivot(request.args):
        return pivot.respond()
    now = utc_now()
    view = parse_people_view(request.args, now.date())
    with reading():
        context = frame(view, now) | menus() | {"empty": "nothing"}
        if context["span"]:
            context |= known_context(view, context["span"], context["states"])
    return htmx.answer(
        "people/page.html", context["view"].query(page=context["view"].page), **context
    )


@blueprint.get("/users/")
def with_slash() -> ResponseReturnValue:
    """An address with a slash too many is that of the list."""
    query = urlencode(list(request.args.items(multi=True)))
    return redirect(url_for("people.page") + (f"?{query}" if query else ""), 308)


def asks_for_pivot(args: Any) -> bool:
    """Whether a query string groups by something else than by person alone."""
    return any(args.get(name) in DIMENSIONS and args[name] != PERSON for name in ("rows", "by"))


def known_context(
    view: PeopleView, span: tuple[date, date], states: list[ProviderState]
) -> dict[str, Any]:
    """What the page shows once any usage is known."""
    view = without_untold(view)
    asked, viewed = question_of(view, span, states)
    if view.peek:
        asked = asked._replace(columns={*view.columns, *PEEK_COLUMNS})
    view, found = page_of(view, asked)
    sums = footer(asked)
    looked_at = peek_at(view, asked, found, viewed.open_days)
    view = replace(view, peek=looked_at.row.person.email if looked_at else "")
    compared = viewed.compared
    table = PeopleTable(view, weekly=is_weekly(asked.curve))
    return {
        "view": view,
        "shown": (viewed.first, viewed.last),
        "empty": empty_reason(view, found, sums),
        "found": found,
        "footer": sums,
        "rows": table.rows(
            found.rows, looked_at.row.person.person_id if looked_at else 0, asked.first_team
        ),
        "foot": table.foot(sums, None if view.search else everything(sums)),
        "peek": looked_at,
        "compared": compared,
        "sizes": SIZES,
        "pages": view.pages(found.total_count, len(found.rows)),
        "fits_from_width": fits_from_width(view),
        "all_columns": COLUMNS,
        "usual_columns": USUAL,
        "announcement": announcement(view, found, sums),
        "first_team": asked.first_team,
        "unused_count": unused_count(asked),
        "change_words": formatting.change,
        "person_path": person_path,
        "counted": counted(view, found, sums),
        "file_holds": export_note(
            counted(view, found, sums),
            viewed.open_days,
            shared=bool(sums.lines.shared),
            nobodys=bool(sums.lines.rest.tokens or sums.lines.rest.value_nanos),
        ),
        "direction_words": WORDS_FOR_DIRECTION,
    }


def without_untold(view: PeopleView) -> PeopleView:
    """The view without names, and without teams, where nobody is known to have any."""
    return replace(view, untold=frozenset({"name", "team"} - told_of_people()))


def question_of(
    view: PeopleView, span: tuple[date, date], states: Iterable[ProviderState]
) -> tuple[PeopleQuestion, ViewedRange]:
    """What to ask of the people's rollups for a view, and what its range means."""
    viewed = viewed_range(view.scope, span, list(states), view.today, rolling=view.days is not None)
    compared = viewed.compared
    asked = PeopleQuestion(
        scope=viewed.scope,
        columns=view.columns,
        search=view.search,
        sort=view.sort,
        descending=view.descending,
        compared=(compared.now, compared.before) if compared and not compared.unknown else None,
        curve=curve_of(viewed),
        unused=view.unused,
        first_team=first_team(view.scope),
    )
    return asked, viewed


def curve_of(viewed: ViewedRange) -> list[tuple[date, date]]:
    """The days or weeks of a person's curve: the complete ones, unless there are none."""
    points = [charts.Point(day, {}) for day in days_between(viewed.first, viewed.last)]
    bars = charts.bars(points, viewed.open_days)
    whole = [bar for bar in bars if not bar.open] or bars
    return [(bar.first, bar.last) for bar in whole]


def is_weekly(curve: Sequence[tuple[date, date]]) -> bool:
    """Whether the points of a curve are weeks."""
    return len(curve) > 1 and curve[0][0] != curve[0][1]


def page_of(view: PeopleView, asked: PeopleQuestion) -> tuple[PeopleView, Rows]:
    """The rows of a page; a page after the last one becomes the last one."""
    found = people_rows(asked, view.size, view.offset)
    if found.rows or view.page == 1:
        return view, found
    view = view.within(found.total_count)
    return view, people_rows(asked, view.size, view.offset)


def empty_reason(view: PeopleView, found: Rows, sums: Footer) -> str:
    """Why there is no row: "search", "used" (nobody is without usage), "filtered", "outside"
    (no usage in the range), or "".
    """
    if found.rows or sums.lines.shared:
        return ""
    if view.search and sums.everybody_count:
        return "search"
    if view.unused and everybody(view.scope).ids:
        return "used"
    if any(sums.unattributed):
        return "" if not view.search else "search"
    return "filtered" if view.scope.is_filtered else "outside"


def everything(sums: Footer) -> tuple[Figures, dict[str, int]] | None:
    """Figures and tokens by tool of the people and of nobody; None when nobody has usage.

    They are the totals of the overview, which leads here. A search leaves lines out, so only
    without one are they right.
    """
    if not any(sums.unattributed):
        return None
    lines = sums.lines
    named = [*lines.shared, *([lines.others] if lines.others else [])]
    by_tool: Counter[str] = Counter(sums.people.by_tool)
    for part in (lines.rest_by_tool, *(line.by_tool for line in named)):
        by_tool.update(part)
    return add_up([sums.people.figures, sums.unattributed]), dict(by_tool)


def fits_from_width(view: PeopleView) -> int:
    """The width of a window from which on the table needs no scroll bar; 0 when it always does."""
    width = sum(column.width for column in view.shown_columns)
    width += PEEK_WIDTH if view.peek else 0
    for window in WINDOW_WIDTHS:
        if width <= WIDEST_TABLE.get(window, window - AROUND_TABLE):
            return window
    return 0


def announcement(view: PeopleView, found: Rows, sums: Footer) -> str:
    """What is read out after a swap: "38 of 212 people, sorted by cost, descending"."""
    label = next(column.label for column in COLUMNS if column.name == view.sort).lower()
    direction = WORDS_FOR_DIRECTION[view.descending]
    return f"{counted(view, found, sums)}, sorted by {label}, {direction}, page {view.page}"


def counted(view: PeopleView, found: Rows, sums: Footer) -> str:
    """How many people match: "212 people", "38 of 212 people" of a search, "9 … without usage"."""
    words = formatting.count_of(sums.everybody_count, "person", "people")
    words += " without usage" if view.unused else ""
    if found.total_count == sums.everybody_count:
        return words
    return f"{formatting.exact(found.total_count)} of {words}"
