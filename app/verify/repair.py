"""Mend what can be derived: rollups, stamps, names of models, and whose an actor is."""

from __future__ import annotations

from typing import Any

from app.database import is_postgres
from app.dates import now_seconds
from app.identity import resolve_everybody
from app.importing.events import encoded
from app.importing.turns import turn
from app.ledger import (
    bump_data_version,
    ensure_models,
    name_models,
    ordered_hash,
    preparing,
    writing_usage,
)
from app.ledger.days import decide_which_counts
from app.models import MODEL, Organization, Partition, Run, Slice, Usage
from app.rollups import refresh_everything
from app.states import RunStatus
from app.verify.columns import is_odd_mark
from app.verify.imports import days_of_files
from app.verify.records import (
    STAMP_SUMS,
    Models,
    content_hash_of,
    models_by_slice,
    stamp_sums,
    stored_records,
)


def repair(email_domain: str = "") -> None:
    """Make all rollups from scratch, and the stamps agree with the records that are stored.

    Whatever the provider said differently comes back with the next reading of the day, because
    its answer no longer agrees with the stamp. What only a file or a provider could tell stays
    as it is, and is named again.
    """
    with writing_usage():
        _repair_marks()
        name_models()
        _give_models_back()
        models = models_by_slice()
        stored = Partition.prepared == 0
        for partition in list(Partition.select().where(stored).order_by(Partition.id)):
            _repair(partition, models)
        # By the stamps as they are now: they say which source holds records.
        places = Partition.select(Partition.organization, Partition.day).where(stored)
        for organization, day in places.distinct().tuples():
            decide_which_counts(organization, [day])
        resolve_everybody(email_domain)
        refresh_everything()
        bump_data_version()

    _merge_again(email_domain)


def _repair_marks() -> None:
    """Make what is neither 0 nor 1 in SQLite a 0: which day counts is decided anew, and one that
    is not settled is read again.
    """
    if is_postgres():
        return
    for mark in (Partition.counts, Partition.settled):
        Partition.update({mark: False}).where(is_odd_mark(mark)).execute()


def _merge_again(email_domain: str) -> None:
    """Let imported days be what their files say."""
    with turn():
        run = Run.create(
            kind="repair",
            status=RunStatus.PREPARING,
            start_day=0,
            end_day=0,
            started_at=now_seconds(),
        )
        with preparing(run, email_domain) as days:
            changed = False
            for organization in Organization.select():
                for day, stored, records in list(days_of_files(organization)):
                    if stored is None or stored.content_hash != ordered_hash(records):
                        days.write(organization, day, map(encoded, records))
                        changed = True
            days.finish()
            if changed:
                with days.taking_effect():
                    days.take_effect()
                    bump_data_version()


def _give_models_back() -> None:
    """Let records be of models of their own organisation."""
    rows = (
        Usage.select(Partition.organization, Usage.model, Slice.tool, Slice.model)
        .join(Partition)
        .switch(Usage)
        .join(Slice)
        .where(Slice.kind == MODEL)
        .where(Slice.organization.is_null() | (Slice.organization != Partition.organization))
        .distinct()
    )
    for organization, slice_id, tool, model in list(rows.tuples()):
        own = ensure_models(Organization.get_by_id(organization), {(tool, model)})[tool, model]
        theirs = Partition.select(Partition.id).where(Partition.organization == organization)
        wrong = (Usage.model == slice_id) & Usage.partition.in_(theirs)
        Usage.update(model=own).where(wrong).execute()


def _repair(partition: Partition, models: Models) -> None:
    mine = Usage.partition == partition
    Usage.update(day=partition.day).where(mine & (Usage.day != partition.day)).execute()
    records = [one.record for one in stored_records(partition, models)]
    changes: dict[str, Any] = dict(zip(STAMP_SUMS, stamp_sums(records), strict=True))
    if partition.content_hash:
        changes["content_hash"] = content_hash_of(partition.source, records)
    if any(getattr(partition, name) != value for name, value in changes.items()):
        Partition.update(**changes).where(Partition.id == partition.id).execute()
