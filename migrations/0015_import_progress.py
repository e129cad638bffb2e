"""Files know how far their reading is, and since when they are being applied or undone."""

from peewee import SqliteDatabase


def up(migrator, db):
    kind = "INTEGER" if isinstance(db, SqliteDatabase) else "BIGINT"
    for column in (
        f"read_bytes {kind} NOT NULL DEFAULT 0",
        f"whole_bytes {kind} NOT NULL DEFAULT 0",
        f"touched_at {kind}",
        f"busy_at {kind}",
    ):
        db.execute_sql(f"ALTER TABLE import_batch ADD COLUMN {column}")
