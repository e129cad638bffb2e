"""Workspaces have sums of their own days, and sums of actors know of how many records they are."""

from peewee import SqliteDatabase

SUMS = (
    "tokens", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens",
    "requests", "value_nanos", "billed_nanos", "unpriced_tokens", "unbilled_tokens",
    "uncounted_tokens",
)  # fmt: skip
LATER = ("unbilled_tokens", "uncounted_tokens")


def up(migrator, db):
    sqlite = isinstance(db, SqliteDatabase)
    kind = "INTEGER" if sqlite else "BIGINT"
    db.execute_sql(f"ALTER TABLE actor_day ADD COLUMN records {kind} NOT NULL DEFAULT 0")
    db.execute_sql(
        "UPDATE actor_day SET records = found.records FROM"
        " (SELECT partition_id, actor_id, model_id, COUNT(*) AS records FROM usage"
        " GROUP BY partition_id, actor_id, model_id) AS found"
        " WHERE found.partition_id = actor_day.partition_id"
        " AND found.actor_id = actor_day.actor_id AND found.model_id = actor_day.model_id"
    )
    sums = ", ".join(
        f"{name} {kind} NOT NULL{' DEFAULT 0' if name in LATER else ''}" for name in SUMS
    )
    db.execute_sql(
        f"CREATE TABLE workspace_day ({sums},"
        " day INTEGER NOT NULL,"
        " organization_id INTEGER NOT NULL REFERENCES organization (id),"
        " workspace TEXT NOT NULL,"
        " model_id INTEGER NOT NULL REFERENCES slice (id),"
        " PRIMARY KEY (day, organization_id, workspace, model_id))"
        f"{' WITHOUT ROWID, STRICT' if sqlite else ''}"
    )
    added = ", ".join(f"SUM(actor_day.{name})" for name in SUMS)
    db.execute_sql(
        f"INSERT INTO workspace_day (day, organization_id, workspace, model_id, {', '.join(SUMS)})"  # noqa: S608
        f' SELECT "partition".day, "partition".organization_id, workspace, model_id, {added}'
        ' FROM actor_day JOIN actor ON actor.id = actor_id JOIN "partition"'
        ' ON "partition".id = partition_id WHERE counts'
        ' GROUP BY "partition".day, "partition".organization_id, workspace, model_id'
    )
