"""Tables, nothing else. Days are integers YYYYMMDD (UTC), months YYYYMM, money nano-dollars,
moments epoch seconds UTC."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BooleanField,
    Check,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from app.database import database

UNATTRIBUTED = 0
"""The person id of usage that belongs to nobody, in rollups only (no such row in `person`)."""

ALL, TOOL, MODEL = "all", "tool", "model"
"""The three kinds of slice."""

ALL_SLICE = 1
"""Id of the slice of everything; the first migration makes it."""


class Table(Model):
    """What all tables share."""

    class Meta:
        database = database
        legacy_table_names = False


class Meta(Table):
    """The one row of facts about the data: its version goes up with every change."""

    id = IntegerField(primary_key=True)
    data_version = BigIntegerField(default=0)


class Organization(Table):
    """An account at a provider. `name` is "" while a provider has just one."""

    provider = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("provider", "name"), True),)


class Person(Table):
    """Somebody who uses the tools, known by a normalised e-mail address."""

    email = TextField(unique=True)
    name = TextField(default="")


class Member(Table):
    """A member of an organisation at the provider; kept after the provider forgets them."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    email = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class ApiKey(Table):
    """An API key or service account; kept after the provider forgets it."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    name = TextField(default="")
    status = TextField(default="")
    workspace_id = TextField(default="")
    bound_member_id = TextField(default="")
    creator_member_id = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class Workspace(Table):
    """A workspace of an organisation."""

    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class Mapping(Table):
    """An administrator's word on whom a key belongs to: it goes before every rule."""

    key = TextField(primary_key=True)
    email = TextField()
    created_at = BigIntegerField()


class Actor(Table):
    """A raw identity seen in usage, and the person it resolves to now (NULL: nobody)."""

    organization = ForeignKeyField(Organization, index=False)
    key = TextField()
    account = TextField()
    workspace = TextField()
    label = TextField(default="")
    person = ForeignKeyField(Person, null=True)
    rule = TextField(default="")

    class Meta:
        indexes = ((("organization", "key", "account", "workspace"), True),)


class Slice(Table):
    """What a rollup row is cut by: everything, one tool, or one raw model of a tool.

    `name` is the display name of a model.
    """

    kind = TextField()
    tool = TextField(default="")
    model = TextField(default="")
    name = TextField(default="")

    class Meta:
        indexes = ((("kind", "tool", "model"), True),)


class Run(Table):
    """One sync, backfill, import or demo: asked window and outcome."""

    kind = TextField()
    status = TextField()
    start_day = IntegerField()
    end_day = IntegerField()
    started_at = BigIntegerField()
    finished_at = BigIntegerField(null=True)
    process = TextField(default="")


class ProviderRun(Table):
    """What one run did at one provider."""

    run = ForeignKeyField(Run, backref="providers", index=False)
    provider = TextField()
    status = TextField()
    started_at = BigIntegerField()
    finished_at = BigIntegerField(null=True)
    requests = IntegerField(default=0)
    retries = IntegerField(default=0)
    waited_ms = BigIntegerField(default=0)
    bytes_read = BigIntegerField(default=0)
    days_asked = IntegerField(default=0)
    days_done = IntegerField(default=0)
    days_changed = IntegerField(default=0)
    records_changed = BigIntegerField(default=0)
    records_unchanged = BigIntegerField(default=0)
    suspicious_days = TextField(default="")
    error_kind = TextField(default="")
    error = TextField(default="")

    class Meta:
        indexes = ((("run", "provider"), True),)


class Partition(Table):
    """The stamp of one day at one source: what is stored for it, and what it adds up to.

    Of the sources of an (organisation, day) exactly one `counts`. `settled` is false while
    the provider may still add to the day. `suspicious_at`: when a stored day came back empty
    and was kept.
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
    content_hash = TextField(default="")
    run = ForeignKeyField(Run, index=False)
    fetched_at = BigIntegerField()
    changed_at = BigIntegerField()
    suspicious_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("organization", "day", "source"), True), (("day",), False))


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


class Sums(Table):
    """The additive figures that every rollup row holds."""

    tokens = BigIntegerField()
    input_tokens = BigIntegerField()
    cache_write_tokens = BigIntegerField()
    cache_read_tokens = BigIntegerField()
    output_tokens = BigIntegerField()
    requests = BigIntegerField()
    value_nanos = BigIntegerField()
    billed_nanos = BigIntegerField()
    unpriced_tokens = BigIntegerField()


SUM_COLUMNS = tuple(name for name in Sums._meta.sorted_field_names if name != "id")


class PersonDay(Sums):
    """Rollup: one person's day in one slice."""

    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()
    person_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "day", "person_id")
        indexes = ((("person_id", "slice", "day"), False), (("day",), False))


class PersonMonth(Sums):
    """Rollup: one person's month in one slice; `days` are the days with usage."""

    slice = ForeignKeyField(Slice, index=False)
    person_id = IntegerField()
    month = IntegerField()
    days = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "person_id", "month")
        indexes = ((("month",), False),)


class TotalDay(Sums):
    """Rollup: everybody's day in one slice; `people` are the persons with usage."""

    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()
    people = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "day")
        indexes = ((("day",), False),)


TABLES = (
    Meta, Organization, Person, Member, ApiKey, Workspace, Mapping, Slice, Actor, Run,
    ProviderRun, Partition, DayChange, Usage, PersonDay, PersonMonth, TotalDay,
)  # fmt: skip
