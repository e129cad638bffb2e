"""Teams, the team of a person, and the day from which somebody has left. Frozen models."""

from peewee import ForeignKeyField, IntegerField, Model, SqliteDatabase, TextField


class Team(Model):
    name = TextField(unique=True)

    class Meta:
        legacy_table_names = False


def up(migrator, db):
    # SQLite only: typed columns.
    Team._meta.strict_tables = isinstance(db, SqliteDatabase)
    with db.bind_ctx([Team]):
        db.create_tables([Team])
    migrator.migrate(
        migrator.add_column("person", "team_id", ForeignKeyField(Team, field=Team.id, null=True)),
        migrator.add_column("person", "left_day", IntegerField(null=True)),
    )
