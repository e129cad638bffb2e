"""The only writer of usage: a day of a source is replaced whole, with its stamp and rollups."""

from __future__ import annotations

from app.ledger.bounds import LARGEST_SUM, SumTooLarge, named, weight_of
from app.ledger.days import (
    DEMO_ORGANIZATION,
    DayStamps,
    Outcome,
    StoredDay,
    day_stamps,
    holds_demo,
    organization_for,
    replace_day,
    writing_usage,
)
from app.ledger.prepared import PreparedDays, forget_prepared, preparing
from app.ledger.records import (
    OrderedSums,
    RecordWriter,
    StampSums,
    ensure_models,
    hash_of,
    name_models,
    ordered_hash,
)
from app.versions import bump_data_version

__all__ = (
    "DEMO_ORGANIZATION",
    "LARGEST_SUM",
    "DayStamps",
    "OrderedSums",
    "Outcome",
    "PreparedDays",
    "RecordWriter",
    "StampSums",
    "StoredDay",
    "SumTooLarge",
    "bump_data_version",
    "day_stamps",
    "ensure_models",
    "forget_prepared",
    "hash_of",
    "holds_demo",
    "name_models",
    "named",
    "ordered_hash",
    "organization_for",
    "preparing",
    "replace_day",
    "weight_of",
    "writing_usage",
)
