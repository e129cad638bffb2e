"""The Cursor team Admin API: authentication, usage events by pages, team members."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.upstream.company import days_of
from tests.upstream.cursor_days import Event
from tests.upstream.wire import Answer, Refusal, Request

if TYPE_CHECKING:
    from tests.upstream.server import Upstream

FIELDS = {
    "startDate",
    "endDate",
    "page",
    "pageSize",
    "email",
    "userId",
    "serviceAccountId",
    "cloudAgentId",
    "automationId",
    "hostingType",
}
HOSTING = (None, "CLOUD", "SELF_HOSTED", "SELF_HOSTED_POOL", "SELF_HOSTED_MACHINE")
HIGHEST_MS = 253_402_300_799_999


def answer(upstream: Upstream, request: Request) -> Answer:
    """The API's answer to one request, refusals included."""
    try:
        _authenticate(upstream, request)
        return Answer(200, _route(request)(upstream, request))
    except Refusal as refusal:
        payload = {"error": refusal.kind, "message": refusal.message}
        return Answer(refusal.status, payload)


def _authenticate(upstream: Upstream, request: Request) -> None:
    expected = base64.b64encode(f"{upstream.cursor_key}:".encode()).decode()
    if request.headers.get("authorization") != f"Basic {expected}":
        raise Refusal(401, "Unauthorized", "Invalid API key")


def _route(request: Request) -> Callable[[Upstream, Request], dict[str, Any]]:
    routes = {
        ("POST", "/teams/filtered-usage-events"): _usage_events,
        ("GET", "/teams/members"): _members,
    }
    if request.path not in {path for _, path in routes}:
        raise Refusal(404, "Not Found", f"Cannot {request.method} {request.path}")
    if (request.method, request.path) not in routes:
        raise Refusal(405, "Method Not Allowed", f"Cannot {request.method} {request.path}")
    return routes[request.method, request.path]


def _members(upstream: Upstream, request: Request) -> dict[str, Any]:
    return {
        "teamMembers": [
            {
                "id": person.cursor_id,
                "name": person.name,
                "email": person.email,
                "role": "member",
                "isRemoved": False,
            }
            for person in upstream.company.people
            if person.cursor_id is not None and person.listed
        ]
    }


def _usage_events(upstream: Upstream, request: Request) -> dict[str, Any]:
    body = _body(request)
    start, end = _number(body, "startDate", 0), _number(body, "endDate", 0)
    if end < start:
        raise _bad("endDate must not be before startDate")
    page = _number(body, "page", 1, 1)
    asked = _number(body, "pageSize", 1, 100)
    if asked > 1000:
        raise _bad("pageSize must not be greater than 1000")
    size = min(asked, upstream.cursor_page_cap or asked)
    events = _events(upstream, start, end, body)
    pages = -(-len(events) // size)
    return {
        "totalUsageEventsCount": len(events),
        "pagination": {
            "numPages": pages,
            "currentPage": page,
            "pageSize": size,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        },
        "usageEvents": events[(page - 1) * size : page * size],
        "period": {"startDate": start, "endDate": end},
    }


def _events(upstream: Upstream, start: int, end: int, body: dict[str, Any]) -> list[Event]:
    """The events of a window, both bounds included, newest first."""
    first, last = (datetime.fromtimestamp(bound // 1000, UTC).date() for bound in (start, end))
    found = [
        event
        for day in days_of(first, last)
        for event in upstream.company.events_on(day)
        if start <= int(event["timestamp"]) <= end and _wanted(upstream, event, body)
    ]
    return sorted(found, key=lambda event: -int(event["timestamp"]))


def _wanted(upstream: Upstream, event: Event, body: dict[str, Any]) -> bool:
    person = (event.get("userEmail") or "").strip().lower()
    if "email" in body and person != str(body["email"]).strip().lower():
        return False
    if "userId" in body and person != _email_of(upstream, body["userId"]):
        return False
    if "serviceAccountId" in body and event.get("serviceAccountId") != body["serviceAccountId"]:
        return False
    return all(
        name not in body or (name in event and body[name] in ("*", event[name]))
        for name in ("cloudAgentId", "automationId")
    )


def _email_of(upstream: Upstream, member: object) -> str:
    people = upstream.company.people
    emails = (one.email.lower() for one in people if one.cursor_id == member)
    return next(emails, "nobody")


def _body(request: Request) -> dict[str, Any]:
    if "application/json" not in request.headers.get("content-type", ""):
        raise _bad("Content-Type must be application/json")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise _bad("the body is not JSON") from error
    if not isinstance(body, dict):
        raise _bad("the body must be an object")
    unknown = sorted(set(body) - FIELDS)
    if unknown:
        raise _bad(f"unknown parameter {unknown[0]}")
    if body.get("hostingType") not in HOSTING:
        raise _bad("hostingType is not one of the known types")
    return body


def _number(body: dict[str, Any], name: str, lowest: int, default: int | None = None) -> int:
    value = body.get(name, default)
    if type(value) is not int or not lowest <= value <= HIGHEST_MS:
        raise _bad(f"{name} must be a whole number of at least {lowest}")
    return value


def _bad(message: str) -> Refusal:
    return Refusal(400, "Bad Request", message)
