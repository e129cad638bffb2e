"""The cards of the overview: a figure of the range, its change, its curve, what is behind it."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from app.queries.pivot import measures as pivot
from app.queries.sums.figures import Figures
from app.queries.sums.ranges import RangeSums
from app.web.dashboard.daily import NOUNS, PEOPLE
from app.web.view import charts, formatting
from app.web.view.cards import DASH, Kind, write_share
from app.web.view.figure_words import FIGURE_WORDS


class Measured(NamedTuple):
    """What the cards are computed from, of one range.

    `owned` are the figures that belong to a person, `of_top` those of the model that leads the
    whole range. `known_people` were ever active, 0 where no share of them is told.
    """

    figures: Figures
    owned: Figures
    people: int
    known_people: int
    top_model: str
    of_top: Figures


def measured(sums: RangeSums, people: int, known_people: int, top_model: str) -> Measured:
    """The basis of the cards; usage that belongs to nobody raises nobody's average."""
    owned = sums.figures.minus(sums.unattributed)
    of_top = sums.by_model.get(top_model, Figures())
    return Measured(sums.figures, owned, people, known_people, top_model, of_top)


def top_model(sums: RangeSums, figure: str) -> str:
    """The model with most of a figure, in whichever tools, ties by name; "" without any."""
    models = sums.by_model
    return min(models, key=lambda name: (-getattr(models[name], figure), name), default="")


def cost_per_person(basis: Measured) -> int:
    """Nano-dollars per active person, rounded half-even."""
    return round(Fraction(basis.owned.value_nanos, basis.people)) if basis.people else 0


def share(part: int, whole: int) -> int:
    """A part in hundredths of a percent of the whole, rounded half-even."""
    return round(Fraction(10_000 * part, whole)) if whole else 0


def cache_share(basis: Measured) -> int:
    """Tokens read from the cache, in hundredths of a percent of all tokens."""
    return share(basis.figures.cache_read_tokens, basis.figures.tokens)


def kinds(measure: str) -> tuple[Kind[Measured], ...]:
    """The six cards, the one of the measure first."""
    first = (TOKENS, COST) if measure == pivot.TOKENS else (COST, TOKENS)
    return (*first, ACTIVE_PEOPLE, COST_PER_PERSON, _top_model(measure), CACHE_SHARE)


def _tokens(count: int) -> str:
    return f"{formatting.exact(count)} tokens"


def _people(basis: Measured) -> str:
    return formatting.count_of(basis.people, "person", "people")


def _of_known_people(basis: Measured) -> str:
    if not basis.known_people:
        return ""
    whole = round(Fraction(100 * basis.people, basis.known_people))
    return f"{whole}{formatting.SPACE}% of {formatting.exact(basis.known_people)} known"


TOKENS: Kind[Measured] = Kind(
    "Tokens",
    lambda basis: basis.figures.tokens,
    formatting.compact,
    lambda basis: _tokens(basis.figures.tokens),
    lambda amounts: amounts[charts.TOTAL],
    sort="totalTokens",
)
COST: Kind[Measured] = Kind(
    "Cost",
    lambda basis: basis.figures.value_nanos,
    formatting.money,
    lambda basis: formatting.exact_money(basis.figures.value_nanos),
    lambda amounts: amounts[charts.VALUE],
    is_unknown=lambda basis: basis.figures.not_priced,
    sort="totalCost",
)
ACTIVE_PEOPLE: Kind[Measured] = Kind(
    "Active people",
    lambda basis: basis.people,
    formatting.exact,
    lambda basis: f"{_people(basis)} with usage",
    lambda amounts: amounts[PEOPLE],
    note=_of_known_people,
    sort="daysActive",
)
COST_PER_PERSON: Kind[Measured] = Kind(
    "Cost per person",
    cost_per_person,
    formatting.money,
    lambda basis: (
        f"{formatting.exact_money(basis.owned.value_nanos)} of {_people(basis)}, without No owner"
    ),
    lambda amounts: amounts[charts.VALUE] // max(amounts[PEOPLE], 1),
    is_unknown=lambda basis: basis.owned.not_priced,
    sort="totalCost",
)
CACHE_SHARE: Kind[Measured] = Kind(
    "Cache share",
    cache_share,
    write_share,
    lambda basis: (
        f"{formatting.exact(basis.figures.cache_read_tokens)} of "
        f"{_tokens(basis.figures.tokens)} were read from the cache"
    ),
    sort="cacheShare",
)


def _top_model(measure: str) -> Kind[Measured]:
    """The card of the model that leads by a measure, with its share of the whole."""
    figure = pivot.MEASURES[measure].figure

    def part(basis: Measured) -> int:
        return share(getattr(basis.of_top, figure), getattr(basis.figures, figure))

    def note(basis: Measured) -> str:
        return f"{write_share(part(basis))} of {NOUNS[figure]}"

    return Kind(
        "Top model",
        part,
        write_share,
        lambda basis: f"{basis.top_model}: {note(basis)}",
        is_unknown=lambda basis: basis.figures.is_unknown(figure),
        says=lambda basis: basis.top_model or DASH,
        note=note,
        quiet=True,
        unknown=FIGURE_WORDS[figure].unknown if figure in FIGURE_WORDS else "",
        rows="model",
        measure=measure,
    )
