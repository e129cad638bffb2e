"""The JSON API's reads. Money is dollars as a number rounded to 6 decimals."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.database import reading
from app.dates import utc_today
from app.identity import own_email
from app.queries.people.people import (
    DEFAULT_SORT,
    PeopleTotals,
    PersonTotals,
    one_person,
    people,
    people_totals,
    person_by_email,
    tokens_per_day,
)
from app.queries.people.person import person_usage
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures
from app.queries.sums.models import models
from app.queries.sums.totals import Totals, totals
from app.queries.sums.trends import daily
from app.usage import CLAUDE_CODE, CURSOR, normal_email
from app.web.request.errors import BadRequest
from app.web.view.params import MOST_DAYS, api_number, api_scope

blueprint = Blueprint("api", __name__, url_prefix="/api")

TREND_DAYS = 14
BEGINNING = date(2000, 1, 1)
"""No usage is older: the table of days refuses it."""
LIMIT, MOST = 50, 1000
NANOS_PER_MICRO = 1000


def dollars(nanos: int) -> float:
    """Nano-dollars as dollars, rounded half-even to 6 decimals."""
    micros, rest = divmod(nanos, NANOS_PER_MICRO)
    half = NANOS_PER_MICRO // 2
    if rest > half or (rest == half and micros % 2):
        micros += 1
    return micros / 1_000_000


@blueprint.get("/stats")
def stats() -> ResponseReturnValue:
    """Totals of a range, on request with those of the range before."""
    scope = api_scope(request.args, utc_today())
    with reading():
        slices = slices_of(scope)
        answer = _stats(totals(scope, slices))
        previous = scope.previous()
        if request.args.get("comparison") == "true" and previous:
            answer["previousPeriod"] = _stats(totals(previous, slices))
    return jsonify(answer)


def _stats(found: Totals) -> dict[str, Any]:
    by_tool = {tool: figures.tokens for tool, figures in found.by_tool.items()}
    return {
        **_figures(found.figures, by_tool, total_prefix=True),
        "activeUsers": found.active_people,
        "unattributed": {
            "totalTokens": found.unattributed.tokens,
            "totalCost": dollars(found.unattributed.value_nanos),
        },
        "unpricedTokens": found.figures.unpriced_tokens,
    }


def _figures(
    figures: Figures, by_tool: dict[str, int], *, total_prefix: bool = False
) -> dict[str, Any]:
    parts = {
        "inputTokens": figures.input_tokens,
        "outputTokens": figures.output_tokens,
        "cacheReadTokens": figures.cache_read_tokens,
        "cacheWriteTokens": figures.cache_write_tokens,
    }
    if total_prefix:
        parts = {f"total{name[0].upper()}{name[1:]}": value for name, value in parts.items()}
    return {
        "totalTokens": figures.tokens,
        "totalCost": dollars(figures.value_nanos),
        "claudeCodeTokens": by_tool.get(CLAUDE_CODE, 0),
        "cursorTokens": by_tool.get(CURSOR, 0),
        **parts,
    }


@blueprint.get("/trends")
def trends() -> ResponseReturnValue:
    """Every day of a range, zero-filled, oldest first."""
    scope = api_scope(request.args, utc_today(), default_days=TREND_DAYS)
    days = scope._replace(start=scope.start or BEGINNING).days
    if days and days > MOST_DAYS:
        name = "startDate" if scope.start else "endDate"
        raise BadRequest(f"{name}: {days} days are too many, {MOST_DAYS} at most.")
    with reading():
        points = daily(scope)
    return jsonify([_day(point.day.isoformat(), point.by_tool) for point in points])


def _day(day: str, by_tool: dict[str, Figures]) -> dict[str, Any]:
    return {
        "date": day,
        "claudeCode": by_tool.get(CLAUDE_CODE, Figures()).tokens,
        "cursor": by_tool.get(CURSOR, Figures()).tokens,
        "cost": dollars(sum(figures.value_nanos for figures in by_tool.values())),
    }


@blueprint.get("/models")
def all_models() -> ResponseReturnValue:
    """All models of a range, most tokens first."""
    scope = api_scope(request.args, utc_today())
    with reading():
        shares = models(scope)
    return jsonify(
        [
            {
                "model": share.model,
                "tool": share.tool,
                "tokens": share.figures.tokens,
                "cost": dollars(share.figures.value_nanos),
                "percentage": float(share.percentage),
            }
            for share in shares
        ]
    )


@blueprint.get("/users")
def users() -> ResponseReturnValue:
    """People with usage in the range, most tokens first."""
    scope = api_scope(request.args, utc_today())
    limit, offset = _page()
    with reading():
        page = people(scope, search=_search(), limit=limit, offset=offset, with_favorites=True)
    return jsonify(
        [
            {
                "email": person.email,
                "totalTokens": person.figures.tokens,
                "totalCost": dollars(person.figures.value_nanos),
                "claudeCodeTokens": person.by_tool.get(CLAUDE_CODE, 0),
                "cursorTokens": person.by_tool.get(CURSOR, 0),
                "favoriteModel": person.favorite_model or None,
                "lastActive": _iso(person.last_day),
            }
            for person in page.people
        ]
    )


@blueprint.get("/users/pivot")
def pivot() -> ResponseReturnValue:
    """One page of people in any order, and the totals of all of them."""
    scope = api_scope(request.args, utc_today())
    limit, offset = _page()
    sort = request.args.get("sortBy", DEFAULT_SORT)
    descending = request.args.get("sortDir", "desc").lower() != "asc"
    search = _search()
    with reading():
        slices = slices_of(scope)
        page = people(
            scope,
            search=search,
            sort=sort,
            descending=descending,
            limit=limit,
            offset=offset,
            slices=slices,
        )
        whole = people_totals(scope, search, slices)
    return jsonify(
        users=[_pivot_row(person) for person in page.people],
        totalCount=page.total_count,
        totals=_pivot_totals(whole),
    )


def _pivot_row(person: PersonTotals) -> dict[str, Any]:
    return {**_summary(person), "avgTokensPerDay": person.tokens_per_day}


def _summary(person: PersonTotals) -> dict[str, Any]:
    return {
        "email": person.email,
        **_figures(person.figures, person.by_tool),
        "firstActive": _iso(person.first_day),
        "lastActive": _iso(person.last_day),
        "daysActive": person.days,
    }


def _pivot_totals(whole: PeopleTotals) -> dict[str, Any]:
    return {
        **_figures(whole.figures, whole.by_tool),
        "daysActive": whole.days,
        "avgTokensPerDay": tokens_per_day(whole.figures.tokens, whole.days),
    }


@blueprint.get("/users/<path:email>")
def user(email: str) -> ResponseReturnValue:
    """One person: summary, models and days with usage; a further e-mail is the person's too."""
    scope = api_scope(request.args, utc_today())
    with reading():
        found = person_by_email(own_email(normal_email(email.replace("\0", ""))))
        if found is None:
            return jsonify(error=f"Nobody with the e-mail {email[:200]!r} was ever seen."), 404
        return jsonify(_person(scope, *found))


def _person(scope: Scope, person_id: int, email: str) -> dict[str, Any]:
    usage = person_usage(scope, person_id)
    return {
        "summary": _summary(one_person(scope, person_id, email)),
        "modelBreakdown": [
            {
                "model": row.model,
                "tool": row.tool,
                "tokens": row.figures.tokens,
                "cost": dollars(row.figures.value_nanos),
            }
            for row in usage.models
        ],
        "dailyUsage": [_day(point.day.isoformat(), point.by_tool) for point in usage.days],
    }


def _page() -> tuple[int, int]:
    return (
        api_number(request.args, "limit", LIMIT, 1, MOST),
        api_number(request.args, "offset", 0, 0, 10**9),
    )


def _search() -> str:
    return request.args.get("search", "").replace("\0", "")[:100]


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
