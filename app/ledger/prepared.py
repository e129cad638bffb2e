"""Imported days that get ready beside what counts, and come to count all at once.

A file of many rows has to be all or nothing to those who look, and must not keep others from
writing for longer than they wait. So its days change in three steps:

1. Every day is written as a partition that nothing reads (`Partition.prepared`), some thousand
   records at a time, each in a transaction of its own. New actors are not resolved: nobody is
   known by what does not count. Each partition is summed by actor and model.
2. Rollups are made of these sums, beside those that are (`app.ledger.ahead`). Then one transaction
   puts the partitions in the place of those that are stored, and moves the rollups that are other
   now: its length is a matter of people and days, not of records, nor of the people who are not
   in the file.
3. What was replaced is deleted, again some thousand records at a time.

A process that dies in step 1 or 3 leaves partitions that nothing reads, which the next holder of
the lock of imports deletes. Letting day after day count, with a journal that a restart would
finish, would need no second copy of a day, but show half a file meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields

from app.bulk import change_rows
from app.database import analyse, temporary, writing
from app.dates import day_number, day_of, now_seconds, utc_today
from app.identity import forget_idle_actors
from app.ledger.ahead import RollupsAhead
from app.ledger.bounds import LARGEST_SUM, SumTooLarge, stored_weight
from app.ledger.days import (
    decide_which_counts,
    figures_of,
    know_actors,
    log_changes,
    writing_usage,
)
from app.ledger.records import PIECE, Kept, OrderedSums, RecordWriter, StampSums, pieces_of
from app.models import Actor, ActorDay, Organization, Partition, Run, Usage
from app.models.ahead import AHEAD_TABLES
from app.rollups import refresh_days, sum_up, tools_of
from app.states import Rule, RunStatus, Source
from app.versions import bump_data_version

WHOLE_DAYS = 50
"""How many days are written at a time, however few their records are."""
_FIGURES = tuple(field.name for field in fields(StampSums))
TRIES = 3
"""How often rollups are made ahead; then they are made while others wait."""


@contextmanager
def preparing(run: Run, email_domain: str) -> Iterator[PreparedDays]:
    """Prepare days for a run, which is `PREPARING`; what did not come to count is forgotten.

    Only for the holder of the lock of imports.
    """
    try:
        with temporary(*AHEAD_TABLES):
            yield PreparedDays(run, email_domain)
    finally:
        forget_prepared()
    analyse()


def forget_prepared() -> None:
    """Delete what was prepared and never came to count, and what was replaced, in steps.

    With it go the actors and people whom nothing else knows.
    Only for the holder of the lock of imports: nobody prepares anything meanwhile.
    """
    left = list(Partition.select().where(Partition.prepared != 0))
    for partition in left:
        _delete(partition)
    runs = Run.select().where(Run.status == RunStatus.PREPARING)
    if left or runs.exists():
        with writing_usage():
            for organization in _touched(left):
                forget_idle_actors(organization)
            bump_data_version()
            Run.delete().where(Run.status == RunStatus.PREPARING).execute()


def _touched(left: list[Partition]) -> list[Organization]:
    """The organisations of partitions, and those with actors that never came to count."""
    new = Actor.select(Actor.organization).where(Actor.rule == Rule.NEW)
    mine = Organization.id.in_({one.organization_id for one in left}) | Organization.id.in_(new)
    return list(Organization.select().where(mine))


def _delete(partition: Partition) -> None:
    mine = Usage.partition == partition
    # By their numbers: neither database deletes "the first 5,000 of" anything.
    for first in range(0, _length(partition), PIECE):
        with writing():
            Usage.delete().where(mine & (Usage.sequence < first + PIECE)).execute()
    with writing():
        ActorDay.delete().where(ActorDay.partition == partition).execute()
        Partition.delete().where(Partition.id == partition.id).execute()


def _length(partition: Partition) -> int:
    query = Usage.select(Usage.sequence).where(Usage.partition == partition)
    last = query.order_by(Usage.sequence.desc()).limit(1).tuples().first()
    return last[0] + 1 if last else 0


class _NewDay:
    """A day that gets ready. It has a partition as soon as something of it is written."""

    def __init__(self, organization: Organization, day: int, stored: Partition | None) -> None:
        self.organization = organization
        self.day = day
        self.stored = stored
        self.partition: Partition | None = None
        self.figures, self.content_hash = StampSums(), ""

    @property
    def before(self) -> StampSums:
        """What is stored of the day now."""
        return figures_of(self.stored) if self.stored else StampSums()

    def stamp(self) -> tuple[int, ...]:
        """What it adds up to, in the order of the stamp's columns."""
        return tuple(vars(self.figures).values())


class PreparedDays:
    """What imported files say of some days, from now on or, until then, prepared."""

    def __init__(self, run: Run, email_domain: str) -> None:
        self.run = run
        self._email_domain = email_domain
        self._days: list[_NewDay] = []
        self._unchanged: list[Partition] = []
        self._writers: dict[int, RecordWriter] = {}
        self._pieces: list[tuple[_NewDay, Sequence[Kept], int]] = []
        self._whole: list[_NewDay] = []
        self._weight = stored_weight()
        self._ahead = RollupsAhead()

    def write(self, organization: Organization, day: int, payloads: Iterable[str]) -> StampSums:
        """Prepare what all imported files together say of a day (YYYYMMDD); its figures.

        `payloads` are its records as `UsageRecord.compact` writes them, in a fixed order. When
        they are what is stored, the stored day stays.
        Raises `SumTooLarge`.
        """
        new = _NewDay(organization, day, _imported(organization, [day]).get(day))
        self._weight -= new.before.weight
        sums = OrderedSums(day_of(day), LARGEST_SUM - self._weight)
        for piece in pieces_of(payloads):
            first = sums.figures.records
            self._keep(new, sums.add(piece), first)
        self._weight += sums.figures.weight
        new.figures, new.content_hash = sums.figures, sums.content_hash
        if new.stored and new.stored.content_hash == new.content_hash:
            self._unchanged.append(new.stored)
            # Pieces that are written already never come to count, and are forgotten at the end.
            self._pieces = [kept for kept in self._pieces if kept[0] is not new]
        else:
            self._days.append(new)
            self._whole.append(new)
            if len(self._whole) >= WHOLE_DAYS:
                self._flush()
        return new.figures

    def _keep(self, new: _NewDay, rows: Sequence[Kept], first: int) -> None:
        self._pieces.append((new, rows, first))
        if sum(len(rows) for _, rows, _ in self._pieces) >= PIECE:
            self._flush()

    def _flush(self) -> None:
        with writing_usage():
            for new, rows, first in self._pieces:
                self._writer(new).insert(self._partition(new), rows, first)
            for new in self._whole:
                sum_up(self._partition(new))
        self._pieces, self._whole = [], []

    def _writer(self, new: _NewDay) -> RecordWriter:
        return self._writers.setdefault(new.organization.id, RecordWriter(new.organization))

    def _partition(self, new: _NewDay) -> Partition:
        if new.partition is None:
            new.partition = Partition.create(
                organization=new.organization,
                day=new.day,
                source=Source.IMPORTED,
                counts=False,
                run=self.run,
                fetched_at=0,
                changed_at=0,
                prepared=self.run.id,
            )
        return new.partition

    def finish(self) -> None:
        """Write what is left, before `taking_effect`."""
        self._flush()

    @contextmanager
    def taking_effect(self) -> Iterator[None]:
        """The transaction in which all that was prepared comes to count, by `take_effect`.

        Rollups are made before it, again if others changed meanwhile what they are made of.
        """
        for left in reversed(range(TRIES)):
            self._ahead.make(
                {(new.organization.id, new.day): self._partition(new).id for new in self._days},
                self._email_domain,
            )
            with writing_usage():
                if self._ahead.hold() or not left:
                    yield
                    return

    def take_effect(self) -> None:
        """Let all that was prepared count. Part of the transaction of `taking_effect`.

        Raises `SumTooLarge`.
        """
        self._refuse_too_much()
        ahead = self._ahead.hold()
        ahead = not know_actors(self._writers.values(), self._email_domain) and ahead
        by_organization: dict[int, list[_NewDay]] = defaultdict(list)
        for new in self._days:
            by_organization[new.organization.id].append(new)
        touched = [day for days in by_organization.values() for day in self._put_in_place(days)]
        settled = [(_is_over(one.day), one.id) for one in self._unchanged]
        change_rows("partition", ("settled",), "id", settled)
        if ahead and self._ahead.are_of(touched):
            self._ahead.move_into_place()
        else:
            mine = Partition.organization.in_(list(by_organization)) & Partition.day.in_(touched)
            refresh_days(touched, tools_of(mine))
        self.run.status, self.run.finished_at = RunStatus.OK, now_seconds()
        self.run.save()

    def _refuse_too_much(self) -> None:
        """Others may have stored something since."""
        grown = sum(new.figures.weight - new.before.weight for new in self._days)
        if stored_weight() + grown > LARGEST_SUM:
            raise SumTooLarge

    def _put_in_place(self, days: list[_NewDay]) -> set[int]:
        """Let days of one organisation take the place of the stored ones; those of them on
        which that changes what counts.
        """
        organization, numbers = days[0].organization, [new.day for new in days]
        # Asked again: meanwhile the API may have told of these days.
        stored = _imported(organization, numbers)
        successors = [(self._partition(new), stored[new.day]) for new in days if new.day in stored]
        _set_aside(successors, self.run)
        now = now_seconds()
        columns = ("prepared", "settled", "content_hash", "fetched_at", "changed_at", *_FIGURES)
        stamps = [
            (
                0,
                _is_over(new.day),
                new.content_hash,
                now,
                now,
                *new.stamp(),
                self._partition(new).id,
            )
            for new in days
        ]
        change_rows("partition", columns, "id", stamps)
        log_changes(self.run, [(self._partition(new), new.before, new.figures) for new in days])
        counted = {day for day, partition in stored.items() if partition.counts}
        return counted | decide_which_counts(organization, numbers)


def _imported(organization: Organization, days: list[int]) -> dict[int, Partition]:
    """The stored imported partitions of an organisation on these days, by day."""
    found = Partition.select().where(
        (Partition.organization == organization)
        & Partition.day.in_(days)
        & (Partition.source == Source.IMPORTED)
        & (Partition.prepared == 0)
    )
    return {partition.day: partition for partition in found}


def _set_aside(successors: Sequence[tuple[Partition, Partition]], run: Run) -> None:
    """Make stored days ones that nothing reads; the history of each goes on with its successor."""
    # Negative, as day and source may stand once with each number; and without records for those
    # who look for stored ones, since its own are deleted only after this.
    columns = ("prepared", "counts", "records", "suspicious_at")
    rows = [(-run.id, False, 0, None, stored.id) for _, stored in successors]
    change_rows("partition", columns, "id", rows)
    moved = [(successor.id, stored.id) for successor, stored in successors]
    change_rows("day_change", ("partition_id",), "partition_id", moved)


def _is_over(day: int) -> bool:
    """Whether a file made now can hold the whole day."""
    return day < day_number(utc_today())
