"""The only writer of usage: a day of a source is replaced whole, with its stamp and rollups."""

from __future__ import annotations

from app.ledger.days import (
    DEMO_ORGANIZATION,
    DayStamps,
    Outcome,
    StoredDay,
    day_stamps,
    holds_demo,
    organization_for,
    replace_day,
    replace_imported_day,
    writing_usage,
)
from app.ledger.records import RecordWriter, StampSums, ensure_models, hash_of
from app.versions import bump_data_version

__all__ = (
    "DEMO_ORGANIZATION",
    "DayStamps",
    "Outcome",
    "RecordWriter",
    "StampSums",
    "StoredDay",
    "bump_data_version",
    "day_stamps",
    "ensure_models",
    "hash_of",
    "holds_demo",
    "organization_for",
    "replace_day",
    "replace_imported_day",
    "writing_usage",
)
