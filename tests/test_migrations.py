"""The schema: migrations make what the models say, and the database refuses nonsense itself."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskCliRunner
from peewee import Database, DataError, IntegrityError, SqliteDatabase

from app import database as database_module
from app.config import Config, read_config
from app.database import is_postgres, migrate, open_database, pending_migrations, writing
from app.dates import day_of
from app.ledger import RecordWriter, organization_for, replace_day
from app.models import (
    MODEL,
    SUM_COLUMNS,
    TABLES,
    ActiveDay,
    Actor,
    ActorDay,
    Organization,
    Partition,
    PersonDay,
    PersonMonth,
    Run,
    Slice,
    TotalDay,
    Usage,
    WorkspaceDay,
)
from app.rollups import refresh_everything
from app.usage import DayUsage
from app.verify import Verifier
from tests.conftest import close
from tests.filled import MODELS, fill_offices, record, stored_facts
from tests.invented import rollup_content
from tests.invented_keys import DAYS, fill_firm

TOKEN_COLUMNS = [
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
]
HISTORY = "schema_migration"
LATEST = ["0019_organization_slices", "0020_active_days", "0021_running_sums"]

POSTGRES_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
"""
POSTGRES_INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
POSTGRES_CONSTRAINTS = """
    SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


class Schema(NamedTuple):
    """What the database itself says it holds, each thing as a tuple that begins with its table."""

    columns: set[tuple[Any, ...]]
    indexes: set[tuple[Any, ...]]
    constraints: set[tuple[Any, ...]]


def schema_of(engine: Database) -> Schema:
    """The schema of a database without the history of its migrations."""
    facts = _sqlite_facts(engine) if isinstance(engine, SqliteDatabase) else _postgres_facts(engine)
    return Schema(*({fact for fact in found if fact[0] != HISTORY} for found in facts))


def _postgres_facts(engine: Database) -> list[list[tuple[Any, ...]]]:
    queries = (POSTGRES_COLUMNS, POSTGRES_INDEXES, POSTGRES_CONSTRAINTS)
    return [engine.execute_sql(query).fetchall() for query in queries]


def _sqlite_facts(engine: Database) -> list[list[tuple[Any, ...]]]:
    def pragma(name: str, argument: str) -> list[tuple[Any, ...]]:
        return engine.execute_sql(f"PRAGMA {name}('{argument}')").fetchall()

    columns, indexes, constraints = [], [], []
    for _, table, kind, _, without_rowid, strict in engine.execute_sql("PRAGMA table_list"):
        if kind != "table" or table.startswith("sqlite_"):
            continue
        constraints.append((table, "table", without_rowid, strict))
        columns += [(table, *column[1:]) for column in pragma("table_info", table)]
        for _, index, *facts in pragma("index_list", table):
            parts = tuple(name for _, _, name in pragma("index_info", index))
            indexes.append((table, *facts, parts))
        constraints += [(table, *key[2:]) for key in pragma("foreign_key_list", table)]
    return [columns, indexes, constraints]


def make_tables_from_the_models(engine: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in TABLES:
        # As every migration must do on SQLite; the models themselves leave it open.
        strict = isinstance(engine, SqliteDatabase)
        monkeypatch.setattr(table._meta, "strict_tables", strict)
        rowless = strict and table._meta.composite_key
        monkeypatch.setattr(table._meta, "without_rowid", rowless)
    with engine.bind_ctx(TABLES):
        engine.create_tables(TABLES)


@pytest.fixture
def empty(empty_settings: dict[str, str], tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    engine = open_database(read_config({"SECRET_KEY": "x" * 16, **empty_settings}, tmp_path))
    engine.connect()
    yield engine
    close(engine)


def test_migrations_make_what_the_models_say(
    empty: Database, database_settings: dict[str, str], tmp_path: Path, monkeypatch: Any
) -> None:
    make_tables_from_the_models(empty, monkeypatch)
    wanted = schema_of(empty)
    settings = {"SECRET_KEY": "x" * 16, **database_settings}
    migrated = open_database(read_config(settings, tmp_path))
    found = schema_of(migrated)
    close(migrated)
    assert {column[0] for column in found.columns} == {t._meta.table_name for t in TABLES}
    assert found.columns == wanted.columns
    assert found.indexes == wanted.indexes
    assert found.constraints == wanted.constraints


def test_every_sqlite_table_is_strict(sqlite_template: Path) -> None:
    engine = SqliteDatabase(str(sqlite_template))
    tables = {row[1]: row[4:] for row in engine.execute_sql("PRAGMA table_list")}
    engine.close()
    for table in TABLES:
        without_rowid, strict = tables[table._meta.table_name]
        assert strict, table
        assert bool(without_rowid) == bool(table._meta.composite_key), table


def test_migrates_an_empty_database_once(empty: Database) -> None:
    names = sorted(path.stem for path in database_module.MIGRATIONS.glob("0*.py"))
    assert names[0] == "0001_initial"
    assert pending_migrations() == names
    assert migrate() == names
    assert migrate() == pending_migrations() == []
    assert Slice.get_by_id(1).kind == "all"


def test_a_migration_that_fails_leaves_nothing_behind(
    runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(database_module.MIGRATIONS, folder)
    half = 'db.execute_sql("CREATE TABLE half (id INTEGER)")'
    (folder / "0002_half.py").write_text(
        f'def up(migrator, db):\n    {half}\n    db.execute_sql("nonsense")\n'
    )
    monkeypatch.setattr(database_module, "MIGRATIONS", folder)
    answer = runner.invoke(args=["migrate"])
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.count("\n") == 1
    with database_module.database.connection_context():
        assert "half" not in database_module.database.get_tables()
        assert pending_migrations() == ["0002_half"]
    (folder / "0002_half.py").write_text(f"def up(migrator, db):\n    {half}\n")
    assert runner.invoke(args=["migrate"]).stdout == "Applied 0002_half.\n"


def test_a_newer_database_is_left_alone(runner: FlaskCliRunner) -> None:
    proxy = database_module.database
    with proxy.connection_context():
        proxy.execute_sql(
            "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"
        )
    for command in ("migrate", "sync", "backfill", "demo"):
        answer = runner.invoke(args=[command])
        assert answer.exit_code == 1
        assert answer.stderr == (
            "Error: The database has the migration 9999_later, which this version does not know: "
            "it was used by a newer version. Start that version, or restore a backup.\n"
        )
    with proxy.connection_context():
        assert Run.select().count() == 0


@pytest.mark.parametrize(
    ("name", "column"),
    [("0007_uncounted", "uncounted_tokens"), ("0011_unbilled", "unbilled_tokens")],
)
def test_stored_usage_tells_of_what_nobody_told_requests_or_billed_money(
    database: Database, name: str, column: str
) -> None:
    with writing():
        fill_firm()
        cursor = organization_for("cursor")
        run = Run.get()
        told = [
            record(DAYS[0], email, "cursor", "auto", 5, 0, 0, 0, 0, billed=told)._replace(
                requests=told
            )
            for email, told in (("ann@firm.example", 3), ("", 1), ("", None))
        ]
        usage = DayUsage(DAYS[0], told, settled=True)
        replace_day(cursor, "events", usage, run, email_domain="firm.example")
    before = rollup_content()
    for table in ("person_day", "person_month", "total_day"):
        database.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
    database.execute_sql(f"DELETE FROM schema_migration WHERE name = '{name}'")  # noqa: S608
    assert migrate() == [name]
    assert rollup_content() == before
    assert {row[SUM_COLUMNS.index(column) - len(SUM_COLUMNS)] for row in before} > {0}


def test_models_that_several_organizations_used_are_parted(
    database: Database, config: Config
) -> None:
    # Two months, and days on which all use the same models.
    fill_offices(config, 32)
    labs = organization_for("cursor", "LABS")
    half = Partition.create(
        organization=labs, day=20261005, source="csv", run=Run.get(), counts=False,
        prepared=Run.get().id, fetched_at=0, changed_at=0,
    )  # fmt: skip
    with writing():
        ann = record(day_of(20261005), "ann@x.example", *MODELS[7], 5, 0, 0, 0, 0)
        RecordWriter(labs).insert(half, [ann.without_day()], 0)
    before, facts = cut_content(), Counter(stored_facts())
    join_models()
    back_to_one_slice_a_model(database)
    assert migrate() == LATEST
    assert cut_content() == before
    assert Counter(stored_facts()) == facts
    assert list(Verifier().differences()) == []
    assert {name for name in database.get_tables() if name.startswith("slice")} == {"slice"}


def cut_content() -> list[tuple]:
    """Every row of the read side and every record's model, by what their slices are of."""
    named = Slice.select(
        Slice.id, Slice.kind, Slice.tool, Slice.model, Slice.name, Slice.organization
    )
    slices = {number: tuple(facts) for number, *facts in named.tuples()}
    content: list[tuple] = []
    for table, key in (
        (ActorDay, "model"), (PersonDay, "slice"), (PersonMonth, "slice"), (TotalDay, "slice"),
        (ActiveDay, "slice"), (WorkspaceDay, "model"), (Usage, "model"),
    ):  # fmt: skip
        for row in table.select().dicts():
            # Drivers give bytes as types of their own.
            row |= {"people": bytes(row["people"])} if "people" in row else {}
            content.append((table.__name__, slices[row.pop(key)], tuple(row.items())))
    return sorted(content, key=repr)


def join_models() -> None:
    """Let all organisations share the slices of models, as before the migration."""
    first: dict[tuple[str, str], int] = {}
    with writing():
        for one in Slice.select().where(Slice.kind == MODEL).order_by(Slice.id):
            kept = first.setdefault((one.tool, one.model), one.id)
            if kept != one.id:
                Usage.update(model=kept).where(Usage.model == one.id).execute()
        refresh_everything()
        ActorDay.delete().where(ActorDay.partition.in_(prepared_partitions())).execute()
        Slice.delete().where((Slice.kind == MODEL) & Slice.id.not_in([*first.values()])).execute()


def prepared_partitions() -> Any:
    return Partition.select(Partition.id).where(Partition.prepared != 0)


def back_to_one_slice_a_model(database: Database) -> None:
    """Make the schema what it was before the latest migrations."""
    for table in ("active_day", "running_sum"):
        database.execute_sql(f"DROP TABLE {table}")
    database.execute_sql("DROP INDEX actor_organization_id_lane")
    database.execute_sql("ALTER TABLE actor DROP COLUMN lane")
    database.execute_sql("ALTER TABLE total_day ADD COLUMN people INTEGER NOT NULL DEFAULT 0")
    database.execute_sql("DROP INDEX slice_kind_tool_model_organization_id_product")
    database.execute_sql("DROP INDEX slice_without_organization")
    for column in ("organization_id", "product"):
        database.execute_sql(f"ALTER TABLE slice DROP COLUMN {column}")
    database.execute_sql("CREATE UNIQUE INDEX slice_kind_tool_model ON slice (kind, tool, model)")
    for name in LATEST:
        database.execute_sql(f"DELETE FROM schema_migration WHERE name = '{name}'")  # noqa: S608


@pytest.fixture
def partition(database: Database) -> Partition:
    """A stored day without usage."""
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    return Partition.create(day=20261005, run=run, **day_of_a_source())


def day_of_a_source() -> dict[str, Any]:
    organization, _ = Organization.get_or_create(provider="test")
    return {
        "organization": organization,
        "source": "messages",
        "fetched_at": 1,
        "changed_at": 1,
    }


def usage_of(partition: Partition, **changes: Any) -> dict[str, Any]:
    """The columns of one good record, with changes."""
    actor, _ = Actor.get_or_create(
        organization=partition.organization, key="key", account="", workspace=""
    )
    record = {"partition": partition, "sequence": 0, "day": 20261005, "actor": actor, "model": 1}
    return record | dict.fromkeys(TOKEN_COLUMNS, 0) | {"price_status": "table"} | changes


def test_takes_a_record_of_the_largest_numbers(partition: Partition) -> None:
    largest = dict.fromkeys(TOKEN_COLUMNS, 10**15) | {"value_nanos": 2**63 - 1}
    Usage.create(**usage_of(partition, **largest))
    assert Usage.get().value_nanos == 2**63 - 1


def test_refuses_negative_tokens(partition: Partition) -> None:
    for column in TOKEN_COLUMNS:
        with pytest.raises(IntegrityError, match=rf"{column}"):
            Usage.create(**usage_of(partition, **{column: -1}))


def test_refuses_a_day_that_is_none(partition: Partition) -> None:
    for day in (0, 19991231, 99991232, -20261005, 1791158400):
        with pytest.raises(IntegrityError, match="day"):
            Partition.create(day=day, run=partition.run, **day_of_a_source())


def test_refuses_the_same_day_of_a_source_twice(partition: Partition) -> None:
    with pytest.raises(IntegrityError):
        Partition.create(day=20261005, run=partition.run, **day_of_a_source())


def test_refuses_the_same_record_twice(partition: Partition) -> None:
    record = usage_of(partition)
    Usage.create(**record)
    with pytest.raises(IntegrityError):
        Usage.create(**record)


def test_refuses_a_record_that_points_nowhere(partition: Partition) -> None:
    for column in ("partition", "actor", "model"):
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            Usage.insert(**usage_of(partition) | {column: 4711}).execute()


def test_refuses_text_in_a_number_column(partition: Partition, database: Database) -> None:
    Usage.create(**usage_of(partition))
    place = "%s" if is_postgres() else "?"
    for column in ("sequence", *TOKEN_COLUMNS, "value_nanos", "at_ms"):
        for text in ("many", "1.5", ""):
            with pytest.raises((IntegrityError, DataError)):
                database.execute_sql(f"UPDATE usage SET {column} = {place}", (text,))  # noqa: S608
