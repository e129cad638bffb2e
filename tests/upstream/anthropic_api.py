"""The Anthropic Admin API: authentication and the messages usage report."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.upstream import anthropic_lists
from tests.upstream.claude_days import Row
from tests.upstream.wire import INVALID, Answer, Refusal, Request, only_known, whole_number

if TYPE_CHECKING:
    from tests.upstream.server import Upstream

ROOT = "/v1/organizations"
DIMENSIONS = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
FILTERS = {
    "account_ids[]": "account_id",
    "api_key_ids[]": "api_key_id",
    "service_account_ids[]": "service_account_id",
    "workspace_ids[]": "workspace_id",
    "models[]": "model",
    "context_window[]": "context_window",
    "inference_geos[]": "inference_geo",
    "service_tiers[]": "service_tier",
    "speeds[]": "speed",
}
WIDTHS = {
    "1d": (timedelta(days=1), 7, 31),
    "1h": (timedelta(hours=1), 24, 168),
    "1m": (timedelta(minutes=1), 60, 1440),
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


def answer(upstream: Upstream, request: Request) -> Answer:
    """The API's answer to one request, refusals included."""
    seal = hashlib.sha256(repr(request[:3]).encode()).hexdigest()[:24]
    headers = {"request-id": f"req_{seal}"}
    try:
        _authenticate(upstream, request)
        return Answer(200, _route(request)(upstream, request), headers)
    except Refusal as refusal:
        error = {"type": refusal.kind, "message": refusal.message}
        payload = {"type": "error", "error": error, "request_id": headers["request-id"]}
        return Answer(refusal.status, payload, headers)


def _authenticate(upstream: Upstream, request: Request) -> None:
    key = request.headers.get("x-api-key", "")
    if key.startswith("sk-ant-api03-"):
        raise Refusal(403, "permission_error", "This endpoint requires an Admin API key")
    if key != upstream.anthropic_key:
        raise Refusal(401, "authentication_error", "invalid x-api-key")
    if request.headers.get("anthropic-version") != "2023-06-01":
        raise Refusal(400, INVALID, "anthropic-version: header is required")


def _route(request: Request) -> Callable[[Upstream, Request], dict[str, Any]]:
    routes = {
        f"{ROOT}/usage_report/messages": _messages,
        f"{ROOT}/api_keys": anthropic_lists.api_keys,
        f"{ROOT}/users": anthropic_lists.users,
        f"{ROOT}/workspaces": anthropic_lists.workspaces,
    }
    if request.path not in routes:
        raise Refusal(404, "not_found_error", "The requested resource could not be found.")
    if request.method != "GET":
        raise Refusal(405, INVALID, "Method Not Allowed")
    return routes[request.path]


def _messages(upstream: Upstream, request: Request) -> dict[str, Any]:
    single = {"starting_at", "ending_at", "bucket_width", "limit", "page"}
    only_known(request, single | set(FILTERS) | {"group_by[]"})
    width, default, highest = _width(request)
    limit = whole_number(request.param("limit"), "limit", default, highest)
    start, count = _range(request, width)
    bucket, row = _position(request)
    groups = _groups(upstream, request)
    room = upstream.page_rows
    buckets: list[dict[str, Any]] = []
    while bucket < count and len(buckets) < limit and room != 0:
        begin = start + bucket * width
        rows = _bucket_rows(upstream, request, begin, width, groups)
        shown = rows[row:] if room is None else rows[row : row + room]
        buckets.append(_bucket(begin, width, shown))
        room = None if room is None else room - len(shown)
        row += len(shown)
        if row >= len(rows):
            bucket, row = bucket + 1, 0
    more = bucket < count
    token = page_token(request, bucket, row) if more else None
    return {"data": buckets, "has_more": more, "next_page": token}


def _bucket(begin: datetime, width: timedelta, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "starting_at": _text(begin),
        "ending_at": _text(begin + width),
        "results": results,
    }


def _bucket_rows(
    upstream: Upstream, request: Request, begin: datetime, width: timedelta, groups: list[str]
) -> list[dict[str, Any]]:
    """The rows of one bucket, summed by the dimensions asked for."""
    sums: dict[tuple[Any, ...], list[Row]] = {}
    for row in upstream.company.rows_on(begin.date()):
        if begin <= row.at < begin + width and _passes(row, request):
            sums.setdefault(tuple(getattr(row, name) for name in groups), []).append(row)
    ordered = sorted(sums.items(), key=lambda item: repr(item[0]))
    return [_result(dict(zip(groups, key, strict=True)), rows) for key, rows in ordered]


def _result(group: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(getattr(row, name) for row in rows)

    result = {name: group.get(name) for name in DIMENSIONS if name != "speed" or name in group}
    parts = ("uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
    writes = ("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")
    return {
        **result,
        **{name: total(name) for name in parts},
        "cache_creation": {name: total(name) for name in writes},
        "server_tool_use": {"web_search_requests": total("web_search_requests")},
    }


def _passes(row: Row, request: Request) -> bool:
    wanted = ((field, request.params_named(name)) for name, field in FILTERS.items())
    return all(not values or getattr(row, field) in values for field, values in wanted)


def _width(request: Request) -> tuple[timedelta, int, int]:
    name = request.param("bucket_width") or "1d"
    if name not in WIDTHS:
        raise Refusal(400, INVALID, "bucket_width: must be one of 1d, 1h, 1m")
    return WIDTHS[name]


def _range(request: Request, width: timedelta) -> tuple[datetime, int]:
    """The first bucket's start, snapped down, and how many buckets end by `ending_at`."""
    start = _moment(request, "starting_at")
    if start is None:
        raise Refusal(400, INVALID, "starting_at: Field required")
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    start = midnight + (start - midnight) // width * width
    end = _moment(request, "ending_at") or datetime.now(UTC) + width
    if end <= start:
        raise Refusal(400, INVALID, "ending_at: must be after starting_at")
    return start, (end - start) // width


def _moment(request: Request, name: str) -> datetime | None:
    text = request.param(name)
    if text is None:
        return None
    try:
        if MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    raise Refusal(400, INVALID, f"{name}: must be an RFC 3339 timestamp with a time zone")


def _groups(upstream: Upstream, request: Request) -> list[str]:
    groups = request.params_named("group_by[]")
    for name in groups:
        if name not in DIMENSIONS:
            raise Refusal(400, INVALID, f"group_by: unknown value {name}")
    beta = request.headers.get("anthropic-beta", "")
    if "speed" in groups and not (upstream.tells_speed and "fast-mode-2026-02-01" in beta):
        raise Refusal(400, INVALID, "group_by: unknown value speed")
    return list(dict.fromkeys(groups))


def page_token(request: Request, bucket: int, row: int) -> str:
    """An opaque token for a place in the report, bound to all other parameters."""
    place = json.dumps([_bound_to(request), bucket, row])
    return "page_" + base64.urlsafe_b64encode(place.encode()).decode()


def _position(request: Request) -> tuple[int, int]:
    token = request.param("page")
    if token is None:
        return 0, 0
    try:
        bound, bucket, row = json.loads(base64.urlsafe_b64decode(token.removeprefix("page_")))
    except (ValueError, binascii.Error) as error:
        raise Refusal(400, INVALID, "page: not a valid page token") from error
    if bound != _bound_to(request):
        raise Refusal(400, INVALID, "page: the other parameters must stay the same")
    return bucket, row


def _bound_to(request: Request) -> str:
    others = sorted(item for item in request.params if item[0] != "page")
    return hashlib.sha256(repr(others).encode()).hexdigest()[:16]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
