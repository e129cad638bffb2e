"""The runs that imports are logged as."""

from __future__ import annotations

from app.database import process_label
from app.dates import now_seconds
from app.models import ImportBatch, Run
from app.states import ImportRun, RunStatus


def log_run(kind: ImportRun, batch: ImportBatch, by: str) -> Run:
    """A run that prepares days, and is logged when they count: they tell what it did."""
    return Run.create(
        kind=kind,
        status=RunStatus.PREPARING,
        start_day=batch.first_day or 0,
        end_day=batch.last_day or 0,
        started_at=now_seconds(),
        process=process_label(),
        asked_by=by,
    )
