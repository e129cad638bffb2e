"""Usage records as rows: what they add up to, their hash, and writing them in pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from app.database import insert_rows
from app.identity import ensure_actors, name_actors, resolve_everybody
from app.model_names import display_name
from app.models import MODEL, TOOL, Organization, Partition, Slice, Usage
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

_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class StampSums:
    """What a stored day adds up to: the stamp's sums."""

    records: int = 0
    tokens: int = 0
    value_nanos: int = 0
    billed_nanos: int = 0
    unpriced_tokens: int = 0

    @classmethod
    def of(cls, records: Iterable[UsageRecord]) -> StampSums:
        """Add up records; unknown money counts as nothing, its tokens as unpriced."""
        number = tokens = value = billed = unpriced = 0
        for record in records:
            number += 1
            total = record.total_tokens
            tokens += total
            value += record.value_nanos or 0
            billed += record.billed_nanos or 0
            if record.value_nanos is None:
                unpriced += total
        return cls(number, tokens, value, billed, unpriced)

    def plus(self, other: StampSums) -> StampSums:
        """The sum of both."""
        return StampSums(*map(sum, zip(vars(self).values(), vars(other).values(), strict=True)))


def hash_of(records: Sequence[UsageRecord]) -> str:
    """SHA-256 of the records as a multiset: their order does not matter, their number does."""
    lines = sorted(_compact(record.without_day()) for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def lines_of(records: Iterable[UsageRecord]) -> bytes:
    """What the hash of records in their order is made from, a line each."""
    return "".join(_compact(record.without_day()) + "\n" for record in records).encode()


class _NameAt(NamedTuple):
    """What usage called an account at a moment (epoch milliseconds)."""

    at_ms: int
    name: str


class RecordWriter:
    """Writes records of one organisation; remembers the ids of actors and models it has seen.

    For one transaction only: rolled back, the ids would be wrong.
    """

    def __init__(self, organization: Organization, email_domain: str) -> None:
        self.organization = organization
        self.email_domain = email_domain
        self._actors: dict[RawActor, int] = {}
        self._models: dict[tuple[str, str], int] = {}

    def replace(
        self, partition: Partition, records: Iterable[UsageRecord]
    ) -> tuple[StampSums, str]:
        """Put `records` in the place of what the partition held. A row per record, twins too.

        Returns what they add up to and the SHA-256 of them in their order.
        """
        Usage.delete().where(Usage.partition == partition).execute()
        figures, digest, sequence = StampSums(), hashlib.sha256(), 0
        names: dict[RawActor, _NameAt] = {}
        for piece in _pieces(records):
            self._know(piece)
            insert_rows("usage", USAGE_COLUMNS, self._rows(partition, piece, sequence))
            digest.update(lines_of(piece))
            figures = figures.plus(StampSums.of(piece))
            names = _newest_names(piece, names)
            sequence += len(piece)
        self._name(names, partition.day)
        return figures, digest.hexdigest()

    def _name(self, names: dict[RawActor, _NameAt], day: int) -> None:
        named = {self._actors[actor]: said.name for actor, said in names.items()}
        if named and name_actors(named, day):
            # What was said of a name holds for the account that has it now.
            resolve_everybody(self.email_domain)
            bump_data_version()

    def _know(self, records: Sequence[UsageRecord]) -> None:
        actors = {record.actor for record in records} - self._actors.keys()
        if actors:
            self._actors |= ensure_actors(self.organization, actors, self.email_domain)
        models = {(record.tool, record.model) for record in records} - self._models.keys()
        if models:
            self._models |= ensure_models(models)

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


def _pieces(records: Iterable[UsageRecord]) -> Iterator[list[UsageRecord]]:
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
            names[record.actor] = max(said, names.get(record.actor, said))
    return names


def ensure_models(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Slice ids of (tool, raw model) pairs, with the slices of their tools.

    Stored models get the name that they have today: a newer version may know more spellings.
    """
    stored = _model_slices()
    missing = sorted(wanted - set(stored))
    if missing:
        rows = [
            {"kind": TOOL, "tool": tool, "model": "", "name": ""}
            for tool in sorted({tool for tool, _ in missing})
        ]
        rows += [
            {"kind": MODEL, "tool": tool, "model": raw, "name": display_name(raw)}
            for tool, raw in missing
        ]
        Slice.insert_many(rows).on_conflict_ignore().execute()
        bump_data_version()
        stored = _model_slices()
    return {pair: stored[pair] for pair in wanted}


def _model_slices() -> dict[tuple[str, str], int]:
    slices = list(Slice.select().where(Slice.kind == MODEL))
    renamed = [stored for stored in slices if stored.name != display_name(stored.model)]
    for stored in renamed:
        Slice.update(name=display_name(stored.model)).where(Slice.id == stored.id).execute()
    if renamed:
        # A name stands in the answers about any day.
        bump_data_version()
    return {(stored.tool, stored.model): stored.id for stored in slices}
