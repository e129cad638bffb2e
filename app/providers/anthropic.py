"""Anthropic: the organisation's Messages usage report, and its keys, members and workspaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from requests import PreparedRequest

from app.pricing import Conditions
from app.providers.claude_record import CLAUDE_CODE, Counts, claude_record
from app.providers.fields import as_object, identifier, object_or_nothing, optional, required
from app.providers.paging import PageProof, Parsed, by_day, check_window, user_agent
from app.providers.settings import ProviderSettings
from app.states import Source
from app.upstream import Client, Limits, UpstreamError
from app.usage import (
    DayUsage,
    Directory,
    ListedKey,
    ListedMember,
    ListedWorkspace,
    RawActor,
    Tokens,
    UsageRecord,
    normal_email,
)
from app.values import BadValue, clean_text, token_count, utc_day

NAME = "anthropic"
LABEL = "Anthropic"
TOOL = CLAUDE_CODE
SETTINGS = ProviderSettings(
    key="ANTHROPIC_ADMIN_KEY",
    base_url="ANTHROPIC_BASE_URL",
    default_url="https://api.anthropic.com",
)
SOURCE: str = Source.MESSAGES
SOURCE_LABEL = "Anthropic messages report"
HAS_WORKSPACES = True
WINDOW_DAYS = 31

USAGE_PATH = "/v1/organizations/usage_report/messages"
KEYS_PATH = "/v1/organizations/api_keys"
USERS_PATH = "/v1/organizations/users"
WORKSPACES_PATH = "/v1/organizations/workspaces"
API_VERSION = "2023-06-01"
GROUP_BY = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "account_id",
)
SPEED = "speed"
SPEED_HEADERS = {"anthropic-beta": "fast-mode-2026-02-01"}
"""Without it some organisations answer 400 to grouping by speed; with it others do."""
SPEED_UNSEEN = (
    "Fast mode cannot be seen: the report refuses to group by speed, so usage in fast mode "
    "counts at the standard price."
)
_KNOWN_FIELDS = frozenset((*GROUP_BY, SPEED)) | {
    "uncached_input_tokens",
    "cache_creation",
    "cache_read_input_tokens",
    "output_tokens",
    "server_tool_use",
    "service_account_id",
}


def connect(
    key: str,
    base_url: str,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    limits: Limits | None = None,
) -> Client:
    """A client for Anthropic's Admin API; `key` is an Admin API key.

    The key goes into the `x-api-key` header; the API wants its version named in every
    request and asks integrations to name themselves.
    """

    def sign(request: PreparedRequest) -> PreparedRequest:
        request.headers["x-api-key"] = key
        return request

    return Client(
        LABEL,
        base_url,
        auth=sign,
        headers={"anthropic-version": API_VERSION, "user-agent": user_agent()},
        limits=limits or Limits(),
        should_stop=should_stop,
        secrets=(key,),
    )


def fetch_directory(client: Client) -> Directory:
    """Members, API keys of every status and workspaces, archived ones too.

    Archived keys still own old usage; removed members vanish from Anthropic's list. Raises
    UpstreamError when a list is not whole.
    """
    return Directory(
        members=_listed(client, USERS_PATH, _member),
        keys=_listed(client, KEYS_PATH, _api_key),
        workspaces=_listed(client, WORKSPACES_PATH, _workspace, ("include_archived", "true")),
    )


def fetch_days(client: Client, start: date, end: date, *, now: datetime) -> list[DayUsage]:
    """Usage of every UTC day from `start` to `end` (at most 31), from the Messages report.

    One record per API key, workspace, model, service tier, context window, region, account and
    speed of a day. The report puts days into buckets, may continue one bucket on the next page,
    and gives neither money nor request counts: the value is list price. Where it refuses to
    tell the speed, days say so (`unseen`). Raises UpstreamError unless every page arrived and
    proved it, so a returned day is a whole day.
    """
    check_window(start, end, WINDOW_DAYS)
    try:
        sums, unseen = _usage(client, start, end, with_speed=True), ""
    except UpstreamError as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        # Is it the speed that is refused, or the request whatever it asks? This tells.
        sums, unseen = _usage(client, start, end, with_speed=False), SPEED_UNSEEN
    records = (_record(group, counts) for group, counts in sums.items())
    return [day._replace(unseen=unseen) for day in by_day(records, start, end, now)]


class _Group(NamedTuple):
    """What the report groups by; "" where it says null."""

    day: date
    api_key_id: str
    workspace_id: str
    model: str
    service_tier: str
    context_window: str
    inference_geo: str
    account_id: str
    service_account_id: str
    speed: str


def _usage(client: Client, start: date, end: date, *, with_speed: bool) -> dict[_Group, Counts]:
    """What the report says of a window, a group at a time."""
    sums: dict[_Group, Counts] = {}
    for group, counts in _usage_rows(client, start, end, with_speed):
        before = sums.get(group)
        sums[group] = before.plus(counts) if before else counts
    return sums


def _usage_rows(
    client: Client, start: date, end: date, with_speed: bool
) -> Iterator[tuple[_Group, Counts]]:
    proof = PageProof(client, USAGE_PATH)
    asked = [
        ("starting_at", f"{start}T00:00:00Z"),
        ("ending_at", f"{end + timedelta(days=1)}T00:00:00Z"),
        ("bucket_width", "1d"),
        ("limit", str(WINDOW_DAYS)),
        *(("group_by[]", field) for field in (*GROUP_BY, *([SPEED] if with_speed else []))),
    ]
    headers = SPEED_HEADERS if with_speed else {}
    page: list[tuple[str, str]] = []
    while True:
        body = client.get(USAGE_PATH, asked + page, headers)
        buckets = proof.parsed(
            proof.rows(body, "data"), lambda found: _bucket(found, start, end), "bucket"
        )
        rows = [(day, row) for day, results in buckets for row in results]
        for _, row in rows:
            if isinstance(row, dict):
                proof.note_new_fields(row, _KNOWN_FIELDS)
        yield from proof.parsed(rows, _usage_row)
        if not proof.has_more(body, "has_more"):
            return
        page = [("page", proof.token(body, "next_page"))]


def _bucket(found: object, start: date, end: date) -> tuple[date, list[Any]]:
    bucket = as_object(found)
    day = required(bucket, "starting_at", utc_day)
    if not start <= day <= end:
        raise BadValue(f"starting_at: {day} was not asked for")
    results = bucket.get("results")
    if not isinstance(results, list):
        raise BadValue("results: expected a list")
    return day, results


def _usage_row(found: tuple[date, Any]) -> tuple[_Group, Counts]:
    day, row = found[0], as_object(found[1])
    names = (name for name in _Group._fields if name != "day")
    group = _Group(day=day, **{name: optional(row, name, clean_text) for name in names})
    writes = optional(row, "cache_creation", object_or_nothing)
    tools = optional(row, "server_tool_use", object_or_nothing)
    tokens = Tokens(
        input=required(row, "uncached_input_tokens", token_count),
        cache_write_5m=optional(writes, "ephemeral_5m_input_tokens", token_count),
        cache_write_1h=optional(writes, "ephemeral_1h_input_tokens", token_count),
        cache_read=optional(row, "cache_read_input_tokens", token_count),
        output=required(row, "output_tokens", token_count),
    )
    return group, Counts(tokens, optional(tools, "web_search_requests", token_count))


def _record(group: _Group, counts: Counts) -> UsageRecord:
    return claude_record(
        group.day,
        RawActor(key=group.api_key_id, account=group.account_id, workspace=group.workspace_id),
        group.model,
        counts,
        Conditions(group.service_tier, group.context_window, group.inference_geo, group.speed),
        facts={"service_account_id": group.service_account_id or None},
    )


def _listed(
    client: Client, path: str, parse: Callable[[Any], Parsed], *params: tuple[str, str]
) -> tuple[Parsed, ...]:
    """Every entry of one of the Admin API's lists, which page by the last id seen."""
    proof = PageProof(client, path)
    entries: list[Parsed] = []
    after: list[tuple[str, str]] = []
    while True:
        body = client.get(path, [("limit", "1000"), *params, *after])
        entries += proof.parsed(proof.rows(body, "data"), parse)
        if not proof.has_more(body, "has_more"):
            return tuple(entries)
        after = [("after_id", proof.token(body, "last_id"))]


def _member(found: object) -> ListedMember:
    entry = as_object(found)
    return ListedMember(
        id=required(entry, "id", identifier),
        email=normal_email(optional(entry, "email", clean_text)),
        name=optional(entry, "name", clean_text),
    )


def _workspace(found: object) -> ListedWorkspace:
    entry = as_object(found)
    return ListedWorkspace(
        id=required(entry, "id", identifier), name=optional(entry, "name", clean_text)
    )


def _api_key(found: object) -> ListedKey:
    """One key. Newer answers say `scope` for `workspace_id` and name the user as `user_id`."""
    entry = as_object(found)
    scope = optional(entry, "scope", object_or_nothing)
    return ListedKey(
        id=required(entry, "id", identifier),
        name=optional(entry, "name", clean_text),
        status=optional(entry, "status", clean_text),
        workspace_id=optional(entry, "workspace_id", clean_text)
        or optional(scope, "workspace_id", clean_text),
        bound_member_id=optional(entry, "principal", _principal_id),
        creator_member_id=optional(entry, "created_by", _user_id),
    )


def _principal_id(value: object) -> str:
    """The id of whoever a key acts for, "" when that is not said: a member, or a service account,
    in the old shape or the new one."""
    actor = object_or_nothing(value)
    ids = (optional(actor, name, clean_text) for name in ("user_id", "service_account_id", "id"))
    return next(filter(None, ids), "")


def _user_id(value: object) -> str:
    """The member id of an actor in the old or the new shape, "" for service accounts."""
    actor = object_or_nothing(value)
    if actor.get("type") not in ("user", "user_actor"):
        return ""
    return optional(actor, "user_id", clean_text) or optional(actor, "id", clean_text)
