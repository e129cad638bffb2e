"""Calls of an outside scheduler, and the syncs that were asked for."""

from __future__ import annotations

from datetime import date

from app.database import database as proxy
from app.dates import day_of
from app.models import Run

SECRET = "a secret for cron, with é"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}".encode().decode("latin-1")}


def asked_days() -> list[tuple[date, date, str]]:
    with proxy.connection_context():
        runs = Run.select().order_by(Run.id)
        return [(day_of(run.start_day), day_of(run.end_day), run.asked_by) for run in runs]
