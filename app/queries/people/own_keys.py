"""The keys and accounts that one person's usage came through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN, Expression, ModelSelect, fn

from app.database import total
from app.dates import day_of
from app.models import Actor, ActorDay, Partition, Slice
from app.queries.records.origin import ORIGIN, Origin, origin_of, with_names
from app.queries.scope import Scope, slices_of
from app.queries.sums.actors import actor_sums
from app.queries.sums.figures import Figures


class OwnKey(NamedTuple):
    """A key or account that belongs to a person, by the rule of that name.

    Tokens and value are of all time; `tokens_in_scope`, `value_nanos_in_scope` and
    `records_in_scope` of the scope only. The days are None for a key without usage.
    """

    actor_id: int
    origin: Origin
    rule: str
    tool: str
    tokens: int
    value_nanos: int
    unpriced_tokens: int
    tokens_in_scope: int
    value_nanos_in_scope: int
    unpriced_in_scope: int
    records_in_scope: int
    first_day: date | None
    last_day: date | None

    @property
    def figures(self) -> Figures:
        """Tokens and value of all time."""
        return Figures(
            tokens=self.tokens, value_nanos=self.value_nanos, unpriced_tokens=self.unpriced_tokens
        )

    @property
    def figures_in_scope(self) -> Figures:
        """Tokens and value of the scope."""
        return Figures(
            tokens=self.tokens_in_scope,
            value_nanos=self.value_nanos_in_scope,
            unpriced_tokens=self.unpriced_in_scope,
        )


def own_keys(person_id: int, scope: Scope) -> list[OwnKey]:
    """Keys and accounts of a person, most tokens in the scope first. One query."""
    sums = _sums_by_actor(person_id, scope).alias("sums")
    names = ("tool", *_SUMS, "first_day", "last_day")
    query = (
        with_names(Actor.select(Actor.id, *ORIGIN, Actor.rule, *(sums.c[n] for n in names)))
        .join(sums, JOIN.LEFT_OUTER, on=(sums.c.actor_id == Actor.id))
        .where(Actor.person == person_id)
        .tuples()
    )
    found = [_own_key(row) for row in query]
    return sorted(found, key=lambda key: (-key.tokens_in_scope, -key.tokens, key.origin))


_SUMS = (
    "tokens",
    "value_nanos",
    "unpriced",
    "tokens_in_scope",
    "value_nanos_in_scope",
    "unpriced_in_scope",
    "records_in_scope",
)


def _sums_by_actor(person_id: int, scope: Scope) -> ModelSelect:
    within = scope.covers(Partition.day) & ActorDay.model.in_(list(slices_of(scope).by_model))
    figures = (ActorDay.tokens, ActorDay.value_nanos, ActorDay.unpriced_tokens)
    sums = (
        *(total(figure) for figure in figures),
        *(_total_of(figure, within) for figure in (*figures, ActorDay.records)),
    )
    return (
        actor_sums(among=Actor.person == person_id)
        .select(
            ActorDay.actor.alias("actor_id"),
            fn.MAX(Slice.tool).alias("tool"),
            *(sum_.alias(name) for name, sum_ in zip(_SUMS, sums, strict=True)),
            fn.MIN(Partition.day).alias("first_day"),
            fn.MAX(Partition.day).alias("last_day"),
        )
        .join_from(ActorDay, Slice)
        .group_by(ActorDay.actor)
    )


def _total_of(value: Any, condition: Expression) -> Any:
    """`database.total` of the rows that fulfil the condition."""
    return fn.COALESCE(fn.SUM(value).filter(condition), 0).cast("BIGINT")


def _own_key(row: Sequence[Any]) -> OwnKey:
    first, last = (day_of(day) if day else None for day in row[-2:])
    rule, tool, *amounts = row[1 + len(ORIGIN) : -2]
    values: list[Any] = [
        row[0],
        origin_of(row[1 : 1 + len(ORIGIN)]),
        rule,
        tool or "",
        *(amount or 0 for amount in amounts),
        first,
        last,
    ]
    return OwnKey(*values)
