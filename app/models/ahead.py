"""Rollups that get ready before they count: tables that only the connection has that made them."""

from __future__ import annotations

from enum import IntEnum

from peewee import SQL, BlobField, CompositeKey, IntegerField, TextField

from app.models.base import Table
from app.models.rollups import Sums


class Gone(IntEnum):
    """What becomes of a row."""

    NO = 0
    ALONE = 1
    WITH_ALL = 2
    """With all rows of its slice and day."""


class EmptiedDay(Table):
    """A day of a slice of which no row will be left."""

    slice_id = IntegerField()
    day = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice_id", "day")


class NewDay(Table):
    """A day on which what counts will change."""

    day = IntegerField(primary_key=True)


class CountingPartition(Table):
    """A partition that will count, of such a day."""

    partition_id = IntegerField(primary_key=True)


class NewActor(Table):
    """An actor that is not resolved yet, with the person whose it will be: an id, 0 for nobody,
    or for somebody new the negative of the first actor of the same e-mail.
    """

    actor_id = IntegerField(primary_key=True)
    owner = IntegerField()


class NewPersonDay(Sums):
    """A row of `PersonDay` that will be, or (`gone`) will be no more: see `Gone`."""

    slice_id = IntegerField()
    day = IntegerField()
    person_id = IntegerField()
    gone = IntegerField(constraints=[SQL("DEFAULT 0")])

    class Meta:
        primary_key = CompositeKey("slice_id", "day", "person_id")


class NewPersonMonth(Sums):
    """What will be added to a row of `PersonMonth`."""

    slice_id = IntegerField()
    person_id = IntegerField()
    month = IntegerField()
    days = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice_id", "person_id", "month")


class NewTotalDay(Sums):
    """What will be added to a row of `TotalDay`."""

    slice_id = IntegerField()
    day = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice_id", "day")


class NewActiveDay(Table):
    """A row of `ActiveDay` that will be, without persons who are new; empty: one that goes."""

    slice_id = IntegerField()
    day = IntegerField()
    people = BlobField()

    class Meta:
        primary_key = CompositeKey("slice_id", "day")


class NewWorkspaceDay(Sums):
    """A row of `WorkspaceDay` that will be."""

    day = IntegerField()
    organization_id = IntegerField()
    workspace = TextField()
    model_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("day", "organization_id", "workspace", "model_id")


AHEAD_TABLES = (
    EmptiedDay,
    NewDay,
    CountingPartition,
    NewActor,
    NewPersonDay,
    NewPersonMonth,
    NewTotalDay,
    NewActiveDay,
    NewWorkspaceDay,
)
