"""What a pivot is measured in, and the amounts in its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.queries.sums.figures import LACKS


class Amount(NamedTuple):
    """One figure: tokens, nano-dollars, or a count.

    For the measures "cost", "billed" and "requests" `unknown_tokens` of the `tokens` have no
    price, or nobody told what is billed or their requests.
    """

    value: int
    tokens: int = 0
    unknown_tokens: int = 0

    @property
    def is_unknown(self) -> bool:
        """Whether it is known of no part of the usage: then it is unknown, not zero."""
        return bool(self.tokens) and self.unknown_tokens == self.tokens and not self.value

    @property
    def is_partial(self) -> bool:
        """Whether it is known of a part of the usage only."""
        return bool(self.unknown_tokens) and not self.is_unknown


NOTHING = Amount(0)


def add(amounts: Iterable[Amount]) -> Amount:
    """The sum of amounts of an additive measure."""
    return Amount(*(sum(column) for column in zip(NOTHING, *amounts, strict=True)))


def subtract(whole: Amount | None, part: Amount | None) -> Amount:
    """The difference of amounts of an additive measure; None is nothing."""
    pairs = zip(whole or NOTHING, part or NOTHING, strict=True)
    return Amount(*(mine - theirs for mine, theirs in pairs))


class Line(NamedTuple):
    """One row. `cells` are in the order of the columns; None where there is no usage at all."""

    key: Any
    label: str
    cells: list[Amount | None]
    others: Amount
    total: Amount | None


@dataclass(frozen=True, eq=False, slots=True)
class Measure:
    """A measure: its name in addresses, its heading, and of what it is the sum.

    `columns` of the rollups are in the order of `Amount`. One that does not add up counts days or
    people, each of them once.
    """

    name: str
    label: str
    adds_up: bool = False
    columns: tuple[str, ...] = ()

    @property
    def figure(self) -> str:
        """Which of `Figures` it is; "" for a count."""
        return self.columns[0] if self.columns else ""


def _partly_known(name: str, label: str, figure: str) -> Measure:
    """The measure of a figure that not all usage has."""
    return Measure(name, label, True, (figure, "tokens", LACKS[figure]))


TOKENS, COST, BILLED, REQUESTS = "tokens", "cost", "billed", "requests"
DAYS, PEOPLE = "days", "people"
MONEY = (COST, BILLED)
MEASURES = {
    measure.name: measure
    for measure in (
        Measure(TOKENS, "Tokens", True, ("tokens",)),
        _partly_known(COST, "Cost", "value_nanos"),
        _partly_known(BILLED, "Billed", "billed_nanos"),
        _partly_known(REQUESTS, "Requests", "requests"),
        Measure(DAYS, "Active days"),
        Measure(PEOPLE, "People"),
    )
}
"""Every measure by its name, in the order of the menu."""
ADDITIVE = tuple(name for name, measure in MEASURES.items() if measure.adds_up)
