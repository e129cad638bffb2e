"""Usage, a day of a source at a time, with its stamp."""

from __future__ import annotations

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    Check,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from app.models.base import Table
from app.models.directory import Actor, Organization
from app.models.runs import Run

ALL, TOOL, MODEL = "all", "tool", "model"
"""The three kinds of slice."""

ALL_SLICE = 1
"""Id of the slice of everything; the first migration makes it."""


class Slice(Table):
    """What a rollup row is cut by: everything, one tool, or one raw model of a tool.

    Of a model there is a slice for each organisation and product that used it: `organization` is
    NULL for the other kinds, `product` "" where no provider tells it. `name` is the display name.
    """

    kind = TextField()
    tool = TextField(default="")
    model = TextField(default="")
    name = TextField(default="")
    organization = ForeignKeyField(Organization, null=True, index=False)
    product = TextField(default="", constraints=[SQL("DEFAULT ''")])

    class Meta:
        indexes = ((("kind", "tool", "model", "organization", "product"), True),)


# For databases no NULL is like another: this keeps each tool from having two slices.
Slice.add_index(
    Slice.index(
        Slice.kind,
        Slice.tool,
        unique=True,
        where=Slice.organization.is_null(),
        name="slice_without_organization",
    )
)


class Partition(Table):
    """The stamp of one day at one source: what is stored for it, and what it adds up to.

    Of the sources of an (organisation, day) exactly one `counts`. `settled` is false while
    the provider may still add to the day. `suspicious_at`: when a stored day came back empty
    and was kept. `weight`: what its records take of the sums that 64 bits hold. `prepared`: 0
    of a day that is stored; of one that an import gets ready, or has replaced, its number
    (negative: replaced): nothing reads that but `app.ledger.prepared`.
    """

    organization = ForeignKeyField(Organization, index=False)
    day = IntegerField(constraints=[Check("day BETWEEN 20000101 AND 99991231")])
    source = TextField()
    counts = BooleanField(default=True)
    settled = BooleanField(default=False)
    records = BigIntegerField(default=0)
    tokens = BigIntegerField(default=0)
    value_nanos = BigIntegerField(default=0)
    billed_nanos = BigIntegerField(default=0)
    unpriced_tokens = BigIntegerField(default=0)
    weight = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    prepared = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    content_hash = TextField(default="")
    run = ForeignKeyField(Run, index=False)
    fetched_at = BigIntegerField()
    changed_at = BigIntegerField()
    suspicious_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("organization", "day", "source", "prepared"), True), (("day",), False))


class DayChange(Table):
    """What a run changed in a stored day: the figures before and after."""

    run = ForeignKeyField(Run)
    partition = ForeignKeyField(Partition)
    changed_at = BigIntegerField()
    records_before = BigIntegerField()
    records_after = BigIntegerField()
    tokens_before = BigIntegerField()
    tokens_after = BigIntegerField()
    value_nanos_before = BigIntegerField()
    value_nanos_after = BigIntegerField()


class Usage(Table):
    """One usage record, exactly as the provider gave it. NULL is unknown, 0 is zero."""

    partition = ForeignKeyField(Partition, index=False)
    sequence = IntegerField()
    day = IntegerField()
    actor = ForeignKeyField(Actor, index=False)
    model = ForeignKeyField(Slice, index=False)
    input_tokens = BigIntegerField(constraints=[Check("input_tokens >= 0")])
    cache_write_5m_tokens = BigIntegerField(constraints=[Check("cache_write_5m_tokens >= 0")])
    cache_write_1h_tokens = BigIntegerField(constraints=[Check("cache_write_1h_tokens >= 0")])
    cache_read_tokens = BigIntegerField(constraints=[Check("cache_read_tokens >= 0")])
    output_tokens = BigIntegerField(constraints=[Check("output_tokens >= 0")])
    requests = BigIntegerField(null=True)
    value_nanos = BigIntegerField(null=True)
    billed_nanos = BigIntegerField(null=True)
    price_status = TextField()
    at_ms = BigIntegerField(null=True)
    detail = TextField(default="")

    class Meta:
        primary_key = CompositeKey("partition", "sequence")
        indexes = ((("actor", "day"), False),)
