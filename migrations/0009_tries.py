"""Failures are counted for each role and secret, and places that are known for one."""

from peewee import AutoField, BigIntegerField, CompositeKey, Model, SqliteDatabase, TextField


class Table(Model):
    class Meta:
        legacy_table_names = False


class LoginTry(Table):
    id = AutoField()
    kind = TextField()
    address = TextField()
    at_ms = BigIntegerField()

    class Meta:
        indexes = ((("kind", "at_ms"), False), (("at_ms",), False))


class KnownPlace(Table):
    kind = TextField()
    address = TextField()
    seen_at = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "address")


TABLES = (LoginTry, KnownPlace)


def up(migrator, db):
    # What it holds is of the last minute.
    db.execute_sql("DROP TABLE login_try")
    for table in TABLES:
        # SQLite only: typed columns.
        table._meta.strict_tables = isinstance(db, SqliteDatabase)
        table._meta.without_rowid = table._meta.strict_tables and table._meta.composite_key
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
