"""The log of runs, and the due moments of the schedule."""

from __future__ import annotations

from peewee import BigIntegerField, BooleanField, ForeignKeyField, IntegerField, TextField

from app.models.base import Table


class Slot(Table):
    """One due moment of the schedule, which one process at a time may carry out.

    `day`: the UTC day of the SYNC_AT it stands for. `weekly`: its window is the long one.
    `failures`: failed attempts so far. `retry_at`: when the next attempt is due, NULL = never.
    """

    kind = TextField()
    day = IntegerField()
    weekly = BooleanField(default=False)
    status = TextField()
    failures = IntegerField(default=0)
    retry_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("kind", "day"), True),)


class Run(Table):
    """One sync, backfill, import or demo: asked window and outcome.

    `asked_by`: who started it (NULL: from before that was kept). `cancel_asked_at`: somebody
    wants it to stop. `slot`: the due moment it was started for, NULL for any other run.
    """

    kind = TextField()
    status = TextField()
    start_day = IntegerField()
    end_day = IntegerField()
    started_at = BigIntegerField()
    finished_at = BigIntegerField(null=True)
    process = TextField(default="")
    asked_by = TextField(null=True)
    cancel_asked_at = BigIntegerField(null=True)
    slot = ForeignKeyField(Slot, null=True, backref="runs")


class ProviderRun(Table):
    """What one run did at one provider.

    `current_day`: the day in hand while it runs. `not_before`: the provider asked not to be
    called again until then. `clock_skew_seconds`: how far its clock is ahead of ours. `unseen`:
    what it would not tell, in a sentence.
    """

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
    unseen = TextField(default="")
    error_kind = TextField(default="")
    error = TextField(default="")
    current_day = IntegerField(null=True)
    not_before = BigIntegerField(null=True)
    clock_skew_seconds = IntegerField(null=True)

    class Meta:
        indexes = ((("run", "provider"), True),)
