"""`flask verify` names the damaged row of any table: which, which column, what it must be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from peewee import Database, SqliteDatabase, fn

from app.ledger import ensure_models, organization_for
from app.models import (
    ALL_SLICE,
    Actor,
    ActorDay,
    DayVersion,
    ImportBatch,
    ImportedRow,
    Meta,
    Partition,
    Person,
    PersonAlias,
    PersonDay,
    PersonMonth,
    PersonSpan,
    Run,
    Slice,
    Table,
    TotalDay,
    Usage,
    WorkspaceDay,
)
from app.verify import Difference, Verifier, repair
from tests.imported import event, events, put, staged, sync_day

Damage = Callable[[], Any]


def fill() -> None:
    """Two applied files, one that waits, and a day of the API."""
    put(events(event(tokens=30), event("2026-11-03T10:00:00.000Z", "bo@example.com", 5)))
    put(events(event("2026-11-04T10:00:00.000Z", "cy@example.com", 7)))
    staged(events(event("2026-11-05T10:00:00.000Z")))
    sync_day("cursor", date(2026, 11, 2), [500])
    assert differences() == []


FILLED = {"filled": fill}


@pytest.fixture
def filled(database: Database) -> Database:
    """The database that is filled so."""
    return database


def differences() -> list[Difference]:
    return list(Verifier().differences())


def setting(table: type[Table], **values: Any) -> Damage:
    """What damages the newest row of a table."""

    def damage() -> None:
        key = table._meta.get_primary_keys()[0]
        newest = table.select(fn.MAX(key)).scalar()
        table.update(**values).where(key == newest).execute()

    return damage


DERIVED: dict[str, tuple[type[Table], dict[str, Any]]] = {
    "usage.day": (Usage, {"day": 20261109}),
    "partition.billed_nanos": (Partition, {"billed_nanos": 77}),
    "partition.unpriced_tokens": (Partition, {"unpriced_tokens": 77}),
    "partition.weight": (Partition, {"weight": 77}),
    "actor_day.unbilled_tokens": (ActorDay, {"unbilled_tokens": 77}),
    "actor_day.records": (ActorDay, {"records": 77}),
    "workspace_day.tokens": (WorkspaceDay, {"tokens": 77}),
    "person_span.last_day": (PersonSpan, {"last_day": 20261231}),
    "slice.name": (Slice, {"name": "another"}),
    "actor.person_id": (Actor, {"person": None}),
    "actor.rule": (Actor, {"rule": "key owner"}),
    **{
        f"{table._meta.table_name}.{column}": (table, {column: 77})
        for table in (PersonDay, PersonMonth, TotalDay)
        for column in ("requests", "billed_nanos", "unpriced_tokens", "uncounted_tokens")
    },
}
IMPOSSIBLE: dict[str, tuple[type[Table], dict[str, Any]]] = {
    "usage.price_status": (Usage, {"price_status": "dear"}),
    "usage.detail": (Usage, {"detail": "{"}),
    "usage.at_ms": (Usage, {"at_ms": 1}),
    "usage.sequence": (Usage, {"sequence": 9}),
    "slice.organization_id": (Slice, {"organization": None}),
    "partition.source": (Partition, {"source": "tea leaves"}),
    "run.status": (Run, {"status": "odd"}),
    "run.finished_at": (Run, {"status": "running", "finished_at": 5}),
    "import_batch.status": (ImportBatch, {"status": "odd"}),
    "import_batch.kind": (ImportBatch, {"kind": "odd"}),
    "import_batch.merge": (ImportBatch, {"merge": "odd"}),
    "import_batch.tokens": (ImportBatch, {"tokens": 77}),
    "import_batch.first_day": (ImportBatch, {"first_day": 20200101}),
    "import_batch.facts": (ImportBatch, {"facts": "{"}),
    "import_batch.rejected": (ImportBatch, {"rejected": 3}),
    "import_batch.applied_at": (ImportBatch, {"applied_at": 3}),
    "meta.overall_version": (Meta, {"overall_version": 10**6}),
    "day_version.version": (DayVersion, {"version": 10**6}),
    "person.email": (Person, {"email": "Cy@Example.com"}),
    "imported_row.payload": (ImportedRow, {"payload": "[]"}),
    "imported_row.key_hash": (ImportedRow, {"key_hash": "f" * 33}),
}


def named(found: list[Difference]) -> set[str]:
    return {f"{one.table}.{one.column}" for one in found}


def test_a_damaged_column_is_named_and_what_is_derived_is_mended(filled: Database) -> None:
    for damaged, (table, values) in DERIVED.items():
        setting(table, **values)()
        assert damaged in named(differences()), damaged
        repair()
        left = named(differences())
        assert damaged not in left or table is Usage, damaged


def test_a_record_of_a_model_of_another_organization_is_named_and_mended(filled: Database) -> None:
    used = Slice.get(Slice.model != "")
    labs = organization_for(used.tool, "LABS")
    theirs = ensure_models(labs, {(used.tool, used.model)})[used.tool, used.model]
    assert theirs != used.id
    Usage.update(model=theirs).where((Usage.model == used.id) & (Usage.sequence == 0)).execute()
    found = [one for one in differences() if one.table == "usage"]
    assert {(one.column, one.stored, one.expected) for one in found} == {
        ("model_id", theirs, "a slice of its organisation")
    }
    repair()
    assert differences() == []
    assert Usage.select().where(Usage.model == theirs).count() == 0


def test_only_a_slice_of_a_model_is_of_a_product(filled: Database) -> None:
    Slice.update(product="chat").where(Slice.model == "").execute()
    assert "slice.product" in named(differences())


@pytest.mark.parametrize("damaged", sorted(IMPOSSIBLE))
def test_a_row_that_cannot_be_is_named(filled: Database, damaged: str) -> None:
    setting(*IMPOSSIBLE[damaged][:1], **IMPOSSIBLE[damaged][1])()
    found = differences()
    assert damaged in named(found)
    assert all(one.row and one.sentence() for one in found)
    repair()


@pytest.mark.parametrize("facts", ["7", "[]", '"text"', "null", '{"days": 7}', '{"days": [7]}'])
def test_facts_of_another_shape_are_named(filled: Database, facts: str) -> None:
    setting(ImportBatch, facts=facts)()
    assert "import_batch.facts" in named(differences())


@pytest.mark.parametrize("column", ["tool", "name"])
def test_the_slice_of_everything_is_of_no_tool_and_no_name(filled: Database, column: str) -> None:
    Slice.update({column: "cursor"}).where(Slice.id == ALL_SLICE).execute()
    assert f"slice.{column}" in named(differences())


def test_a_person_who_is_gone_is_named(filled: Database) -> None:
    sqlite = isinstance(filled, SqliteDatabase)
    loosen = "ALTER TABLE actor DROP CONSTRAINT actor_person_id_fkey"
    filled.execute_sql("PRAGMA foreign_keys = 0" if sqlite else loosen)
    Actor.update(person=999).where(Actor.key == "").execute()
    assert "actor.person_id" in named(differences())


def test_the_sentence_says_table_row_column_and_what_it_must_be(filled: Database) -> None:
    Usage.update(price_status="dear").where(Usage.sequence == 0).execute()
    sentences = [one.sentence() for one in differences()]
    partition = Partition.get(Partition.day == 20261104)
    assert (
        f"2026-11-04 usage, partition {partition.id}, sequence 0: price_status is dear, "
        "expected provider or table or unpriced"
    ) in sentences


def test_addresses_that_lead_in_a_circle_are_named(filled: Database) -> None:
    ann, bo = (Person.get(Person.email == f"{name}@example.com") for name in ("ann", "bo"))
    PersonAlias.create(email="ann@example.com", person=bo, created_at=1)
    PersonAlias.create(email="bo@example.com", person=ann, created_at=1)
    found = [one for one in differences() if one.table == "person_alias"]
    assert [one.row for one in found] == ["email ann@example.com", "email bo@example.com"]


def test_a_day_that_is_not_what_its_files_say_is_named(filled: Database) -> None:
    row = ImportedRow.get(ImportedRow.day == 20261104)
    payload = row.payload.replace("On-Demand", "Errored")
    assert payload != row.payload
    ImportedRow.update(payload=payload).where(ImportedRow.day == 20261104).execute()
    assert [one.sentence()[:60] for one in differences()] == [
        "2026-11-04 partition, csv of organisation 1: content_hash is"
    ]
