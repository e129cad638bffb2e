"""Days of a source: replaced whole, stamped, and of the sources of a day one counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from app.database import database, is_postgres, writing
from app.dates import day_number, now_seconds, utc_today
from app.ledger.records import RecordWriter, StampSums, hash_of
from app.locks import NAMESPACE
from app.models import DayChange, Organization, Partition, Run
from app.rollups import refresh_day
from app.states import Source
from app.usage import DayUsage, UsageRecord
from app.versions import bump_data_version

DEMO_ORGANIZATION = "demo"
"""Name of the invented organisation at every provider."""
USAGE_LOCK = (NAMESPACE, 1)


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
    kept and marked suspicious unless `allow_empty`.
    """
    content_hash = hash_of(usage.records)
    with writing_usage():
        partition = _partition(organization, source, day_number(usage.day), run)
        before = _figures(partition)
        if partition.content_hash == content_hash:
            _stamp(partition, run, settled=usage.settled)
            return StoredDay(Outcome.UNCHANGED, before, before)
        if before.records and not usage.records and not allow_empty:
            Partition.update(suspicious_at=now_seconds()).where(
                Partition.id == partition.id
            ).execute()
            return StoredDay(Outcome.SUSPICIOUS, before, before)
        writer = RecordWriter(organization, email_domain)
        after, _ = writer.replace(partition, usage.records)
        _stamp(partition, run, after, content_hash, settled=usage.settled)
        stored = _stored(partition, before, after)
        _finish_day(partition, stored, run)
        bump_data_version(partition.day)
    return stored


def replace_imported_day(
    day: int, records: Iterable[UsageRecord], run: Run, writer: RecordWriter
) -> StoredDay:
    """Replace what all imported files together say of a day (YYYYMMDD).

    `records` come in a fixed order; they are written piece by piece. When they are what is
    stored, only the stamp learns whether the day has ended. Part of a transaction of
    `writing_usage`, whose owner calls `bump_data_version`.
    """
    partition = _partition(writer.organization, Source.IMPORTED, day, run)
    before = _figures(partition)
    with database.atomic() as attempt:
        after, content_hash = writer.replace(partition, records)
        if content_hash == partition.content_hash:
            attempt.rollback()
    unchanged = content_hash == partition.content_hash
    # A file made today cannot hold the rest of the day.
    settled = day < day_number(utc_today())
    if unchanged:
        Partition.update(settled=settled).where(Partition.id == partition.id).execute()
        return StoredDay(Outcome.UNCHANGED, before, before)
    _stamp(partition, run, after, content_hash, settled=settled)
    stored = _stored(partition, before, after)
    _finish_day(partition, stored, run)
    return stored


def day_stamps(organization: Organization, day: int) -> DayStamps:
    """What a day (YYYYMMDD) holds now."""
    api = imported = StampSums()
    for partition in _sources_of(organization, day):
        if partition.source == Source.IMPORTED:
            imported = _figures(partition)
        elif partition.records > 0 and not api.records:
            api = _figures(partition)
    return DayStamps(api, imported)


def _partition(organization: Organization, source: str, day: int, run: Run) -> Partition:
    partition, made = Partition.get_or_create(
        organization=organization,
        day=day,
        source=source,
        defaults={"run": run, "fetched_at": 0, "changed_at": 0},
    )
    if made:
        decide_which_counts(organization, day)
    return partition


def _sources_of(organization: Organization, day: int) -> list[Partition]:
    """The partitions of a day, the one that counts first."""
    found = Partition.select().where(
        (Partition.organization == organization) & (Partition.day == day)
    )
    return in_order_of_counting(found)


def in_order_of_counting(partitions: Iterable[Partition]) -> list[Partition]:
    """Sources of one day of an organisation, the one that is to count first: the API's if it
    holds records, else the imported one if that does, else the API's."""
    return sorted(
        partitions, key=lambda each: (each.records == 0, each.source == Source.IMPORTED, each.id)
    )


def decide_which_counts(organization: Organization, day: int) -> bool:
    """Let one source of a day count; whether that changed. To be called at every change."""
    changed = False
    for place, partition in enumerate(_sources_of(organization, day)):
        if partition.counts != (place == 0):
            changed = True
            Partition.update(counts=place == 0).where(Partition.id == partition.id).execute()
    return changed


def _figures(partition: Partition) -> StampSums:
    return StampSums(
        partition.records,
        partition.tokens,
        partition.value_nanos,
        partition.billed_nanos,
        partition.unpriced_tokens,
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


def _finish_day(partition: Partition, stored: StoredDay, run: Run) -> None:
    """After the records of a partition changed: which source counts, rollups, the log."""
    switched = decide_which_counts(partition.organization_id, partition.day)
    if switched or partition.counts:
        refresh_day(partition.day)
    DayChange.create(
        run=run,
        partition=partition,
        changed_at=now_seconds(),
        records_before=stored.before.records,
        records_after=stored.after.records,
        tokens_before=stored.before.tokens,
        tokens_after=stored.after.tokens,
        value_nanos_before=stored.before.value_nanos,
        value_nanos_after=stored.after.value_nanos,
    )
