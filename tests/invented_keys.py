"""A small company with keys of every kind, and forms sent as a browser sends them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.testing import FlaskClient

from app.database import writing
from app.identity import store_directory
from app.ledger import organization_for, replace_day
from app.models import Actor, Partition, Person, PersonDay, Run, Usage
from app.rollups import TOKENS, refresh_everything
from app.usage import (
    DayUsage,
    Directory,
    ListedKey,
    ListedMember,
    ListedWorkspace,
    PriceStatus,
    RawActor,
    Tokens,
    UsageRecord,
)
from tests.invented import rollup_content
from tests.reading import token_of
from tests.tools import CLAUDE_CODE, CURSOR

DOMAIN = "firm.example"
ANN, BOB, CAT = "ann.lee@firm.example", "bob@firm.example", "cat@firm.example"
DAYS = (date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 5))
DIRECTORY = Directory(
    members=(
        ListedMember("user_ann", ANN, "Ann Lee"),
        ListedMember("user_bob", BOB, "Bob Ray"),
        ListedMember("user_cat", CAT, ""),
    ),
    keys=(
        ListedKey("key_made", "nightly pipeline", creator_member_id="user_bob"),
        ListedKey("key_named", "laptop of ann lee"),
        ListedKey("key_plain", "experiments", workspace_id="wrk_1"),
        ListedKey("key_rule", "claude_code_key_dora.new_xyz"),
    ),
    workspaces=(ListedWorkspace("wrk_1", "Research"),),
)
TOKENS_OF = {"key_made": 100, "key_named": 2000, "key_plain": 30_000, "key_rule": 400_000, "": 7}
"""Tokens a day that each key used; "" is usage of nobody at all."""
NANOS_PER_TOKEN = 1000


def fill_firm() -> None:
    """Three days of usage through every key, and of Cat with her own account."""
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    anthropic, cursor = organization_for("anthropic"), organization_for("cursor")
    with writing():
        store_directory(anthropic, DIRECTORY)
        for day in DAYS:
            records = [
                usage_of(day, CLAUDE_CODE, RawActor(key=key, workspace="wrk_1"), tokens)
                for key, tokens in TOKENS_OF.items()
            ]
            usage = DayUsage(day, records, settled=True)
            replace_day(anthropic, "messages", usage, run, email_domain=DOMAIN)
            own = [usage_of(day, CURSOR, RawActor(account=CAT), 5)]
            usage = DayUsage(day, own, settled=True)
            replace_day(cursor, "events", usage, run, email_domain=DOMAIN)


def usage_of(day: date, tool: str, actor: RawActor, tokens: int) -> UsageRecord:
    """A record of plain input tokens."""
    parts = (Tokens(input=tokens), None)
    nanos = None if actor.key == "key_plain" else tokens * NANOS_PER_TOKEN
    status = PriceStatus.UNPRICED if nanos is None else PriceStatus.PROVIDER
    return UsageRecord(day, actor, tool, f"{tool}-model", *parts, nanos, nanos, status)


def owner_of(key: str) -> tuple[str | None, str]:
    """(e-mail or None, rule) of a key, as stored."""
    actor = Actor.get(Actor.key == key)
    return (actor.person.email if actor.person else None, actor.rule)


def tokens_of(email: str) -> int:
    """All tokens of a person by the bare records."""
    rows = Usage.select(TOKENS).join(Actor).join(Person).where(Person.email == email).tuples()
    return sum(tokens for (tokens,) in rows)


def tokens_in_rollups(email: str) -> int:
    """All tokens of a person by the read side."""
    rows = PersonDay.select(PersonDay.tokens).where(
        (PersonDay.slice == 1) & (PersonDay.person_id == Person.get(Person.email == email).id)
    )
    return sum(row.tokens for row in rows)


def assert_rollups_are_true() -> None:
    """The read side says what it would say if it were made anew from the records."""
    found = rollup_content()
    with writing():
        refresh_everything()
    assert rollup_content() == found


def stored_usage() -> list[tuple]:
    """Every record and stamp: what no mapping may ever change."""
    usage = Usage.select().order_by(Usage.partition, Usage.sequence).tuples()
    stamps = Partition.select().order_by(Partition.id).tuples()
    return list(usage) + list(stamps)


def send(client: FlaskClient, page: str, form: dict[str, Any], **options: Any) -> Any:
    """Send a form of a page."""
    values = {"csrf_token": token_of(client, page), **form}
    return client.post(page, data=values, **options)
