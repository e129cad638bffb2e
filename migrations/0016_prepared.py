"""Days can be prepared before they count, are summed by actor, and know what they weigh."""

from peewee import SqliteDatabase

SUMS = (
    "tokens", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens",
    "requests", "value_nanos", "billed_nanos", "unpriced_tokens", "unbilled_tokens",
    "uncounted_tokens",
)  # fmt: skip
LATER = ("unbilled_tokens", "uncounted_tokens")
TOKENS = (
    "(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens"
    " + output_tokens)"
)
OF_USAGE = (
    f"SUM({TOKENS})",
    "SUM(input_tokens)",
    "SUM(cache_write_5m_tokens + cache_write_1h_tokens)",
    "SUM(cache_read_tokens)",
    "SUM(output_tokens)",
    "COALESCE(SUM(requests), 0)",
    "COALESCE(SUM(value_nanos), 0)",
    "COALESCE(SUM(billed_nanos), 0)",
    f"COALESCE(SUM({TOKENS}) FILTER (WHERE value_nanos IS NULL), 0)",
    f"COALESCE(SUM({TOKENS}) FILTER (WHERE billed_nanos IS NULL), 0)",
    f"COALESCE(SUM({TOKENS}) FILTER (WHERE requests IS NULL), 0)",
)
AMOUNTS = (
    TOKENS,
    "COALESCE(requests, 0)",
    "ABS(COALESCE(value_nanos, 0))",
    "ABS(COALESCE(billed_nanos, 0))",
)


def up(migrator, db):
    sqlite = isinstance(db, SqliteDatabase)
    kind = "INTEGER" if sqlite else "BIGINT"
    db.execute_sql('ALTER TABLE "partition" ADD COLUMN prepared INTEGER NOT NULL DEFAULT 0')
    db.execute_sql(f'ALTER TABLE "partition" ADD COLUMN weight {kind} NOT NULL DEFAULT 0')
    db.execute_sql("DROP INDEX partition_organization_id_day_source")
    db.execute_sql(
        "CREATE UNIQUE INDEX partition_organization_id_day_source_prepared"
        ' ON "partition" (organization_id, day, source, prepared)'
    )
    sums = ", ".join(
        f"{name} {kind} NOT NULL{' DEFAULT 0' if name in LATER else ''}" for name in SUMS
    )
    db.execute_sql(
        f"CREATE TABLE actor_day ({sums},"
        ' partition_id INTEGER NOT NULL REFERENCES "partition" (id),'
        " actor_id INTEGER NOT NULL REFERENCES actor (id),"
        " model_id INTEGER NOT NULL REFERENCES slice (id),"
        " PRIMARY KEY (partition_id, actor_id, model_id))"
        f"{' WITHOUT ROWID, STRICT' if sqlite else ''}"
    )
    db.execute_sql("CREATE INDEX actor_day_actor_id ON actor_day (actor_id)")
    db.execute_sql(
        f"INSERT INTO actor_day (partition_id, actor_id, model_id, {', '.join(SUMS)})"  # noqa: S608
        f" SELECT partition_id, actor_id, model_id, {', '.join(OF_USAGE)}"
        " FROM usage GROUP BY partition_id, actor_id, model_id"
    )
    weight = f"{'MAX' if sqlite else 'GREATEST'}({', '.join(AMOUNTS)})"
    db.execute_sql(
        'UPDATE "partition" SET weight = CAST(found.weight AS BIGINT) FROM'  # noqa: S608
        f" (SELECT partition_id, SUM({weight}) AS weight FROM usage GROUP BY partition_id) AS found"
        ' WHERE found.partition_id = "partition".id'
    )
