"""Files know how many of their tokens have no price."""

import json

from peewee import SqliteDatabase


def up(migrator, db):
    kind = "INTEGER" if isinstance(db, SqliteDatabase) else "BIGINT"
    column = f"unpriced_tokens {kind} NOT NULL DEFAULT 0"
    db.execute_sql(f"ALTER TABLE import_batch ADD COLUMN {column}")
    place = "?" if isinstance(db, SqliteDatabase) else "%s"
    update = f"UPDATE import_batch SET unpriced_tokens = {place} WHERE id = {place}"  # noqa: S608
    for number, facts in db.execute_sql("SELECT id, facts FROM import_batch").fetchall():
        tokens = sum(tokens for _, tokens in json.loads(facts).get("unpriced", ()))
        db.execute_sql(update, (tokens, number))
