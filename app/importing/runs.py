"""The runs that imports are logged as."""

from __future__ import annotations

from app.database import process_label
from app.dates import now_seconds
from app.models import ImportBatch, Run
from app.states import ImportRun, RunStatus


def log_run(kind: ImportRun, batch: ImportBatch, by: str) -> Run:
    """A run that is over when its transaction is. What it did is told by the days it changed."""
    return Run.create(
        kind=kind,
        status=RunStatus.OK,
        start_day=batch.first_day or 0,
        end_day=batch.last_day or 0,
        started_at=now_seconds(),
        finished_at=now_seconds(),
        process=process_label(),
        asked_by=by,
    )
