"""The log of runs."""

from __future__ import annotations

from peewee import BigIntegerField, ForeignKeyField, IntegerField, TextField

from app.models.base import Table


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
