"""Where one person stands among the active people, by tokens per active day."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from peewee import Database

from app.database import database
from app.models import UNATTRIBUTED, Meta
from app.queries.person_sums import days_active, person_sums
from app.queries.scope import Scope, Slices

FEWEST_DAYS = 2
"""Somebody with fewer active days in the scope is not compared: one day is no habit."""
SCOPES_KEPT = 8


class Standing(NamedTuple):
    """`below` of `people` active people have fewer tokens per active day. One of them is you."""

    people: int
    below: int

    @property
    def percent(self) -> int:
        """More than this whole percentage of the active people."""
        return 100 * self.below // self.people


def standing(scope: Scope, slices: Slices, tokens: int, days: int) -> Standing | None:
    """Where `tokens` on `days` active days stand in the scope; None with too few days.

    Ask inside `reading()`, so that the version and the sums are of one moment.
    """
    if days < FEWEST_DAYS:
        return None
    version = Meta.select(Meta.data_version).scalar() or 0
    rates = _rates(database.obj, version, scope, slices.whole)
    below = sum(1 for theirs, their_days in rates if theirs * days < tokens * their_days)
    return Standing(max(len(rates), 1), below)


@lru_cache(maxsize=SCOPES_KEPT)
def _rates(
    engine: Database, version: int, scope: Scope, whole: tuple[int, ...]
) -> list[tuple[int, int]]:
    """(tokens, active days) of everybody who counts; kept until the data's version changes."""
    if not whole:
        return []
    sums = person_sums(scope, whole, ("tokens",)).tuples().execute(engine)
    found = {person: (tokens, days) for person, tokens, days in sums if person != UNATTRIBUTED}
    if len(whole) > 1:
        # Several slices share days: only a distinct count is right.
        active = days_active(scope, whole, None).tuples().execute(engine)
        found = {person: (found[person][0], days) for person, days in active if person in found}
    return [(tokens, days) for tokens, days in found.values() if days >= FEWEST_DAYS]
