"""What a row is worth by the published prices, in exact arithmetic of its own."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, NamedTuple

PRICE_FILE = Path(__file__).resolve().parents[2] / "app" / "prices" / "claude.json"
PRICED_BY_REQUEST_SIZE = {"claude-haiku-5-5"}
"""Five times dearer above 100k prompt tokens, which the usage report cannot tell."""

PREFIX = re.compile(r"^(us\.|eu\.|apac\.|global\.)?(anthropic[./])?")
CURSOR_NAMES = {
    "claude-4.5-sonnet-thinking": "claude-sonnet-4-5",
    "claude-4.5-opus-high-thinking": "claude-opus-4-5",
}
"""The Claude models of the invented company's Cursor events, by Cursor's names for them."""
SUFFIX = re.compile(r"(\[1m\]|-v\d+(:\d+)?|[@-]\d{8}|-latest)$")
UNPRICED_TIERS = {"flex", "flex_discount"}


class Parts(NamedTuple):
    """Token counts and searches of one stored record."""

    input: int = 0
    write_5m: int = 0
    write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    searches: int = 0


class Terms(NamedTuple):
    """The dimensions of a record that decide its price."""

    day: date
    model: str | None
    service_tier: str
    context_window: str
    inference_geo: str


class PriceBook:
    """The dated price table, read afresh from its file."""

    def __init__(self) -> None:
        text = PRICE_FILE.read_text(encoding="utf-8")
        table = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        self.entries: list[dict[str, Any]] = table["models"]
        self.batch: Decimal = table["batch_multiplier"]
        self.search_dollars = Decimal(table["web_search_usd_per_1000"]) / 1000

    def nanos(self, terms: Terms, parts: Parts) -> int | None:
        """Nano-dollars of a record, rounded half-even once; None when there is no price."""
        entry = self._entry(terms)
        if entry is None or terms.service_tier in UNPRICED_TIERS:
            return None
        long = entry.get("long_context", {}) if terms.context_window == "200k-1M" else {}
        side = (
            parts.input * entry["input"]
            + parts.write_5m * entry["cache_write_5m"]
            + parts.write_1h * entry["cache_write_1h"]
            + parts.cache_read * entry["cache_read"]
        )
        tokens = side * long.get("input", 1) + parts.output * entry["output"] * long.get(
            "output", 1
        )
        if terms.service_tier == "batch":
            tokens *= self.batch
        if terms.inference_geo == "us":
            tokens *= entry.get("us_geo", 1)
        dollars = tokens / 1_000_000 + parts.searches * self.search_dollars
        return rounded(dollars * 1_000_000_000)

    def _entry(self, terms: Terms) -> dict[str, Any] | None:
        name, day = table_name(terms.model or ""), terms.day.isoformat()
        for entry in self.entries:
            starts, ends = entry["effective_from"] or "", entry["effective_to"] or "9999"
            if entry["model"] == name and starts <= day < ends:
                return None if name in PRICED_BY_REQUEST_SIZE else entry
        return None


def table_name(model: str) -> str:
    """A model's name in the table: without cloud prefixes, dates, versions and [1m]."""
    name = PREFIX.sub("", model.strip().lower())
    while SUFFIX.search(name):
        name = SUFFIX.sub("", name)
    return name


def cents_to_nanos(cents: Any) -> int:
    """Nano-dollars of an amount in cents, rounded half-even once."""
    return rounded(Decimal(cents) * 10_000_000)


def rounded(number: Decimal) -> int:
    """The nearest whole number, halves to even."""
    return int(number.to_integral_value(rounding=ROUND_HALF_EVEN))
