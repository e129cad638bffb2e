"""Imported files that a sync moved: its directory told that they are another organisation's."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from app.models import ImportBatch, Organization, Run
from app.states import BatchStatus, ImportRun
from app.usage import organization_label


class MovedFile(NamedTuple):
    """A file that counts for another organisation now, and the run that moved it."""

    number: int
    name: str
    provider: str
    organization: str
    run: int


def moved_files(since: datetime) -> list[MovedFile]:
    """The files that were moved since then and still count, the newest move first."""
    rows = (
        ImportBatch.select(
            ImportBatch.id,
            ImportBatch.file_name,
            Organization.provider,
            Organization.name,
            Run.id,
        )
        .join(Organization)
        .switch(ImportBatch)
        .join(Run)
        .where(
            (Run.kind == ImportRun.MOVE)
            & (Run.started_at >= int(since.timestamp()))
            & (ImportBatch.status == BatchStatus.APPLIED)
        )
        .order_by(Run.id.desc())
        .tuples()
    )
    return [
        MovedFile(number, name, provider, organization_label(label), run)
        for number, name, provider, label, run in rows
    ]
