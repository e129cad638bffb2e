"""`flask migrate`: the schema."""

from __future__ import annotations

import click

from app.cli.common import with_database
from app.database import migrate


@click.command("migrate")
@with_database
def migrate_command() -> None:
    """Bring the database to the current schema."""
    applied = migrate()
    for name in applied:
        click.echo(f"Applied {name}.")
    if not applied:
        click.echo("The database schema is current.")
