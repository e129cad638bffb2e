"""What all tables share, and the version of the data."""

from __future__ import annotations

from peewee import BigIntegerField, IntegerField, Model

from app.database import database


class Table(Model):
    """What all tables share."""

    class Meta:
        database = database
        legacy_table_names = False


class Meta(Table):
    """The one row of facts about the data: its version goes up with every change."""

    id = IntegerField(primary_key=True)
    data_version = BigIntegerField(default=0)
