"""The words of a pivot: dimensions, measures, amounts, days and what is not whole of them."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import date
from typing import Any

from app.dates import days_between
from app.queries.pivot.dimensions import (
    DAY,
    DIMENSIONS,
    MONTH,
    ORGANIZATION,
    PERIODS,
    TOOL,
    WEEK,
)
from app.queries.pivot.measures import (
    DAYS,
    MEASURES,
    MONEY,
    PEOPLE,
    REQUESTS,
    TOKENS,
    Amount,
)
from app.queries.scope import Scope, parted_organizations
from app.web.view import formatting
from app.web.view.cells import DASH, Cell
from app.web.view.figure_words import FIGURE_WORDS, FigureWords
from app.web.view.record_words import organization_name

MEASURE_NOUNS = {
    TOKENS: ("token", "tokens"),
    REQUESTS: ("request", "requests"),
    DAYS: ("active day", "active days"),
    PEOPLE: ("person", "people"),
}
SLICE_WORDS: dict[str, Callable[[str], str]] = {
    TOOL: formatting.tool_label,
    ORGANIZATION: organization_name,
}
"""How labels are written of which programs read something else."""
NO_OWNER_OR_SHARED = ("No owner or shared", "Usage that belongs to nobody, of shared keys too")
"""A column of what has no owner, in which shared keys have no column of their own."""
PARTIAL_PERIOD = "partial"


def menus(*shown: str) -> dict[str, list[tuple[str, str]]]:
    """The entries of the menus of `pivot/_shape.html`, as (name in the address, words).

    What cuts nothing is offered only where it is `shown`.
    """
    idle = () if parted_organizations() else (ORGANIZATION,)
    return {
        "dimensions": [
            (name, one.one.capitalize())
            for name, one in DIMENSIONS.items()
            if name not in idle or name in shown
        ],
        "measures": [(name, measure.label) for name, measure in MEASURES.items()],
    }


def figure_words(measure: str) -> FigureWords | None:
    """The words of a measure that not all usage has; None of one that all has."""
    return FIGURE_WORDS.get(MEASURES[measure].figure)


def shared_words(label: str) -> str:
    """The usage of the shared keys of one name, in words."""
    return f"{label} (shared)"


class AmountWriter:
    """Writes the amounts of a measure as cells: its words are looked up once for thousands."""

    def __init__(self, measure: str) -> None:
        self.measure, self.words = measure, figure_words(measure)
        self.write = _WRITERS.get(measure, formatting.exact)
        self.is_money = measure in MONEY
        self.nouns = MEASURE_NOUNS.get(measure, ("", ""))

    def __call__(self, amount: Amount | None, href: str = "", look: str = "") -> Cell:
        """The cell of an amount, an empty one of None; an amount of nothing leads nowhere."""
        if amount is None:
            return Cell("", look=look)
        if self.words and amount.is_unknown:
            return Cell(DASH, self.words.unknown, href, look)
        text, title = self.write(amount.value), self.in_full(amount)
        cell = Cell(text, title, href if any(amount) else "", look)
        if not (self.words and amount.is_partial):
            return cell
        return cell._replace(lacks=self.lacking(amount), partly=self.words.partly)

    def in_full(self, amount: Amount) -> str:
        """Every digit of an amount that is known; of tokens no more: they are a thousand cells."""
        if self.is_money:
            return formatting.exact_money(amount.value)
        if self.measure == TOKENS:
            return formatting.exact(amount.value)
        return formatting.count_of(amount.value, *self.nouns)

    def lacking(self, amount: Amount) -> str:
        """What a part of an amount lacks: "1,200 tokens have no price"; "" when it is whole."""
        if not (self.words and amount.is_partial):
            return ""
        return f"{formatting.exact(amount.unknown_tokens)} tokens {self.words.lack}"


_WRITERS = dict.fromkeys(MONEY, formatting.money) | dict.fromkeys(
    (TOKENS, REQUESTS), formatting.compact
)


def said(dimension: str, label: str, key: Any, *, with_year: bool = False) -> tuple[str, str]:
    """A row's or column's words on screen, and in full where they are short.

    `with_year`: days and weeks carry their year, as the range has days of several.
    """
    if key is not None and key == DIMENSIONS[dimension].unattributed:
        return formatting.NO_OWNER, "Usage that belongs to nobody"
    if dimension in SLICE_WORDS:
        return SLICE_WORDS[dimension](label), ""
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
    return formatting.count_of(count, DIMENSIONS[dimension].one, DIMENSIONS[dimension].many)


def not_whole(dimension: str, first: date, scope: Scope, open_days: Set[date]) -> str:
    """Why a period is not whole: days that may still grow, or that are outside; "" when it is."""
    period = PERIODS.get(dimension)
    if period is None:
        return ""
    start, end = period.span(first, scope)
    if not open_days.isdisjoint(days_between(start, end)):
        return PARTIAL_PERIOD
    length = (period.end(first) - first).days + 1
    shown = (end - start).days + 1
    return f"{shown} of {length} days" if shown < length else ""
