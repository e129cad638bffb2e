"""The words of a pivot: dimensions, measures, amounts, days and what is not whole of them."""

from __future__ import annotations

import calendar
from collections.abc import Set
from datetime import date
from typing import Any

from app.queries.pivot_dimensions import (
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
from app.usage import days_between
from app.web import formatting

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
DASH = "\u2014"
NOT_COMPLETE = "not complete"


def written(measure: str, amount: Amount) -> tuple[str, str]:
    """An amount in short, and with every digit."""
    if measure == COST:
        if amount.not_priced:
            return DASH, "No price is known for this usage"
        words = formatting.exact_money(amount.value)
        if amount.unpriced_tokens:
            words += f", and {formatting.exact(amount.unpriced_tokens)} tokens without a price"
        return formatting.money(amount.value), words
    _, one, many = MEASURE_WORDS[measure]
    if measure == REQUESTS and not amount.value:
        return DASH, "The provider tells no requests for this usage"
    write = formatting.compact if measure in (TOKENS, REQUESTS) else formatting.exact
    return write(amount.value), formatting.count_of(amount.value, one, many)


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
    length = {DAY: 1, WEEK: 7}.get(dimension) or calendar.monthrange(first.year, first.month)[1]
    shown = (end - start).days + 1
    return f"only {shown} of {length} days in the range" if shown < length else ""
