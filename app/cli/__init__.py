"""The commands. Exit code 0: everything asked for was done; 1: something failed; 2: wrong use."""

from __future__ import annotations

from flask import Flask

from app.cli.backup import backup_command
from app.cli.demo import demo_command
from app.cli.doctor import doctor_command
from app.cli.imports import import_command
from app.cli.schema import migrate_command
from app.cli.status import status_command
from app.cli.sync import backfill_command, sync_command
from app.cli.verify import verify_command

COMMANDS = (
    migrate_command,
    sync_command,
    backfill_command,
    demo_command,
    import_command,
    status_command,
    doctor_command,
    backup_command,
    verify_command,
)


def register(app: Flask) -> None:
    """Add the commands to the application."""
    for command in COMMANDS:
        app.cli.add_command(command)
