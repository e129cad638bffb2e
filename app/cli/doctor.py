"""`flask doctor`: what may be wrong here, and what to do."""

from __future__ import annotations

import os
import sys

import click
from flask.cli import with_appcontext

from app.current import the_config


@click.command("doctor")
@with_appcontext
def doctor_command() -> None:
    """Look at configuration, database, disk, providers and clock.

    Every line is OK, WARN or FAIL, with what to do. Exit code 1 when anything failed.
    """
    from app.doctor import Level, examine

    failed = False
    for finding in examine(the_config(), os.environ):
        advice = f". {finding.advice}" if finding.advice else ""
        click.echo(f"{finding.level:<4}  {finding.subject}: {finding.found}{advice}")
        failed = failed or finding.level is Level.FAIL
    sys.exit(1 if failed else 0)
