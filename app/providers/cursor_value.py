"""What Cursor usage is worth: Cursor's own figure, else the list price of a Claude model."""

from __future__ import annotations

import re
from datetime import date

from app.pricing import value_nanos
from app.usage import PriceStatus, Tokens, Tool

_WORDS = re.compile("[a-z]+")
CURSOR = Tool("cursor", "Cursor")


def cursor_value(
    reported: int | None, day: date, model: str, tokens: Tokens, *, parts_known: bool = True
) -> tuple[int | None, PriceStatus]:
    """Value in nano-dollars of an event, and where it comes from.

    `reported` is Cursor's figure, None where it gives none: included usage may come without.
    `day` is the event's UTC day. Unpriced:
    an event without tokens or with only a total of them, a model that the dated table lacks,
    and a name with "fast", which does not say for certain that it means Anthropic's fast mode.
    """
    if reported is not None:
        return reported, PriceStatus.PROVIDER
    if not tokens.total or not parts_known or "fast" in _WORDS.findall(model.lower()):
        return None, PriceStatus.UNPRICED
    value = value_nanos(model, day, tokens)
    return value, PriceStatus.UNPRICED if value is None else PriceStatus.TABLE
