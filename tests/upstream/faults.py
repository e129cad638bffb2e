"""Scripted faults: the nth matching request is answered wrongly, on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.upstream.anthropic_api import page_token
from tests.upstream.wire import Answer, Request

HTML = b"<!doctype html><html><body><h1>Please sign in</h1></body></html>"


@dataclass(frozen=True)
class Exchange:
    """A request with the answer that would be right, for a fault to spoil.

    `previous` is the last answer sent on the same path, None on the first.
    """

    provider: str
    request: Request
    answer: Answer
    previous: Answer | None


Spoiler = Callable[[Exchange], Answer]
Action = str | Answer | tuple[int, Mapping[str, str], bytes] | Spoiler


def _reset(exchange: Exchange) -> Answer:
    return replace(exchange.answer, cut="reset")


def _truncate(exchange: Exchange) -> Answer:
    return replace(exchange.answer, cut="truncate")


def _html(exchange: Exchange) -> Answer:
    return Answer(200, HTML, {"content-type": "text/html; charset=utf-8"})


def _repeat_token(exchange: Exchange) -> Answer:
    """A page that leads back to itself; on Cursor, the page before once more.

    On a first page there is nothing to repeat except in the messages report, whose
    token then leads to the beginning.
    """
    if exchange.provider == "cursor":
        return exchange.previous or exchange.answer
    asked = exchange.request.param("page") or page_token(exchange.request, 0, 0)
    repeated: dict[str, Any] = {"has_more": True, "next_page": asked}
    if "next_page" not in exchange.answer.payload:
        after = exchange.request.param("after_id")
        repeated = {"has_more": True, "last_id": after or exchange.answer.payload["last_id"]}
    return replace(exchange.answer, payload=exchange.answer.payload | repeated)


def _drop_event(exchange: Exchange) -> Answer:
    """A Cursor page that lacks one of the events it counted."""
    payload = exchange.answer.payload
    return replace(exchange.answer, payload=payload | {"usageEvents": payload["usageEvents"][:-1]})


NAMED: Mapping[str, Spoiler] = {
    "reset": _reset,
    "truncate": _truncate,
    "html": _html,
    "repeat_token": _repeat_token,
    "drop_event": _drop_event,
}


@dataclass
class Fault:
    """An action for the matching requests numbered `nth` up to `nth + times - 1`."""

    provider: str
    path_part: str
    nth: int
    spoiler: Spoiler
    times: int | None
    seen: int = 0

    def strikes(self, provider: str, path: str) -> bool:
        """Counts a matching request and tells whether it is one to spoil."""
        if provider != self.provider or self.path_part not in path:
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


class FaultPlan:
    """All faults that were asked for; the first that strikes a request spoils it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self, provider: str, path_part: str, nth: int, action: Action, times: int | None
    ) -> None:
        """A fault that counts from the next request on."""
        if provider not in ("anthropic", "cursor") or nth < 1:
            raise ValueError(f"no such fault: provider {provider!r}, request {nth}")
        fault = Fault(provider, path_part, nth, spoiler_of(action), times)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forgets every fault."""
        with self._lock:
            self._faults.clear()

    def spoil(self, exchange: Exchange) -> Answer:
        """The answer to send: spoiled when a fault strikes, else the right one."""
        with self._lock:
            path = exchange.request.path
            striking = [fault for fault in self._faults if fault.strikes(exchange.provider, path)]
        return striking[0].spoiler(exchange) if striking else exchange.answer


def spoiler_of(action: Action) -> Spoiler:
    """An action in any of its forms as a function."""
    if isinstance(action, str):
        return NAMED[action]
    if isinstance(action, Answer):
        return lambda exchange: action
    if isinstance(action, tuple):
        status, headers, body = action
        return lambda exchange: Answer(status, body, headers)
    return action
