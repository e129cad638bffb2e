"""What all tables share, and the version of the data."""

from __future__ import annotations

from peewee import SQL, BigIntegerField, IntegerField, Model

from app.database import database


class Table(Model):
    """What all tables share."""

    class Meta:
        database = database
        legacy_table_names = False


class Meta(Table):
    """The one row of facts about the data: its version goes up with every change.

    `overall_version` is that of the last change which was not of the usage of a day alone.
    """

    id = IntegerField(primary_key=True)
    data_version = BigIntegerField(default=0)
    overall_version = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])


class DayVersion(Table):
    """The version of the data in which a day's usage (YYYYMMDD) changed last."""

    day = IntegerField(primary_key=True)
    version = BigIntegerField()
