"""Files know who said to which organisation they belong, and why."""


def up(migrator, db):
    for column in (
        "owner_by TEXT NOT NULL DEFAULT 'guess'",
        "owner_reason TEXT NOT NULL DEFAULT ''",
    ):
        db.execute_sql(f"ALTER TABLE import_batch ADD COLUMN {column}")
