"""Rollups know the tokens of usage of which no provider told what it bills."""

from peewee import SqliteDatabase

TABLES = ("person_day", "person_month", "total_day")
OF_MODELS = """
    SELECT usage.model_id AS slice_id, usage.day AS day,
        COALESCE(actor.person_id, 0) AS person_id,
        SUM(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens
            + output_tokens) AS tokens
    FROM usage
    JOIN actor ON actor.id = usage.actor_id
    JOIN "partition" AS stamp ON stamp.id = usage.partition_id
    WHERE stamp.counts AND usage.billed_nanos IS NULL
    GROUP BY usage.model_id, usage.day, COALESCE(actor.person_id, 0)
"""
OF_TOOLS = """
    SELECT whole.id AS slice_id, part.day AS day, part.person_id AS person_id,
        SUM(part.unbilled_tokens) AS tokens
    FROM person_day AS part
    JOIN slice ON slice.id = part.slice_id AND slice.kind = 'model'
    JOIN slice AS whole ON whole.tool = slice.tool AND whole.kind = 'tool'
    GROUP BY whole.id, part.day, part.person_id
"""
OF_EVERYTHING = """
    SELECT 1 AS slice_id, part.day AS day, part.person_id AS person_id,
        SUM(part.unbilled_tokens) AS tokens
    FROM person_day AS part
    JOIN slice ON slice.id = part.slice_id AND slice.kind = 'tool'
    GROUP BY part.day, part.person_id
"""
OF_MONTHS = """
    SELECT slice_id, person_id, day / 100 AS month, SUM(unbilled_tokens) AS tokens
    FROM person_day GROUP BY slice_id, person_id, day / 100
"""
OF_DAYS = """
    SELECT slice_id, day, SUM(unbilled_tokens) AS tokens FROM person_day GROUP BY slice_id, day
"""
PERSON_DAY = ("slice_id", "day", "person_id")


def up(migrator, db):
    for table in TABLES:
        kind = "INTEGER" if isinstance(db, SqliteDatabase) else "BIGINT"
        column = f"unbilled_tokens {kind} NOT NULL DEFAULT 0"
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for sums in (OF_MODELS, OF_TOOLS, OF_EVERYTHING):
        fill(db, "person_day", PERSON_DAY, sums)
    fill(db, "person_month", ("slice_id", "person_id", "month"), OF_MONTHS)
    fill(db, "total_day", ("slice_id", "day"), OF_DAYS)


def fill(db, table, key, sums):
    same = " AND ".join(f"{table}.{name} = found.{name}" for name in key)
    db.execute_sql(
        f"UPDATE {table} SET unbilled_tokens = CAST(found.tokens AS BIGINT)"  # noqa: S608
        f" FROM ({sums}) AS found WHERE {same}"
    )
