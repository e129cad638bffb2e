"""`flask verify`: do the sums on the pages agree with the records?"""

from __future__ import annotations

import sys

import click

from app.cli.common import with_database
from app.current import the_config
from app.database import require_current_schema

SHOWN = 50


@click.command("verify")
@click.option("--repair", is_flag=True, help="Make rollups and stamps again where they differ.")
@with_database
def verify_command(repair: bool) -> None:
    """Recompute whatever is stored from what it is derived from, and compare.

    Exit code 0: all agree (or do so after --repair). 1: something differs; the first
    differences are named.
    """
    from app.verify import repair as repair_everything

    require_current_schema()
    differing = _compare()
    if differing and repair:
        repair_everything(the_config().email_domain)
        click.echo("Repaired; comparing again.")
        differing = _compare()
    if differing and not repair:
        click.echo("Run `flask verify --repair`, then read the named days again.", err=True)
    sys.exit(1 if differing else 0)


def _compare() -> int:
    """Say what differs; how many differences there are."""
    from app.verify import Verifier

    verifier, number = Verifier(the_config().email_domain), 0
    for difference in verifier.differences():
        number += 1
        if number <= SHOWN:
            click.echo(f"Differs: {difference.sentence()}", err=True)
    if number > SHOWN:
        click.echo(f"... and {number - SHOWN:,} more.", err=True)
    checked = verifier.checked
    said = f"{number:,} differences" if number else "All agree"
    click.echo(
        f"{said}: {checked.days:,} days, {checked.records:,} records, "
        f"{checked.rollup_rows:,} rollup rows compared."
    )
    return number
