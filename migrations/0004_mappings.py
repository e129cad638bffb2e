"""Shared keys, the history of mappings, and further e-mails of a person. Frozen models."""

from peewee import (
    BigIntegerField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)


class Table(Model):
    class Meta:
        legacy_table_names = False


class Person(Table):
    email = TextField(unique=True)


class PersonAlias(Table):
    email = TextField(primary_key=True)
    person = ForeignKeyField(Person)
    created_at = BigIntegerField()


class Mapping(Table):
    key = TextField(primary_key=True)
    email = TextField()
    created_at = BigIntegerField()
    label = TextField(default="")


class MappingChange(Table):
    batch = IntegerField(index=True)
    at = BigIntegerField()
    by = TextField()
    key = TextField(index=True)
    email_before = TextField()
    label_before = TextField()
    email_after = TextField()
    label_after = TextField()


def up(migrator, db):
    tables = [PersonAlias, Mapping, MappingChange]
    for table in tables:
        # SQLite only: typed columns.
        table._meta.strict_tables = isinstance(db, SqliteDatabase)
    # Made anew: on SQLite a column that must not be NULL can only be added by a rebuild, and
    # the migrator's own one forgets that the table is strict.
    kept = db.execute_sql('SELECT "key", "email", "created_at" FROM "mapping"').fetchall()
    db.execute_sql('DROP TABLE "mapping"')
    with db.bind_ctx([Person, *tables]):
        db.create_tables(tables)
        for key, email, created_at in kept:
            Mapping.create(key=key, email=email, created_at=created_at)
