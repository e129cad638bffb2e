"""The overview at `/`: parse the query string, ask, choose what to show, render."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, current_app, request, url_for

from app.database import reading
from app.queries.figures import Figures, add_up
from app.queries.freshness import ProviderState, unsettled_days
from app.queries.models import models
from app.queries.people import people
from app.queries.scope import Scope
from app.queries.totals import Totals, totals
from app.queries.trends import DayPoint, daily
from app.queries.unmapped import unmapped_keys
from app.usage import utc_now
from app.web import charts, htmx, overview
from app.web.frame import frame
from app.web.params import parse_view

TOP_PEOPLE = 10
TOP_MODELS = 9
NAVIGATION = (
    ("/", "Overview"),
    ("/users", "People"),
    ("/status", "Status"),
    ("/import", "Import"),
    ("/settings", "Settings"),
)

blueprint = Blueprint("dashboard", __name__)


@blueprint.get("/")
def page() -> Response:
    """The dashboard of the range and filters in the query string."""
    now = utc_now()
    view = parse_view(request.args, now.date())
    with reading():
        context = frame(view, now) | {"empty": "nothing"}
        if context["span"]:
            context |= known_context(view.scope, context["span"], context["states"])
    return htmx.answer("dashboard/page.html", view.query(), **context)


def known_context(
    asked: Scope, span: tuple[date, date], states: Sequence[ProviderState]
) -> dict[str, Any]:
    """What the page shows once any usage is known; figures only if the scope has some."""
    scope = overview.within_records(asked, span)
    found = totals(scope)
    context: dict[str, Any] = {
        "shown": (scope.start or span[0], scope.end or span[1]),
        "empty": emptiness(scope, found),
    }
    if context["empty"]:
        return context
    points, unsettled = daily(scope), unsettled_days(scope)
    open_days = overview.incomplete_days(points, unsettled, states, scope.tools)
    compared = overview.comparison(asked, open_days) if scope == asked else None
    context |= comparison_context(scope, found, points, open_days, compared)
    context["records_begin"] = span[0] if compared and compared.begins_inside(span[0]) else None
    return context | rankings_context(scope, found)


def emptiness(scope: Scope, found: Totals) -> str:
    """Why there is nothing to show: "filtered", "outside" (no usage in the range), or ""."""
    if any(found.figures):
        return ""
    return "filtered" if scope.tools or scope.models else "outside"


def comparison_context(
    scope: Scope,
    found: Totals,
    points: Sequence[DayPoint],
    open_days: set[date],
    compared: overview.Comparison | None,
) -> dict[str, Any]:
    """The cards with their changes, and the chart."""
    shown = overview.measures(found)
    settled, before = shown, None
    if compared:
        before = overview.measures(totals(compared.before))
        if compared.now != scope:
            settled = overview.measures(totals(compared.now))
    drawn = charts.bars(overview.day_points(points), open_days)
    weekly = len(drawn) < len(points)
    return {
        "cards": overview.cards(shown, settled, before, overview.sparklines(drawn)),
        "compared": compared,
        "whole_compared": compared is not None and compared.now == scope,
        "daily": overview.daily_chart(drawn, found, weekly=weekly),
    }


def rankings_context(scope: Scope, found: Totals) -> dict[str, Any]:
    """Models, tools, people and keys without an owner."""
    shares = models(scope)
    top = people(scope, limit=TOP_PEOPLE, with_favorites=True)
    unmapped = unmapped_keys(scope) if any(found.unattributed) else []
    rest = [share.figures for share in shares[TOP_MODELS:]]
    return {
        "totals": found,
        "tools": overview.ordered_tools(found.by_tool),
        "tool_rows": overview.TOOL_ROWS,
        "models": shares[:TOP_MODELS],
        "other_model_count": len(rest),
        "other_models": add_up(rest) if rest else Figures(),
        "people": top,
        "other_people": overview.other_people(found, top),
        "unmapped": [key for key in unmapped if key.key],
    }


@blueprint.app_context_processor
def site_pages() -> dict[str, Any]:
    """What every page needs: the main pages that exist, and links to pages by path rule."""
    return {
        "navigation": navigation,
        "page_at": page_at,
        "strips": charts.strips,
        "tool_parts": overview.tool_parts,
    }


def navigation() -> list[tuple[str, str, bool]]:
    """(URL, label, is the present page) of the main pages that exist."""
    found = [(page_at(path), label, path) for path, label in NAVIGATION]
    return [(url, label, request.path == path) for url, label, path in found if url]


def page_at(path: str, **values: Any) -> str:
    """The URL of the page with this path rule ("/users/<email>"), "" while there is none."""
    for rule in current_app.url_map.iter_rules():
        plain = re.sub(r"<[^<>:]*:", "<", rule.rule)
        if plain == path and "GET" in (rule.methods or ()):
            return url_for(rule.endpoint, **values)
    return ""
