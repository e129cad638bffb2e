"""Every stored column of every table is looked at, or a reason says why it need not be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from peewee import (
    BooleanField,
    Database,
    Field,
    ForeignKeyField,
    IntegerField,
    IntegrityError,
    SqliteDatabase,
)
from peewee import Table as RawTable

from app.access.tokens import make_token
from app.database import database as proxy
from app.identity import store_directory
from app.ledger import organization_for
from app.models import (
    TABLES,
    ActorDay,
    ApiToken,
    AuditEvent,
    DayVersion,
    KnownPlace,
    LoginSession,
    LoginTry,
    Mapping,
    MappingChange,
    Person,
    PersonAlias,
    PersonDay,
    PersonMonth,
    ProviderRun,
    Run,
    Slot,
    Team,
    TotalDay,
    WorkspaceDay,
)
from app.usage import Directory, ListedKey, ListedMember, ListedWorkspace
from app.verify import Difference, Verifier, repair
from app.verify.columns import out_of_bounds
from tests.imported import event, events, put, sync_day

ODD: dict[str, Any] = {
    "organization.provider": "abacus",
    "person.email": "Ann@Example.com",
    "person_alias.email": "Ann@Old.example",
    "team.name": "",
    "member.external_id": "",
    "api_key.external_id": "",
    "workspace.external_id": "",
    "mapping.key": "",
    "mapping.email": "ann@example.com",
    "mapping.label": "",
    "mapping_change.by": "",
    "mapping_change.key": "",
    "mapping_change.email_after": "ann@example.com",
    "mapping_change.label_after": "",
    "slice.kind": "odd",
    "slice.tool": "odd",
    "slice.model": "odd",
    "slice.name": "odd",
    "actor.key": "odd",
    "actor.account": "odd@example.com",
    "actor.workspace": "odd",
    "actor.person_id": None,
    "actor.rule": "odd",
    "slot.kind": "",
    "slot.status": "odd",
    "run.kind": "",
    "run.status": "odd",
    "provider_run.provider": "odd",
    "provider_run.status": "odd",
    "partition.source": "odd",
    "partition.counts": False,
    "partition.value_nanos": 77,
    "partition.billed_nanos": 77,
    "partition.content_hash": "odd",
    "usage.value_nanos": 77,
    "usage.billed_nanos": 77,
    "usage.price_status": "odd",
    "usage.detail": "{",
    "import_batch.kind": "odd",
    "import_batch.merge": "odd",
    "import_batch.sha256": "odd",
    "import_batch.status": "odd",
    "import_batch.partial": False,
    "import_batch.value_nanos": 77,
    "import_batch.facts": "{",
    "import_batch.effect": "{",
    "import_batch.owner_by": "odd",
    "imported_row.key_hash": "odd",
    "imported_row.key": "odd",
    "imported_row.payload": "{",
    "login_session.digest": "odd",
    "login_session.role": "odd",
    "login_try.kind": "odd",
    "known_place.kind": "odd",
    "api_token.name": "",
    "api_token.digest": "odd",
    "api_token.ending": "odd",
    "api_token.scopes": "odd",
    "api_token.made_by": "",
    "api_token.revoked_at": None,
    "audit_event.actor": "",
    "audit_event.action": "",
    "workspace_day.workspace": "odd",
    "running_sum.tool": "odd",
    "running_sum.figure": "odd",
    "running_sum.sums": b"odd",
    "active_day.people": b"\xff",
    **{
        f"{table._meta.table_name}.{column}": 77
        for table in (ActorDay, PersonDay, PersonMonth, TotalDay, WorkspaceDay)
        for column in ("value_nanos", "billed_nanos")
    },
}
"""A value that cannot be, of columns that are not numbers from 0 on, marks or other rows' ids."""
WORDS = "words of a person or a vendor, which may be any"
TOLD = "what happened then; nothing else tells it"
ANY: dict[str, str] = {
    "organization.name": "a label of an administrator, who may choose any",
    **dict.fromkeys(
        (
            "person.name",
            "member.email",
            "member.name",
            "api_key.name",
            "api_key.status",
            "api_key.workspace_id",
            "api_key.bound_member_id",
            "api_key.creator_member_id",
            "workspace.name",
            "slice.product",
            "actor.label",
            "import_batch.file_name",
            "import_batch.person",
            "rejected_row.value",
        ),
        WORDS,
    ),
    **dict.fromkeys(
        (
            "mapping_change.email_before",
            "mapping_change.label_before",
            "run.process",
            "run.asked_by",
            "provider_run.unseen",
            "provider_run.error_kind",
            "provider_run.error",
            "provider_run.clock_skew_seconds",
            "import_batch.made_by",
            "import_batch.applied_by",
            "import_batch.undone_by",
            "import_batch.owner_reason",
            "rejected_row.message",
            "day_change.value_nanos_before",
            "day_change.value_nanos_after",
            "login_session.fingerprint",
            "login_session.address",
            "login_try.address",
            "known_place.address",
            "api_token.revoked_by",
            "audit_event.address",
            "audit_event.detail",
        ),
        TOLD,
    ),
    "partition.prepared": "what is not 0 is read by the next import alone, which deletes it",
}
"""The columns that may hold anything of their type, and why."""


@pytest.fixture
def everything(database: Database) -> Database:
    """At least one row in every table."""
    put(events(event(tokens=30), event("2026-11-03T10:00:00.000Z", "bo@example.com", 5)))
    put(
        events(event("2026-11-04T10:00:00.000Z", "cy@example.com", 7), event("never")), partial=True
    )
    sync_day("cursor", date(2026, 11, 2), [500])
    listed = Directory(
        (ListedMember("u", "ann@example.com", "Ann"),),
        (ListedKey("key_1", "build"),),
        (ListedWorkspace("ws", "Platform"),),
    )
    store_directory(organization_for("anthropic"), listed)
    team = Team.create(name="Platform")
    Person.update(team=team).where(Person.email == "ann@example.com").execute()
    PersonAlias.create(email="ann@old.example", person=Person.get(), created_at=1)
    Mapping.create(key="build", email="", label="Builds", created_at=1)
    MappingChange.create(
        batch=1, at=1, by="ann", key="build", email_before="", label_before="", email_after="",
        label_after="Builds",
    )  # fmt: skip
    slot = Slot.create(kind="daily", day=20261103, status="ok", retry_at=1)
    run = Run.create(
        kind="daily", status="ok", start_day=20261103, end_day=20261103, started_at=1,
        finished_at=2, asked_by="ann", cancel_asked_at=1, slot=slot,
    )  # fmt: skip
    ProviderRun.create(
        run=run, provider="cursor", status="ok", started_at=1, finished_at=2, current_day=20261103,
        not_before=1, clock_skew_seconds=-1,
    )  # fmt: skip
    LoginSession.create(digest="d" * 64, role="admin", fingerprint="f", made_at=1, seen_at=1)
    make_token("Nightly", ["read"])
    ApiToken.update(used_at=1, revoked_at=1, revoked_by="ann").execute()
    LoginTry.create(kind="cron", address="::1", at_ms=1)
    KnownPlace.create(kind="viewer", address="::1", seen_at=1)
    AuditEvent.create(at=1, actor="ann", action="looked")
    DayVersion.get_or_create(day=20261103, defaults={"version": 0})
    assert [table.__name__ for table in TABLES if not table.select().exists()] == []
    assert differences() == []
    return database


def differences() -> list[Difference]:
    return list(Verifier("example.com").differences())


def named() -> set[str]:
    return {f"{one.table}.{one.column}" for one in differences()}


def name_of(field: Field) -> str:
    return f"{field.model._meta.table_name}.{field.column_name}"


FIELDS = {name_of(field): field for table in TABLES for field in table._meta.sorted_fields}


def wrong_value(name: str) -> Any:
    """A value that a column cannot hold, None (and not in `ODD`) where it may hold any."""
    field = FIELDS[name]
    if isinstance(field, ForeignKeyField):
        return ODD.get(name, 10**6)
    return -1 if isinstance(field, IntegerField) else None


@contextmanager
def damaged(field: Field, value: Any) -> Iterator[bool]:
    """One row of a table holds a value that only another program can have written.

    Whether the database takes it.
    """
    model = field.model
    keys = model._meta.get_primary_keys()
    newest = model.select(*keys).order_by(*(key.desc() for key in keys)).tuples().first()
    table = RawTable(model._meta.table_name).bind(proxy)
    mine = (
        getattr(table.c, key.column_name) == said for key, said in zip(keys, newest, strict=True)
    )
    change = table.update({getattr(table.c, field.column_name): value}).where(*mine)
    with proxy.atomic() as attempt:
        try:
            change.execute()
            taken = True
        except IntegrityError:
            taken = False
        if taken:
            yield True
        attempt.rollback()
    if not taken:
        yield False


def test_every_column_can_be_wrong_or_says_why_not() -> None:
    assert not ODD.keys() - FIELDS.keys()
    assert not ANY.keys() - FIELDS.keys()
    assert not ODD.keys() & ANY.keys()
    unnamed = [
        name
        for name, field in FIELDS.items()
        if not isinstance(field, BooleanField | IntegerField | ForeignKeyField)
        and name not in ODD.keys() | ANY.keys()
    ]
    assert unnamed == []


def test_what_a_column_cannot_hold_is_named(everything: Database) -> None:
    if isinstance(everything, SqliteDatabase):
        # Only other programs can have written what our connections refuse.
        everything.execute_sql("PRAGMA foreign_keys = 0")
        everything.execute_sql("PRAGMA ignore_check_constraints = 1")
    unseen, refused = [], []
    for name, field in FIELDS.items():
        wrong = wrong_value(name) if name not in ODD else ODD[name]
        if name in ANY or (wrong is None and name not in ODD):
            continue
        with damaged(field, wrong) as taken:
            if not taken:
                refused.append(name)
            elif name in ODD or isinstance(field, ForeignKeyField):
                unseen += [] if any(Verifier("example.com").differences()) else [name]
            elif name not in {f"{one.table}.{one.column}" for one in out_of_bounds()}:
                unseen.append(name)
    assert unseen == []
    if isinstance(everything, SqliteDatabase):
        assert refused == []


def test_a_mark_that_is_neither_yes_nor_no_is_named_and_mended(everything: Database) -> None:
    if not isinstance(everything, SqliteDatabase):
        pytest.skip("PostgreSQL takes nothing else")
    for name, field in FIELDS.items():
        if isinstance(field, BooleanField):
            with damaged(field, 7):
                found = differences()
                assert name in {f"{one.table}.{one.column}" for one in found}
                assert f"{field.column_name} is 7, expected 0 or 1" in found[0].sentence()
    everything.execute_sql("UPDATE partition SET counts = 7, settled = 7")
    repair("example.com")
    assert differences() == []
