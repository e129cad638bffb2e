"""The client: asks for JSON objects, retries within bounds, says what went wrong."""

from __future__ import annotations

import base64
import json
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote

from app.upstream.answer import (
    ErrorClass,
    Problem,
    clock_skew_seconds,
    escaped,
    judge,
    shortened,
)
from app.upstream.watch import Stopped
from app.upstream.wire import Auth, Broken, Limits, Wire, checked_base_url

log = logging.getLogger(__name__)

DEFAULT_LIMITS = Limits()
UNEXPECTED_RETRIES = 2
STOP_CHECK = 0.1
SLOWEST_PACE = 60.0

ADVICE = {
    ErrorClass.KEY_REJECTED: "check that the key is an admin key, complete and active",
    ErrorClass.NOT_ALLOWED: "use an admin key that may read this",
    ErrorClass.REJECTED: "trying again will not help, check the account and the base URL",
    ErrorClass.RATE_LIMITED: "what is stored stays, sync again later",
    ErrorClass.UNAVAILABLE: "what is stored stays, sync again later",
    ErrorClass.UNREACHABLE: "check the network, the proxy and the base URL, then sync again",
    ErrorClass.UNEXPECTED: "nothing of it was stored, check the base URL and sync again later",
    ErrorClass.REDIRECTED: "set the base URL to where the API really is",
    ErrorClass.INCOMPLETE: "nothing of it was stored, sync again later",
    ErrorClass.STOPPED: "what is stored stays, sync again to go on",
}


class UpstreamError(Exception):
    """A provider gave no usable answer; str() is one sentence that holds no secret.

    `provider` is the provider's label, `kind` the class of the failure. `not_before` is set when
    the provider asked for a longer wait than `Limits.max_retry_after`. `status` is that of an
    answer that refused, None without one.
    """

    def __init__(
        self,
        provider: str,
        kind: ErrorClass,
        sentence: str,
        not_before: datetime | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(sentence)
        self.provider = provider
        self.kind = kind
        self.not_before = not_before
        self.status = status


@dataclass
class Traffic:
    """What a client has cost so far; `bytes` counts bodies after decompression.

    `clock_skew_seconds`: how far the provider's clock is ahead of ours, None until it told.
    """

    requests: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    bytes: int = 0
    clock_skew_seconds: int | None = None


class Client:
    """Asks one provider for JSON objects; see `get` and `post`.

    `auth` is a requests auth callable, `secrets` are words that must never reach a message,
    `should_stop` is asked several times a second. ValueError for a base URL that is neither
    https nor this machine. Not for use by several threads at once.
    """

    def __init__(
        self,
        label: str,
        base_url: str,
        *,
        auth: Auth,
        headers: Mapping[str, str] = {},
        limits: Limits = DEFAULT_LIMITS,
        should_stop: Callable[[], bool] = lambda: False,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.traffic = Traffic()
        self._label = label
        self._limits = limits
        self._should_stop = should_stop
        self._hidden = _spellings(secrets)
        self._interval = limits.min_interval
        self._next_start = 0.0
        self._lost_seconds = 0.0
        url = checked_base_url(label, base_url)
        self._wire = Wire(url, auth, {"Accept": "application/json", **headers}, limits, should_stop)

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object at `path`; fractions are Decimal. UpstreamError without one.

        `headers` are of this request alone, beside those of every request.
        """
        return self._call("GET", path, params, None, headers or {})

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON object that answers `body`; retried like `get`, so only for reads."""
        content = json.dumps(body, allow_nan=False).encode()
        return self._call("POST", path, (), content, {})

    def fail(self, path: str, why: str, kind: ErrorClass = ErrorClass.INCOMPLETE) -> NoReturn:
        """Raise the UpstreamError for an answer to `path` that arrived but cannot be trusted."""
        detail = shortened(self._hide(why))
        raise self._error(Problem(kind, "sent an unusable answer to", detail), path)

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()

    def _call(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        request = f"{method} {path}"
        attempt = unexpected = 0
        while True:
            attempt += 1
            self._keep_pace(request)
            started = time.monotonic()
            outcome = self._try(method, path, params, content, headers)
            if isinstance(outcome, dict):
                return outcome
            unexpected += outcome.kind is ErrorClass.UNEXPECTED
            self._slow_down(outcome)
            wait = self._retry_wait(outcome, attempt)
            # Also the wait to come: a run must not begin one that it cannot afford.
            self._lost_seconds += time.monotonic() - started + (wait if outcome.retry else 0)
            if self._is_final(outcome, attempt, unexpected):
                raise self._error(outcome, request, attempt)
            self._wait_to_retry(outcome, request, attempt, wait)

    def _try(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any] | Problem:
        self.traffic.requests += 1
        try:
            reply = self._wire.exchange(method, path, params, content, headers)
        except Broken as broken:
            return broken.problem
        except Stopped:
            reply = None
        if reply is None:
            raise self._stopped(f"{method} {path}")
        self.traffic.bytes += len(reply.body)
        skew = clock_skew_seconds(reply.headers, datetime.now(UTC))
        self.traffic.clock_skew_seconds = self.traffic.clock_skew_seconds if skew is None else skew
        return judge(reply, self._hide)

    def _is_final(self, problem: Problem, attempt: int, unexpected: int) -> bool:
        limits = self._limits
        return (
            not problem.retry
            or attempt >= limits.attempts
            or unexpected > UNEXPECTED_RETRIES
            or self._asks_too_long(problem)
            or self._lost_seconds > limits.run_deadline
        )

    def _asks_too_long(self, problem: Problem) -> bool:
        return problem.retry and (problem.retry_after or 0) > self._limits.max_retry_after

    def _retry_wait(self, problem: Problem, attempt: int) -> float:
        """Seconds before the next try: what the provider asks for, else jittered backoff."""
        backoff = self._limits.backoff or (0.0,)
        longest = backoff[min(attempt, len(backoff)) - 1]
        jitter = random.uniform(0, longest)  # noqa: S311 - spreads load, keeps no secret
        asked = problem.retry_after
        return max(self._limits.min_wait, jitter if asked is None else asked)

    def _wait_to_retry(self, problem: Problem, request: str, attempt: int, wait: float) -> None:
        said, tries = self._said(problem, request), self._limits.attempts
        log.info("%s. Try %d of %d; the next in %.1f seconds.", said, attempt, tries, wait)
        self._wait(wait, request)
        self.traffic.retries += 1

    def _slow_down(self, problem: Problem) -> None:
        if problem.throttled:
            self._interval = min(max(self._interval, self._limits.min_wait) * 2, SLOWEST_PACE)

    def _keep_pace(self, request: str) -> None:
        self._wait(self._next_start - time.monotonic(), request)
        self._next_start = time.monotonic() + self._interval

    def _wait(self, seconds: float, request: str) -> None:
        """Wait, checking often whether to stop. Every wait of the client is this one."""
        started = time.monotonic()
        while True:
            if self._should_stop():
                raise self._stopped(request)
            left = started + seconds - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, STOP_CHECK))
        if seconds > 0:
            self.traffic.waited_seconds += time.monotonic() - started

    def _stopped(self, request: str) -> UpstreamError:
        did = "was interrupted, because the sync was told to stop, in"
        return self._error(Problem(ErrorClass.STOPPED, did), request)

    def _error(self, problem: Problem, request: str, attempts: int = 1) -> UpstreamError:
        """The error in one sentence: who, what, where, why and what to do."""
        advice, not_before = ADVICE[problem.kind], None
        if self._asks_too_long(problem):
            not_before = datetime.now(UTC) + timedelta(seconds=problem.retry_after or 0)
            advice = f"it asks to wait until {not_before:%Y-%m-%d %H:%M} UTC, sync again then"
        sentence = f"{self._said(problem, request, attempts)}; {advice}."
        return UpstreamError(self._label, problem.kind, sentence, not_before, problem.status)

    def _said(self, problem: Problem, request: str, attempts: int = 1) -> str:
        where = request.partition("?")[0]
        tries = f" ({attempts} tries)" if attempts > 1 else ""
        why = f": {problem.detail.rstrip('. ')}" if problem.detail else ""
        return escaped(self._hide(f"{self._label} {problem.did} {where}{tries}{why}"))

    def _hide(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text


def _spellings(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Every form in which a secret travels, the longest first."""
    forms = set()
    for secret in filter(None, secrets):
        forms |= {secret, quote(secret, safe="")}
        forms |= {base64.b64encode(text.encode()).decode() for text in (secret, f"{secret}:")}
        # Without padding too: it is the start of the same text with something after it.
        forms |= {base64.b64encode(f"{secret}:".encode()).decode().rstrip("=")}
    return tuple(sorted(forms, key=len, reverse=True))
