"""How the rows of overlapping files add up to one day. Pure: no database.

An example: two exports of one Cursor team, the second made later and of more days.

    June to 15th        10:00:00.123  ann  gpt-5  100 tokens  Included    2 rows
    June to 30th        10:00:00.123  ann  gpt-5  100 tokens  $0.05       1 row
                        10:00:07.500  ann  gpt-5   30 tokens  Included    1 row

Rows with the same millisecond and token parts mean the same event (`app.importing.events`), so
both files tell of the first: once as two rows, once as one. Within a file rows are events, between
files they are repetitions, so it happened twice, as in the file that has it most.
The second file knows money for one of the two. The day is therefore

    10:00:00.123  ann  gpt-5  100 tokens  $0.05       of the second file: the best-known money
    10:00:00.123  ann  gpt-5  100 tokens  Included    of the first: the second has no other row
    10:00:07.500  ann  gpt-5   30 tokens  Included    of the second alone

and the tally of the second file says one new row, one changed (its money), none unchanged.

Events are a multiset: over files, an event counts as often as in the file that has it most,
and with the best-known money: the provider's figure goes before a list price, that before none.
Keyed rows (of one day, key, model) of one file and key are summed, such as the hours of a day,
and the file applied last wins a key; so it is with files that have other columns, see
`app.importing.columns`. Money is keyed too; it belongs to the token records of the day that it
matches.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import reduce
from typing import Any, NamedTuple

from app.importing.columns import OWNER_COLUMNS, DayRow, day_row, merged_files
from app.importing.events import Held, Tally, decoded, encoded, merged_events
from app.importing.money import attached
from app.importing.names import Names
from app.model_names import display_name
from app.states import Merge
from app.usage import PriceStatus, UsageRecord

FIRST_LETTERS = {Merge.MONEY: "a", Merge.EVENTS: "f", Merge.KEYED: "k"}
"""Of key hashes: money sorts before the tokens it belongs to."""
_LETTERS = {merge.value: letter for merge, letter in FIRST_LETTERS.items()}
EARLIER_EVENTS = ("e", "ez")
"""Between these are the key hashes of events that an earlier version stored: they also say who."""
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_NO_OWNER = "-" * len(OWNER_COLUMNS)
_LETTERS_OF_OWNERS = [(name[0], f'"{name}":') for name in OWNER_COLUMNS]
"""Within a value of JSON quotes are escaped, so what follows the letter is the name of a column."""


class StoredRow(NamedTuple):
    """A row as it is kept: `batch` is its file, `payload` the record without its day."""

    key_hash: str
    batch: int
    key: str
    payload: str


def key_hash_of(merge: Merge, key: str, record: UsageRecord) -> str:
    """What rows that mean the same have in common, after a letter and the row's shape.

    An event with its millisecond is known by it and by how many tokens there were: the
    generations of an export tell different things of it besides, and people and models are
    renamed (see `app.importing.events`). Without tokens that says nothing, so who it was and
    which model must agree, too. An event without a millisecond is known by everything it says;
    a list price is not among that, so that another price table knows the event again. Money is
    known by what it is for, whether the file has a column for that or leaves it out because it
    would be empty.
    """
    identity = key
    if merge is Merge.EVENTS:
        identity = _event(record)
    elif merge is Merge.MONEY:
        identity = _compact((record.actor, record.tool, record.model, *_purpose(record.detail)))
    digest = hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
    return f"{_LETTERS[merge._value_]}{_shape(key)}{digest}"


def _shape(key: str) -> str:
    """Which columns say whose a keyed row is; the same for all rows of a file."""
    if not key:
        return _NO_OWNER
    return "".join([letter if name in key else "-" for letter, name in _LETTERS_OF_OWNERS])


def _event(record: UsageRecord) -> str:
    """What tells an event from all others, as JSON."""
    tokens = sum(record.tokens)
    if record.at_ms is not None and tokens:
        return f'[{record.at_ms},"{record.tool}",{tokens}]'
    return _compact(_said(record) if record.at_ms is None else _moment(record))


def shape_of(key_hash: str) -> str:
    """The shape in a key hash: which columns said whose the row is."""
    return key_hash[1 : 1 + len(OWNER_COLUMNS)]


def _purpose(detail: str) -> list[tuple[str, Any]]:
    """What an amount is for; the id of its key is one more name of the key."""
    facts = json.loads(detail) if detail else {}
    return sorted((name, said) for name, said in facts.items() if name != "api_key_id")


def _moment(record: UsageRecord) -> tuple[Any, ...]:
    """Of one without tokens."""
    return (record.at_ms, record.tool, 0, record.actor, display_name(record.model))


def _said(record: UsageRecord) -> tuple[Any, ...]:
    """All but a value that is list price."""
    record = record._replace(model=display_name(record.model))
    if record.price_status is PriceStatus.TABLE:
        record = record._replace(value_nanos=None, price_status=PriceStatus.UNPRICED)
    return record.without_day()


def known_again(day: date, row: StoredRow, names: Names) -> StoredRow:
    """A row by its newest names, with the key hash of today."""
    record = decoded(day, row.payload)
    actor = names.actor(row.batch, record.actor)
    if actor == record.actor and row.key_hash[0] != EARLIER_EVENTS[0]:
        return row
    record, key = record._replace(actor=actor), names.key(row.key)
    return StoredRow(
        key_hash_of(_merge_of(row.key_hash), key, record), row.batch, key, encoded(record)
    )


def _merge_of(key_hash: str) -> Merge:
    letters = {letter: merge for merge, letter in FIRST_LETTERS.items()}
    return letters.get(key_hash[0], Merge.EVENTS)


def merged_day(
    day: date, rows: Iterable[StoredRow], batches: Sequence[int], tally: Tally | None = None
) -> Iterator[UsageRecord]:
    """The records of a day; see `merged_payloads`."""
    return (decoded(day, payload) for payload in merged_payloads(day, rows, batches, tally))


def merged_payloads(
    day: date, rows: Iterable[StoredRow], batches: Sequence[int], tally: Tally | None = None
) -> Iterator[str]:
    """The records of a day from the rows of `batches`, which come in the order of application.

    `rows` are sorted by key hash. The rows of the last batch are counted in `tally` against
    those of the others; it is complete when the records are. Only a day with keyed rows or
    money is held in memory whole. A row that nothing is compared with is not even read.
    """
    tally = tally or Tally()
    money: list[list[StoredRow]] = []
    tokens: list[list[StoredRow]] = []
    for alike in _alike(rows):
        letter = alike[0].key_hash[0]
        if letter == FIRST_LETTERS[Merge.EVENTS]:
            yield from _told_alike(alike, batches, tally)
        else:
            (money if letter == FIRST_LETTERS[Merge.MONEY] else tokens).append(alike)
    if not (money or tokens):
        return
    if not money and len({row.batch for alike in tokens for row in alike}) == 1:
        yield from _of_one_file(day, tokens, batches, tally)
        return
    amounts = _day_rows(day, money, batches, tally)
    counting = _day_rows(day, tokens, batches, tally)
    records = [row.record for row in counting]
    yield from map(encoded, attached(records, [(row.key, row.record) for row in amounts]))


def _alike(rows: Iterable[StoredRow]) -> Iterator[list[StoredRow]]:
    """The rows of each key hash, by which they are sorted."""
    held: list[StoredRow] = []
    key_hash = ""
    for row in rows:
        if row.key_hash == key_hash:
            held.append(row)
            continue
        if held:
            yield held
        held, key_hash = [row], row.key_hash
    if held:
        yield held


def _told_alike(rows: list[StoredRow], batches: Sequence[int], tally: Tally) -> Sequence[str]:
    """The payloads that count of the rows of one key, of which there is at least one."""
    if len(rows) == 1:
        # Most events are told once: nothing is to be compared.
        tally.new += rows[0].batch == batches[-1]
        return [rows[0].payload]
    held: dict[int, Held] = {}
    for row in rows:
        held.setdefault(row.batch, Counter())[row.payload] += 1
    newest = held.pop(batches[-1], None)
    others = [held[batch] for batch in batches if batch in held]
    return merged_events(others, newest, tally)


def _of_one_file(
    day: date, keyed: Iterable[list[StoredRow]], batches: Sequence[int], tally: Tally
) -> Iterator[str]:
    """The rows of tokens that no other file and no money is compared with; all of them count."""
    for same in keyed:
        tally.new += len(same) if same[0].batch == batches[-1] else 0
        yield same[0].payload if len(same) == 1 else encoded(_summed(day, same))


def _day_rows(
    day: date, keyed: Iterable[list[StoredRow]], batches: Sequence[int], tally: Tally
) -> list[DayRow]:
    """The rows of money, or those of tokens, that count. Those of one file and key are summed."""
    files: dict[int, list[DayRow]] = defaultdict(list)
    for alike in keyed:
        held: dict[int, list[StoredRow]] = defaultdict(list)
        for row in alike:
            held[row.batch].append(row)
        for batch, same in held.items():
            record = _summed(day, same)
            files[batch].append(day_row(alike[0].key_hash, same[0].key, record, len(same)))
    in_order = [files[batch] for batch in batches if batch in files]
    return merged_files(in_order, batches[-1] in files, tally)


def _summed(day: date, rows: Iterable[StoredRow]) -> UsageRecord:
    """The sum of the rows of a key, in an order that hangs on nothing but what they say."""
    return reduce(_plus, (decoded(day, payload) for payload in sorted(row.payload for row in rows)))


def _plus(one: UsageRecord, other: UsageRecord) -> UsageRecord:
    """The sum of two rows of one key, such as two hours."""
    value = _sum_if_known(one.value_nanos, other.value_nanos)
    return one._replace(
        tokens=one.tokens.plus(other.tokens),
        requests=_sum_if_known(one.requests, other.requests),
        # Unknown and five dollars is unknown: a part must not pass for the whole.
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
