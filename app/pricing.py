"""What Claude tokens are worth at list price, by model and day, in nano-dollars.

The table `prices/claude.json` holds dollars per million tokens, copied from Anthropic's
public price page; several entries of one model are periods of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from app.model_names import claude_id
from app.usage import NANOS_PER_DOLLAR, Tokens
from app.values import MAX_DOLLARS

PRICE_TABLE = Path(__file__).with_name("prices") / "claude.json"
LARGEST_VALUE_NANOS = MAX_DOLLARS * NANOS_PER_DOLLAR
"""More in one record is a broken count, and sums of it would not fit a BIGINT."""

_FINE = 10_000
"""Prices are integers of a 1/10,000 nano-dollar, so that every multiplier stays exact."""
_BATCH_OF_TIER = {
    "": False,
    "standard": False,
    "priority": False,
    "priority_on_demand": False,
    "batch": True,
}
_US_OF_GEO = {"": False, "global": False, "not_available": False, "us": True}
_LONG_OF_WINDOW = {"": False, "0-200k": False, "200k-1M": True}
_FAST_OF_SPEED = {"": False, "standard": False, "fast": True}


UNREMARKABLE = frozenset({"", "standard", "0-200k", "global", "not_available"})
"""Words of conditions that change nothing."""


class Conditions(NamedTuple):
    """What a price depends on, in the words of Anthropic's usage report ("" = not said)."""

    service_tier: str = ""
    context_window: str = ""
    inference_geo: str = ""
    speed: str = ""

    def remarkable(self) -> Conditions:
        """The same with "" for the words that change nothing."""
        return Conditions._make("" if word in UNREMARKABLE else word for word in self)


STANDARD = Conditions()


class _TokenPrices(NamedTuple):
    """Price of one token of each kind, in 1/10,000 nano-dollars."""

    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int


_Variant = tuple[bool, bool, bool | None, bool]
"""Batch, US only, long context (None: a context window this code does not know), fast mode."""


class _Period(NamedTuple):
    """The prices of a model from one day (included) to another (excluded)."""

    start: date
    end: date
    variants: dict[_Variant, _TokenPrices]


class PriceRow(NamedTuple):
    """A row of the table: a model from one day (`date.min`: always) to before another."""

    model: str
    start: date
    end: date


def _fine_price(dollars_per_million: Decimal, multiplier: Decimal) -> int:
    fine = dollars_per_million * multiplier * NANOS_PER_DOLLAR * _FINE / 1_000_000
    if fine != fine.to_integral_value() or fine < 0:
        raise ValueError(f"{PRICE_TABLE.name}: {dollars_per_million} x {multiplier} is not exact.")
    return int(fine)


def _token_prices(entry: Mapping[str, Any], everything: Decimal, long: bool) -> _TokenPrices:
    long_context = entry["long_context"] if long else {}
    input_side = everything * Decimal(long_context.get("input", 1))
    output_side = everything * Decimal(long_context.get("output", 1))
    multipliers = (input_side, input_side, input_side, input_side, output_side)
    prices = zip(_TokenPrices._fields, multipliers, strict=True)
    return _TokenPrices._make(_fine_price(Decimal(entry[kind]), times) for kind, times in prices)


def _variants(
    entry: Mapping[str, Any], batch_multiplier: Decimal
) -> Iterator[tuple[_Variant, _TokenPrices]]:
    for batch, us_only in product((False, True), (False, True)):
        everything = batch_multiplier if batch else Decimal(1)
        everything *= Decimal(entry.get("us_geo", 1)) if us_only else 1
        for variant in _by_context(entry, everything):
            yield (batch, us_only, variant[0], False), variant[1]
        if "fast" in entry and not batch:
            for variant in _by_context(_fast_entry(entry), everything):
                yield (batch, us_only, variant[0], True), variant[1]


def _by_context(
    entry: Mapping[str, Any], everything: Decimal
) -> Iterator[tuple[bool | None, _TokenPrices]]:
    """Prices of short, long and, where the length makes no difference, unknown contexts."""
    tiered = "long_context" in entry
    yield False, _token_prices(entry, everything, long=False)
    yield True, _token_prices(entry, everything, long=tiered)
    if not tiered:
        yield None, _token_prices(entry, everything, long=False)


def _fast_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry at fast-mode prices: caches keep their ratio to the input price."""
    fast = entry["fast"]
    ratio = Decimal(fast["input"]) / Decimal(entry["input"])
    caches = ("cache_write_5m", "cache_write_1h", "cache_read")
    return {**entry, **fast, **{kind: Decimal(entry[kind]) * ratio for kind in caches}}


def _day(text: str | None, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise


def _load(text: str) -> tuple[dict[str, list[_Period]], int]:
    """Periods by table id, and the price of one web search in nano-dollars."""
    table = json.loads(text, parse_float=Decimal)
    periods: dict[str, list[_Period]] = {}
    for entry in table["models"]:
        if entry.get("per_request_tiers"):
            continue
        start = _day(entry["effective_from"], date.min)
        end = _day(entry["effective_to"], date.max)
        variants = dict(_variants(entry, Decimal(table["batch_multiplier"])))
        periods.setdefault(entry["model"], []).append(_Period(start, end, variants))
    search = Decimal(table["web_search_usd_per_1000"]) * NANOS_PER_DOLLAR / 1000
    return periods, int(search)


_PERIODS, _SEARCH_NANOS = _load(PRICE_TABLE.read_text(encoding="utf-8"))


def price_row(raw_model: str, day: date) -> PriceRow | None:
    """The row of the table that prices a model on a day."""
    name = claude_id(raw_model) or ""
    period = _period(name, day)
    return PriceRow(name, period.start, period.end) if period else None


def _period(name: str, day: date) -> _Period | None:
    periods = _PERIODS.get(name, ())
    return next((period for period in periods if period.start <= day < period.end), None)


@lru_cache(maxsize=4096)
def _prices(raw_model: str, day: date, conditions: Conditions) -> _TokenPrices | None:
    batch = _BATCH_OF_TIER.get(conditions.service_tier)
    us_only = _US_OF_GEO.get(conditions.inference_geo)
    fast = _FAST_OF_SPEED.get(conditions.speed)
    if batch is None or us_only is None or fast is None:
        return None
    long = _LONG_OF_WINDOW.get(conditions.context_window)
    period = _period(claude_id(raw_model) or "", day)
    return period.variants.get((batch, us_only, long, fast)) if period else None


def searches_nanos(web_searches: int) -> int:
    """What web searches cost, in nano-dollars, whatever the model."""
    return web_searches * _SEARCH_NANOS


def value_nanos(
    raw_model: str,
    day: date,
    tokens: Tokens,
    conditions: Conditions = STANDARD,
    *,
    web_searches: int = 0,
) -> int | None:
    """List-price value of one record in nano-dollars, rounded half-even once; None is unpriced.

    Batch is half price, priority counts at list price, fast mode has prices of its own, US
    residency and long context follow the model's entry of that day, web searches are $10 per
    1,000 whatever the rest. Unpriced: a
    model or day the table lacks (names match exactly, a newer model is never guessed from an
    older one), fast mode in a batch or of a model without its prices, a model priced by the
    size of each request, the flex tiers, a tier, region or speed this table does not know, a
    context window it does not know where that changes the price, and a value above ten
    million dollars.
    """
    prices = _prices(raw_model, day, conditions)
    if prices is None:
        return None
    fine = (
        tokens.input * prices.input
        + tokens.cache_write_5m * prices.cache_write_5m
        + tokens.cache_write_1h * prices.cache_write_1h
        + tokens.cache_read * prices.cache_read
        + tokens.output * prices.output
    )
    value = _half_even(fine) + searches_nanos(web_searches)
    return value if value <= LARGEST_VALUE_NANOS else None


def _half_even(fine: int) -> int:
    """Whole nano-dollars of an amount in 1/10,000 nano-dollars."""
    nanos, rest = divmod(fine, _FINE)
    double = 2 * rest
    return nanos + (double > _FINE or (double == _FINE and nanos % 2 == 1))
