"""Which models were used, and their share."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from app.queries.scope import Scope, slices_of
from app.queries.sums.figures import Figures, add_up
from app.queries.sums.slices import slice_sums


class ModelShare(NamedTuple):
    """One display model of one tool; `percentage` of all tokens, with one decimal."""

    model: str
    tool: str
    figures: Figures
    percentage: Decimal


def models(scope: Scope) -> list[ModelShare]:
    """All models of a scope, most tokens first, ties by name and tool."""
    by_model = slices_of(scope).by_model
    parts: dict[tuple[str, str], list[Figures]] = {}
    for slice_id, figures in slice_sums(scope, by_model).items():
        parts.setdefault(by_model[slice_id], []).append(figures)
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
