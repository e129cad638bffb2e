"""The JSON API's reads. Money is dollars as a number rounded to 6 decimals."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.database import reading
from app.dates import FIRST_DAY, utc_today
from app.identity import own_email
from app.queries.people.order import DEFAULT_SORT, SORTS, tokens_per_day
from app.queries.people.people import (
    PeopleTotals,
    PersonTotals,
    one_person,
    people_totals,
    person_by_email,
)
from app.queries.people.person import person_usage
from app.queries.people.rows import PeopleQuestion, people_rows
from app.queries.scope import Scope, slices_of
from app.queries.sums.days import series_days
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.ranges import RangeSums, people_counts, sums_of_ranges
from app.tools import TOOLS
from app.usage import MICROS_PER_DOLLAR, micro_dollars, normal_email
from app.web.request.errors import BadRequest
from app.web.request.unchanged import DAY, known_while
from app.web.view.params import MOST_DAYS, api_number, api_scope, is_rolling

blueprint = Blueprint("api", __name__, url_prefix="/api")

TREND_DAYS = 14
LIMIT, MOST = 50, 1000


def dollars(nanos: int) -> float:
    """Nano-dollars as dollars, rounded half-even to 6 decimals."""
    return micro_dollars(nanos) / MICROS_PER_DOLLAR


@blueprint.get("/stats")
@known_while(DAY)
def stats() -> ResponseReturnValue:
    """Totals of a range, on request with those of the range before."""
    today = utc_today()
    scope = api_scope(request.args, today)
    previous = None
    if request.args.get("comparison") == "true":
        previous = scope.previous(today, rolling=is_rolling(request.args))
    scopes = [scope, previous] if previous else [scope]
    with reading():
        found = sums_of_ranges(scopes, by_model=False)
        answers = list(map(_stats, found, people_counts(scopes)))
    earlier = {"previousPeriod": answers[1]} if previous else {}
    return jsonify(answers[0] | earlier)


def _stats(found: RangeSums, people: int) -> dict[str, Any]:
    figures = found.figures
    by_tool = {tool: part.tokens for tool, part in found.by_tool.items()}
    return {
        **_figures(figures, by_tool, total_prefix=True),
        "activeUsers": people,
        "unattributed": {
            "totalTokens": found.unattributed.tokens,
            **_money(found.unattributed),
        },
        "unpricedTokens": figures.unpriced_tokens,
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
        **_money(figures),
        **_tool_tokens(by_tool),
        **parts,
    }


def _money(figures: Figures) -> dict[str, Any]:
    """Value and billed dollars; null where no provider told what it bills for any of the usage."""
    return {
        "totalCost": dollars(figures.value_nanos),
        "totalBilled": None if figures.not_billed else dollars(figures.billed_nanos),
        "unbilledTokens": figures.unbilled_tokens,
    }


def _tool_tokens(by_tool: dict[str, int]) -> dict[str, int]:
    return {tool.tokens_column: by_tool.get(tool.key, 0) for tool in TOOLS}


@blueprint.get("/trends")
@known_while(DAY)
def trends() -> ResponseReturnValue:
    """Every day of a range, zero-filled, oldest first."""
    scope = api_scope(request.args, utc_today(), default_days=TREND_DAYS)
    days = scope._replace(start=scope.start or FIRST_DAY).days
    if days and days > MOST_DAYS:
        name = "startDate" if scope.start else "endDate"
        raise BadRequest(f"{name}: {days} days are too many, {MOST_DAYS} at most.")
    with reading():
        found = series_days(scope, slices_of(scope).by_tool, with_people=False)
    return jsonify([_day(one.day, one.by_series) for one in found])


def _day(day: date, by_tool: dict[str, Figures]) -> dict[str, Any]:
    tokens = {tool: figures.tokens for tool, figures in by_tool.items()}
    return {
        "date": day.isoformat(),
        **{tool.json_name: tokens.get(tool.key, 0) for tool in TOOLS},
        "cost": dollars(add_up(by_tool.values()).value_nanos),
    }


@blueprint.get("/models")
@known_while(DAY)
def all_models() -> ResponseReturnValue:
    """All models of a range, most tokens first."""
    scope = api_scope(request.args, utc_today())
    with reading():
        (found,) = sums_of_ranges([scope])
    return jsonify(
        [
            {
                "model": share.model,
                "tool": share.tool,
                "tokens": share.figures.tokens,
                "cost": dollars(share.figures.value_nanos),
                "percentage": float(share.percentage),
            }
            for share in found.shares()
        ]
    )


@blueprint.get("/users")
@known_while(DAY)
def users() -> ResponseReturnValue:
    """People with usage in the range, most tokens first."""
    scope = api_scope(request.args, utc_today())
    asked = PeopleQuestion(scope, columns=("topModel",), search=_search())
    with reading():
        page = people_rows(asked, *_page())
    return jsonify(
        [
            {
                "email": person.email,
                "totalTokens": person.figures.tokens,
                **_money(person.figures),
                **_tool_tokens(person.by_tool),
                "favoriteModel": person.favorite_model or None,
                "lastActive": _iso(person.last_day),
            }
            for person in page.people
        ]
    )


@blueprint.get("/users/pivot")
@known_while(DAY)
def pivot() -> ResponseReturnValue:
    """One page of people in any order, and the totals of all of them."""
    scope = api_scope(request.args, utc_today())
    asked = PeopleQuestion(scope, (), _search(), *_order())
    with reading():
        page = people_rows(asked, *_page())
        whole = people_totals(scope, asked.search)
    return jsonify(
        users=[_pivot_row(person) for person in page.people],
        totalCount=page.total_count,
        totals=_pivot_totals(whole),
    )


def _order() -> tuple[str, bool]:
    """The column to sort by and whether it falls; an unknown one is most tokens first."""
    sort = request.args.get("sortBy", DEFAULT_SORT)
    if sort not in SORTS:
        return DEFAULT_SORT, True
    return sort, request.args.get("sortDir", "desc").lower() != "asc"


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
@known_while(DAY)
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
        "summary": _summary(one_person(scope, person_id, email, usage)),
        "modelBreakdown": [
            {
                "model": row.model,
                "tool": row.tool,
                "tokens": row.figures.tokens,
                "cost": dollars(row.figures.value_nanos),
            }
            for row in usage.models
        ],
        "dailyUsage": [_day(point.day, point.by_tool) for point in usage.days],
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
