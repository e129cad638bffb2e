"""The first schema. These models are frozen: later changes are migrations of their own."""

from peewee import (
    BigIntegerField,
    BooleanField,
    Check,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)


class Table(Model):
    class Meta:
        legacy_table_names = False


class Meta(Table):
    id = IntegerField(primary_key=True)
    data_version = BigIntegerField(default=0)


class Organization(Table):
    provider = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("provider", "name"), True),)


class Person(Table):
    email = TextField(unique=True)
    name = TextField(default="")


class Member(Table):
    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    email = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class ApiKey(Table):
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
    organization = ForeignKeyField(Organization, index=False)
    external_id = TextField()
    name = TextField(default="")

    class Meta:
        indexes = ((("organization", "external_id"), True),)


class Mapping(Table):
    key = TextField(primary_key=True)
    email = TextField()
    created_at = BigIntegerField()


class Actor(Table):
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
    kind = TextField()
    tool = TextField(default="")
    model = TextField(default="")
    name = TextField(default="")

    class Meta:
        indexes = ((("kind", "tool", "model"), True),)


class Run(Table):
    kind = TextField()
    status = TextField()
    start_day = IntegerField()
    end_day = IntegerField()
    started_at = BigIntegerField()
    finished_at = BigIntegerField(null=True)
    process = TextField(default="")


class ProviderRun(Table):
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
    tokens = BigIntegerField()
    input_tokens = BigIntegerField()
    cache_write_tokens = BigIntegerField()
    cache_read_tokens = BigIntegerField()
    output_tokens = BigIntegerField()
    requests = BigIntegerField()
    value_nanos = BigIntegerField()
    billed_nanos = BigIntegerField()
    unpriced_tokens = BigIntegerField()


class PersonDay(Sums):
    slice = ForeignKeyField(Slice, index=False)
    day = IntegerField()
    person_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "day", "person_id")
        indexes = ((("person_id", "slice", "day"), False), (("day",), False))


class PersonMonth(Sums):
    slice = ForeignKeyField(Slice, index=False)
    person_id = IntegerField()
    month = IntegerField()
    days = IntegerField()

    class Meta:
        primary_key = CompositeKey("slice", "person_id", "month")
        indexes = ((("month",), False),)


class TotalDay(Sums):
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


def up(migrator, db):
    for table in TABLES:
        # SQLite only: typed columns, and composite keys as the order of the rows.
        table._meta.strict_tables = isinstance(db, SqliteDatabase)
        table._meta.without_rowid = table._meta.strict_tables and table._meta.composite_key
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
        Meta.insert(id=1).execute()
        # The slice of everything is known by its id, 1: it must be the first.
        Slice.insert(kind="all").execute()
