"""What a provider's answer means: a JSON object, or a problem and whether it may pass."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from urllib3 import HTTPHeaderDict

MESSAGE_LENGTH = 300
BODY_SHOWN = 200
# Secrets are hidden in far more than is shown, so that none is cut in half and slips through.
BODY_SEARCHED = 65_536
RETRIED_STATUSES = frozenset({408, 409, 425, 429})
SPEND_CAP = "enforced_spend_limit_reached"
LONGEST_WAIT = 31 * 86_400.0
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class ErrorClass(StrEnum):
    """Why a provider gave no usable answer; the words the run log shows."""

    KEY_REJECTED = "key rejected"
    NOT_ALLOWED = "key lacks permission"
    REJECTED = "request rejected"
    RATE_LIMITED = "rate limited"
    UNAVAILABLE = "upstream unavailable"
    UNREACHABLE = "unreachable"
    UNEXPECTED = "unexpected answer"
    REDIRECTED = "redirect refused"
    INCOMPLETE = "incomplete answer"
    STOPPED = "stopped"


class Reply(NamedTuple):
    """One complete HTTP answer, its body already decompressed."""

    url: str
    status: int
    headers: HTTPHeaderDict
    body: bytes | bytearray


@dataclass(frozen=True)
class Problem:
    """Why a try failed. `did` continues "Anthropic ..." and ends before the request's name.

    `retry_after` is the wait in seconds the provider asks for, None when it says nothing usable.
    """

    kind: ErrorClass
    did: str
    detail: str = ""
    retry: bool = False
    retry_after: float | None = None
    throttled: bool = False
    status: int | None = None


class BadBody(ValueError):
    """A body that is not one strict UTF-8 JSON object."""


def judge(reply: Reply, hide: Callable[[str], str]) -> dict[str, Any] | Problem:
    """Return the JSON object of a good answer, else the problem. `hide` removes secrets."""
    if reply.status == 200:
        return _object_or_problem(reply, hide)
    if 300 <= reply.status < 400:
        return _redirect(reply)
    return _refusal(reply, hide)


def decode_object(body: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object in `body`; fractions become Decimal, never float.

    BadBody for other encodings, a byte order mark, NaN and Infinity, nesting or numbers beyond
    what Python reads, anything but an object at the top, an empty object, an error object.
    """
    try:
        decoded = json.loads(
            body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise BadBody("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise BadBody("it is not UTF-8") from None
    except (ValueError, ArithmeticError):
        raise BadBody("it is not JSON" if body else "it is empty") from None
    return _proper_object(decoded)


def retry_after_seconds(headers: HTTPHeaderDict, now: datetime) -> float | None:
    """Return the seconds to wait by `Retry-After` (whole seconds or HTTP date), None if unusable.

    A past date is 0; of several headers the longest wait counts.
    """
    waits = [_wait(value.strip(), now) for value in headers.getlist("Retry-After")]
    return max((wait for wait in waits if wait is not None), default=None)


def clock_skew_seconds(headers: HTTPHeaderDict, now: datetime) -> int | None:
    """Return how many seconds the sender's clock is ahead of `now` by its `Date`, if it says."""
    moment = _moment("".join(headers.getlist("Date")[-1:]))
    return round((moment - now).total_seconds()) if moment else None


def upstream_message(body: bytes | bytearray, hide: Callable[[str], str]) -> str:
    """Return the provider's own error words, escaped, at most 300 characters.

    Anthropic: {"type": "error", "error": {"type", "message"}}. Cursor: {"error", "message"},
    {"code", "message"} or {"error"}. Anything else: the start of the body.
    """
    decoded = _error_object(body)
    error = decoded.get("error")
    if isinstance(error, dict):
        words = [error.get("type"), error.get("message")]
    else:
        words = [decoded.get("message") or error]
    text = ": ".join(word for word in words if isinstance(word, str) and word)
    return shortened(hide(text)) if text else shown(body, hide)


def shown(body: bytes | bytearray, hide: Callable[[str], str]) -> str:
    """Return the first 200 characters of a body for people: secrets hidden, escaped."""
    text = body[:BODY_SEARCHED].decode("utf-8", "backslashreplace")
    return escaped(hide(text)[:BODY_SHOWN])


def shortened(text: str) -> str:
    """Return `text` escaped and cut to 300 characters."""
    return escaped(text[:MESSAGE_LENGTH])[:MESSAGE_LENGTH]


def escaped(text: str) -> str:
    """Return `text` with everything that is no visible character written as an escape."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _object_or_problem(reply: Reply, hide: Callable[[str], str]) -> dict[str, Any] | Problem:
    try:
        return decode_object(reply.body)
    except BadBody as reason:
        start = f", it starts with '{shown(reply.body, hide)}'" if reply.body else ""
        did = "sent an unexpected answer to"
        return Problem(ErrorClass.UNEXPECTED, did, f"{reason}{start}", retry=True)


def _proper_object(decoded: Any) -> dict[str, Any]:
    if not isinstance(decoded, dict):
        raise BadBody("it is JSON but not an object")
    if not decoded:
        raise BadBody("it is an empty object")
    # A remark called "error" beside a list of data is no refusal.
    if decoded.get("error") and not any(isinstance(value, list) for value in decoded.values()):
        raise BadBody("it is an error without data")
    return decoded


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"{name} is not JSON")


def _redirect(reply: Reply) -> Problem:
    location = reply.headers.get("Location", "")
    try:
        host = urlsplit(urljoin(reply.url, location)).hostname if location else None
    except ValueError:
        host = None
    target = shortened(host) if host else "an unnamed address"
    did = f"answered {reply.status}, a redirect to {target} that was refused, to"
    return Problem(ErrorClass.REDIRECTED, did)


def _refusal(reply: Reply, hide: Callable[[str], str]) -> Problem:
    detail = upstream_message(reply.body, hide)
    if request_id := _request_id(reply):
        detail = f"{detail} (request id {request_id})".lstrip()
    return Problem(
        kind=_kind(reply.status),
        did=f"answered {reply.status} to",
        detail=detail,
        retry=_may_pass(reply),
        retry_after=retry_after_seconds(reply.headers, datetime.now(UTC)),
        throttled=reply.status == 429,
        status=reply.status,
    )


def _kind(status: int) -> ErrorClass:
    named = {
        401: ErrorClass.KEY_REJECTED,
        403: ErrorClass.NOT_ALLOWED,
        429: ErrorClass.RATE_LIMITED,
    }
    if status in named:
        return named[status]
    if status in RETRIED_STATUSES or 500 <= status < 600:
        return ErrorClass.UNAVAILABLE
    return ErrorClass.REJECTED if 400 <= status < 500 else ErrorClass.UNEXPECTED


def _may_pass(reply: Reply) -> bool:
    # Money that has run out does not come back by waiting.
    if reply.status == 402 or (reply.status == 429 and _spend_cap_reached(reply.body)):
        return False
    # The provider knows more than its status says.
    advice = reply.headers.get("x-should-retry", "").strip().lower()
    if advice in ("true", "false"):
        return advice == "true"
    return _kind(reply.status) not in (
        ErrorClass.KEY_REJECTED,
        ErrorClass.NOT_ALLOWED,
        ErrorClass.REJECTED,
    )


def _spend_cap_reached(body: bytes | bytearray) -> bool:
    error = _error_object(body).get("error")
    details = error.get("details") if isinstance(error, dict) else None
    return isinstance(details, dict) and details.get("error_code") == SPEND_CAP


def _error_object(body: bytes | bytearray) -> dict[str, Any]:
    try:
        decoded = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _request_id(reply: Reply) -> str:
    found = reply.headers.get("request-id") or _error_object(reply.body).get("request_id")
    return found if isinstance(found, str) and REQUEST_ID.fullmatch(found) else ""


def _wait(value: str, now: datetime) -> float | None:
    if re.fullmatch(r"[0-9]+", value):
        return min(float(value), LONGEST_WAIT)
    if ":" not in value:
        return None
    moment = _moment(value)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT) if moment else None


def _moment(value: str) -> datetime | None:
    """The moment of an HTTP date, None for anything else."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
