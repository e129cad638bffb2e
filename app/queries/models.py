"""Which models were used, and their share."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from app.models import TotalDay
from app.queries.figures import Figures, add_up, sums_of
from app.queries.scope import Scope, slices_of


class ModelShare(NamedTuple):
    """One display model of one tool; `percentage` of all tokens, with one decimal."""

    model: str
    tool: str
    figures: Figures
    percentage: Decimal


def models(scope: Scope) -> list[ModelShare]:
    """All models of a scope, most tokens first, ties by name and tool."""
    by_model = slices_of(scope).by_model
    if not by_model:
        return []
    rows = (
        TotalDay.select(TotalDay.slice, *sums_of(TotalDay))
        .where(TotalDay.slice.in_(list(by_model)) & scope.covers(TotalDay.day))
        .group_by(TotalDay.slice)
        .tuples()
    )
    parts: dict[tuple[str, str], list[Figures]] = {}
    for slice_id, *sums in rows:
        parts.setdefault(by_model[slice_id], []).append(Figures(*sums))
    merged = {key: add_up(figures) for key, figures in parts.items()}
    whole = sum(figures.tokens for figures in merged.values())
    shares = [
        ModelShare(name, tool, figures, percentage(figures.tokens, whole))
        for (tool, name), figures in merged.items()
    ]
    return sorted(shares, key=lambda share: (-share.figures.tokens, share.model, share.tool))


def percentage(part: int, whole: int) -> Decimal:
    """`part` of `whole` in percent, half-even to one decimal; 0.0 of nothing."""
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    return share.quantize(Decimal("0.1"))
