"""A process that replaces days of usage until it is ended, and prints a line for each."""

from __future__ import annotations

import itertools
import os
import sys
from datetime import UTC, datetime, timedelta

from app import create_app
from app.config import read_config
from app.database import database
from app.demo import DemoCompany
from app.ledger import DEMO_ORGANIZATION, organization_for, replace_day
from app.models import Run
from app.providers import PROVIDERS
from app.usage import DayUsage

NOW = datetime.now(UTC)
TODAY = NOW.date()
NEWEST = 2
"""Days before today that are closed, of which a sync reads the last few again."""


def main() -> None:
    """Replace the last three closed days again and again, each time with other figures."""
    create_app(read_config(os.environ))
    with database.connection_context():
        days = [usages(DemoCompany(int(sys.argv[1])), NEWEST + back) for back in range(3)]
        print("ready", flush=True)
        for round_ in itertools.count(1):
            for name, usage in itertools.chain(*(day.items() for day in days)):
                replace(name, usage, round_)
                print(usage.day, flush=True)


def usages(company: DemoCompany, back: int) -> dict[str, DayUsage]:
    """A day of every provider."""
    day = TODAY - timedelta(back)
    return {one.NAME: company.day(one.NAME, day, now=NOW) for one in PROVIDERS}


def replace(name: str, usage: DayUsage, more: int) -> None:
    """Replace a provider's day by the same with more output tokens in each record."""
    source = next(one.SOURCE for one in PROVIDERS if name == one.NAME)
    replace_day(
        organization_for(name, DEMO_ORGANIZATION),
        source,
        DayUsage(usage.day, [changed(record, more) for record in usage.records], True),
        Run.select().first(),
        email_domain="acme.example",
    )


def changed(record: object, more: int) -> object:
    """A record with more output tokens."""
    tokens = record.tokens
    return record._replace(tokens=tokens._replace(output=tokens.output + more))


if __name__ == "__main__":
    main()
