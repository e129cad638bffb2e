"""How a record's origin and price are said in words (Jinja filters)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from flask import Flask

from app.pricing import price_row
from app.providers import PROVIDERS, label_of
from app.queries.records.origin import Origin
from app.queries.records.raw import RawRecord
from app.states import Rule, Source
from app.usage import PriceStatus
from app.web.view import formatting

RULES: dict[str, str] = {
    Rule.MAPPING: "mapped by an administrator",
    Rule.ACCOUNT: "member's own account",
    Rule.KEY_OWNER: "bound to the member",
    Rule.KEY_NAME: "by its name",
}
PRICES: dict[str, str] = {
    PriceStatus.PROVIDER: "provider's figure",
    PriceStatus.TABLE: "price table",
    PriceStatus.UNPRICED: "not priced",
}
SOURCES = {(provider.NAME, provider.SOURCE): provider.SOURCE_LABEL for provider in PROVIDERS}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def rule_words(rule: str) -> str:
    """How a key came to its person; an unknown rule says its own name."""
    return RULES.get(rule, rule)


def price_words(status: str) -> str:
    """Where a value comes from."""
    return PRICES.get(status, status)


def source_words(record: RawRecord) -> str:
    """Which of the provider's answers a record was read from."""
    provider = record.origin.provider
    known = SOURCES.get((provider, record.source))
    if record.source == Source.IMPORTED:
        known = f"{label_of(provider)} export"
    return known or f"{label_of(provider)} {record.source}"


def price_row_words(record: RawRecord) -> str:
    """The row of the price table that a value comes from: "claude-opus-4-1 since 5 Aug 2025"."""
    row = price_row(record.raw_model, record.day)
    if record.price_status != PriceStatus.TABLE or row is None:
        return ""
    since = "" if row.start == date.min else f" since {formatting.full_day(row.start)}"
    return f"{row.model}{since}"


def origin_name(origin: Origin) -> str:
    """The shortest name that tells a key or account from others."""
    return (
        origin.key_name
        or origin.key
        or origin.account_email
        or origin.account
        or origin.workspace_name
        or origin.workspace
        or "not named"
    )


def organization_words(origin: Origin) -> str:
    """The account at the provider: "Anthropic main"."""
    return organization_name(origin.slug)


def organization_name(slug: str) -> str:
    """What the filter `organization` calls an account, in words; a label alone stays."""
    provider, colon, label = slug.partition(":")
    return f"{label_of(provider)} {label}" if colon else slug


def origin_parts(origin: Origin) -> list[tuple[str, str]]:
    """(what, value) of everything the provider named."""
    named = (
        ("Organization", organization_words(origin)),
        ("Key", origin.key_name),
        ("Key id", origin.key),
        ("Key status", origin.key_status),
        ("Member", origin.account_email),
        ("Account", origin.account),
        ("Workspace", origin.workspace_name),
        ("Workspace id", origin.workspace),
    )
    return [(what, value) for what, value in named if value]


def detail_parts(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, value) of everything else the provider said: "maxMode": true is "Max mode", "yes"."""
    return [(_sentence(name), _written(value)) for name, value in sorted(detail.items())]


@lru_cache(maxsize=200)
def _sentence(name: str) -> str:
    words = WORD.findall(name) or [name]
    return " ".join(word if word.isupper() else word.lower() for word in words).capitalize()


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


FILTERS = (
    rule_words,
    price_words,
    price_row_words,
    source_words,
    origin_name,
    organization_name,
    origin_parts,
    detail_parts,
)


def register(app: Flask) -> None:
    """Make every function of `FILTERS` a Jinja filter of its own name."""
    for function in FILTERS:
        app.add_template_filter(function)
