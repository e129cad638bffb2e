"""What everybody's usage adds up to until a day, so that any range is the difference of two."""

import sys
from array import array

from peewee import SqliteDatabase

FIGURES = (
    "tokens", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens",
    "requests", "value_nanos", "billed_nanos", "unpriced_tokens", "unbilled_tokens",
    "uncounted_tokens", "records",
)  # fmt: skip
LANES = (
    "UPDATE actor SET lane = found.place FROM (SELECT id, ROW_NUMBER() OVER"
    " (PARTITION BY organization_id ORDER BY id) - 1 AS place FROM actor) AS found"
    " WHERE found.id = actor.id"
)
DAYS = 'SELECT DISTINCT day FROM "partition" WHERE counts AND records > 0 ORDER BY day'
OF_DAY = (
    f'SELECT "partition".organization_id, slice.tool, lane, {", ".join(FIGURES)}'  # noqa: S608
    ' FROM (SELECT id, organization_id FROM "partition" WHERE counts AND day = {day})'
    ' AS "partition" JOIN actor_day ON partition_id = "partition".id'
    " JOIN actor ON actor.id = actor_id JOIN slice ON slice.id = model_id"
).replace(" records", " actor_day.records")


def up(migrator, db):
    sqlite = isinstance(db, SqliteDatabase)
    db.execute_sql("ALTER TABLE actor ADD COLUMN lane INTEGER NOT NULL DEFAULT 0")
    db.execute_sql(LANES)
    db.execute_sql(
        "CREATE UNIQUE INDEX actor_organization_id_lane ON actor (organization_id, lane)"
    )
    db.execute_sql(
        "CREATE TABLE running_sum (until INTEGER NOT NULL,"
        " organization_id INTEGER NOT NULL REFERENCES organization (id),"
        f" tool TEXT NOT NULL, figure TEXT NOT NULL, sums {'BLOB' if sqlite else 'BYTEA'} NOT NULL,"
        " PRIMARY KEY (until, organization_id, tool, figure))"
        f"{' WITHOUT ROWID, STRICT' if sqlite else ''}"
    )
    db.execute_sql(
        "CREATE INDEX running_sum_until ON running_sum (organization_id, tool, until)"
        " WHERE figure = 'tokens'"
    )
    if not sqlite:
        # As they are: packed numbers get hardly shorter, and are read all the time.
        db.execute_sql("ALTER TABLE running_sum ALTER COLUMN sums SET STORAGE EXTERNAL")
    _fill(db, ", ".join(["?" if sqlite else "%s"] * 5))


def _fill(db, places):
    """Rows of each month so far, day after day, and for each month of all that was before it."""
    totals, month, begun = {}, {}, 0
    for (day,) in db.execute_sql(DAYS).fetchall():
        if day // 100 != begun:
            for series, rows in month.items():
                _add(totals.setdefault(series, _nothing()), rows)
            month, begun = {}, day // 100
        for series, rows in _of_day(db, day).items():
            if series not in month:
                month[series] = _nothing()
                _insert(db, places, begun * 100, series, totals.get(series, month[series]))
            _add(month[series], rows)
            _insert(db, places, day, series, month[series])


def _nothing():
    return [array("q") for _ in FIGURES]


def _of_day(db, day):
    found = {}
    for organization, tool, lane, *numbers in db.execute_sql(OF_DAY.format(day=day)).fetchall():
        rows = found.setdefault((organization, tool), _nothing())
        for row, number in zip(rows, numbers, strict=True):
            row.extend([0] * (lane + 1 - len(row)))
            row[lane] += number
    return found


def _add(sums, rows):
    for whole, row in zip(sums, rows, strict=True):
        whole.extend([0] * (len(row) - len(whole)))
        for lane, number in enumerate(row):
            whole[lane] += number


def _insert(db, places, until, series, rows):
    for figure, row in zip(FIGURES, rows, strict=True):
        values = (until, *series, figure, _kept(row))
        db.execute_sql(f"INSERT INTO running_sum VALUES ({places})", values)  # noqa: S608


def _kept(row):
    """How many bytes a number takes, then the lowest byte of all numbers, the next ones, and so
    on; without zeros at the end.
    """
    numbers = array("q", row)
    if sys.byteorder == "big":
        numbers.byteswap()
    data = numbers.tobytes()
    data = data[: -(-len(data.rstrip(b"\0")) // 8) * 8]
    planes = [data[place::8] for place in range(8)]
    while planes and not any(planes[-1]):
        planes.pop()
    return bytes([len(planes)]) + b"".join(planes) if planes else b""
