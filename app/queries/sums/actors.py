"""Usage by what it came through: the sums of actors, on the days that count."""

from __future__ import annotations

from typing import Any

from peewee import ModelSelect

from app.models import ALL_SLICE, Actor, ActorDay, Partition
from app.queries.scope import Scope, slices_of

ALL_TIME = Scope()


def actor_sums(scope: Scope = ALL_TIME, among: Any = None) -> ModelSelect:
    """Rows of `ActorDay` that count in a scope, joined to their partition.

    The teams of the scope are left to the caller. `among` narrows to actors: a condition on
    them, looked up first, so that the rows of a few are found by their index. Who needs more of
    actors than their ids joins them.
    """
    query = ActorDay.select().join(Partition).where(Partition.counts)
    if (scope.start, scope.end) != (None, None):
        query = query.where(scope.covers(Partition.day))
    slices = slices_of(scope)
    if slices.whole != (ALL_SLICE,):
        query = query.where(ActorDay.model.in_(list(slices.by_model) or [0]))
    if among is not None:
        query = query.where(ActorDay.actor.in_(Actor.select(Actor.id).where(among)))
    return query
