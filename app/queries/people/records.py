"""One person's raw records and the keys and accounts that they came through."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from peewee import JOIN, Expression, ModelSelect, fn

from app.database import total
from app.dates import day_of, moment
from app.models import (
    Actor,
    ApiKey,
    Member,
    Organization,
    Partition,
    Run,
    Slice,
    Usage,
    Workspace,
)
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures
from app.rollups import TOKENS

UNDATED = -1
"""Sorts a record without a time after those of its day that have one, on both databases."""


class Origin(NamedTuple):
    """What usage came through, as the provider names it ("" = not named), and its names."""

    provider: str
    key: str
    key_name: str
    key_status: str
    account: str
    account_email: str
    workspace: str
    workspace_name: str


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


class RawRecord(NamedTuple):
    """One record as the provider gave it, and where it came from. Money in nano-dollars."""

    day: date
    at: datetime | None
    tool: str
    model: str
    raw_model: str
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    tokens: int
    requests: int | None
    value_nanos: int | None
    billed_nanos: int | None
    price_status: str
    detail: dict[str, Any]
    origin: Origin
    source: str
    fetched_at: datetime
    run_id: int
    run_kind: str

    @property
    def cache_write_tokens(self) -> int:
        """Both kinds of cache write."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens


ORIGIN = (
    Organization.provider,
    Actor.key,
    # A key that the directory never listed may have been named by its usage.
    fn.COALESCE(fn.NULLIF(ApiKey.name, ""), Actor.label),
    fn.COALESCE(ApiKey.status, ""),
    Actor.account,
    fn.COALESCE(Member.email, ""),
    Actor.workspace,
    fn.COALESCE(Workspace.name, ""),
)


def own_keys(person_id: int, scope: Scope) -> list[OwnKey]:
    """Keys and accounts of a person, most tokens in the scope first. One query."""
    sums = _sums_by_actor(person_id, scope).alias("sums")
    names = ("tool", *_SUMS, "first_day", "last_day")
    query = (
        _with_names(Actor.select(Actor.id, *ORIGIN, Actor.rule, *(sums.c[n] for n in names)))
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
    within = scope.covers(Usage.day) & Usage.model.in_(list(slices_of(scope).by_model))
    unpriced = Usage.value_nanos.is_null()
    sums = (
        total(TOKENS),
        total(Usage.value_nanos),
        _total_of(TOKENS, unpriced),
        _total_of(TOKENS, within),
        _total_of(Usage.value_nanos, within),
        _total_of(TOKENS, within & unpriced),
        fn.COUNT(Usage.sequence).filter(within),
    )
    return (
        Usage.select(
            Usage.actor.alias("actor_id"),
            fn.MAX(Slice.tool).alias("tool"),
            *(sum_.alias(name) for name, sum_ in zip(_SUMS, sums, strict=True)),
            fn.MIN(Usage.day).alias("first_day"),
            fn.MAX(Usage.day).alias("last_day"),
        )
        .join(Partition)
        .switch(Usage)
        .join(Slice)
        .where(Usage.actor.in_(_actors_of(person_id)) & Partition.counts)
        .group_by(Usage.actor)
    )


def _total_of(value: Any, condition: Expression) -> Any:
    """`database.total` of the rows that fulfil the condition."""
    return fn.COALESCE(fn.SUM(value).filter(condition), 0).cast("BIGINT")


def _actors_of(person_id: int) -> ModelSelect:
    return Actor.select(Actor.id).where(Actor.person == person_id)


def _with_names(query: ModelSelect) -> ModelSelect:
    """The query, joined from the actor to the directory's names."""
    query = query.join_from(Actor, Organization)
    for table, external_id in (
        (ApiKey, Actor.key),
        (Workspace, Actor.workspace),
        (Member, Actor.account),
    ):
        same = (table.organization == Actor.organization) & (table.external_id == external_id)
        query = query.join_from(Actor, table, JOIN.LEFT_OUTER, on=same)
    return query


def _own_key(row: Sequence[Any]) -> OwnKey:
    first, last = (day_of(day) if day else None for day in row[18:])
    values: list[Any] = [
        row[0],
        Origin(*row[1:9]),
        row[9],
        row[10] or "",
        *(amount or 0 for amount in row[11:18]),
        first,
        last,
    ]
    return OwnKey(*values)


def raw_records(
    actor_ids: Sequence[int], scope: Scope, *, limit: int = 50, offset: int = 0
) -> list[RawRecord]:
    """One page of the records of these actors, newest first. One query.

    Two phases: the keys of the page from the narrow columns, then everything about them.
    """
    if not actor_ids:
        return []
    chosen = _page_of_keys(actor_ids, scope).limit(limit).offset(offset).alias("chosen")
    query = (
        Usage.select(*_COLUMNS)
        .join(
            chosen,
            on=(chosen.c.partition_id == Usage.partition) & (chosen.c.sequence == Usage.sequence),
        )
        .join_from(Usage, Partition)
        .join_from(Partition, Run)
        .join_from(Usage, Slice)
        .join_from(Usage, Actor)
    )
    return [_raw_record(row) for row in _with_names(query).order_by(*_NEWEST_FIRST).tuples()]


_NEWEST_FIRST = (
    Usage.day.desc(),
    fn.COALESCE(Usage.at_ms, UNDATED).desc(),
    Usage.partition.desc(),
    Usage.sequence.desc(),
)
_COLUMNS = (
    Usage.day,
    Usage.at_ms,
    Slice.tool,
    Slice.name,
    Slice.model,
    Usage.input_tokens,
    Usage.cache_write_5m_tokens,
    Usage.cache_write_1h_tokens,
    Usage.cache_read_tokens,
    Usage.output_tokens,
    TOKENS,
    Usage.requests,
    Usage.value_nanos,
    Usage.billed_nanos,
    Usage.price_status,
    Usage.detail,
    *ORIGIN,
    Partition.source,
    Partition.fetched_at,
    Run.id,
    Run.kind,
)


def _page_of_keys(actor_ids: Sequence[int], scope: Scope) -> ModelSelect:
    return (
        Usage.select(Usage.partition.alias("partition_id"), Usage.sequence)
        .join(Partition)
        .where(
            Usage.actor.in_(list(actor_ids))
            & Partition.counts
            & scope.covers(Usage.day)
            & Usage.model.in_(list(slices_of(scope).by_model))
        )
        .order_by(*_NEWEST_FIRST)
    )


def _raw_record(row: Sequence[Any]) -> RawRecord:
    at_ms = row[1]
    values: list[Any] = [
        day_of(row[0]),
        None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC),
        *row[2:15],
        _facts(row[15]),
        Origin(*row[16:24]),
        row[24],
        moment(row[25]),
        *row[26:],
    ]
    return RawRecord(*values)


def _facts(detail: str) -> dict[str, Any]:
    """What the provider said beside the figures; {} when that is nothing readable."""
    try:
        found = json.loads(detail) if detail else {}
    except ValueError:
        return {"detail": detail}
    return found if isinstance(found, dict) else {"detail": detail}
