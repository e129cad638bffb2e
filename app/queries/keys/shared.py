"""What people use through keys that they share: nobody's usage, under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.database import database
from app.models import Actor, ActorDay, ApiKey, Mapping
from app.queries.keys.ids import known_key_ids
from app.queries.remembered import no_day, remembered
from app.queries.scope import Scope, its_days, slices_of
from app.queries.shortened import at_most
from app.queries.sums.actors import actor_sums
from app.queries.sums.figures import Figures, add_up, sums_of
from app.states import Rule

MOST_SHARED = 9
"""At most this many names of shared keys have a line below a list; more are summed up in one."""


class SharedLine(NamedTuple):
    """The usage of the shared keys of one name in the scope; "" is the name of several such."""

    label: str
    keys: tuple[str, ...]
    figures: Figures
    by_tool: dict[str, int]


class UnattributedLines(NamedTuple):
    """Usage of nobody in lines: shared keys, those beyond the first some, and all the rest.

    All lines together are what belongs to nobody.
    """

    shared: Sequence[SharedLine]
    others: SharedLine | None
    rest: Figures
    rest_by_tool: dict[str, int]


def unattributed_lines(
    scope: Scope, unattributed: dict[str, Figures], most: int, words: str = ""
) -> UnattributedLines:
    """What belongs to nobody (`unattributed`: figures by tool) in lines, at most `most` named.

    With `words` only the names that hold them have a line, and there is no rest.
    """
    everything = shared_key_lines(scope) if unattributed else []
    wanted = words.strip().lower()
    lines = [line for line in everything if wanted in line.label.lower()]
    shown, others = shown_lines(lines, most)
    if wanted:
        return UnattributedLines(shown, others, Figures(), {})
    shared = _together(everything)
    rest = add_up([*unattributed.values(), Figures()]).minus(shared.figures)
    by_tool = {
        tool: figures.tokens - shared.by_tool.get(tool, 0) for tool, figures in unattributed.items()
    }
    return UnattributedLines(shown, others, rest, by_tool)


def shown_lines(
    lines: Sequence[SharedLine], most: int
) -> tuple[Sequence[SharedLine], SharedLine | None]:
    """The first lines, and all others as one: None when all have a line."""
    shown, others = at_most(lines, most)
    return shown, _together(others) if others else None


def shared_key_lines(scope: Scope) -> list[SharedLine]:
    """A line for each name of shared keys with usage in the scope, most tokens first.

    Their usage belongs to nobody and is part of the unattributed usage. Under a team filter
    there is none, as with all usage of nobody.
    """
    return _shared_key_lines(scope) if shared_labels() and not scope.teams else []


@remembered(days=its_days)
def _shared_key_lines(scope: Scope) -> list[SharedLine]:
    slices = slices_of(scope)
    labels = shared_labels()
    lines: dict[str, list[SharedLine]] = {}
    ids = known_key_ids()
    for key, model, *sums in _sums_by_key(scope):
        figures, label = Figures(*sums), labels.get(key, key)
        tool = slices.by_model[model][0]
        lines.setdefault(label, []).append(
            SharedLine(label, (ids.of(key),), figures, {tool: figures.tokens})
        )
    found = [_together(parts, label) for label, parts in lines.items()]
    return sorted(found, key=lambda line: (-line.figures.tokens, line.label))


def _together(parts: Iterable[SharedLine], label: str = "") -> SharedLine:
    keys: set[str] = set()
    by_tool: dict[str, int] = {}
    figures = Figures()
    for part in parts:
        keys.update(part.keys)
        figures = add_up((figures, part.figures))
        for tool, tokens in part.by_tool.items():
            by_tool[tool] = by_tool.get(tool, 0) + tokens
    return SharedLine(label, tuple(sorted(keys)), figures, by_tool)


@remembered(days=no_day)
def shared_labels() -> dict[str, str]:
    """The names of shared keys by their ids, and by what files call them; remembered."""
    shared = Mapping.select(Mapping.key, Mapping.label).where(Mapping.label != "")
    by_id = dict(shared.tuples())
    if not by_id:
        return {}
    listed = ApiKey.select(ApiKey.name, ApiKey.external_id).where(ApiKey.name != "")
    named = {name: by_id[key] for name, key in listed.tuples() if key in by_id}
    used, ids = Actor.select(Actor.key).where(Actor.rule == Rule.SHARED).distinct(), known_key_ids()
    called = {key: by_id[ids.of(key)] for (key,) in used.tuples() if ids.of(key) in by_id}
    return named | called | by_id


def _sums_by_key(scope: Scope) -> list[tuple]:
    keys = (Actor.key, ActorDay.model)
    query = actor_sums(scope, Actor.rule == Rule.SHARED).join_from(ActorDay, Actor)
    by_key = query.select(*keys, *sums_of(ActorDay)).group_by(*keys).order_by(*keys)
    return list(database.execute(by_key).fetchall())
