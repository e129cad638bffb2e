"""Who was active on a day is known as a bitmap of ids, which tells how many they were, too."""

from peewee import SqliteDatabase


def up(migrator, db):
    sqlite = isinstance(db, SqliteDatabase)
    db.execute_sql(
        "CREATE TABLE active_day ("
        "slice_id INTEGER NOT NULL REFERENCES slice (id),"
        " day INTEGER NOT NULL,"
        f" people {'BLOB' if sqlite else 'BYTEA'} NOT NULL,"
        " PRIMARY KEY (slice_id, day))"
        f"{' WITHOUT ROWID, STRICT' if sqlite else ''}"
    )
    ids = "group_concat(person_id)" if sqlite else "string_agg(person_id::text, ',')"
    slices = db.execute_sql("SELECT DISTINCT slice_id FROM total_day").fetchall()
    # One slice at a time: of all of them there may be hundreds of megabytes of ids.
    for (slice_id,) in slices:
        days = db.execute_sql(
            f"SELECT day, {ids} FROM person_day WHERE slice_id = {slice_id} GROUP BY day"  # noqa: S608
        )
        for day, people in days.fetchall():
            db.execute_sql(
                f"INSERT INTO active_day VALUES ({slice_id}, {day}, {db.param})",  # noqa: S608
                (_bitmap(people.split(",")),),
            )
    db.execute_sql("ALTER TABLE total_day DROP COLUMN people")


def _bitmap(ids):
    """The bytes in which the bits of these ids are set, the first bit of the first byte for 0."""
    people = bytearray(max(map(int, ids)) // 8 + 1)
    for person in map(int, ids):
        people[person // 8] |= 1 << person % 8
    return bytes(people)
