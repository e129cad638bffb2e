"""The words of a pivot: dimensions, measures, amounts, days and what is not whole of them."""

from __future__ import annotations

from collections.abc import Set
from datetime import date
from typing import Any

from app.dates import days_between, month_end
from app.queries.pivot.dimensions import (
    COST,
    DAY,
    DAYS,
    MODEL,
    MONTH,
    PEOPLE,
    PERIODS,
    PERSON,
    REQUESTS,
    TEAM,
    TOKENS,
    TOOL,
    UNOWNED,
    WEEK,
    WORKSPACE,
    Amount,
    period_span,
)
from app.queries.scope import Scope
from app.web.view import formatting

WORDS = {
    PERSON: ("person", "people"),
    TEAM: ("team", "teams"),
    MODEL: ("model", "models"),
    TOOL: ("tool", "tools"),
    DAY: ("day", "days"),
    WEEK: ("week", "weeks"),
    MONTH: ("month", "months"),
    WORKSPACE: ("workspace", "workspaces"),
}
MEASURE_WORDS = {
    TOKENS: ("Tokens", "token", "tokens"),
    COST: ("Cost", "", ""),
    REQUESTS: ("Requests", "request", "requests"),
    DAYS: ("Active days", "active day", "active days"),
    PEOPLE: ("People", "person", "people"),
}
NO_OWNER = "No owner"
NO_OWNER_OR_SHARED = ("No owner or shared", "Usage that belongs to nobody, of shared keys too")
"""A column of what has no owner, in which shared keys have no column of their own."""
DASH = "\u2014"
NOT_COMPLETE = "not complete"


UNKNOWN = {
    COST: "No price is known for this usage",
    REQUESTS: "The provider tells no requests for this usage",
}
PARTIAL = {COST: "have no price", REQUESTS: "come without a count of requests"}
"""What is said of usage, or of so many tokens of it, whose measure is not known."""
PARTLY = {COST: "partly priced", REQUESTS: "partly counted"}
LEGENDS = {
    COST: "Not all usage has a price: \u2014 is not known, +? is known in part.",
    REQUESTS: "Not every provider tells requests: \u2014 is not known, +? is known in part.",
}


def written(measure: str, amount: Amount) -> tuple[str, str]:
    """An amount in short, and with every digit."""
    if amount.is_unknown:
        return DASH, UNKNOWN[measure]
    if measure == COST:
        return formatting.money(amount.value), formatting.exact_money(amount.value)
    _, one, many = MEASURE_WORDS[measure]
    write = formatting.compact if measure in (TOKENS, REQUESTS) else formatting.exact
    return write(amount.value), formatting.count_of(amount.value, one, many)


def lacking(measure: str, amount: Amount) -> str:
    """What a part of an amount lacks: "1,200 tokens have no price"; "" when it is whole."""
    if not amount.is_partial:
        return ""
    return f"{formatting.exact(amount.unknown_tokens)} tokens {PARTIAL[measure]}"


def said(dimension: str, label: str, key: Any, *, with_year: bool = False) -> tuple[str, str]:
    """A row's or column's words on screen, and in full where they are short.

    `with_year`: days and weeks carry their year, as the range has days of several.
    """
    if key == UNOWNED.get(dimension):
        return NO_OWNER, "Usage that belongs to nobody"
    if dimension == TOOL:
        return formatting.tool_label(label), ""
    if dimension == DAY:
        year = f"{formatting.SPACE}{key.year}" if with_year else ""
        return formatting.weekday(key) + year, formatting.full_day(key)
    if dimension == WEEK:
        write = formatting.full_day if with_year else formatting.day
        return write(key), f"Week from Monday {formatting.full_day(key)}"
    if dimension == MONTH:
        return f"{formatting.MONTHS[key.month - 1]}{formatting.SPACE}{key.year}", ""
    return label, ""


def counted(dimension: str, count: int) -> str:
    """Rows or columns in words: "18 models", "1 person"."""
    return formatting.count_of(count, *WORDS[dimension])


def not_whole(dimension: str, first: date, scope: Scope, open_days: Set[date]) -> str:
    """Why a period is not whole: days that may still grow, or that are outside; "" when it is."""
    if dimension not in PERIODS:
        return ""
    start, end = period_span(dimension, first, scope)
    if not open_days.isdisjoint(days_between(start, end)):
        return NOT_COMPLETE
    length = {DAY: 1, WEEK: 7}.get(dimension) or month_end(first).day
    shown = (end - start).days + 1
    return f"only {shown} of {length} days in the range" if shown < length else ""
