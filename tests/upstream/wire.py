"""The request, answer and JSON text that both invented APIs share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

INVALID = "invalid_request_error"


class Request(NamedTuple):
    """One request as it arrived; header names are lower-case, parameters are decoded."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def param(self, name: str) -> str | None:
        """The first value of a query parameter, None when it was not sent."""
        return next((value for key, value in self.params if key == name), None)

    def params_named(self, name: str) -> list[str]:
        """Every value of a repeatable query parameter."""
        return [value for key, value in self.params if key == name]


@dataclass(frozen=True)
class Answer:
    """What goes back: `payload` is encoded as JSON unless it is already bytes.

    `cut`: "" sends all of it, "truncate" half of the announced body, "reset" nothing
    but a TCP reset.
    """

    status: int
    payload: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: str = ""

    def body(self) -> bytes:
        """The bytes of the body."""
        if isinstance(self.payload, bytes):
            return self.payload
        return encode(self.payload).encode()


def encode(value: Any) -> str:
    """JSON text in which a Decimal is a number with exactly its own digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{encode(item)}" for name, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(encode(item) for item in value) + "]"
    return json.dumps(value)


class Refusal(Exception):
    """A request that the API answers with an error: HTTP status, error type, sentence."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


def whole_number(text: str | None, name: str, default: int, highest: int) -> int:
    """A query parameter between 1 and `highest`, else a 400 Refusal naming it."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        raise Refusal(400, INVALID, f"{name}: must be from 1 to {highest}")
    return int(text)


def only_known(request: Request, names: set[str]) -> None:
    """A 400 Refusal when a query parameter is none of `names`."""
    for name, _ in request.params:
        if name not in names:
            raise Refusal(400, INVALID, f"{name}: Extra inputs are not permitted")
