"""The cards of the overview: a figure of the range, its change, its curve, what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from app.queries.sums.ranges import RangeSums
from app.web.dashboard.daily import CACHE, COST, PEOPLE, TOTAL
from app.web.view import charts, formatting
from app.web.view.cards import (
    DASH,
    NOT_KNOWN,
    Card,
    Writer,
    change_words,
    compared_words,
    points_words,
    until_words,
    write_share,
)


class Measured(NamedTuple):
    """What the cards are computed from, of one range.

    `owned_tokens` belong to a person. `complete_tokens` were used on the `complete_days`,
    those whose figures will not grow.
    """

    tokens: int
    value_nanos: int
    not_priced: bool
    people: int
    owned_tokens: int
    cache_read_tokens: int
    complete_tokens: int
    complete_days: int


def measured(sums: RangeSums, people: int, complete_tokens: int, complete_days: int) -> Measured:
    """The basis of the cards; usage that belongs to nobody raises nobody's average."""
    figures = sums.figures
    return Measured(
        figures.tokens,
        figures.value_nanos,
        figures.not_priced,
        people,
        figures.tokens - sums.unattributed.tokens,
        figures.cache_read_tokens,
        complete_tokens,
        complete_days,
    )


def per_person(basis: Measured) -> int:
    """Tokens per active person, rounded half-even."""
    return round(Fraction(basis.owned_tokens, basis.people)) if basis.people else 0


def per_day(basis: Measured) -> int:
    """Tokens per complete calendar day, weekends included, rounded half-even."""
    days = basis.complete_days
    return round(Fraction(basis.complete_tokens, days)) if days else 0


def cache_share(basis: Measured) -> int:
    """Tokens read from the cache, in hundredths of a percent of all tokens."""
    return round(Fraction(10_000 * basis.cache_read_tokens, basis.tokens)) if basis.tokens else 0


class _Kind(NamedTuple):
    label: str
    of: Callable[[Measured], int]
    write: Writer
    full: Callable[[Measured], str]
    of_day: Callable[[dict[str, int]], int]
    sort: str = ""
    rows: str = ""


def _tokens(count: int) -> str:
    return f"{formatting.exact(count)} tokens"


KINDS = (
    _Kind(
        "Tokens",
        lambda basis: basis.tokens,
        formatting.compact,
        lambda basis: _tokens(basis.tokens),
        lambda amounts: amounts[TOTAL],
        sort="totalTokens",
    ),
    _Kind(
        "Cost",
        lambda basis: basis.value_nanos,
        formatting.money,
        lambda basis: formatting.exact_money(basis.value_nanos),
        lambda amounts: amounts[COST],
        sort="totalCost",
    ),
    _Kind(
        "Active people",
        lambda basis: basis.people,
        formatting.exact,
        lambda basis: formatting.count_of(basis.people, "person", "people") + " with usage",
        lambda amounts: amounts[PEOPLE],
        sort="daysActive",
    ),
    _Kind(
        "Tokens per person",
        per_person,
        formatting.compact,
        lambda basis: f"{_tokens(per_person(basis))} per active person, without unowned usage",
        lambda amounts: amounts[TOTAL] // max(amounts[PEOPLE], 1),
        sort="totalTokens",
    ),
    _Kind(
        "Tokens per day",
        per_day,
        formatting.compact,
        lambda basis: (
            f"{_tokens(per_day(basis))} on each of "
            f"{formatting.count_of(basis.complete_days, 'complete calendar day')}"
        ),
        lambda amounts: amounts[TOTAL],
        rows="day",
    ),
    _Kind(
        "Cache share",
        cache_share,
        write_share,
        lambda basis: (
            f"{formatting.exact(basis.cache_read_tokens)} of {_tokens(basis.tokens)} "
            "were read from the cache"
        ),
        lambda amounts: 10_000 * amounts[CACHE] // max(amounts[TOTAL], 1),
        sort="cacheShare",
    ),
)


def cards(
    shown: Measured,
    settled: Measured,
    before: Measured | None,
    drawn: Sequence[charts.Bar],
    *,
    known: bool = True,
    until: date | None = None,
) -> list[Card]:
    """The cards of a range: `settled` and `before` are what the changes compare.

    `known`: whether all of the compared days were read. `until`: the last day of `settled`,
    where the range goes on.
    """
    complete = [bar.amounts for bar in drawn if not bar.open]
    return [
        Card(
            kind.label,
            DASH if _unknown(kind, shown) else kind.write(kind.of(shown)),
            "No price is known" if _unknown(kind, shown) else kind.full(shown),
            _compared_until(kind, shown, settled, until if before and known else None)
            + _change(kind, settled, before, known=known)
            if before
            else "",
            compared_words(kind.full(settled), kind.full(before), known=known) if before else "",
            charts.sparkline([kind.of_day(amounts) for amounts in complete]),
            kind.sort,
            kind.rows,
        )
        for kind in KINDS
    ]


def _unknown(kind: _Kind, basis: Measured) -> bool:
    """Whether the figure of a card is not known: never shown as a zero."""
    if kind.of is per_day:
        return not basis.complete_days
    return kind.label == "Cost" and basis.not_priced


def _compared_until(kind: _Kind, shown: Measured, settled: Measured, until: date | None) -> str:
    if _unknown(kind, settled):
        return ""
    return until_words(kind.write, kind.of(shown), kind.of(settled), until)


def _change(kind: _Kind, now: Measured, before: Measured, *, known: bool) -> str:
    if not known:
        return NOT_KNOWN
    if _unknown(kind, now):
        return f"{DASH if _unknown(kind, before) else kind.write(kind.of(before))} before"
    if kind.of is cache_share:
        return points_words(cache_share(now), cache_share(before))
    return change_words(kind.write, kind.of(now), kind.of(before))
