"""What people use through keys that they share: nobody's usage, under a name of its own."""

from __future__ import annotations

from typing import NamedTuple

from app.identity import SHARED
from app.models import Actor, ApiKey, Mapping, Partition, Usage
from app.queries.figures import Figures, add_up
from app.queries.scope import Scope, slices_of
from app.rollups import USAGE_SUMS


class SharedLine(NamedTuple):
    """The usage of the shared keys of one name in the scope."""

    label: str
    keys: tuple[str, ...]
    figures: Figures


def shared_key_lines(scope: Scope) -> list[SharedLine]:
    """A line for each name of shared keys with usage in the scope, most tokens first.

    Their usage belongs to nobody and is part of the unattributed usage. Under a team filter
    there is none, as with all usage of nobody.
    """
    if scope.teams:
        return []
    rows = _sums_by_key(scope)
    labels = shared_labels() if rows else {}
    lines: dict[str, list[tuple[str, Figures]]] = {}
    for key, *sums in rows:
        lines.setdefault(labels.get(key, key), []).append((key, Figures(*sums)))
    found = [
        SharedLine(label, tuple(key for key, _ in parts), add_up(part for _, part in parts))
        for label, parts in lines.items()
    ]
    return sorted(found, key=lambda line: (-line.figures.tokens, line.label))


def shared_labels() -> dict[str, str]:
    """The names of shared keys by their ids, and by what files call them."""
    shared = Mapping.select(Mapping.key, Mapping.label).where(Mapping.label != "")
    by_id = dict(shared.tuples())
    named = ApiKey.select(ApiKey.name, ApiKey.external_id).where(
        ApiKey.external_id.in_(list(by_id)) & (ApiKey.name != "")
    )
    return {name: by_id[key] for name, key in named.tuples()} | by_id


def _sums_by_key(scope: Scope) -> list[tuple]:
    return list(
        Usage.select(
            Actor.key,
            *(expression.cast("BIGINT") for expression in USAGE_SUMS),
        )
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(
            (Actor.rule == SHARED)
            & Partition.counts
            & scope.covers(Usage.day)
            & Usage.model.in_(list(slices_of(scope).by_model))
        )
        .group_by(Actor.key)
        .order_by(Actor.key)
        .tuples()
    )
