"""The overview at `/`: parse the query string, ask, choose what to show, render."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, request

from app.database import reading
from app.dates import utc_now
from app.providers import PROVIDERS
from app.queries.days.freshness import ProviderState
from app.queries.keys.shared import shared_key_lines, shown_lines
from app.queries.keys.unmapped import unmapped_keys
from app.queries.people.rows import PeopleQuestion, Rows, people_rows
from app.queries.scope import Scope, slices_of
from app.queries.sums.days import SeriesDay, figures_of_days, series_days
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.ranges import RangeSums, lifetime, people_counts, sums_of_ranges
from app.web.dashboard import daily
from app.web.dashboard.cards import Measured, kinds, measured, top_model
from app.web.dashboard.view import CUTS, MEASURES, DashboardView, parse_dashboard
from app.web.request import htmx
from app.web.request.unchanged import MINUTE, known_while
from app.web.view import charts
from app.web.view.cards import Sides, before_words, cards
from app.web.view.earlier import before_bars, days_before
from app.web.view.frame import frame
from app.web.view.navigation import Drilldown
from app.web.view.periods import Comparison, left_out_words, viewed_range
from app.web.view.tools import TOOL_ROWS, in_several_tools, ordered_tools, tool_parts

KEY_SETTINGS = [provider.SETTINGS.key for provider in PROVIDERS]
TOP_PEOPLE = 18
TOP_MODELS = 9
TOP_SHARED = 2

blueprint = Blueprint("dashboard", __name__)

Span = tuple[date, date]


class Asked(NamedTuple):
    """A question about a closed range: its view, days, and which of these may still grow."""

    view: DashboardView
    scope: Scope
    span: Span
    days: list[SeriesDay]
    open_days: set[date]


@blueprint.get("/")
@known_while(MINUTE)
def page() -> Response:
    """The dashboard of the range and filters in the query string."""
    now = utc_now()
    view = parse_dashboard(request.args, now.date())
    with reading():
        context = frame(view, now) | {"empty": "nothing", "key_settings": KEY_SETTINGS}
        if context["span"]:
            context |= known_context(view, context["span"], context["states"])
    return htmx.answer("dashboard/page.html", view.query(), **context)


def known_context(
    view: DashboardView, span: Span, states: Sequence[ProviderState]
) -> dict[str, Any]:
    """What the page shows once any usage is known; figures only if the scope has some."""
    viewed = viewed_range(view.scope, span, states, view.today, rolling=view.days is not None)
    scope, open_days = viewed.scope, viewed.open_days
    closed = scope._replace(start=viewed.first, end=viewed.last)
    days = series_days(closed, daily.series_labels(view, slices_of(scope)))
    context = {
        "shown": (viewed.first, viewed.last),
        "empty": empty_reason(scope, days),
        "lifetime": lifetime(),
        "behind": Drilldown(view),
    }
    if context["empty"]:
        return context
    asked = Asked(view, closed, span, days, open_days)
    drawn = charts.bars(daily.chart_points(days, view), open_days)
    return (
        context
        | figures_context(asked, viewed.compared, drawn)
        | chart_context(asked, viewed.compared, drawn)
    )


def empty_reason(scope: Scope, days: Sequence[SeriesDay]) -> str:
    """Why there is nothing to show: "filtered", "outside" (no usage in the range), or ""."""
    wholes = [day.figures for day in days]
    if any(day.people for day in days) or any(one.tokens or one.value_nanos for one in wholes):
        return ""
    return "filtered" if scope.is_filtered else "outside"


def figures_context(
    asked: Asked, compared: Comparison | None, drawn: Sequence[charts.Bar]
) -> dict[str, Any]:
    """The cards with their changes, and the rankings."""
    question = PeopleQuestion(asked.scope, columns=("topModel",), sort=asked.view.sort)
    top = people_rows(question, TOP_PEOPLE)
    whole, sides = measured_periods(asked, compared, top.total_count)
    return {
        "cards": cards(kinds(asked.view.measure), sides, drawn),
        "compared": compared,
        "left_out": left_out_words(asked.scope),
        "nothing_complete": asked.open_days.issuperset(day.day for day in asked.days),
    } | rankings_context(asked, whole, top)


def measured_periods(
    asked: Asked, compared: Comparison | None, active: int
) -> tuple[RangeSums, Sides[Measured]]:
    """The whole range, and what its cards show and compare."""
    if compared is None:
        (whole,) = sums_of_ranges([asked.scope])
        shown = measured(whole, active, *_beside(asked, whole))
        return whole, Sides(shown, shown)
    stretches = [compared.before, compared.now]
    cut = compared.now != asked.scope
    if cut:
        rest = (compared.now.end or date.max) + timedelta(days=1)
        stretches.append(asked.scope._replace(start=rest))
    earlier, settled, *tail = sums_of_ranges(stretches)
    whole = settled.plus(tail[0]) if tail else settled
    counts = people_counts([compared.before, compared.now][: 1 + cut])
    beside = _beside(asked, whole)
    return whole, Sides(
        measured(whole, active, *beside),
        measured(settled, counts[-1] if cut else active, *beside),
        measured(earlier, counts[0], *beside),
        compared,
    )


def _beside(asked: Asked, whole: RangeSums) -> tuple[int, str]:
    """What figures of any part of a range are seen beside: everybody ever seen, the top model."""
    known = 0 if asked.scope.teams else lifetime().people
    return known, top_model(whole, asked.view.figure)


def rankings_context(asked: Asked, whole: RangeSums, top: Rows) -> dict[str, Any]:
    """Models, tools, people, weekdays and keys without an owner."""
    shares = whole.shares(asked.view.figure)
    rest = [share.figures for share in shares[TOP_MODELS:]]
    by_tool = whole.by_tool
    unmapped = unmapped_keys(asked.scope) if any(whole.unattributed) else []
    shared = shared_key_lines(asked.scope) if any(whole.unattributed) else []
    keys = [key for key in unmapped if key.key]
    # Not all the rest: shared keys have a name, though nobody owns them.
    nameless = [row.figures for row in unmapped if not row.key]
    return {
        "ranked_by": asked.view.figure,
        "figures": whole.figures,
        "unattributed": whole.unattributed,
        "shared_keys": shown_lines(shared, TOP_SHARED),
        "unmapped": len(keys),
        "unmapped_figures": add_up(row.figures for row in unmapped),
        "nameless_figures": add_up(nameless),
        "by_tool": by_tool,
        "tools": ordered_tools(by_tool),
        "split": tool_parts({tool: part.tokens for tool, part in by_tool.items()}),
        "tool_rows": TOOL_ROWS,
        "models": shares[:TOP_MODELS],
        "model_count": len(shares),
        "split_models": in_several_tools(shares),
        "model_names": len({share.model for share in shares}),
        "other_models": add_up(rest) if rest else Figures(),
        "people": top,
        "other_people": other_people(whole.figures.minus(whole.unattributed), top),
        "weekdays": daily.weekday_averages(asked.days, asked.span[0], asked.open_days),
    }


def other_people(owned: Figures, top: Rows) -> Figures:
    """The figures of the people below the top, so that the table adds up to its total."""
    listed = add_up(person.figures for person in top.people) if top.people else Figures()
    return owned.minus(listed)


def chart_context(
    asked: Asked, compared: Comparison | None, drawn: Sequence[charts.Bar]
) -> dict[str, Any]:
    """The chart of days or weeks, with what today may end with and a line of the days before."""
    weekly = len(drawn) < len(asked.days)
    projection = None if weekly else projected(asked)
    before = earlier(asked, compared, drawn)
    chart = daily.daily_chart(drawn, asked.view, projection, before, weekly=weekly)
    line_of = before_words(compared) if compared and before else ""
    return {"daily": chart._replace(before=line_of), "measures": MEASURES, "cuts": CUTS}


def earlier(
    asked: Asked, compared: Comparison | None, drawn: Sequence[charts.Bar]
) -> dict[date, int]:
    """{first day of a bar: the whole of the days before}; empty without any usage in these."""
    then, figure = days_before(compared), asked.view.figure
    found = figures_of_days(then.values(), asked.scope) if then else {}
    amounts = {day: getattr(figures, figure) for day, figures in found.items()}
    unknown = {day for day, figures in found.items() if figures.is_unknown(figure)}
    told = {day: past for day, past in then.items() if past not in unknown}
    return before_bars(drawn, told, amounts) if any(amounts.values()) else {}


def projected(asked: Asked) -> daily.Projection | None:
    """What today may end with, when today is shown and still open."""
    today = asked.view.today
    present = [day for day in asked.days if day.day == today and today in asked.open_days]
    learned = daily.days_to_learn_from(today, asked.span[0])
    if not (present and learned):
        return None
    figure, found = asked.view.figure, figures_of_days(learned, asked.scope)
    amounts = {day: getattr(figures, figure) for day, figures in found.items()}
    return daily.project(today, getattr(present[0].figures, figure), amounts, learned)
