"""API keys whose usage belongs to nobody, without those that people share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN, ModelSelect, Select, fn

from app.database import database, in_byte_order
from app.dates import day_of
from app.identity import (
    aliases,
)
from app.models import SUM_COLUMNS, Actor, ApiKey, Member, Partition, Usage, Workspace
from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures
from app.rollups import USAGE_SUMS
from app.states import Rule


class UnmappedKey(NamedTuple):
    """A key without an owner and its usage in the scope.

    `key` is "" for usage that names no key at all. `suggested_email` is who made the key.
    `days` have usage.
    """

    key: str
    name: str
    workspace: str
    figures: Figures
    first_day: date
    last_day: date
    suggested_email: str
    days: int = 0


def unmapped_keys(scope: Scope) -> list[UnmappedKey]:
    """Keys nobody owns or shares, most tokens first, with their usage; no team holds any."""
    if scope.teams:
        return []
    sums = _sums_by_key(scope).alias("sums")
    listed = (ApiKey.organization == sums.c.organization_id) & (ApiKey.external_id == sums.c.key)
    creator = (Member.organization == ApiKey.organization) & (
        Member.external_id == ApiKey.creator_member_id
    )
    place = (Workspace.organization == sums.c.organization_id) & (
        Workspace.external_id == sums.c.workspace
    )
    query = (
        Select([sums], [sums.c.key, sums.c.label, sums.c.workspace, *NAMES, *_figures(sums.c)])
        .join(ApiKey, JOIN.LEFT_OUTER, on=listed)
        .join(Member, JOIN.LEFT_OUTER, on=creator)
        .join(Workspace, JOIN.LEFT_OUTER, on=place)
        .order_by(sums.c.tokens.desc(), in_byte_order(sums.c.key))
    )
    own = aliases()
    return [_unmapped_key(row, own) for row in database.execute(query).fetchall()]


NAMES = (ApiKey.name, Workspace.name, Member.email)


def _figures(columns: Any) -> list[Any]:
    return [getattr(columns, name) for name in (*SUM_COLUMNS, "first_day", "last_day", "days")]


def _sums_by_key(scope: Scope) -> ModelSelect:
    sums = zip(USAGE_SUMS, SUM_COLUMNS, strict=True)
    return (
        Usage.select(
            Actor.organization.alias("organization_id"),
            Actor.key.alias("key"),
            fn.MAX(Actor.workspace).alias("workspace"),
            fn.MAX(Actor.label).alias("label"),
            *(expression.cast("BIGINT").alias(name) for expression, name in sums),
            fn.MIN(Usage.day).alias("first_day"),
            fn.MAX(Usage.day).alias("last_day"),
            fn.COUNT(Usage.day.distinct()).alias("days"),
        )
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(
            Actor.person.is_null()
            & (Actor.rule != Rule.SHARED)
            & Partition.counts
            & scope.covers(Usage.day)
            & Usage.model.in_(list(slices_of(scope).by_model))
        )
        .group_by(Actor.organization, Actor.key)
    )


def any_key_used() -> bool:
    """Whether any usage named a key, whoever owns it."""
    return bool(Actor.select().where(Actor.key != "").exists())


def _unmapped_key(row: Sequence[Any], own: dict[str, str]) -> UnmappedKey:
    key, label, workspace, name, workspace_name, creator, *sums, first, last, days = row
    return UnmappedKey(
        key=key,
        name=name or label,
        workspace=workspace_name or workspace,
        figures=Figures(*sums),
        first_day=day_of(first),
        last_day=day_of(last),
        suggested_email=own.get(creator, creator or ""),
        days=days,
    )
