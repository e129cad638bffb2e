"""The directory lists of the Anthropic Admin API: users, API keys, workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.upstream.directory import Key, Person, Workspace
from tests.upstream.wire import INVALID, Refusal, Request, only_known, whole_number

if TYPE_CHECKING:
    from tests.upstream.server import Upstream


def users(upstream: Upstream, request: Request) -> dict[str, Any]:
    """The organisation's members."""
    only_known(request, {"limit", "after_id", "before_id", "email", "roles[]"})
    members = [
        _user(person) for person in upstream.company.people if person.anthropic_id and person.listed
    ]
    email, roles = request.param("email"), request.params_named("roles[]")
    if email is not None:
        members = [member for member in members if member["email"] == email]
    if roles:
        members = [member for member in members if member["role"] in roles]
    return _page(upstream, request, members)


def _user(person: Person) -> dict[str, Any]:
    return {
        "id": person.anthropic_id,
        "type": "user",
        "email": person.email,
        "name": person.name,
        "role": "claude_code_user",
        "added_at": "2025-10-30T23:58:27.427722Z",
    }


def api_keys(upstream: Upstream, request: Request) -> dict[str, Any]:
    """API keys of every status, half of them in the older shape."""
    names = {"limit", "after_id", "before_id", "status", "workspace_id", "created_by_user_id"}
    only_known(request, names)
    status = request.param("status")
    if status not in (None, "active", "inactive", "archived", "expired"):
        raise Refusal(400, INVALID, f"status: unknown value {status}")
    asked = {
        "status": status,
        "workspace_id": request.param("workspace_id"),
        "created_by": request.param("created_by_user_id"),
    }
    keys = [
        _api_key(key)
        for key in upstream.company.keys
        if all(value in (None, getattr(key, field)) for field, value in asked.items())
    ]
    return _page(upstream, request, keys)


def _api_key(key: Key) -> dict[str, Any]:
    creator = {"id": key.created_by, "type": "user"} if key.created_by else None
    listed = {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "status": key.status,
        "created_at": "2025-10-30T23:58:27.427722Z",
        "created_by": creator,
        "expires_at": None,
        "partial_key_hint": "sk-ant-api03-R2D...igAA",
    }
    return listed | (_new_binding(key) if key.new_shape else _old_binding(key))


def _old_binding(key: Key) -> dict[str, Any]:
    principal = {"id": key.principal, "type": "user"} if key.principal else None
    if key.service_account:
        principal = {"id": key.service_account, "type": "service_account"}
    return {"principal": principal, "workspace_id": key.workspace_id}


def _new_binding(key: Key) -> dict[str, Any]:
    scope = {"type": "organization"}
    if key.workspace_id:
        scope = {"type": "workspace", "workspace_id": key.workspace_id}
    principal = {"type": "user_actor", "user_id": key.principal} if key.principal else None
    if key.service_account:
        principal = {
            "type": "service_account_actor",
            "service_account_id": key.service_account,
        }
    return {"principal": principal, "scope": scope}


def workspaces(upstream: Upstream, request: Request) -> dict[str, Any]:
    """Workspaces, archived ones only on request."""
    only_known(request, {"limit", "after_id", "before_id", "include_archived"})
    everything = request.param("include_archived") == "true"
    return _page(
        upstream,
        request,
        [_workspace(one) for one in upstream.company.workspaces if everything or not one.archived],
    )


def _workspace(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "type": "workspace",
        "name": workspace.name,
        "created_at": "2025-10-30T23:58:27.427722Z",
        "archived_at": "2026-02-01T10:00:00.000000Z" if workspace.archived else None,
        "display_color": "#6C5BB9",
    }


def _page(upstream: Upstream, request: Request, items: list[dict[str, Any]]) -> dict[str, Any]:
    limit = whole_number(request.param("limit"), "limit", 20, 1000)
    limit = min(limit, upstream.list_page_cap or limit)
    after, before = request.param("after_id"), request.param("before_id")
    if after is not None:
        items = items[_place(items, after, "after_id") + 1 :]
    elif before is not None:
        items = items[: _place(items, before, "before_id")]
    shown = items[-limit:] if before is not None else items[:limit]
    ids: Iterator[str] = (item["id"] for item in (shown[:1] + shown[-1:]))
    return {
        "data": shown,
        "first_id": next(ids, None),
        "last_id": next(ids, None),
        "has_more": len(shown) < len(items),
    }


def _place(items: list[dict[str, Any]], wanted: str, name: str) -> int:
    for place, item in enumerate(items):
        if item["id"] == wanted:
            return place
    raise Refusal(400, INVALID, f"{name}: no such object")
