"""The first and last day of everybody's usage are known without looking for them."""

from peewee import IntegerField, Model, SqliteDatabase

ALL_SLICE = 1
NOBODY = 0


class PersonSpan(Model):
    person_id = IntegerField(primary_key=True)
    first_day = IntegerField()
    last_day = IntegerField()

    class Meta:
        legacy_table_names = False


def up(migrator, db):
    # SQLite only: typed columns.
    PersonSpan._meta.strict_tables = isinstance(db, SqliteDatabase)
    with db.bind_ctx([PersonSpan]):
        db.create_tables([PersonSpan])
    db.execute_sql(
        "INSERT INTO person_span (person_id, first_day, last_day)"  # noqa: S608
        " SELECT person_id, MIN(day), MAX(day) FROM person_day"
        f" WHERE slice_id = {ALL_SLICE} AND person_id <> {NOBODY} GROUP BY person_id"
    )
