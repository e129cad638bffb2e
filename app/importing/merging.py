"""How the rows of overlapping files add up to one day. Pure: no database.

An example: two exports of one Cursor team, the second made later and of more days.

    June to 15th        10:00:00.123  ann  gpt-5  100 tokens  Included    2 rows
    June to 30th        10:00:00.123  ann  gpt-5  100 tokens  $0.05       1 row
                        10:00:07.500  ann  gpt-5   30 tokens  Included    1 row

Rows with the same key hash (the millisecond, who, which model, how many tokens) mean the same
event, so both files tell of the first: once as two rows, once as one. Within a file rows are
events, between files they are repetitions, so it happened twice, as in the file that has it most.
The second file knows money for one of the two. The day is therefore

    10:00:00.123  ann  gpt-5  100 tokens  $0.05       of the second file: the best-known money
    10:00:00.123  ann  gpt-5  100 tokens  Included    of the first: the second has no other row
    10:00:07.500  ann  gpt-5   30 tokens  Included    of the second alone

and the tally of the second file says one new row, one changed (its money), none unchanged.

Events are a multiset: over files, an event counts as often as in the file that has it most,
and with the best-known money: the provider's figure goes before a list price, that before none.
Keyed rows (of one day, key, model) of one file and key are summed, such as the hours of a day,
and the file applied last wins a key. Money is keyed too; it belongs to the token records of the
day that it matches. Keyed files that tell a day apart by other columns (with API keys, or without)
tell the same usage in other words: of these only what is told like the file applied last counts.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from app.importing.money import attached
from app.states import Merge
from app.usage import PriceStatus, UsageRecord

OWNER_COLUMNS = ("api_key", "workspace")
"""Of keyed rows: the columns that say whose a row is, where the file has them."""
_FIRST_LETTERS = {Merge.MONEY: "a", Merge.EVENTS: "e", Merge.KEYED: "k"}
"""Of key hashes: money sorts before the tokens it belongs to."""
_MONEY_RANKS = {PriceStatus.PROVIDER: 0, PriceStatus.TABLE: 1, PriceStatus.UNPRICED: 2}
"""The best-known money first."""
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_Held = Counter[str]
"""The rows of one file and key: how often it has each payload."""


class StoredRow(NamedTuple):
    """A row as it is kept: `batch` is its file, `payload` the record without its day."""

    key_hash: str
    batch: int
    key: str
    payload: str


@dataclass
class Tally:
    """What the rows of one file are to those of the others."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def encoded(record: UsageRecord) -> str:
    """The payload of a record: everything but its day."""
    return _compact(record.without_day())


def decoded(day: date, payload: str) -> UsageRecord:
    """The record of a payload."""
    return UsageRecord.with_day(day, json.loads(payload))


def key_hash_of(merge: Merge, key: str, record: UsageRecord) -> str:
    """What rows that mean the same have in common, after a letter and the row's shape.

    An event with its millisecond is known by it, by who, which model and how many tokens: the
    generations of an export tell different things of it besides. An event without a
    millisecond is known by everything it says; a list price is not among that, so that another
    price table knows the event again. Money is known by what it is for, whether the file has a
    column for that or leaves it out because it would be empty.
    """
    identity, shape = key, _shape(key)
    if merge == Merge.EVENTS:
        timed = record.at_ms is not None
        moment = (record.at_ms, record.actor, record.tool, record.model, record.total_tokens)
        identity = _compact(moment if timed else _said(record).without_day())
    elif merge == Merge.MONEY:
        identity = _compact((record.actor, record.tool, record.model, *_purpose(record.detail)))
    digest = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
    return f"{_FIRST_LETTERS[merge]}{shape}{digest}"


def _shape(key: str) -> str:
    """Which columns say whose a keyed row is; the same for all rows of a file."""
    facts = json.loads(key) if key else {}
    return "".join(name[0] if name in facts else "-" for name in OWNER_COLUMNS)


def _purpose(detail: str) -> list[tuple[str, Any]]:
    """What an amount is for; the id of its key is one more name of the key."""
    facts = json.loads(detail) if detail else {}
    return sorted((name, said) for name, said in facts.items() if name != "api_key_id")


def _said(record: UsageRecord) -> UsageRecord:
    """The record without a value that is list price."""
    if record.price_status is not PriceStatus.TABLE:
        return record
    return record._replace(value_nanos=None, price_status=PriceStatus.UNPRICED)


def merged_day(
    day: date, rows: Iterable[StoredRow], batches: Sequence[int], tally: Tally | None = None
) -> Iterator[UsageRecord]:
    """The records of a day from the rows of `batches`, which come in the order of application.

    `rows` are sorted by key hash. The rows of the last batch are counted in `tally` against
    those of the others; it is complete when the records are. Only a day with keyed rows or
    money is held in memory whole.
    """
    money: list[tuple[str, UsageRecord]] = []
    tokens: list[UsageRecord] = []
    told_alike = _told_like_the_last(rows, batches)
    for money_key, record in _merged_keys(day, told_alike, batches, tally or Tally()):
        if money_key:
            money.append((money_key, record))
        elif money:
            tokens.append(record)
        else:
            yield record
    yield from attached(tokens, money)


def _told_like_the_last(rows: Iterable[StoredRow], batches: Sequence[int]) -> Iterator[StoredRow]:
    """All events; of money and of keyed rows those of the shape that the last file has."""
    place = {batch: number for number, batch in enumerate(batches)}
    for letter, group in groupby(rows, key=lambda row: row.key_hash[0]):
        if letter == _FIRST_LETTERS[Merge.EVENTS]:
            yield from group
            continue
        keyed = list(group)
        shape = max(keyed, key=lambda row: place[row.batch]).key_hash[1:3]
        yield from (row for row in keyed if row.key_hash[1:3] == shape)


def _merged_keys(
    day: date, rows: Iterable[StoredRow], batches: Sequence[int], tally: Tally
) -> Iterator[tuple[str, UsageRecord]]:
    """Records in the order of their key hashes, those that are money with their key."""
    for key_hash, group in groupby(rows, key=attrgetter("key_hash")):
        held: dict[int, _Held] = {}
        key = ""
        for row in group:
            held.setdefault(row.batch, Counter())[row.payload] += 1
            key = row.key
        newest = held.pop(batches[-1], None)
        others = [held[batch] for batch in batches if batch in held]
        if key_hash[0] == _FIRST_LETTERS[Merge.EVENTS]:
            for payload in _merged_events(others, newest, tally):
                yield "", decoded(day, payload)
        else:
            record = _merged_rows(day, others, newest, tally)
            yield key if key_hash[0] == _FIRST_LETTERS[Merge.MONEY] else "", record


def _merged_events(others: list[_Held], newest: _Held | None, tally: Tally) -> list[str]:
    before = _most(others)
    if newest is None:
        return sorted(before.elements())
    after = _most([*others, newest])
    new = after.total() - before.total()
    changed = (after - before).total() - new
    tally.new += new
    tally.changed += changed
    tally.unchanged += newest.total() - new - changed
    return sorted(after.elements())


def _most(held: list[_Held]) -> _Held:
    """As many as the file with most has, and with money as well known as in the file with most.

    Equally well known, those of the last file come first, then those of the earlier.
    """
    if len(held) < 2:
        return held[0] if held else Counter()
    payloads = set().union(*held)
    if len(payloads) == 1:
        return max(held, key=Counter.total)
    ranks = {payload: _money_rank(payload) for payload in payloads}
    chosen: _Held = Counter()
    for rank in sorted(set(ranks.values())):
        most = max(_of_ranks(each, ranks, range(rank + 1)).total() for each in held)
        for each in reversed(held):
            more = _of_ranks(each, ranks, (rank,)) - chosen
            chosen.update(sorted(more.elements())[: most - chosen.total()])
    return chosen


def _money_rank(payload: str) -> int:
    return _MONEY_RANKS[decoded(date.min, payload).price_status]


def _of_ranks(held: _Held, ranks: dict[str, int], wanted: Container[int]) -> _Held:
    return Counter({payload: often for payload, often in held.items() if ranks[payload] in wanted})


def _merged_rows(day: date, others: list[_Held], newest: _Held | None, tally: Tally) -> UsageRecord:
    if newest is None:
        return _summed(day, others[-1])
    record = _summed(day, newest)
    if not others:
        tally.new += newest.total()
    elif _summed(day, others[-1]) == record:
        tally.unchanged += newest.total()
    else:
        tally.changed += newest.total()
    return record


def _summed(day: date, held: _Held) -> UsageRecord:
    records = (decoded(day, payload) for payload in sorted(held.elements()))
    return reduce(_plus, records)


def _plus(one: UsageRecord, other: UsageRecord) -> UsageRecord:
    """The sum of two rows of one key, such as two hours."""
    value = _sum_if_known(one.value_nanos, other.value_nanos)
    return one._replace(
        tokens=one.tokens.plus(other.tokens),
        requests=_sum_if_known(one.requests, other.requests),
        value_nanos=value,
        billed_nanos=_sum_if_known(one.billed_nanos, other.billed_nanos),
        price_status=PriceStatus.UNPRICED if value is None else one.price_status,
        detail=_plus_detail(one.detail, other.detail),
    )


def _sum_if_known(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _plus_detail(one: str, other: str) -> str:
    """Numbers in both are added, such as web searches; the rest is the same in rows of a key."""
    if not (one and other):
        return one or other
    facts, more = json.loads(one), json.loads(other)
    for name, value in more.items():
        both = type(value) is int and type(facts.get(name)) is int
        facts[name] = facts[name] + value if both else facts.get(name, value)
    return _sorted_json(facts)


def _sorted_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
