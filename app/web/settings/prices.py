"""The price table at `/settings/prices`, and the models it lacks."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from flask import Blueprint, Response

from app.database import reading
from app.pricing import PRICE_TABLE
from app.queries.sums.prices import unpriced_models
from app.web.request.guard import admin_only
from app.web.request.unchanged import known_on_primary
from app.web.settings.common import show

FIGURE_SPACE = "\u2007"
KINDS = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output")

blueprint = Blueprint("settings_prices", __name__)


class Price(NamedTuple):
    """Dollars per million tokens of one model, from one day to the day before another.

    `prices` are in the order of `KINDS`, those of a kind with their points in one line;
    `more` says what else changes the price.
    """

    model: str
    start: date | None
    end: date | None
    prices: tuple[str, ...]
    more: str


@blueprint.get("/settings/prices")
@admin_only
@known_on_primary()
def page() -> Response:
    """Models without a price first: that is what somebody may want to do something about."""
    with reading():
        lacking = unpriced_models()
    return show(
        "settings/prices.html", "", lacking=lacking, prices=price_table(), facts=_table_facts()
    )


@cache
def price_table() -> list[Price]:
    """The whole table, by model and day."""
    found = sorted(
        map(_price, _read()["models"]), key=lambda one: (one.model, one.start or date.min)
    )
    columns = zip(*(one.prices for one in found), strict=True)
    lined_up = zip(*map(_in_line, columns), strict=True)
    return [one._replace(prices=prices) for one, prices in zip(found, lined_up, strict=True)]


def _in_line(amounts: tuple[str, ...]) -> list[str]:
    """Amounts with as many spaces of a digit's width as bring their points below each other."""
    places = [len(amount.partition(".")[2]) for amount in amounts]
    return [
        amount + FIGURE_SPACE * (max(places) - own)
        for amount, own in zip(amounts, places, strict=True)
    ]


@cache
def _read() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(PRICE_TABLE.read_text(encoding="utf-8"), parse_float=Decimal)
    return table


def _table_facts() -> dict[str, str]:
    table = _read()
    return {
        "source": table["source"],
        "batch_percent": f"{Decimal(table['batch_multiplier']) * 100:.0f}",
        "search_price": dollars(table["web_search_usd_per_1000"]),
    }


def _price(entry: dict[str, Any]) -> Price:
    return Price(
        entry["model"],
        _day(entry["effective_from"]),
        _day(entry["effective_to"]),
        tuple(dollars(entry[kind]) if kind in entry else "\u2014" for kind in KINDS),
        "; ".join(_more(entry)),
    )


def _more(entry: dict[str, Any]) -> list[str]:
    found = []
    if "long_context" in entry:
        factors = entry["long_context"]
        found.append(
            f"long context \u00d7{factors.get('input', 1)} in, \u00d7{factors.get('output', 1)} out"
        )
    if "us_geo" in entry:
        found.append(f"US only \u00d7{entry['us_geo']}")
    if "fast" in entry:
        fast = entry["fast"]
        found.append(f"fast mode {dollars(fast['input'])} in, {dollars(fast['output'])} out")
    if entry.get("per_request_tiers"):
        found.append("not used: priced by the size of each request")
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def dollars(amount: Decimal | int) -> str:
    """Dollars with cents, and more places where they matter: "$3.00", "$0.375"."""
    plain = Decimal(amount).normalize()
    places = max(2, -int(plain.as_tuple().exponent))
    return f"${plain:,.{places}f}"
