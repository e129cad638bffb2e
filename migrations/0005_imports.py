"""Imported files and their rows. Frozen models."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)


class Table(Model):
    class Meta:
        legacy_table_names = False


class Organization(Table):
    pass


class Run(Table):
    pass


class ImportBatch(Table):
    organization = ForeignKeyField(Organization, index=False)
    kind = TextField()
    merge = TextField()
    file_name = TextField()
    sha256 = TextField(default="", index=True)
    person = TextField(default="")
    status = TextField(index=True)
    partial = BooleanField(default=False)
    made_at = BigIntegerField()
    made_by = TextField()
    run = ForeignKeyField(Run, null=True, index=False)
    applied_at = BigIntegerField(null=True)
    applied_by = TextField(default="")
    undone_at = BigIntegerField(null=True)
    undone_by = TextField(default="")
    first_day = IntegerField(null=True)
    last_day = IntegerField(null=True)
    days = IntegerField(default=0)
    rows = BigIntegerField(default=0)
    new = BigIntegerField(default=0)
    changed = BigIntegerField(default=0)
    unchanged = BigIntegerField(default=0)
    covered = BigIntegerField(default=0)
    skipped = BigIntegerField(default=0)
    rejected = BigIntegerField(default=0)
    tokens = BigIntegerField(default=0)
    value_nanos = BigIntegerField(default=0)
    facts = TextField(default="{}")
    effect = TextField(default="{}")
    effect_version = BigIntegerField(null=True)


class ImportedRow(Table):
    day = IntegerField()
    key_hash = TextField()
    batch = ForeignKeyField(ImportBatch)
    sequence = BigIntegerField()
    key = TextField()
    payload = TextField()

    class Meta:
        primary_key = CompositeKey("day", "key_hash", "batch", "sequence")


class RejectedRow(Table):
    batch = ForeignKeyField(ImportBatch, index=False)
    sequence = BigIntegerField()
    line = BigIntegerField()
    value = TextField()
    message = TextField()

    class Meta:
        primary_key = CompositeKey("batch", "sequence")


TABLES = (ImportBatch, ImportedRow, RejectedRow)


def up(migrator, db):
    for table in TABLES:
        # SQLite only: typed columns, and composite keys as the order of the rows.
        table._meta.strict_tables = isinstance(db, SqliteDatabase)
        table._meta.without_rowid = table._meta.strict_tables and table._meta.composite_key
    with db.bind_ctx([Organization, Run, *TABLES]):
        db.create_tables(TABLES)
