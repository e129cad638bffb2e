"""Usage records as rows: what they add up to, their hash, and writing them in pieces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from itertools import compress, islice
from operator import is_
from typing import Any, NamedTuple, TypeVar

from app.bulk import insert_rows
from app.identity import add_actors, name_actors
from app.ledger.bounds import refuse_beyond
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
Kept = Sequence[Any]
"""What `UsageRecord.without_day` gives: actor, tool, model, and then the columns from the tokens
on, in the order of `USAGE_COLUMNS`."""
_T = TypeVar("_T")

_escaped = json.JSONEncoder(separators=(",", ":")).encode
_quoted = lru_cache(maxsize=4096)(_escaped)


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
    def of(cls, rows: Sequence[Kept]) -> StampSums:
        """Add up records; unknown money counts as nothing, its tokens as unpriced.

        What a record weighs is told by `app.ledger.bounds`.
        """
        if not rows:
            return cls()
        # By column: the loops over files of millions of rows are the interpreter's own.
        columns = list(zip(*rows, strict=True))[_FIRST_COUNT:]
        requests, values, billed = columns[_KINDS : _KINDS + 3]
        totals = list(map(sum, zip(*columns[:_KINDS], strict=True)))
        worth, charged = list(_or_nothing(values)), list(_or_nothing(billed))
        unpriced = sum(compress(totals, map(_is_unknown, values)))
        amounts = (totals, _or_nothing(requests), map(abs, worth), map(abs, charged))
        weight = sum(map(max, *amounts))
        return cls(len(rows), sum(totals), sum(worth), sum(charged), unpriced, weight)

    @classmethod
    def of_payloads(cls, payloads: Iterable[str]) -> StampSums:
        """Add up records as `UsageRecord.compact` writes them."""
        sums = cls()
        for piece in pieces_of(payloads):
            sums = sums.plus(cls.of(read_payloads(piece)))
        return sums

    def plus(self, other: StampSums) -> StampSums:
        """The sum of both."""
        return StampSums(*map(sum, zip(vars(self).values(), vars(other).values(), strict=True)))


_FIRST_COUNT, _KINDS = 3, len(Tokens._fields)
_is_unknown = partial(is_, None)


def _or_nothing(amounts: Iterable[int | None]) -> Iterator[int]:
    return (amount or 0 for amount in amounts)


def read_payloads(payloads: Sequence[str]) -> list[Kept]:
    """What `UsageRecord.compact` wrote, of many records at once."""
    rows: list[Kept] = json.loads(f"[{','.join(payloads)}]")
    return rows


def ordered_hash(records: Iterable[UsageRecord]) -> str:
    """SHA-256 of the records in their order."""
    lines = "".join([f"{record.compact(_quoted)}\n" for record in records])
    return hashlib.sha256(lines.encode()).hexdigest()


def hash_of(records: Sequence[UsageRecord]) -> str:
    """SHA-256 of the records as a multiset: their order does not matter, their number does."""
    lines = sorted(record.compact(_quoted) for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class OrderedSums:
    """What the records of a day add up to, and their `ordered_hash`, as they come in pieces."""

    def __init__(self, day: date, room: int) -> None:
        self.figures = StampSums()
        self._digest = hashlib.sha256()
        self._day, self._room = day, room

    def add(self, payloads: Sequence[str]) -> list[Kept]:
        """Add a piece of records as they are kept of files; what they say.

        Raises `SumTooLarge` for the record that is more than there is room for.
        """
        rows = read_payloads(payloads)
        grown = self.figures.plus(StampSums.of(rows))
        if grown.weight > self._room:
            records = (UsageRecord.with_day(self._day, row) for row in rows)
            refuse_beyond(self._room - self.figures.weight, records)
        lines = "\n".join(payloads)
        if not lines.isascii() or "\x7f" in lines:
            # Kept as it is, and hashed escaped: such a text is written in two ways.
            lines = "\n".join(map(_escaped, rows))
        self._digest.update(f"{lines}\n".encode())
        self.figures = grown
        return rows

    @property
    def content_hash(self) -> str:
        """The hash of the records so far."""
        return self._digest.hexdigest()


class _NameAt(NamedTuple):
    """What usage called an account at a moment (epoch milliseconds)."""

    at_ms: int
    name: str


_NewestNames = dict[tuple[str, ...], _NameAt]


class RecordWriter:
    """Writes records of one organisation; remembers the ids of actors and models it has seen.

    Not to be used after a transaction that was rolled back: the ids would be wrong.
    """

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._actors: dict[tuple[str, ...], int] = {}
        self._models: dict[tuple[str, str], int] = {}
        self._names: dict[int, _NewestNames] = {}

    def insert(self, partition: Partition, rows: Sequence[Kept], first: int) -> None:
        """Add records to a partition, a row for each, twins too; `first` is their first number.

        New actors are not resolved.
        """
        self._know(rows)
        insert_rows("usage", USAGE_COLUMNS, self._rows(partition, rows, first))
        self._names[partition.day] = _newest_names(rows, self._names.get(partition.day, {}))

    def name_actors(self) -> bool:
        """Give the actors the names that their usage tells, oldest day first; is any new?"""
        told = [
            name_actors({self._actors[one]: said.name for one, said in names.items()}, day)
            for day, names in sorted(self._names.items())
            if names
        ]
        self._names = {}
        return any(told)

    def _know(self, rows: Sequence[Kept]) -> None:
        actors = {tuple(row[0]) for row in rows} - self._actors.keys()
        if actors:
            known = add_actors(self.organization, set(map(RawActor._make, actors)))
            self._actors |= dict(known.items())
        models = {(row[1], row[2]) for row in rows} - self._models.keys()
        if models:
            self._models |= ensure_models(self.organization, models)

    def _rows(self, partition: Partition, rows: Sequence[Kept], first: int) -> Iterator[tuple]:
        number, day, actors, models = partition.id, partition.day, self._actors, self._models
        for sequence, row in enumerate(rows, start=first):
            actor, model = actors[tuple(row[0])], models[row[1], row[2]]
            yield (number, sequence, day, actor, model, *row[_FIRST_COUNT:])


def pieces_of(records: Iterable[_T]) -> Iterator[list[_T]]:
    """The records, `PIECE` at a time."""
    iterator = iter(records)
    while piece := list(islice(iterator, PIECE)):
        yield piece


def _newest_names(rows: Sequence[Kept], known: _NewestNames) -> _NewestNames:
    """The newest names that only usage tells: those of Cursor's service accounts."""
    names = dict(known)
    for row in rows:
        at_ms, detail = row[-2:]
        if "serviceAccountName" in detail and row[0][0]:
            actor, said = tuple(row[0]), str(json.loads(detail)["serviceAccountName"])
            told = _NameAt(at_ms or 0, said)
            # The newest by its moment, not by its place: a day is told in any order.
            names[actor] = max(told, names.get(actor, told))
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
