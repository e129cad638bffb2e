"""Orchard: an invented third provider, in the one file that a provider is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from requests.auth import HTTPBasicAuth

from app.providers.fields import as_object, required
from app.providers.paging import PageProof, by_day, check_window, user_agent
from app.providers.settings import ProviderSettings
from app.upstream import Client, Limits
from app.usage import (
    DayUsage,
    Directory,
    ListedMember,
    PriceStatus,
    RawActor,
    Tokens,
    Tool,
    UsageRecord,
    normal_email,
)
from app.values import clean_text, nanos_from_cents, token_count, utc_day

NAME = "orchard"
LABEL = "Orchard"
TOOL = Tool("orchard_pilot", "Orchard Pilot")
SETTINGS = ProviderSettings(
    key="ORCHARD_ADMIN_KEY",
    base_url="ORCHARD_BASE_URL",
    default_url="https://api.orchard.example",
    team="ORCHARD_TEAM",
)
SOURCE = "harvest"
SOURCE_LABEL = "Orchard harvest report"
HAS_WORKSPACES = False
WINDOW_DAYS = 14

USAGE_PATH = "/harvest"
MEMBERS_PATH = "/members"


def connect(
    key: str,
    base_url: str,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    limits: Limits | None = None,
) -> Client:
    """A client whose requests name the key as their user."""
    return Client(
        LABEL,
        base_url,
        auth=HTTPBasicAuth(key, ""),
        headers={"user-agent": user_agent()},
        limits=limits or Limits(),
        should_stop=should_stop,
        secrets=(key,),
    )


def fetch_directory(client: Client) -> Directory:
    """Everybody with a seat."""
    proof = PageProof(client, MEMBERS_PATH)
    rows = proof.rows(client.get(MEMBERS_PATH), "members")
    return Directory(members=tuple(proof.parsed(rows, _member)))


def fetch_days(client: Client, start: date, end: date, *, now: datetime) -> list[DayUsage]:
    """Usage of every UTC day from `start` to `end`, a record for each day, person and model."""
    check_window(start, end, WINDOW_DAYS)
    proof = PageProof(client, USAGE_PATH)
    asked = [("from", start.isoformat()), ("to", end.isoformat())]
    rows = proof.rows(client.get(USAGE_PATH, asked), "harvest")
    return by_day(proof.parsed(rows, _record), start, end, now)


def _record(found: object) -> UsageRecord:
    row = as_object(found)
    return UsageRecord(
        day=required(row, "day", utc_day),
        actor=RawActor(account=normal_email(required(row, "email", clean_text))),
        tool=TOOL.key,
        model=required(row, "model", clean_text),
        tokens=Tokens(
            input=required(row, "input", token_count),
            output=required(row, "output", token_count),
        ),
        requests=None,
        value_nanos=required(row, "cents", nanos_from_cents),
        billed_nanos=None,
        price_status=PriceStatus.PROVIDER,
    )


def _member(found: object) -> ListedMember:
    row: Any = as_object(found)
    email = normal_email(required(row, "email", clean_text))
    return ListedMember(id=email, email=email, name=required(row, "name", clean_text))
