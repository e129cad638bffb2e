"""The read side: sums per actor, per person and day or month, per workspace, and per day, and who
was active on each day."""

from __future__ import annotations

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from app.models.base import Table
from app.models.directory import Actor, Organization
from app.models.ledger import Partition, Slice

UNATTRIBUTED = 0
"""The person id of usage that belongs to nobody, in rollups only (no such row in `person`)."""


class Sums(Table):
    """The additive figures that every rollup row holds.

    `unpriced_tokens` are those without a price, `unbilled_tokens` and `uncounted_tokens` those
    of usage whose billed money or requests nobody told: where there are some, the value, the
    billed money or the requests are not the whole.
    """

    tokens = BigIntegerField()
    input_tokens = BigIntegerField()
    cache_write_tokens = BigIntegerField()
    cache_read_tokens = BigIntegerField()
    output_tokens = BigIntegerField()
    requests = BigIntegerField()
    value_nanos = BigIntegerField()
    billed_nanos = BigIntegerField()
    unpriced_tokens = BigIntegerField()
    unbilled_tokens = BigIntegerField(constraints=[SQL("DEFAULT 0")])
    uncounted_tokens = BigIntegerField(constraints=[SQL("DEFAULT 0")])


SUM_COLUMNS = tuple(name for name in Sums._meta.sorted_field_names if name != "id")


class ActorDay(Sums):
    """What a partition's records add up to by actor and model: all other rollups are of these.

    It knows neither persons nor what counts, so it changes with the records alone. `records` are
    how many it sums up.
    """

    records = BigIntegerField(constraints=[SQL("DEFAULT 0")])
    partition = ForeignKeyField(Partition, index=False)
    actor = ForeignKeyField(Actor)
    model = ForeignKeyField(Slice, index=False)

    class Meta:
        primary_key = CompositeKey("partition", "actor", "model")


class PersonDay(Sums):
    """Rollup: one person's day in one slice."""

    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()
    person_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "day", "person_id")
        indexes = ((("person_id", "slice", "day"), False),)


class PersonMonth(Sums):
    """Rollup: one person's month in one slice; `days` are the days with usage."""

    slice = ForeignKeyField(Slice, index=False)
    person_id = IntegerField()
    month = IntegerField()
    days = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "person_id", "month")
        indexes = ((("month",), False),)


PersonMonth.add_index(
    PersonMonth.index(
        PersonMonth.days, where=PersonMonth.days == SQL("0"), name="person_month_empty"
    )
)


class TotalDay(Sums):
    """Rollup: everybody's day in one slice."""

    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "day")
        indexes = ((("day",), False),)


class ActiveDay(Table):
    """Rollup: who used a slice on a day, as a bitmap of ids (`app.bitmaps`), `UNATTRIBUTED` too."""

    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()
    people = BlobField()

    class Meta:
        primary_key = CompositeKey("slice", "day")


class WorkspaceDay(Sums):
    """Rollup: one workspace's day in one model; "" is the default one, or that there is none."""

    day = IntegerField()
    organization = ForeignKeyField(Organization, index=False)
    workspace = TextField()
    model = ForeignKeyField(Slice, index=False)

    class Meta:
        primary_key = CompositeKey("day", "organization", "workspace", "model")


class PersonSpan(Table):
    """Rollup: the first and last day of all of a person's usage."""

    person_id = IntegerField(primary_key=True)
    first_day = IntegerField()
    last_day = IntegerField()


RUNNING_FIGURES = (*SUM_COLUMNS, "records")


class RunningSum(Table):
    """Rollup: one of `RUNNING_FIGURES` of every actor of an organisation and tool, in one row.

    `until` is a day with usage of them (YYYYMMDD), and `sums` what their usage that counts adds
    up to from the first of its month to the end of that day: a number in the lane of each actor,
    kept as `app.packed` says. Of a month with such days the row `until` its day 0 holds the sums
    of everything before it. So all usage to the end of a day is the sum of two rows, and that of
    a range is the difference of two such sums, however long it is and whoever the actors are of.
    """

    until = IntegerField()
    organization = ForeignKeyField(Organization, index=False)
    tool = TextField()
    figure = TextField()
    sums = BlobField()

    class Meta:
        primary_key = CompositeKey("until", "organization", "tool", "figure")


RunningSum.add_index(
    RunningSum.index(
        RunningSum.organization,
        RunningSum.tool,
        RunningSum.until,
        where=RunningSum.figure == SQL("'tokens'"),
        name="running_sum_until",
    )
)
