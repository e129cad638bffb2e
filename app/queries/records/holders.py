"""Whose records are: the people, the names of shared keys and the keys without an owner."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from peewee import JOIN, Select, fn

from app.database import database, total
from app.models import SUM_COLUMNS, Actor, ActorDay, ApiKey, Person
from app.queries.keys.shared import shared_labels
from app.queries.records.question import RecordQuestion
from app.queries.remembered import remembered
from app.queries.sums.figures import Figures, add_up
from app.states import Rule

BYTES_A_HOLDER = 600


class HolderKind(StrEnum):
    """What a holder is: a person, a name of shared keys, or a key without an owner."""

    PERSON = "person"
    SHARED = "shared"
    KEY = "key"


class Holder(NamedTuple):
    """Somebody or something that records belong to, and what those add up to.

    `id` is an e-mail, a name of shared keys, or a key ("" is usage without any), `name` what
    the key is called.
    """

    kind: HolderKind
    id: str
    name: str
    records: int
    figures: Figures


class RecordSums(NamedTuple):
    """What records add up to, and their holders, most tokens first, `people` of them persons."""

    holders: list[Holder]
    records: int
    figures: Figures
    people: int


@remembered(lambda found: BYTES_A_HOLDER * len(found.holders))
def record_sums(question: RecordQuestion) -> RecordSums:
    """What the records add up to, and whose they are; remembered. One query.

    Keys that are shared under a name count together, except where names are asked for.
    """
    labels, by_key = shared_labels(), bool(question.whose.shared)
    found: dict[tuple[HolderKind, str], list[Holder]] = {}
    for email, rule, key, name, records, *sums in _sums_by_actor(question):
        kind, own = HolderKind.KEY, key
        if email:
            kind, own, name = HolderKind.PERSON, email, ""
        elif rule == Rule.SHARED and not by_key:
            kind, own, name = HolderKind.SHARED, labels.get(key, key), ""
        holder = Holder(kind, own, name or "", records, Figures(*sums))
        found.setdefault((kind, own), []).append(holder)
    holders = [_together(parts) for parts in found.values()]
    return RecordSums(
        sorted(holders, key=lambda one: (-one.figures.tokens, one.kind, one.id)),
        records=sum(holder.records for holder in holders),
        figures=add_up([Figures(), *(holder.figures for holder in holders)]),
        people=sum(holder.kind == HolderKind.PERSON for holder in holders),
    )


def _together(parts: Iterable[Holder]) -> Holder:
    first, *others = parts
    if not others:
        return first
    whole = [first, *others]
    records = sum(part.records for part in whole)
    return first._replace(records=records, figures=add_up(part.figures for part in whole))


def _sums_by_actor(question: RecordQuestion) -> list[Any]:
    names = ("records", *SUM_COLUMNS)
    sums = (total(getattr(ActorDay, name)).alias(name) for name in names)
    of_actors = (
        question.sums().select(ActorDay.actor.alias("actor_id"), *sums).group_by(ActorDay.actor)
    )
    rows = of_actors.alias("rows")
    same = (ApiKey.organization == Actor.organization) & (ApiKey.external_id == Actor.key)
    named = fn.COALESCE(fn.NULLIF(ApiKey.name, ""), Actor.label)
    columns = (Person.email, Actor.rule, Actor.key, named, rows.c.records)
    query = (
        Select([rows], [*columns, *(getattr(rows.c, name) for name in SUM_COLUMNS)])
        .join(Actor, on=(Actor.id == rows.c.actor_id))
        .join(Person, JOIN.LEFT_OUTER, on=(Person.id == Actor.person))
        .join(ApiKey, JOIN.LEFT_OUTER, on=same)
    )
    return list(database.execute(query).fetchall())
