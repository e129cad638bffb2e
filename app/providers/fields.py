"""Readers of the fields of one row: each accepts a value, or says which field is bad."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from app.values import BadValue, clean_text

Parsed = TypeVar("Parsed")


def as_object(value: object) -> Mapping[str, Any]:
    """`value` as a JSON object; BadValue for anything else."""
    if not isinstance(value, dict):
        raise BadValue(f"expected an object, got {type(value).__name__}")
    return value


def object_or_nothing(value: object) -> Mapping[str, Any]:
    """`value` as a JSON object, None as an empty one; BadValue for anything else."""
    return {} if value is None else as_object(value)


def optional(row: Mapping[str, Any], name: str, parse: Callable[[Any], Parsed]) -> Parsed:
    """`parse` of a field that may be missing (None then); BadValue names the field."""
    try:
        return parse(row.get(name))
    except BadValue as error:
        raise BadValue(f"{name}: {error}") from error


def required(row: Mapping[str, Any], name: str, parse: Callable[[Any], Parsed]) -> Parsed:
    """`parse` of a field that must be there; BadValue names the field."""
    if row.get(name) is None:
        raise BadValue(f"{name} is missing")
    return optional(row, name, parse)


def identifier(value: object) -> str:
    """A non-empty id as text, number or not; BadValue for anything else."""
    text = str(value) if type(value) is int else clean_text(value)
    if not text:
        raise BadValue("expected an id, got nothing")
    return text


def detail_text(facts: Mapping[str, Any]) -> str:
    """Compact JSON of the facts that are not None, Decimals as text; "" when there is none."""
    said = {clean_text(name): _plain(value) for name, value in facts.items() if value is not None}
    return json.dumps(said, sort_keys=True, separators=(",", ":")) if said else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return clean_text(value) if isinstance(value, str) else value
