"""Usage records as rows: what they add up to, their hash, and writing them in pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from app.bulk import insert_rows
from app.identity import add_actors, name_actors
from app.ledger.bounds import refuse_beyond, weight_of
from app.model_names import display_name
from app.models import MODEL, TOOL, Organization, Partition, Slice
from app.usage import RawActor, Tokens, UsageRecord
from app.versions import bump_data_version

USAGE_COLUMNS = (
    "partition_id",
    "sequence",
    "day",
    "actor_id",
    "model_id",
    *(f"{kind}_tokens" for kind in Tokens._fields),
    "requests",
    "value_nanos",
    "billed_nanos",
    "price_status",
    "at_ms",
    "detail",
)
PIECE = 5_000
"""How many records are written at a time, so that memory stays bounded."""

_quoted = lru_cache(maxsize=4096)(json.JSONEncoder(separators=(",", ":")).encode)


@dataclass(frozen=True)
class StampSums:
    """What a stored day adds up to: the stamp's sums."""

    records: int = 0
    tokens: int = 0
    value_nanos: int = 0
    billed_nanos: int = 0
    unpriced_tokens: int = 0
    weight: int = 0

    @classmethod
    def of(cls, records: Iterable[UsageRecord]) -> StampSums:
        """Add up records; unknown money counts as nothing, its tokens as unpriced."""
        number = tokens = value = billed = unpriced = weight = 0
        for record in records:
            number += 1
            total = sum(record.tokens)
            tokens += total
            value += record.value_nanos or 0
            billed += record.billed_nanos or 0
            if record.value_nanos is None:
                unpriced += total
            weight += weight_of(record)
        return cls(number, tokens, value, billed, unpriced, weight)

    def plus(self, other: StampSums) -> StampSums:
        """The sum of both."""
        return StampSums(*map(sum, zip(vars(self).values(), vars(other).values(), strict=True)))


def hash_of(records: Sequence[UsageRecord]) -> str:
    """SHA-256 of the records as a multiset: their order does not matter, their number does."""
    lines = sorted(record.compact(_quoted) for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class OrderedSums:
    """What records add up to, and the SHA-256 of them in their order, as they come in pieces."""

    def __init__(self, room: int) -> None:
        self.figures = StampSums()
        self._digest = hashlib.sha256()
        self._room = room

    def add(self, records: Sequence[UsageRecord]) -> None:
        """Add a piece. Raises `SumTooLarge` for the record that is more than there is room for."""
        grown = self.figures.plus(StampSums.of(records))
        if grown.weight > self._room:
            refuse_beyond(self._room - self.figures.weight, records)
        lines = "".join([f"{record.compact(_quoted)}\n" for record in records])
        self._digest.update(lines.encode())
        self.figures = grown

    @property
    def content_hash(self) -> str:
        """The hash of the records so far."""
        return self._digest.hexdigest()


class _NameAt(NamedTuple):
    """What usage called an account at a moment (epoch milliseconds)."""

    at_ms: int
    name: str


class RecordWriter:
    """Writes records of one organisation; remembers the ids of actors and models it has seen.

    Not to be used after a transaction that was rolled back: the ids would be wrong.
    """

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._actors: dict[RawActor, int] = {}
        self._models: dict[tuple[str, str], int] = {}
        self._names: dict[int, dict[RawActor, _NameAt]] = {}

    def insert(self, partition: Partition, records: Sequence[UsageRecord], first: int) -> None:
        """Add records to a partition, a row for each, twins too; `first` is their first number.

        New actors are not resolved.
        """
        self._know(records)
        insert_rows("usage", USAGE_COLUMNS, self._rows(partition, records, first))
        self._names[partition.day] = _newest_names(records, self._names.get(partition.day, {}))

    def name_actors(self) -> bool:
        """Give the actors the names that their usage tells, oldest day first; is any new?"""
        told = [
            name_actors({self._actors[one]: said.name for one, said in names.items()}, day)
            for day, names in sorted(self._names.items())
            if names
        ]
        self._names = {}
        return any(told)

    def _know(self, records: Sequence[UsageRecord]) -> None:
        actors = {record.actor for record in records} - self._actors.keys()
        if actors:
            self._actors |= add_actors(self.organization, actors)
        models = {(record.tool, record.model) for record in records} - self._models.keys()
        if models:
            self._models |= ensure_models(self.organization, models)

    def _rows(
        self, partition: Partition, records: Sequence[UsageRecord], first: int
    ) -> Iterator[tuple]:
        for sequence, record in enumerate(records, start=first):
            yield (
                partition.id,
                sequence,
                partition.day,
                self._actors[record.actor],
                self._models[record.tool, record.model],
                *record.tokens,
                record.requests,
                record.value_nanos,
                record.billed_nanos,
                record.price_status.value,
                record.at_ms,
                record.detail,
            )


def pieces_of(records: Iterable[UsageRecord]) -> Iterator[list[UsageRecord]]:
    """The records, `PIECE` at a time."""
    iterator = iter(records)
    while piece := list(islice(iterator, PIECE)):
        yield piece


def _newest_names(
    records: Sequence[UsageRecord], known: dict[RawActor, _NameAt]
) -> dict[RawActor, _NameAt]:
    """The newest names that only usage tells: those of Cursor's service accounts."""
    names = dict(known)
    for record in records:
        if record.actor.key and "serviceAccountName" in record.detail:
            said = _NameAt(record.at_ms or 0, str(json.loads(record.detail)["serviceAccountName"]))
            # The newest by its moment, not by its place: a day is told in any order.
            names[record.actor] = max(said, names.get(record.actor, said))
    return names


def ensure_models(
    organization: Organization, wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Slice ids of (tool, raw model) pairs of an organisation, with the slices of their tools.

    Stored models get the name that they have today: a newer version may know more spellings.
    """
    stored = _slices_of(organization)
    missing = sorted(wanted - set(stored))
    if missing:
        rows: list[dict[str, Any]] = [
            {"kind": TOOL, "tool": tool, "model": "", "name": "", "organization": None}
            for tool in sorted({tool for tool, _ in missing})
        ]
        rows += [
            {
                "kind": MODEL,
                "tool": tool,
                "model": raw,
                "name": display_name(raw),
                "organization": organization,
            }
            for tool, raw in missing
        ]
        Slice.insert_many(rows).on_conflict_ignore().execute()
        bump_data_version()
        stored = _slices_of(organization)
    return {pair: stored[pair] for pair in wanted}


def _slices_of(organization: Organization) -> dict[tuple[str, str], int]:
    return {
        (stored.tool, stored.model): stored.id
        for stored in name_models()
        if stored.organization_id == organization.id and not stored.product
    }


def name_models() -> list[Slice]:
    """The slices of all models, by the names that they have today."""
    slices = list(Slice.select().where(Slice.kind == MODEL))
    renamed = [stored for stored in slices if stored.name != display_name(stored.model)]
    for stored in renamed:
        stored.name = display_name(stored.model)
        Slice.update(name=stored.name).where(Slice.id == stored.id).execute()
    if renamed:
        # A name stands in the answers about any day.
        bump_data_version()
    return slices
