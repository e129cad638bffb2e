"""Cursor: the team's usage events, one record each, and its members."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from requests.auth import HTTPBasicAuth

from app.providers.cursor_value import CURSOR, cursor_value
from app.providers.fields import (
    as_object,
    detail_text,
    identifier,
    object_or_nothing,
    optional,
    required,
)
from app.providers.paging import PageProof, by_day, check_window, day_start, user_agent
from app.providers.settings import ProviderSettings
from app.states import Source
from app.upstream import Client, Limits
from app.usage import DayUsage, Directory, ListedMember, RawActor, Tokens, UsageRecord, normal_email
from app.values import BadValue, clean_text, instant_ms, nanos_from_cents, token_count

NAME = "cursor"
LABEL = "Cursor"
TOOL = CURSOR
SETTINGS = ProviderSettings(
    key="CURSOR_ADMIN_KEY",
    base_url="CURSOR_BASE_URL",
    default_url="https://api.cursor.com",
    team="CURSOR_TEAM_SLUG",
)
SOURCE: str = Source.EVENTS
SOURCE_LABEL = "Cursor usage events"
HAS_WORKSPACES = False
WINDOW_DAYS = 7

EVENTS_PATH = "/teams/filtered-usage-events"
MEMBERS_PATH = "/teams/members"
PAGE_SIZE = 1000
SECONDS_BETWEEN_REQUESTS = 1.0
"""The events endpoint allows 60 requests a minute per team."""
STILL_ARRIVING = timedelta(minutes=5)
_IN_COLUMNS = frozenset(
    {"timestamp", "userEmail", "model", "serviceAccountId", "chargedCents", "tokenUsage"}
)
_TOKEN_PARTS = ("inputTokens", "cacheWriteTokens", "cacheReadTokens", "outputTokens")


class _WindowShifted(Exception):
    """Events arrived while the pages were read, so that rows moved between pages."""


def connect(
    key: str,
    base_url: str,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    limits: Limits | None = None,
) -> Client:
    """A client for Cursor's Admin API; `key` is an Admin API key.

    The key is the user name of Basic authentication, with an empty password.
    """
    return Client(
        LABEL,
        base_url,
        auth=HTTPBasicAuth(key, ""),
        headers={"user-agent": user_agent()},
        limits=limits or Limits(min_interval=SECONDS_BETWEEN_REQUESTS),
        should_stop=should_stop,
        secrets=(key,),
    )


def fetch_directory(client: Client) -> Directory:
    """The team's members. Cursor lists no service accounts: events name those themselves."""
    proof = PageProof(client, MEMBERS_PATH)
    rows = proof.rows(client.get(MEMBERS_PATH), "teamMembers")
    return Directory(members=tuple(proof.parsed(rows, _member)))


def fetch_days(client: Client, start: date, end: date, *, now: datetime) -> list[DayUsage]:
    """Every usage event of the UTC days from `start` to `end` (at most 7), one record each.

    The answer is newest first and its pages are numbered, so an event arriving meanwhile
    moves rows between pages. The number of events read must therefore equal the number
    announced; if it does not, the window is read once more without the last five minutes.
    Raises UpstreamError unless every page arrived and proved it.
    """
    check_window(start, end, WINDOW_DAYS)
    first_ms, last_ms = _epoch_ms(day_start(start)), _epoch_ms(day_start(end + timedelta(days=1)))
    # Cursor includes both ends of the window.
    last_ms -= 1
    try:
        records = _read_window(client, first_ms, last_ms)
    except _WindowShifted:
        records = _read_again(client, first_ms, last_ms, now)
    return by_day(records, start, end, now)


def _read_again(client: Client, first_ms: int, last_ms: int, now: datetime) -> list[UsageRecord]:
    closed_ms = min(last_ms, _epoch_ms(now - STILL_ARRIVING))
    try:
        return _read_window(client, first_ms, closed_ms if closed_ms >= first_ms else last_ms)
    except _WindowShifted as error:
        client.fail(EVENTS_PATH, f"{error}, also when read again")


def _read_window(client: Client, first_ms: int, last_ms: int) -> list[UsageRecord]:
    # Events carry no id: two pages of one event each may honestly be equal.
    proof = PageProof(client, EVENTS_PATH, twins=1)
    records: list[UsageRecord] = []
    announced: tuple[int, Any] | None = None
    for page in count(1):
        asked = {"startDate": first_ms, "endDate": last_ms, "page": page, "pageSize": PAGE_SIZE}
        body = client.post(EVENTS_PATH, asked)
        rows = proof.rows(body, _list_name(body))
        pagination = proof.part(body, "pagination")
        total = proof.total(body, "totalUsageEventsCount")
        says = (total, pagination.get("numPages"))
        if announced not in (None, says):
            raise _WindowShifted("the number of events changed between pages")
        announced = says
        records += proof.parsed(rows, lambda row: _record(row, first_ms, last_ms))
        if not proof.has_more(pagination, "hasNextPage") or len(records) > total:
            break
    if len(records) != total:
        raise _WindowShifted(f"{total} events were announced and {len(records)} came")
    return records


def _list_name(body: Mapping[str, Any]) -> str:
    return "usageEventsDisplay" if "usageEvents" not in body else "usageEvents"


def _record(found: object, first_ms: int, last_ms: int) -> UsageRecord:
    event = as_object(found)
    at_ms = required(event, "timestamp", instant_ms)
    if not first_ms <= at_ms <= last_ms:
        raise BadValue(f"timestamp: {at_ms} is outside the window asked for")
    tokens = optional(event, "tokenUsage", object_or_nothing)
    day = datetime.fromtimestamp(at_ms // 1000, UTC).date()
    model = optional(event, "model", clean_text)
    plain, write, read, output = (optional(tokens, name, token_count) for name in _TOKEN_PARTS)
    # Cursor tells one number of cache writes: they count at the price for 5 minutes.
    parts = Tokens(input=plain, cache_write_5m=write, cache_read=read, output=output)
    reported, billed = _money(event, tokens)
    value, status = cursor_value(reported, day, model, parts)
    return UsageRecord(
        day=day,
        actor=_actor(event),
        tool=TOOL.key,
        model=model,
        tokens=parts,
        requests=1,
        value_nanos=value,
        billed_nanos=billed,
        price_status=status,
        at_ms=at_ms,
        detail=_detail(event, tokens),
    )


def _actor(event: Mapping[str, Any]) -> RawActor:
    return RawActor(
        key=optional(event, "serviceAccountId", clean_text),
        account=normal_email(optional(event, "userEmail", clean_text)),
    )


def _money(event: Mapping[str, Any], tokens: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The value that Cursor reports, and billed money.

    An event that is not chargeable has a value but is not billed.
    """
    charged = optional(event, "chargedCents", nanos_from_cents)
    of_tokens = optional(tokens, "totalCents", nanos_from_cents)
    chargeable = optional(event, "isChargeable", _flag)
    billed = charged if chargeable else None if chargeable is None else 0
    return of_tokens if charged is None else charged, billed


def _flag(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise BadValue(f"expected true or false, got {value!r:.40}")


def _detail(event: Mapping[str, Any], tokens: Mapping[str, Any]) -> str:
    """Everything the columns do not hold, fields of tomorrow included."""
    facts = _scalars(tokens, _TOKEN_PARTS)
    facts.update(_scalars(event, _IN_COLUMNS))
    return detail_text(facts)


def _scalars(holder: Mapping[str, Any], in_columns: Container[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in holder.items()
        if name not in in_columns and isinstance(value, str | int | Decimal)
    }


def _member(found: object) -> ListedMember:
    entry = as_object(found)
    return ListedMember(
        id=required(entry, "id", identifier),
        email=normal_email(optional(entry, "email", clean_text)),
        name=optional(entry, "name", clean_text),
    )


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
