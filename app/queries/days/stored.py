"""What is stored of each provider, as the stamps of its days add up."""

from __future__ import annotations

from typing import NamedTuple

from peewee import fn

from app.database import total
from app.models import Organization, Partition


class Stored(NamedTuple):
    """What the counting days of a provider hold."""

    provider: str
    usage_records: int
    tokens: int
    unpriced_tokens: int


def stored_usage() -> list[Stored]:
    """What counts of every provider with usage, by name."""
    columns = (Partition.records, Partition.tokens, Partition.unpriced_tokens)
    rows = (
        Partition.select(Organization.provider, *(total(column) for column in columns))
        .join(Organization)
        .where(Partition.counts)
        .group_by(Organization.provider)
        .order_by(Organization.provider)
        .tuples()
    )
    return [Stored(*row) for row in rows]


def count_suspicious_days() -> int:
    """How many days held usage, came back empty and were kept."""
    suspicious = Partition.suspicious_at.is_null(False)
    return int(Partition.select(fn.COUNT(Partition.id)).where(suspicious).scalar())
