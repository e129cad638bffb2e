"""Caches know of which days the usage changed last, and when everything did."""

from peewee import BigIntegerField, IntegerField, Model, SqliteDatabase


class DayVersion(Model):
    day = IntegerField(primary_key=True)
    version = BigIntegerField()

    class Meta:
        legacy_table_names = False


def up(migrator, db):
    big = "INTEGER" if isinstance(db, SqliteDatabase) else "BIGINT"
    db.execute_sql(f"ALTER TABLE meta ADD COLUMN overall_version {big} NOT NULL DEFAULT 0")
    db.execute_sql("UPDATE meta SET overall_version = data_version")
    # SQLite only: typed columns.
    DayVersion._meta.strict_tables = isinstance(db, SqliteDatabase)
    with db.bind_ctx([DayVersion]):
        db.create_tables([DayVersion])
