"""The record of some Claude usage, valued the same wherever it was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from app.pricing import value_nanos
from app.providers.paging import detail_text
from app.usage import Actor, PriceStatus, Tool, UsageRecord

CLAUDE_CODE = Tool("claude_code", "Claude Code")
UNREMARKABLE = frozenset({"", "standard", "0-200k", "global", "not_available"})
"""Words of conditions that change nothing: a record's detail leaves them out."""


class Conditions(NamedTuple):
    """What the price depends on, in the words of the usage report ("" = not said)."""

    service_tier: str = ""
    context_window: str = ""
    inference_geo: str = ""
    speed: str = ""

    def remarkable(self) -> Conditions:
        """The same with "" for the words that change nothing."""
        return Conditions._make("" if word in UNREMARKABLE else word for word in self)


class Counts(NamedTuple):
    """Disjoint token counts, and searches."""

    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    web_searches: int

    def plus(self, other: Counts) -> Counts:
        """The sum of both, part by part."""
        return Counts._make(mine + theirs for mine, theirs in zip(self, other, strict=True))


def claude_record(
    day: date,
    actor: Actor,
    model: str,
    counts: Counts,
    conditions: Conditions,
    *,
    facts: Mapping[str, Any] | None = None,
) -> UsageRecord:
    """The record, valued at list price; `facts` go into its detail as they are."""
    value = value_nanos(model, day, **counts._asdict(), **conditions._asdict())
    said = {name: word or None for name, word in conditions.remarkable()._asdict().items()}
    said["web_search_requests"] = counts.web_searches or None
    return UsageRecord(
        day,
        actor,
        CLAUDE_CODE.key,
        model,
        *counts[:5],
        requests=None,
        value_nanos=value,
        billed_nanos=None,
        price_status=PriceStatus.UNPRICED if value is None else PriceStatus.TABLE,
        detail=detail_text({**said, **(facts or {})}),
    )


def conditions_of(record: UsageRecord) -> Conditions:
    """The remarkable conditions of a record of `claude_record`."""
    said = json.loads(record.detail) if record.detail else {}
    return Conditions._make(str(said.get(name, "")) for name in Conditions._fields)


def summed(records: Sequence[UsageRecord]) -> UsageRecord:
    """One record for several (at least one) of the same day, actor, model and conditions.

    The value is computed from the sum, so that it is rounded once.
    """
    first = records[0]
    if len(records) == 1:
        return first
    counts = Counts(0, 0, 0, 0, 0, 0)
    for record in records:
        said = json.loads(record.detail) if record.detail else {}
        counts = counts.plus(Counts(*record[4:9], said.get("web_search_requests", 0)))
    return claude_record(first.day, first.actor, first.model, counts, conditions_of(first))
