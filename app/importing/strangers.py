"""Who of a file is a stranger to an organisation: its API could not have told of their usage.

The API tells of 3 November, and names ada and, as the file does not know yet, ada.byron:

    ada@example.com            known: the API names her
    ada.lovelace@example.com   the events of ada.byron under another name: told already
    robin@other.example        a stranger, whose usage counts beside that of the API
    zoe@example.com            used only on days of which the API tells nothing: not apart

What the API tells of nobody it may yet tell of, once its days are read: people who have left are
in no directory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from app.dates import day_number
from app.importing.stored import facts_of, records_of
from app.model_names import display_name
from app.models import Actor, ImportBatch, Organization, Partition, Slice, Usage
from app.states import Source
from app.usage import RawActor, UsageRecord

_DayModel = tuple[int, str]


class _Reported(NamedTuple):
    """What is told of one name: events (millisecond, tokens), and tokens by day and model."""

    events: set[tuple[int, int]]
    sums: dict[_DayModel, int]

    def add(self, day: int, model: str, at_ms: int | None, tokens: int) -> None:
        """Add a record."""
        if at_ms is not None and tokens:
            self.events.add((at_ms, tokens))
        self.sums[day, model] += tokens


def told_of_nowhere(
    batch: ImportBatch,
    organization: Organization,
    actors: Collection[RawActor],
    named: Collection[RawActor],
) -> set[RawActor]:
    """Those of a file's actors whom the API of an organisation does not name, though it tells of
    their days. `named` are all of the file.
    """
    covered = _covered_days(organization, facts_of(batch).days)
    if not (actors and covered):
        return set()
    found = _told(record for record in records_of(batch, actors) if _day(record) in covered)
    if not found:
        return set()
    names = {name for actor in named for name in (actor.key, actor.account) if name}
    api = _of_the_api(organization, covered)
    elsewhere = [told for actor, told in api if not {actor.key, actor.account} & names]
    events = _events(told for _, told in api) & _events(found.values())
    if events:
        # What the file tells under a name of its own is that one's event.
        own = _told(records_of(batch, set(named) - found.keys()))
        events -= _events(own.values()) - _events(elsewhere)
    sums = [told.sums for told in elsewhere]
    return {actor for actor, told in found.items() if not _is_renamed(told, events, sums)}


def _events(told: Iterable[_Reported]) -> set[tuple[int, int]]:
    return {event for each in told for event in each.events}


def _is_renamed(
    told: _Reported, events: set[tuple[int, int]], sums: list[dict[_DayModel, int]]
) -> bool:
    """Whether the API tells of a stranger's usage under another name: an event is known by its
    millisecond and tokens, other usage by the same tokens on every day.
    """
    if told.events:
        return bool(told.events & events)
    return any(told.sums.values()) and told.sums in sums


def _day(record: UsageRecord) -> int:
    return day_number(record.day)


def _is_of_the_api(organization: Organization) -> Any:
    return (
        (Partition.organization == organization)
        & (Partition.source != Source.IMPORTED)
        & (Partition.prepared == 0)
    )


def _covered_days(organization: Organization, days: Collection[int]) -> set[int]:
    if not days:
        return set()
    told = Partition.select(Partition.day).where(
        _is_of_the_api(organization)
        & (Partition.records > 0)
        & Partition.day.between(min(days), max(days))
    )
    return {day for (day,) in told.tuples()} & set(days)


def _told(records: Iterator[UsageRecord]) -> dict[RawActor, _Reported]:
    found: dict[RawActor, _Reported] = {}
    for record in records:
        told = found.setdefault(record.actor, _nothing())
        told.add(_day(record), display_name(record.model), record.at_ms, record.total_tokens)
    return found


def _of_the_api(organization: Organization, days: set[int]) -> list[tuple[RawActor, _Reported]]:
    tokens = (
        Usage.input_tokens
        + Usage.cache_write_5m_tokens
        + Usage.cache_write_1h_tokens
        + Usage.cache_read_tokens
        + Usage.output_tokens
    )
    whose = (Usage.actor, Actor.key, Actor.account, Actor.workspace)
    rows = (
        Usage.select(*whose, Usage.day, Slice.name, Usage.at_ms, tokens)
        .join(Partition)
        .switch(Usage)
        .join(Actor)
        .switch(Usage)
        .join(Slice)
        .where(_is_of_the_api(organization) & Usage.day.between(min(days), max(days)))
    )
    found: dict[int, tuple[RawActor, _Reported]] = {}
    for number, *actor, day, model, at_ms, amount in rows.tuples().iterator():
        if day in days:
            _, told = found.setdefault(number, (RawActor(*actor), _nothing()))
            told.add(day, model, at_ms, amount)
    return list(found.values())


def _nothing() -> _Reported:
    return _Reported(set(), defaultdict(int))
