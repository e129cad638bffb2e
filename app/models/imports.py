"""Imported files: their rows as they were read, so that any import can be undone."""

from __future__ import annotations

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from app.models.base import Table
from app.models.directory import Organization
from app.models.runs import Run


class ImportBatch(Table):
    """One file: staged (read, nothing counted yet), applied, or undone.

    `merge` says how its rows add up with those of other files. `run` is the run that applied
    it: runs give applied files their order. `rows` are all rows of the file; `new`, `changed`,
    `unchanged`, `covered` (by the API), `skipped` and `rejected` add up to them. `facts` (JSON)
    is what the file says besides, `effect` (JSON) what applying it does or did, as of
    `effect_version`, a data version. `owner_by` and `owner_reason`: who said to which
    organisation it belongs, and the sentence that says why. `read_bytes` of `whole_bytes` (0:
    unknown) were read when it was `touched_at` last; `busy_at` is when applying or undoing began.
    """

    organization = ForeignKeyField(Organization, index=False)
    kind = TextField()
    merge = TextField()
    file_name = TextField()
    sha256 = TextField(default="", index=True)
    person = TextField(default="")
    status = TextField(index=True)
    partial = BooleanField(default=False)
    made_at = BigIntegerField()
    made_by = TextField()
    run = ForeignKeyField(Run, null=True, index=False)
    applied_at = BigIntegerField(null=True)
    applied_by = TextField(default="")
    undone_at = BigIntegerField(null=True)
    undone_by = TextField(default="")
    first_day = IntegerField(null=True)
    last_day = IntegerField(null=True)
    days = IntegerField(default=0)
    rows = BigIntegerField(default=0)
    new = BigIntegerField(default=0)
    changed = BigIntegerField(default=0)
    unchanged = BigIntegerField(default=0)
    covered = BigIntegerField(default=0)
    skipped = BigIntegerField(default=0)
    rejected = BigIntegerField(default=0)
    tokens = BigIntegerField(default=0)
    value_nanos = BigIntegerField(default=0)
    unpriced_tokens = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    facts = TextField(default="{}")
    effect = TextField(default="{}")
    effect_version = BigIntegerField(null=True)
    read_bytes = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    whole_bytes = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    touched_at = BigIntegerField(null=True)
    busy_at = BigIntegerField(null=True)
    owner_by = TextField(default="guess", constraints=[SQL("DEFAULT 'guess'")])
    owner_reason = TextField(default="", constraints=[SQL("DEFAULT ''")])


class ImportedRow(Table):
    """One good row of a file, kept while the file is staged or applied.

    Its key leads: rows of one key, of whichever file, lie side by side. `payload` is the usage
    record without its day (JSON); `key` is the row's own key, "" for events.
    """

    day = IntegerField()
    key_hash = TextField()
    batch = ForeignKeyField(ImportBatch)
    sequence = BigIntegerField()
    key = TextField()
    payload = TextField()

    class Meta:
        primary_key = CompositeKey("day", "key_hash", "batch", "sequence")


class RejectedRow(Table):
    """A row of a file that could not be read; `value` is the offending cell."""

    batch = ForeignKeyField(ImportBatch, index=False)
    sequence = BigIntegerField()
    line = BigIntegerField()
    value = TextField()
    message = TextField()

    class Meta:
        primary_key = CompositeKey("batch", "sequence")
