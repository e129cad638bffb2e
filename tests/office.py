"""Records written by hand into the open database, as a sync would store them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from app.database import writing
from app.dates import days_between
from app.ledger import bump_data_version, organization_for, replace_day
from app.models import Run
from app.usage import DayUsage, PriceStatus, RawActor, Tokens, UsageRecord
from tests.filled import store_empty
from tests.tools import CLAUDE_CODE, CURSOR

PROVIDERS = {CLAUDE_CODE: "anthropic", CURSOR: "cursor"}
DOLLAR = 10**9


def used(
    day: date, email: str, tool: str, tokens: int, nanos: int | None, model: str = "auto"
) -> UsageRecord:
    """A record of so many output tokens; without an e-mail it belongs to an unknown key."""
    status = PriceStatus.UNPRICED if nanos is None else PriceStatus.PROVIDER
    actor = RawActor(account=email) if email else RawActor(key="key-of-nobody")
    return UsageRecord(day, actor, tool, model, Tokens(output=tokens), None, nanos, nanos, status)


def store(
    records: list[UsageRecord],
    open_from: date = date.max,
    never_read: Collection[date] = (),
    read_from: date | None = None,
    read_until: date | None = None,
) -> None:
    """Put records into the open database; days from `open_from` on stay unsettled.

    As at a sync, every day from `read_from` (the first record's) to `read_until` (the last one's)
    is read, too, except those `never_read`.
    """
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    used_on = [record.day for record in records]
    read_days = days_between(read_from or min(used_on), read_until or max(used_on))
    read = set(read_days) - set(never_read)
    with writing():
        for tool in sorted({record.tool for record in records}):
            organization = organization_for(PROVIDERS[tool])
            for day in sorted({record.day for record in records if record.tool == tool}):
                chosen = [one for one in records if (one.tool, one.day) == (tool, day)]
                usage = DayUsage(day, chosen, settled=day < open_from)
                replace_day(organization, "test", usage, run, email_domain="acme.example")
            store_empty(organization, read, run)
        bump_data_version()
