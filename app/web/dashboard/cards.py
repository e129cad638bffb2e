"""The cards of the overview: a figure of the range, its change, its curve, what is behind it."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from app.queries.sums.ranges import RangeSums
from app.web.dashboard.daily import PEOPLE
from app.web.view import formatting
from app.web.view.cards import Kind, write_share
from app.web.view.charts import CACHE, COST, TOTAL


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
        tokens=figures.tokens,
        value_nanos=figures.value_nanos,
        not_priced=figures.not_priced,
        people=people,
        owned_tokens=figures.tokens - sums.unattributed.tokens,
        cache_read_tokens=figures.cache_read_tokens,
        complete_tokens=complete_tokens,
        complete_days=complete_days,
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


def _tokens(count: int) -> str:
    return f"{formatting.exact(count)} tokens"


KINDS: tuple[Kind[Measured], ...] = (
    Kind(
        "Tokens",
        lambda basis: basis.tokens,
        formatting.compact,
        lambda basis: _tokens(basis.tokens),
        lambda amounts: amounts[TOTAL],
        sort="totalTokens",
    ),
    Kind(
        "Cost",
        lambda basis: basis.value_nanos,
        formatting.money,
        lambda basis: formatting.exact_money(basis.value_nanos),
        lambda amounts: amounts[COST],
        is_unknown=lambda basis: basis.not_priced,
        sort="totalCost",
    ),
    Kind(
        "Active people",
        lambda basis: basis.people,
        formatting.exact,
        lambda basis: formatting.count_of(basis.people, "person", "people") + " with usage",
        lambda amounts: amounts[PEOPLE],
        sort="daysActive",
    ),
    Kind(
        "Tokens per person",
        per_person,
        formatting.compact,
        lambda basis: f"{_tokens(per_person(basis))} per active person, without unowned usage",
        lambda amounts: amounts[TOTAL] // max(amounts[PEOPLE], 1),
        sort="totalTokens",
    ),
    Kind(
        "Tokens per day",
        per_day,
        formatting.compact,
        lambda basis: (
            f"{_tokens(per_day(basis))} on each of "
            f"{formatting.count_of(basis.complete_days, 'complete calendar day')}"
        ),
        lambda amounts: amounts[TOTAL],
        is_unknown=lambda basis: not basis.complete_days,
        rows="day",
    ),
    Kind(
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
