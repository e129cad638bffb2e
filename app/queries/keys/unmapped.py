"""API keys whose usage belongs to nobody, without those that people share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from peewee import JOIN, ModelSelect, Select, fn

from app.database import database, total
from app.dates import day_of
from app.identity import aliases
from app.models import SUM_COLUMNS, Actor, ActorDay, ApiKey, Member, Partition, Workspace
from app.queries.keys.ids import known_key_ids
from app.queries.scope import Scope
from app.queries.sums.actors import actor_sums
from app.queries.sums.figures import Figures, add_up
from app.states import Rule


class UnmappedKey(NamedTuple):
    """A key without an owner and its usage in the scope.

    `key` is "" for usage that names no key at all. `suggested_email` is who made the key.
    `days` have usage; nobody counts those of usage without a key.
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
    """Keys nobody owns or shares, most tokens first, with their usage; no team holds any.

    A key has one line, whether files called it by its name or the API by its id, and in whichever
    organisations it was used: so a mapping holds for it.
    """
    if scope.teams:
        return []
    ids, own = known_key_ids(), aliases()
    found: dict[str, list[_UnmappedPart]] = defaultdict(list)
    for row in database.execute(_used_keys(scope)).fetchall():
        part = _UnmappedPart.of(row)
        found[ids.of(part.key)].append(part)
    days = _days_together(scope, found)
    keys = [_unmapped_key(key, parts, own, days.get(key, 0)) for key, parts in found.items()]
    return sorted(keys, key=lambda key: (-key.figures.tokens, key.key))


def _days_together(scope: Scope, found: dict[str, list[_UnmappedPart]]) -> dict[str, int]:
    """On how many days each key was used: the parts of one may share days."""
    alone = {key: parts[0].days for key, parts in found.items() if len(parts) == 1}
    of_part = {part.key: key for key in found.keys() - alone for part in found[key] if key}
    days: dict[str, set[int]] = defaultdict(set)
    if of_part:
        query = _nobodys(scope, [Actor.key, Partition.day]).where(Actor.key.in_(list(of_part)))
        for part, day in database.execute(query.distinct()).fetchall():
            days[of_part[part]].add(day)
    return alone | {key: len(used) for key, used in days.items()}


class _UnmappedPart(NamedTuple):
    """What was used under the id or the name of a key, from the first day (YYYYMMDD) to the last.

    `name` and `creator` (an e-mail) are as the directory says of an id.
    """

    key: str
    name: str
    workspace: str
    creator: str
    figures: Figures
    first_day: int
    last_day: int
    days: int

    @classmethod
    def of(cls, row: Sequence[Any]) -> _UnmappedPart:
        key, label, workspace, name, workspace_name, creator, *sums, first, last, days = row
        names = (name or label, workspace_name or workspace, creator or "")
        return cls(key, *names, Figures(*sums), first, last, days)


def _used_keys(scope: Scope) -> Select:
    """A row of each organisation and id or name, as `_UnmappedPart.of` takes it."""
    sums = _sums_by_key(scope).alias("sums")
    listed = (ApiKey.organization == sums.c.organization_id) & (ApiKey.external_id == sums.c.key)
    creator = (Member.organization == ApiKey.organization) & (
        Member.external_id == ApiKey.creator_member_id
    )
    place = (Workspace.organization == sums.c.organization_id) & (
        Workspace.external_id == sums.c.workspace
    )
    used = [getattr(sums.c, name) for name in ("key", "label", "workspace")]
    return (
        Select([sums], [*used, *NAMES, *_figures(sums.c)])
        .join(ApiKey, JOIN.LEFT_OUTER, on=listed)
        .join(Member, JOIN.LEFT_OUTER, on=creator)
        .join(Workspace, JOIN.LEFT_OUTER, on=place)
    )


NAMES = (ApiKey.name, Workspace.name, Member.email)


def _figures(columns: Any) -> list[Any]:
    return [getattr(columns, name) for name in (*SUM_COLUMNS, "first_day", "last_day", "days")]


def _sums_by_key(scope: Scope) -> ModelSelect:
    columns = [
        Actor.organization.alias("organization_id"),
        Actor.key.alias("key"),
        fn.MAX(Actor.workspace).alias("workspace"),
        fn.MAX(Actor.label).alias("label"),
        *(total(getattr(ActorDay, name)).alias(name) for name in SUM_COLUMNS),
        fn.MIN(Partition.day).alias("first_day"),
        fn.MAX(Partition.day).alias("last_day"),
        fn.COUNT(Partition.day.distinct()).alias("days"),
    ]
    return _nobodys(scope, columns).group_by(Actor.organization, Actor.key)


def _nobodys(scope: Scope, columns: Sequence[Any]) -> ModelSelect:
    """Columns of the usage in the scope that belongs to nobody and is not shared."""
    nobodys = Actor.person.is_null() & (Actor.rule != Rule.SHARED)
    return actor_sums(scope, nobodys).join_from(ActorDay, Actor).select(*columns)


def any_key_used() -> bool:
    """Whether any usage named a key, whoever owns it."""
    return bool(Actor.select().where(Actor.key != "").exists())


def _unmapped_key(
    key: str, parts: Sequence[_UnmappedPart], own: dict[str, str], days: int
) -> UnmappedKey:
    called = max((part.key for part in parts if part.key != key), default="")
    creator = max(part.creator for part in parts)
    return UnmappedKey(
        key=key,
        name=max(part.name for part in parts) or called,
        workspace=max(part.workspace for part in parts),
        figures=add_up(part.figures for part in parts),
        first_day=day_of(min(part.first_day for part in parts)),
        last_day=day_of(max(part.last_day for part in parts)),
        suggested_email=own.get(creator, creator),
        days=days,
    )
