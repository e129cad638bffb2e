"""The additive figures of every answer, and how rollup rows add up to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.database import total
from app.models import SUM_COLUMNS, Sums

LACKS = {
    "value_nanos": "unpriced_tokens",
    "billed_nanos": "unbilled_tokens",
    "requests": "uncounted_tokens",
}
"""Figures that are not told of all usage, and the tokens of usage that lacks them."""


class Figures(NamedTuple):
    """Sums of usage: tokens and nano-dollars, always `int`. Same order as `SUM_COLUMNS`."""

    tokens: int = 0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    value_nanos: int = 0
    billed_nanos: int = 0
    unpriced_tokens: int = 0
    unbilled_tokens: int = 0
    uncounted_tokens: int = 0

    @property
    def not_priced(self) -> bool:
        """Whether there is usage and no price is known for any of it."""
        return self.is_unknown("value_nanos")

    @property
    def not_billed(self) -> bool:
        """Whether there is usage and no provider told of any of it what it bills."""
        return self.is_unknown("billed_nanos")

    def is_unknown(self, figure: str) -> bool:
        """Whether there is usage and a figure is known of none of it."""
        none_has_it = bool(self.tokens) and self.lacking(figure) == self.tokens
        return none_has_it and not getattr(self, figure)

    def is_partial(self, figure: str) -> bool:
        """Whether a figure is known of a part of the usage only."""
        return bool(self.lacking(figure)) and not self.is_unknown(figure)

    def lacking(self, figure: str) -> int:
        """The tokens of usage of which a figure is not known."""
        return int(getattr(self, LACKS[figure])) if figure in LACKS else 0

    def minus(self, other: Figures) -> Figures:
        """The difference, figure by figure."""
        return Figures(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def add_up(parts: Iterable[Figures]) -> Figures:
    """The sum, figure by figure; zeros of nothing."""
    rows = list(parts)
    return rows[0] if len(rows) == 1 else Figures(*map(sum, zip(*rows, strict=True)))


def sums_of(table: type[Sums]) -> list[Any]:
    """One SUM expression per figure, in the order of `Figures`."""
    return [total(getattr(table, name)) for name in SUM_COLUMNS]
