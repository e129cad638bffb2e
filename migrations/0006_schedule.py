"""Due moments of the schedule; who asked for a run, or wants it to stop. Frozen models."""

from peewee import (
    BigIntegerField,
    BooleanField,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)


class Slot(Model):
    kind = TextField()
    day = IntegerField()
    weekly = BooleanField(default=False)
    status = TextField()
    failures = IntegerField(default=0)
    retry_at = BigIntegerField(null=True)

    class Meta:
        legacy_table_names = False
        indexes = ((("kind", "day"), True),)


def up(migrator, db):
    # SQLite only: typed columns.
    Slot._meta.strict_tables = isinstance(db, SqliteDatabase)
    with db.bind_ctx([Slot]):
        db.create_tables([Slot])
    migrator.migrate(
        migrator.add_column("run", "asked_by", TextField(null=True)),
        migrator.add_column("run", "cancel_asked_at", BigIntegerField(null=True)),
        migrator.add_column("run", "slot_id", ForeignKeyField(Slot, field=Slot.id, null=True)),
        migrator.add_column("provider_run", "current_day", IntegerField(null=True)),
        migrator.add_column("provider_run", "not_before", BigIntegerField(null=True)),
        migrator.add_column("provider_run", "clock_skew_seconds", IntegerField(null=True)),
    )
