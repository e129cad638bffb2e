"""`flask migrate`: the schema."""

from __future__ import annotations

from datetime import date

import click

from app.cli.common import with_database
from app.database import migrate
from app.providers import PROVIDERS

FIRST_DAY = date(2000, 1, 1)
MOST_DAYS = 3660
LABELS = {provider.NAME: provider.LABEL for provider in PROVIDERS}


@click.command("migrate")
@with_database
def migrate_command() -> None:
    """Bring the database to the current schema."""
    applied = migrate()
    for name in applied:
        click.echo(f"Applied {name}.")
    if not applied:
        click.echo("The database schema is current.")
