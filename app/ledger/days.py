"""Days of a source: replaced whole, stamped, and of the sources of a day one counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from peewee import chunked

from app.database import database, is_postgres, writing
from app.dates import day_number, now_seconds
from app.identity import resolve_everybody, resolve_new_actors
from app.ledger.bounds import LARGEST_SUM, refuse_beyond, stored_weight
from app.ledger.records import Kept, RecordWriter, StampSums, hash_of, pieces_of
from app.locks import NAMESPACE
from app.models import DayChange, Organization, Partition, Run, Usage
from app.rollups import refresh_days, sum_up, tools_of
from app.states import Source
from app.usage import DayUsage
from app.versions import bump_data_version

DEMO_ORGANIZATION = "demo"
"""Name of the invented organisation at every provider."""
USAGE_LOCK = (NAMESPACE, 1)
CHANGES_AT_ONCE = 500
"""How many changes one statement notes: databases bound the number of values in it."""


class Outcome(StrEnum):
    """What storing a day did."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True)
class StoredDay:
    """The result of storing one day: outcome, and its figures before and after."""

    outcome: Outcome
    before: StampSums
    after: StampSums


@dataclass(frozen=True)
class DayStamps:
    """What a day of an organisation holds: through the API, and imported."""

    api: StampSums
    imported: StampSums

    @property
    def covered(self) -> bool:
        """Whether the API holds records of the day, so that imported ones do not count."""
        return self.api.records > 0

    @property
    def counting(self) -> StampSums:
        """The figures that count."""
        return self.api if self.covered else self.imported


@contextmanager
def writing_usage() -> Iterator[None]:
    """A transaction that changes usage or whose it is: there is one at a time.

    Others wait for it to end. SQLite's write lock sees to that by itself.
    """
    with writing():
        if is_postgres():
            database.execute_sql("SELECT pg_advisory_xact_lock(%s, %s)", USAGE_LOCK)
        yield


def organization_for(provider: str, name: str = "") -> Organization:
    """The account at a provider, made at first use."""
    return Organization.get_or_create(provider=provider, name=name)[0]


def holds_demo() -> bool:
    """Whether the database holds usage of the invented company."""
    invented = (
        Partition.select()
        .join(Organization)
        .where((Partition.records > 0) & (Organization.name == DEMO_ORGANIZATION))
    )
    return bool(invented.exists())


def replace_day(
    organization: Organization,
    source: str,
    usage: DayUsage,
    run: Run,
    *,
    email_domain: str,
    allow_empty: bool = False,
) -> StoredDay:
    """Replace what `source` says of one day by `usage`, in one transaction, stamp and all.

    An unchanged day only gets a fresh stamp. A day that held usage and comes back empty is
    kept and marked suspicious unless `allow_empty`. Raises `SumTooLarge`.
    """
    # Before the transaction: nobody has to wait until a day of many records is sorted.
    content_hash = hash_of(usage.records)
    with writing_usage():
        partition = _partition(organization, source, day_number(usage.day), run)
        before = figures_of(partition)
        if partition.content_hash == content_hash:
            _stamp(partition, run, settled=usage.settled)
            return StoredDay(Outcome.UNCHANGED, before, before)
        if before.records and not usage.records and not allow_empty:
            Partition.update(suspicious_at=now_seconds()).where(
                Partition.id == partition.id
            ).execute()
            return StoredDay(Outcome.SUSPICIOUS, before, before)
        kept = [record.without_day() for record in usage.records]
        after = StampSums.of(kept)
        # What the day weighed goes with its records, so that a full ledger can be read again.
        refuse_beyond(LARGEST_SUM - stored_weight() + before.weight, usage.records)
        # Asked before its records go: a tool that the day tells of no more has rollups to lose.
        tools = tools_of(Partition.id == partition.id)
        writer = _replace_records(organization, partition, kept)
        know_actors([writer], email_domain)
        _stamp(partition, run, after, content_hash, settled=usage.settled)
        stored = _stored(partition, before, after)
        _finish_day(partition, stored, run, tools)
        bump_data_version(partition.day)
    return stored


def _replace_records(
    organization: Organization, partition: Partition, rows: Sequence[Kept]
) -> RecordWriter:
    Usage.delete().where(Usage.partition == partition).execute()
    writer, first = RecordWriter(organization), 0
    for piece in pieces_of(rows):
        writer.insert(partition, piece, first)
        first += len(piece)
    sum_up(partition)
    return writer


def know_actors(writers: Collection[RecordWriter], email_domain: str) -> bool:
    """Name and resolve whom these wrote records of, before the records count.

    Returns whether others changed hands because of it.
    """
    named = [writer.name_actors() for writer in writers]
    for writer in writers:
        resolve_new_actors(writer.organization, email_domain)
    if not any(named):
        return False
    # What was said of a name holds for the account that has it now.
    moved = resolve_everybody(email_domain)
    bump_data_version()
    return moved > 0


def day_stamps(organization: Organization, day: int) -> DayStamps:
    """What a day (YYYYMMDD) holds now."""
    api = imported = StampSums()
    for partition in _sources_of(organization, day):
        if partition.source == Source.IMPORTED:
            imported = figures_of(partition)
        elif partition.records > 0 and not api.records:
            api = figures_of(partition)
    return DayStamps(api, imported)


def _partition(organization: Organization, source: str, day: int, run: Run) -> Partition:
    partition, made = Partition.get_or_create(
        organization=organization,
        day=day,
        source=source,
        prepared=0,
        defaults={"run": run, "fetched_at": 0, "changed_at": 0},
    )
    if made:
        decide_which_counts(organization, [day])
    return partition


def _sources_of(organization: Organization, day: int) -> list[Partition]:
    """The partitions of a day, the one that counts first."""
    found = Partition.select().where(
        (Partition.organization == organization)
        & (Partition.day == day)
        & (Partition.prepared == 0)
    )
    return in_order_of_counting(found)


def in_order_of_counting(partitions: Iterable[Partition]) -> list[Partition]:
    """Sources of one day of an organisation, the one that is to count first: the API's if it
    holds records, else the imported one if that does, else the API's."""
    return sorted(
        partitions, key=lambda each: (each.records == 0, each.source == Source.IMPORTED, each.id)
    )


def decide_which_counts(organization: Organization, days: Collection[int]) -> set[int]:
    """Let one source of each day count; the days on which that changed.

    To be called at every change.
    """
    found = Partition.select().where(
        (Partition.organization == organization)
        & Partition.day.in_(list(days))
        & (Partition.prepared == 0)
    )
    changed = []
    for _, sources in groupby(sorted(found, key=_day_of), key=_day_of):
        first, *others = in_order_of_counting(sources)
        changed += [] if first.counts else [first]
        changed += [other for other in others if other.counts]
    ids = [partition.id for partition in changed]
    Partition.update(counts=~Partition.counts).where(Partition.id.in_(ids)).execute()
    return {partition.day for partition in changed}


_day_of = attrgetter("day")


def figures_of(partition: Partition) -> StampSums:
    """What the stamp of a partition says."""
    return StampSums(
        partition.records,
        partition.tokens,
        partition.value_nanos,
        partition.billed_nanos,
        partition.unpriced_tokens,
        partition.weight,
    )


def _stored(partition: Partition, before: StampSums, after: StampSums) -> StoredDay:
    """`partition` as it was read, before its new stamp."""
    return StoredDay(Outcome.CHANGED if partition.content_hash else Outcome.NEW, before, after)


def _stamp(
    partition: Partition,
    run: Run,
    figures: StampSums | None = None,
    content_hash: str = "",
    *,
    settled: bool,
) -> None:
    """Note that `run` read the day, with what it holds now if that changed."""
    changes: dict[str, object] = {}
    if figures is not None:
        changes = {"content_hash": content_hash, "changed_at": now_seconds(), **vars(figures)}
    Partition.update(
        settled=settled, run=run, fetched_at=now_seconds(), suspicious_at=None, **changes
    ).where(Partition.id == partition.id).execute()


def _finish_day(partition: Partition, stored: StoredDay, run: Run, tools: set[str]) -> None:
    """After the records of a partition, once of `tools`, changed: which source counts, rollups,
    the log.
    """
    organization, day = partition.organization_id, partition.day
    switched = decide_which_counts(organization, [day])
    # Neither: the day is told by another source, before and after, and no figure changes.
    if switched or partition.counts:
        mine = (Partition.organization == organization) & (Partition.day == day)
        refresh_days([day], tools | tools_of(mine))
    log_changes(run, [(partition, stored.before, stored.after)])


def log_changes(run: Run, changes: Iterable[tuple[Partition, StampSums, StampSums]]) -> None:
    """Note what a run changed in days: the figures of each before and after."""
    rows = [
        {
            "run": run,
            "partition": partition,
            "changed_at": now_seconds(),
            "records_before": before.records,
            "records_after": after.records,
            "tokens_before": before.tokens,
            "tokens_after": after.tokens,
            "value_nanos_before": before.value_nanos,
            "value_nanos_after": after.value_nanos,
        }
        for partition, before, after in changes
    ]
    for piece in chunked(rows, CHANGES_AT_ONCE):
        DayChange.insert_many(piece).execute()
