"""`flask demo`: an invented company."""

from __future__ import annotations

import click

from app.cli.common import with_database
from app.current import the_config
from app.database import require_current_schema
from app.dates import utc_now


@click.command("demo")
@click.option("--people", type=click.IntRange(1, 10_000), default=212, show_default=True)
@click.option("--days", type=click.IntRange(1, 1100), default=365, show_default=True)
@click.option("--if-empty", is_flag=True, help="Do nothing when the database holds usage.")
@with_database
def demo_command(people: int, days: int, if_empty: bool) -> None:
    """Fill the database with a deterministic demo company."""
    from app.demo import DemoRefused, database_holds_usage, write_demo

    require_current_schema()
    if if_empty and database_holds_usage():
        click.echo("The database holds usage already: no demo company is made.")
        return
    label = f"Writing {people} people, {days} days"
    try:
        with click.progressbar(length=days, label=label) as bar:
            result = write_demo(
                people,
                days,
                # Noon, whenever that is: the same company all day long, today incomplete.
                now=utc_now().replace(hour=12, minute=0, second=0, microsecond=0),
                email_domain=the_config().email_domain,
                progress=lambda done, total, day: bar.update(done - bar.pos),
            )
    except DemoRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{result.records:,} records, {result.tokens:,} tokens.")
