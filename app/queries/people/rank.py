"""Where one person stands among the active people, by tokens per active day."""

from __future__ import annotations

from typing import NamedTuple

from app.queries.people.everybody import activity
from app.queries.scope import Scope

FEWEST_DAYS = 2
"""Somebody with fewer active days in the scope is not compared: one day is no habit."""


class Rank(NamedTuple):
    """`below` of `people` active people have fewer tokens per active day. One of them is you."""

    people: int
    below: int

    @property
    def percent(self) -> int:
        """More than this whole percentage of the active people."""
        return 100 * self.below // self.people


def rank_of(scope: Scope, tokens: int, days: int) -> Rank | None:
    """Where `tokens` on `days` active days stand in the scope; None with too few days.

    Ask inside `reading()`, so that everything is of one moment.
    """
    if days < FEWEST_DAYS:
        return None
    found = activity(scope)
    rates = [pair for pair in zip(found.tokens, found.days, strict=True) if pair[1] >= FEWEST_DAYS]
    below = sum(1 for theirs, their_days in rates if theirs * days < tokens * their_days)
    return Rank(max(len(rates), 1), below)
