"""Models whose usage has no price: how many tokens, on which days."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from peewee import fn

from app.database import total
from app.dates import day_of
from app.models import MODEL, Slice, TotalDay


class UnpricedUsage(NamedTuple):
    """A raw model name of a tool ("" = not named) and its usage without a price."""

    tool: str
    model: str
    name: str
    unpriced_tokens: int
    tokens: int
    days: int
    first_day: date
    last_day: date


def unpriced_models() -> list[UnpricedUsage]:
    """Of all time, most unpriced tokens first. A model may be priced on other days."""
    lacking = TotalDay.unpriced_tokens > 0
    rows = (
        TotalDay.select(
            Slice.tool,
            Slice.model,
            Slice.name,
            total(TotalDay.unpriced_tokens),
            total(TotalDay.tokens),
            fn.COUNT(TotalDay.day.distinct()).filter(lacking),
            fn.MIN(TotalDay.day).filter(lacking),
            fn.MAX(TotalDay.day).filter(lacking),
        )
        .join(Slice)
        .where(Slice.kind == MODEL)
        .group_by(Slice.tool, Slice.model, Slice.name)
        .having(fn.SUM(TotalDay.unpriced_tokens) > 0)
        .tuples()
    )
    found = [UnpricedUsage(*[*row[:6], day_of(row[6]), day_of(row[7])]) for row in rows]
    return sorted(found, key=lambda row: (-row.unpriced_tokens, row.tool, row.model))
