"""What Cursor usage is worth: Cursor's own figure, else the list price of a Claude model."""

from __future__ import annotations

from datetime import date

from app.pricing import value_nanos
from app.usage import PriceStatus, Tool

CURSOR = Tool("cursor", "Cursor")

Parts = tuple[int, int, int, int]
"""Disjoint token counts: input, cache write, cache read, output."""


def cursor_value(
    told: int | None, day: date, model: str, parts: Parts, *, parts_known: bool = True
) -> tuple[int | None, PriceStatus]:
    """Value in nano-dollars of an event, and where it comes from.

    `told` is Cursor's figure, None where it gives none: included usage may come without.
    `day` is the event's UTC day. Cache writes count at the price for 5 minutes. Unpriced:
    an event without tokens or with only a total of them, a model that the dated table lacks,
    and a name with "-fast", which does not say for certain that it means Anthropic's fast mode.
    """
    if told is not None:
        return told, PriceStatus.PROVIDER
    if not any(parts) or not parts_known or "-fast" in model.lower():
        return None, PriceStatus.UNPRICED
    plain, write, read, output = parts
    value = value_nanos(
        model,
        day,
        input_tokens=plain,
        cache_write_5m_tokens=write,
        cache_write_1h_tokens=0,
        cache_read_tokens=read,
        output_tokens=output,
        web_searches=0,
        service_tier="",
        context_window="",
        inference_geo="",
    )
    return value, PriceStatus.UNPRICED if value is None else PriceStatus.TABLE
