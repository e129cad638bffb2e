"""API keys whose usage belongs to nobody."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from peewee import JOIN, fn

from app.database import total
from app.models import Actor, ApiKey, Member, Partition, Usage, Workspace
from app.queries.figures import Figures
from app.queries.scope import Scope, slices_of
from app.rollups import TOKENS, USAGE_SUMS
from app.usage import day_of


class UnmappedKey(NamedTuple):
    """A key without an owner and its usage in the scope.

    `key` is "" for usage that names no key at all. `suggested_email` is who made the key.
    """

    key: str
    name: str
    workspace: str
    figures: Figures
    first_day: date
    last_day: date
    suggested_email: str


def unmapped_keys(scope: Scope) -> list[UnmappedKey]:
    """Keys nobody owns, most tokens first, with their usage in the scope."""
    models = list(slices_of(scope).by_model)
    rows = (
        Usage.select(
            Actor.organization,
            Actor.key,
            fn.MAX(Actor.workspace),
            fn.MAX(Actor.label),
            *(expression.cast("BIGINT") for expression in USAGE_SUMS),
            fn.MIN(Usage.day),
            fn.MAX(Usage.day),
        )
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(
            Actor.person.is_null()
            & Partition.counts
            & scope.covers(Usage.day)
            & Usage.model.in_(models)
        )
        .group_by(Actor.organization, Actor.key)
        .order_by(total(TOKENS).desc(), Actor.key)
        .tuples()
    )
    found = list(rows)
    names = _names({row[1] for row in found}, {row[2] for row in found})
    return [_unmapped_key(row, names) for row in found]


class _Names(NamedTuple):
    keys: dict[tuple[int, str], tuple[str, str]]
    workspaces: dict[tuple[int, str], str]


def _names(keys: set[str], workspaces: set[str]) -> _Names:
    """What the directory says of these keys ((name, creator's e-mail)) and workspaces."""
    listed = (
        ApiKey.select(ApiKey.organization, ApiKey.external_id, ApiKey.name, Member.email)
        .join(
            Member,
            JOIN.LEFT_OUTER,
            on=(Member.organization == ApiKey.organization)
            & (Member.external_id == ApiKey.creator_member_id),
        )
        .where(ApiKey.external_id.in_(list(keys)))
        .tuples()
    )
    named = (
        Workspace.select(Workspace.organization, Workspace.external_id, Workspace.name)
        .where(Workspace.external_id.in_(list(workspaces)))
        .tuples()
    )
    return _Names(
        {(organization, key): (name, email or "") for organization, key, name, email in listed},
        {(organization, workspace): name for organization, workspace, name in named},
    )


def _unmapped_key(row: tuple, names: _Names) -> UnmappedKey:
    organization, key, workspace, label, *sums, first, last = row
    name, creator = names.keys.get((organization, key), ("", ""))
    return UnmappedKey(
        key=key,
        name=name or label,
        workspace=names.workspaces.get((organization, workspace), workspace),
        figures=Figures(*sums),
        first_day=day_of(first),
        last_day=day_of(last),
        suggested_email=creator,
    )
