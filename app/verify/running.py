"""Running sums, worked out again from the records, day after day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from app.models import RUNNING_FIGURES, Actor, RunningSum
from app.packed import kept, pack, read, unpack
from app.verify.differences import Difference

Place = tuple[int, str]
"""An organisation and a tool."""
Lanes = dict[int, list[int]]
"""The sums of each lane, in the order of `RUNNING_FIGURES`."""
TABLE = RunningSum._meta.table_name
MOST_LANES = 3
"""So many lanes of a row are named; one is enough to tell."""


class RunningSums:
    """What the rows must be, as one day after another is added."""

    def __init__(self) -> None:
        self.checked = 0
        self._lanes: dict[int, int] = dict(Actor.select(Actor.id, Actor.lane).tuples())
        self._month = 0
        self._before: dict[Place, Lanes] = {}
        self._so_far: dict[Place, Lanes] = {}
        self._of_day: dict[Place, Lanes] = {}
        self._seen: set[int] = set()

    def add(self, place: Place, actor: int, figures: Sequence[int]) -> None:
        """Count a record of the day."""
        lanes = self._of_day.setdefault(place, _no_lanes())
        _grow(lanes[self._lanes[actor]], figures)

    def day(self, day: int) -> Iterator[Difference]:
        """What differs in the rows until this day, now that its records are added."""
        month, told = day // 100 * 100, self._of_day
        self._of_day = {}
        if month != self._month:
            yield from self._ended()
            self._month = month
        for place, lanes in told.items():
            _merge(self._so_far.setdefault(place, _no_lanes()), lanes)
        yield from self._compare(day, {place: self._so_far[place] for place in told})

    def rest(self) -> Iterator[Difference]:
        """The last month, and rows that should not be there, now that all days were added."""
        yield from self._ended()
        untils = {until for (until,) in RunningSum.select(RunningSum.until).distinct().tuples()}
        for until in sorted(untils - self._seen):
            yield from self._compare(until, {})

    def _ended(self) -> Iterator[Difference]:
        """The rows of what was before the month that ends; that is now more by that month."""
        if self._month:
            before = {place: self._before.get(place, {}) for place in self._so_far}
            yield from self._compare(self._month, before)
        for place, lanes in self._so_far.items():
            _merge(self._before.setdefault(place, _no_lanes()), lanes)
        self._so_far = {}

    def _compare(self, until: int, expected: dict[Place, Lanes]) -> Iterator[Difference]:
        self._seen.add(until)
        columns = [RunningSum.organization, RunningSum.tool, RunningSum.figure, RunningSum.sums]
        rows = RunningSum.select(*columns).where(RunningSum.until == until).tuples()
        stored = {tuple(key): bytes(sums) for *key, sums in rows}
        wanted = {
            (*place, figure): _row(lanes, number)
            for place, lanes in expected.items()
            for number, figure in enumerate(RUNNING_FIGURES)
        }
        self.checked += len(stored)
        for key in sorted(stored.keys() | wanted.keys()):
            name = ", ".join(f"{word} {part}" for word, part in zip(_KEY, key, strict=True))
            if key in stored and key in wanted:
                yield from _unequal(until, name, stored[key], wanted[key])
            else:
                facts = ("yes" if key in stored else None, "yes" if key in wanted else None)
                yield Difference(TABLE, 0, f"until {until}, {name}", "row", *facts)


_KEY = ("organization", "tool", "figure")


def _unequal(until: int, name: str, stored: bytes, wanted: list[int]) -> Iterator[Difference]:
    if stored == kept(pack(wanted)):
        return
    row = f"until {until}, {name}"
    try:
        found = list(unpack(read(stored)))
    except ValueError:
        found = []
    pairs = enumerate(zip_longest(found, wanted, fillvalue=0))
    other = [(lane, *pair) for lane, pair in pairs if pair[0] != pair[1]]
    for lane, said, right in other[:MOST_LANES]:
        yield Difference(TABLE, 0, f"{row}, lane {lane}", "sums", said, right)
    if not other:
        yield Difference(TABLE, 0, row, "sums", stored.hex(), kept(pack(wanted)).hex())


def _no_lanes() -> Lanes:
    return defaultdict(lambda: [0] * len(RUNNING_FIGURES))


def _merge(sums: Lanes, more: Lanes) -> None:
    for lane, figures in more.items():
        _grow(sums[lane], figures)


def _grow(sums: list[int], figures: Iterable[int]) -> None:
    for place, figure in enumerate(figures):
        sums[place] += figure


def _row(lanes: Lanes, figure: int) -> list[int]:
    """One figure of all lanes; a lane below 0, which is named elsewhere, has no place."""
    row = [0] * (max(lanes, default=-1) + 1)
    for lane, figures in lanes.items():
        if lane >= 0:
            row[lane] = figures[figure]
    return row
