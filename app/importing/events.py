"""Which rows of several files tell the same event, and how the event counts.

The rows here share a millisecond and a number of tokens (see `key_hash_of`). Within a file rows
are events, between files those with the same token parts are repetitions, whoever is named:

    first file     ada.lovelace   gpt-5     100 + 200 + 50     $1.00
    second file    ada.byron      gpt-5     100 + 200 + 50     Included

is one event of ada.byron, as the newer file names it, worth $1.00, the best-known money. Where
the second file has a row of ada.lovelace, too, that one is the repetition, and ada.byron's is
another event. A generation that tells only the total of tokens repeats any parts of that total.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from app.model_names import display_name
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord

Held = Counter[str]
"""The rows of one file and key: how often it has each payload."""
_MONEY_RANKS = {PriceStatus.PROVIDER: 0, PriceStatus.TABLE: 2, PriceStatus.UNPRICED: 4}
"""The best-known money first, between them what tells only a total of tokens."""
_quoted = lru_cache(maxsize=4096)(
    json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
)


@dataclass
class Tally:
    """What the rows of one file are to those of the others.

    `renamed`: how many events that others tell of the first it tells of the second.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    renamed: Counter[tuple[RawActor, RawActor]] = field(default_factory=Counter)


class Naming(NamedTuple):
    """What a row says of its event besides the moment; the model by its display name."""

    actor: RawActor
    model: str
    tokens: Tokens
    parts_known: bool


def encoded(record: UsageRecord) -> str:
    """The payload of a record: everything but its day."""
    return record.compact(_quoted)


def decoded(day: date, payload: str) -> UsageRecord:
    """The record of a payload."""
    return UsageRecord.with_day(day, json.loads(payload))


def merged_events(others: list[Held], newest: Held | None, tally: Tally) -> list[str]:
    """The payloads that count; the rows of the newest file are counted in `tally`."""
    before = _counting(others, Tally())
    if newest is None:
        return sorted(before.elements())
    after = _counting([*others, newest], tally)
    new = after.total() - before.total()
    changed = (after - before).total() - new
    tally.new += new
    tally.changed += changed
    tally.unchanged += newest.total() - new - changed
    return sorted(after.elements())


def _counting(files: Sequence[Held], tally: Tally) -> Held:
    if len(files) < 2:
        return files[0] if files else Counter()
    payloads = set().union(*files)
    if len(payloads) == 1:
        return max(files, key=Counter.total)
    records = {payload: decoded(date.min, payload) for payload in payloads}
    namings = {payload: _naming(record) for payload, record in records.items()}
    if len(set(namings.values())) == 1:
        return _most(files)
    chosen: Held = Counter()
    for told_alike in _repetitions(files, namings, tally):
        chosen.update(_most(told_alike))
    return chosen


def _naming(record: UsageRecord) -> Naming:
    known = "partsUnknown" not in record.detail
    return Naming(record.actor, display_name(record.model), record.tokens, known)


def _repetitions(
    files: Sequence[Held], namings: Mapping[str, Naming], tally: Tally
) -> Iterator[list[Held]]:
    """The rows of the files by how the newest file that has them names their event."""
    known: Counter[Naming] = Counter()
    rows: list[list[tuple[Naming, str]]] = []
    for place, file in enumerate(files):
        mine = [(namings[payload], payload) for payload in sorted(file.elements())]
        told = Counter(naming for naming, _ in mine)
        # Names that this file does not repeat: an event of theirs may be told under a new one.
        free = known - told
        examples = dict(mine)
        for new in sorted((told - known).elements()):
            old = _closest(new, +free)
            if old is not None:
                free[old] -= 1
                known[old] -= 1
                rows = [_renamed(earlier, old, new, examples[new]) for earlier in rows]
                if place == len(files) - 1 and old.actor != new.actor:
                    tally.renamed[old.actor, new.actor] += 1
            known[new] += 1
        rows.append(mine)
    for naming in sorted(+known):
        yield [Counter(payload for told, payload in file if told == naming) for file in rows]


def _closest(new: Naming, free: Collection[Naming]) -> Naming | None:
    """Of the namings that no row of the file repeats, the one that `new` is most like."""
    alike = [
        old
        for old in sorted(free)
        if old.tokens == new.tokens or not (old.parts_known and new.parts_known)
    ]
    return max(
        alike,
        key=lambda old: (old.tokens == new.tokens, old.actor == new.actor, old.model == new.model),
        default=None,
    )


def _renamed(
    rows: list[tuple[Naming, str]], old: Naming, new: Naming, example: str
) -> list[tuple[Naming, str]]:
    """The rows of an earlier file, one that is named like `old` now named like `new`."""
    place = next((place for place, row in enumerate(rows) if row[0] == old), None)
    if place is None:
        return rows
    record, newer = decoded(date.min, rows[place][1]), decoded(date.min, example)
    payload = encoded(record._replace(actor=newer.actor, model=newer.model))
    return [*rows[:place], (new, payload), *rows[place + 1 :]]


def _most(held: Sequence[Held]) -> Held:
    """As many as the file with most has, and with money as well known as in the file with most.

    Equally well known, those of the last file come first, then those of the earlier.
    """
    payloads = set().union(*held)
    if len(payloads) == 1:
        return max(held, key=Counter.total)
    ranks = {payload: _rank(decoded(date.min, payload)) for payload in payloads}
    chosen: Held = Counter()
    for rank in sorted(set(ranks.values())):
        most = max(_of_ranks(each, ranks, range(rank + 1)).total() for each in held)
        for each in reversed(held):
            more = _of_ranks(each, ranks, (rank,)) - chosen
            chosen.update(sorted(more.elements())[: most - chosen.total()])
    return chosen


def _rank(record: UsageRecord) -> int:
    return _MONEY_RANKS[record.price_status] + ("partsUnknown" in record.detail)


def _of_ranks(held: Held, ranks: Mapping[str, int], wanted: Container[int]) -> Held:
    return Counter({payload: often for payload, often in held.items() if ranks[payload] in wanted})
