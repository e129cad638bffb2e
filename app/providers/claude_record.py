"""The record of some Claude usage, valued the same wherever it was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from app.pricing import Conditions, value_nanos
from app.providers.fields import detail_text
from app.usage import PriceStatus, RawActor, Tokens, Tool, UsageRecord

CLAUDE_CODE = Tool("claude_code", "Claude Code")


class Counts(NamedTuple):
    """Tokens, and searches."""

    tokens: Tokens
    web_searches: int

    def plus(self, other: Counts) -> Counts:
        """The sum of both, part by part."""
        return Counts(self.tokens.plus(other.tokens), self.web_searches + other.web_searches)


def claude_record(
    day: date,
    actor: RawActor,
    model: str,
    counts: Counts,
    conditions: Conditions,
    *,
    facts: Mapping[str, Any] | None = None,
) -> UsageRecord:
    """The record, valued at list price; `facts` go into its detail as they are."""
    value = value_nanos(model, day, counts.tokens, conditions, web_searches=counts.web_searches)
    return UsageRecord(
        day=day,
        actor=actor,
        tool=CLAUDE_CODE.key,
        model=model,
        tokens=counts.tokens,
        requests=None,
        value_nanos=value,
        billed_nanos=None,
        price_status=PriceStatus.UNPRICED if value is None else PriceStatus.TABLE,
        detail=_detail(conditions, counts.web_searches, facts),
    )


def _detail(conditions: Conditions, searches: int, facts: Mapping[str, Any] | None) -> str:
    if not facts:
        return _detail_of_file(conditions, searches)
    return detail_text({**_said(conditions, searches), **facts})


@lru_cache(maxsize=4096)
def _detail_of_file(conditions: Conditions, searches: int) -> str:
    return detail_text(_said(conditions, searches))


def _said(conditions: Conditions, searches: int) -> dict[str, Any]:
    words = {name: word or None for name, word in conditions.remarkable()._asdict().items()}
    return {**words, "web_search_requests": searches or None}


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
    counts = Counts(Tokens(), 0)
    for record in records:
        said = json.loads(record.detail) if record.detail else {}
        counts = counts.plus(Counts(record.tokens, said.get("web_search_requests", 0)))
    return claude_record(first.day, first.actor, first.model, counts, conditions_of(first))
