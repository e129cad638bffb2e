"""Recompute what is stored from what it is derived from, and name what differs.

The sums here are made in plain Python from the records of one day at a time, so that they share
nothing with the queries that make the rollups, and memory stays bounded by a month of people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from peewee import Expression

from app.bitmaps import ids_in
from app.database import reading
from app.ledger.days import in_order_of_counting
from app.models import (
    ALL_SLICE,
    SUM_COLUMNS,
    TOOL,
    UNATTRIBUTED,
    ActiveDay,
    ActorDay,
    Partition,
    PersonDay,
    PersonMonth,
    PersonSpan,
    Slice,
    Table,
    TotalDay,
    WorkspaceDay,
)
from app.rollups import active_days
from app.verify.columns import is_day, out_of_bounds
from app.verify.differences import Difference, unequal
from app.verify.imports import imported_differences
from app.verify.people import owners_differ
from app.verify.records import (
    STAMP_SUMS,
    Models,
    content_hash_of,
    figures_of,
    models_by_slice,
    stamp_sums,
    stored_records,
)
from app.verify.repair import repair
from app.verify.running import RunningSums
from app.verify.states import impossible_rows

__all__ = ("Checked", "Difference", "Verifier", "repair")

OF_ACTORS = (*SUM_COLUMNS, "records")
Sums = list[int]
Key = tuple[Any, ...]
Tell = Callable[[int, int], None]


class Checked(NamedTuple):
    """How much was compared."""

    days: int
    records: int
    rollup_rows: int


class Verifier:
    """One comparison of everything; `differences` yields them, `checked` counts what was seen."""

    def __init__(self, email_domain: str = "") -> None:
        self._email_domain = email_domain
        self.checked = Checked(0, 0, 0)
        self._tools: dict[int, int] = {}
        self._models: Models = {}
        self._spans: dict[Key, Sums] = {}
        self._running: RunningSums

    def differences(self, tell: Tell = lambda done, all_days: None) -> Iterator[Difference]:
        """Every difference in one consistent reading: values that cannot be, then of days, the
        oldest first, then the rest.

        Calls `tell(days done, days in all)` after each day.
        """
        with reading():
            yield from out_of_bounds()
            self._learn_slices()
            self._running = RunningSums()
            days = _every_day()
            months: dict[Key, Sums] = {}
            for place, day in enumerate(days):
                yield from self._day(day, months)
                tell(place + 1, len(days))
                if place + 1 == len(days) or days[place + 1] // 100 != day // 100:
                    yield from self._month(day // 100, months)
                    months = {}
            for month in sorted(_months_with_rollups() - {day // 100 for day in days}):
                yield from self._month(month, {})
            yield from self._running.rest()
            self._count(rollup_rows=self._running.checked)
            yield from self._spans_differ()
            yield from impossible_rows()
            yield from owners_differ(self._email_domain)
            yield from imported_differences()

    def _learn_slices(self) -> None:
        rows = Slice.select(Slice.tool, Slice.id).where(Slice.kind == TOOL).tuples()
        tools = dict(rows)
        self._models = models_by_slice()
        self._tools = {number: tools.get(one.tool, 0) for number, one in self._models.items()}

    def _slices_of(self, model: int) -> tuple[int, ...]:
        return model, self._tools.get(model, 0), ALL_SLICE

    def _day(self, day: int, months: dict[Key, Sums]) -> Iterator[Difference]:
        people, places = _sums(SUM_COLUMNS), _sums(SUM_COLUMNS)
        stored = (Partition.day == day) & (Partition.prepared == 0)
        partitions = list(Partition.select().where(stored).order_by(Partition.id))
        for partition in partitions:
            yield from self._partition(partition, people, places)
        yield from _counting(day, partitions)
        yield from self._running.day(day)
        place, there = ("organization", "workspace", "model"), WorkspaceDay.day == day
        yield from self._compare(WorkspaceDay, place, SUM_COLUMNS, day, places, there)
        # The index of days is one of each slice.
        mine = (PersonDay.day == day) & PersonDay.slice.in_(Slice.select(Slice.id))
        key = ("slice", "person_id")
        yield from self._compare(PersonDay, key, SUM_COLUMNS, day, people, mine)
        totals: dict[Key, Sums] = {}
        active: dict[int, set[int]] = defaultdict(set)
        for (slice_id, person), sums in people.items():
            active[slice_id].add(person)
            _add(totals, (slice_id,), sums)
            _add(months, (slice_id, person), [*sums, 1])
            if slice_id == ALL_SLICE and person != UNATTRIBUTED:
                self._spans.setdefault((person,), [day, day])[1] = day
        mine = TotalDay.day == day
        yield from self._compare(TotalDay, ("slice",), SUM_COLUMNS, day, totals, mine)
        yield from self._active(day, active)
        self._count(days=1)

    def _active(self, day: int, expected: dict[int, set[int]]) -> Iterator[Difference]:
        """Who is in the bitmaps of a day and should not be, or the other way round."""
        found = active_days(ActiveDay.day == day)
        stored = {key: {*ids_in(people)} for (key, _), people in found.items()}
        for key in sorted(stored.keys() | expected.keys()):
            ours, theirs = stored.get(key, set()), expected.get(key, set())
            if key in stored and not ours:
                yield Difference("active_day", day, f"slice {key}", "row", "yes", None)
            for person in sorted(ours ^ theirs):
                facts = ("yes" if person in ours else None, "yes" if person in theirs else None)
                row = f"slice {key}, person {person}"
                yield Difference("active_day", day, row, "people", *facts)
        self._count(rollup_rows=len(stored))

    def _spans_differ(self) -> Iterator[Difference]:
        columns, everybody = ("first_day", "last_day"), PersonSpan.person_id > 0
        yield from self._compare(PersonSpan, ("person_id",), columns, 0, self._spans, everybody)

    def _month(self, month: int, months: dict[Key, Sums]) -> Iterator[Difference]:
        columns = (*SUM_COLUMNS, "days")
        key, mine = ("slice", "person_id"), PersonMonth.month == month
        yield from self._compare(PersonMonth, key, columns, month, months, mine)

    def _partition(
        self, partition: Partition, people: dict[Key, Sums], places: dict[Key, Sums]
    ) -> Iterator[Difference]:
        """What differs in a stamp; the day's sums grow by its records if it counts."""
        records = []
        actors = _sums(OF_ACTORS)
        for sequence, one in enumerate(stored_records(partition, self._models)):
            yield from one.differences(partition, sequence)
            records.append(one.record)
            figures = figures_of(one.record)
            _grow(actors[one.actor, one.model], [*figures, 1])
            if not partition.counts:
                continue
            _grow(places[partition.organization_id, one.record.actor.workspace, one.model], figures)
            place = (partition.organization_id, one.record.tool)
            self._running.add(place, one.actor, [*figures, 1])
            for slice_id in self._slices_of(one.model):
                _grow(people[slice_id, one.person], figures)
        row = f"{partition.source} of organisation {partition.organization_id}"
        stored = [getattr(partition, name) for name in STAMP_SUMS]
        yield from unequal("partition", partition.day, row, STAMP_SUMS, stored, stamp_sums(records))
        content_hash = content_hash_of(partition.source, records)
        if partition.content_hash and partition.content_hash != content_hash:
            facts = ("content_hash", partition.content_hash, content_hash)
            yield Difference("partition", partition.day, row, *facts)
        yield from self._actors(partition, actors)
        self._count(records=len(records))

    def _actors(self, partition: Partition, expected: dict[Key, Sums]) -> Iterator[Difference]:
        key = ("actor", "model")
        mine = ActorDay.partition == partition
        yield from self._compare(ActorDay, key, OF_ACTORS, partition.day, expected, mine)

    def _compare(
        self,
        table: type[Table],
        key: tuple[str, ...],
        columns: tuple[str, ...],
        period: int,
        expected: dict[Key, Sums],
        mine: Expression,
    ) -> Iterator[Difference]:
        """What differs between the rows of a rollup (`mine`) of a period and the sums."""
        fields = [getattr(table, name) for name in (*key, *columns)]
        stored = {
            tuple(row[: len(key)]): list(row[len(key) :])
            for row in table.select(*fields).where(mine).tuples()
        }
        name = table._meta.table_name
        for place in sorted(stored.keys() | expected.keys()):
            row = _row_name(key, place)
            if place not in stored or place not in expected:
                facts = ("yes" if place in stored else None, "yes" if place in expected else None)
                yield Difference(name, period, row, "row", *facts)
                continue
            yield from unequal(name, period, row, columns, stored[place], expected[place])
        self._count(rollup_rows=len(stored))

    def _count(self, days: int = 0, records: int = 0, rollup_rows: int = 0) -> None:
        before = self.checked
        self.checked = Checked(
            before.days + days, before.records + records, before.rollup_rows + rollup_rows
        )


def _counting(day: int, partitions: list[Partition]) -> Iterator[Difference]:
    """Of the sources of an organisation's day exactly the right one counts."""
    sources: dict[int, list[Partition]] = defaultdict(list)
    for partition in partitions:
        sources[partition.organization_id].append(partition)
    for organization, found in sorted(sources.items()):
        counting = ", ".join(one.source for one in found if one.counts) or None
        right = in_order_of_counting(found)[0].source
        if counting != right:
            row = f"organisation {organization}"
            yield Difference("partition", day, row, "counting source", counting, right)


def _row_name(key: tuple[str, ...], place: Key) -> str:
    names = (name.removesuffix("_id") for name in key)
    return ", ".join(f"{name} {number}" for name, number in zip(names, place, strict=True))


def _sums(columns: Sequence[str]) -> dict[Key, Sums]:
    """Sums of columns by any key, zeros at first."""
    return defaultdict(lambda: [0] * len(columns))


def _add(sums: dict[Key, Sums], key: Key, figures: Sums) -> None:
    if key in sums:
        _grow(sums[key], figures)
    else:
        sums[key] = list(figures)


def _grow(sums: Sums, figures: Iterable[int]) -> None:
    for place, figure in enumerate(figures):
        sums[place] += figure


def _every_day() -> list[int]:
    """Every day with a stamp or a rollup, the oldest first; what is no day is named elsewhere."""
    found = {
        day
        for table in (Partition, PersonDay, TotalDay, ActiveDay, WorkspaceDay)
        for (day,) in table.select(table.day).distinct().tuples()
    }
    return sorted(filter(is_day, found))


def _months_with_rollups() -> set[int]:
    return {month for (month,) in PersonMonth.select(PersonMonth.month).distinct().tuples()}
