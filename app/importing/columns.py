"""Files that tell a day by different columns: which of their rows count.

Generations of an export, and exports with columns left out, tell the same usage more or less
finely. They are compared by the columns that both have:

    first file     model   key a              1,000 tokens
                   model   key b                100 tokens
    second file    model   key a  0-200k        998 tokens
                   model   key a  200k-1M         2 tokens

Both name the key. Of key a both say 1,000 tokens, so the finer rows stay, those of the second
file. Were they 1,001, the second file would count for key a as the newer one. Only the first
tells of key b, so its row stays. A column in which no row of a file's day says anything is as
good as none.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.importing.events import Tally
from app.model_names import display_name
from app.usage import UsageRecord

OWNER_COLUMNS = ("api_key", "workspace")
"""The columns that say whose a row is; an empty cell of theirs says something, too."""
_NOT_COMPARED = ("api_key_id", "web_search_requests")


@dataclass(frozen=True)
class DayRow:
    """What one file says of a day under one key: a record, from so many rows of the file.

    `values` are what tells it from the other rows of the day, by column.
    """

    key_hash: str
    key: str
    record: UsageRecord
    rows: int
    values: dict[str, str]
    columns: frozenset[str] = frozenset()


def day_row(key_hash: str, key: str, record: UsageRecord, rows: int) -> DayRow:
    """The row of a record with the row's own key."""
    owner = json.loads(key) if key else {}
    values = {name: owner[name] for name in OWNER_COLUMNS if name in owner}
    values["model"] = display_name(record.model)
    facts = json.loads(record.detail) if record.detail else {}
    values |= {name: str(said) for name, said in facts.items() if name not in _NOT_COMPARED}
    return DayRow(key_hash, key, record, rows, values)


def merged_files(files: Sequence[list[DayRow]], newest: bool, tally: Tally) -> list[DayRow]:
    """The rows of a day that count, from files in the order of their application.

    With `newest` the rows of the last file are counted in `tally` against those before it.
    """
    counting: list[DayRow] = []
    for place, file in enumerate(files):
        told = newest and place == len(files) - 1
        counting = _with_file(counting, _of_file(file), tally if told else Tally())
    return sorted(counting, key=lambda row: row.key_hash)


def _of_file(rows: list[DayRow]) -> list[DayRow]:
    """The rows of a file with the columns in which it says something of the day."""
    columns = frozenset(name for row in rows for name in row.values)
    return [DayRow(**{**vars(row), "columns": columns}) for row in rows]


def _with_file(before: list[DayRow], file: list[DayRow], tally: Tally) -> list[DayRow]:
    counting: list[DayRow] = []
    for known, told in _groups(before, file):
        if known and told:
            # Equal sums are told twice: the finer rows say more. Of others the newer ones count.
            stays = _sums(known) == _sums(told) and _fineness(known) > _fineness(told)
            counting += known if stays else told
            _count(known, told, tally, stays)
        else:
            counting += known or told
            tally.new += sum(row.rows for row in told)
    return counting


def _groups(
    before: Sequence[DayRow], file: Sequence[DayRow]
) -> Iterable[tuple[list[DayRow], list[DayRow]]]:
    """Rows that may tell the same usage: those that agree in the columns that both files have."""
    every = [*before, *file]
    # Each row points to one it agrees with, and so on to the leader of its group.
    leader = list(range(len(every)))

    def lead(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    here = file[0].columns if file else frozenset()
    for there in sorted({row.columns for row in before}, key=sorted):
        common = sorted(here & there)
        first: dict[tuple[str, ...], int] = {}
        for place, row in enumerate(every):
            if place >= len(before) or row.columns == there:
                said = tuple(row.values.get(name, "") for name in common)
                leader[lead(place)] = lead(first.setdefault(said, place))
    groups: dict[int, tuple[list[DayRow], list[DayRow]]] = defaultdict(lambda: ([], []))
    for place, row in enumerate(every):
        groups[lead(place)][place >= len(before)].append(row)
    return groups.values()


def _sums(rows: Iterable[DayRow]) -> tuple[int, ...]:
    """What rows say that every file tells: a cache write once had no duration."""
    sums = [0] * 5
    for row in rows:
        tokens, money = row.record.tokens, row.record.billed_nanos
        amount = (row.record.value_nanos or 0) if money is None else money
        written = tokens.cache_write_5m + tokens.cache_write_1h
        said = (tokens.input, written, tokens.cache_read, tokens.output)
        counts = (*said, 0) if any(said) else (*said, amount)
        sums = [total + count for total, count in zip(sums, counts, strict=True)]
    return tuple(sums)


def _fineness(rows: Iterable[DayRow]) -> tuple[Any, ...]:
    """The greater, the more the rows tell apart."""
    every = list(rows)
    columns = max((len(row.columns), sorted(row.columns)) for row in every)
    durations = any(row.record.tokens.cache_write_1h for row in every)
    searches = any("web_search_requests" in row.record.detail for row in every)
    return (*columns, durations, searches)


def _count(known: list[DayRow], told: list[DayRow], tally: Tally, stays: bool) -> None:
    """Rows that say what was known are unchanged, whether they or the finer ones count."""
    records = Counter(row.record for row in known)
    for row in told:
        if stays or records[row.record]:
            records[row.record] -= 1
            tally.unchanged += row.rows
        else:
            tally.changed += row.rows
