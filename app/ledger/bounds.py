"""What fits: no sum over any range, person or model may pass what 64 bits hold.

Both databases add in 64 bits, so one figure too much would make every page that adds it up an
error. Every record weighs as much as the largest amount in it, whatever its sign; what all stored
records weigh together bounds each sum that can be made of them. A record with which they would
weigh too much is refused where it comes in, and named. The bound is 9.2 * 10^18: tokens, or
nano-dollars ($9.2 billion).
"""

from __future__ import annotations

from collections.abc import Iterable

from app.models import Partition
from app.usage import NANOS_PER_DOLLAR, UsageRecord

LARGEST_SUM = 2**63 - 1


class SumTooLarge(Exception):
    """The sum of all usage would pass what 64 bits hold; the message names the record."""

    def __init__(self, record: UsageRecord | None = None) -> None:
        super().__init__(
            f"{f'{named(record)}: with it' if record else 'With these days'} the sum of all usage "
            "would pass what the database can hold ($9.2 billion, or 9.2 * 10^18 tokens)."
        )


def named(record: UsageRecord) -> str:
    """A record in words: day, whose, model, figures."""
    whose = record.actor.account or record.actor.key or "nobody"
    dollars = (record.value_nanos or record.billed_nanos or 0) / NANOS_PER_DOLLAR
    return (
        f"{record.day}, {whose}, {record.model or 'no model'}, "
        f"{record.total_tokens:,} tokens, ${dollars:,.2f}"
    )


def weight_of(record: UsageRecord) -> int:
    """The largest amount in a record, whatever its sign."""
    value, billed = abs(record.value_nanos or 0), abs(record.billed_nanos or 0)
    return max(sum(record.tokens), record.requests or 0, value, billed)


def refuse_beyond(room: int, records: Iterable[UsageRecord]) -> None:
    """Raise `SumTooLarge` for the first of the records with which they weigh more than `room`."""
    for record in records:
        room -= weight_of(record)
        if room < 0:
            raise SumTooLarge(record)


def stored_weight() -> int:
    """What everything that is stored weighs, whether it counts or not."""
    # Added here: a database that holds too much already could not add it.
    rows = Partition.select(Partition.weight).where(Partition.prepared == 0).tuples()
    return sum(weight for (weight,) in rows)
