"""`flask backup`: the whole database in one file."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.common import with_database
from app.database import describe, is_postgres


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_database
def backup_command(file: Path) -> None:
    """Write the whole database to FILE, while the product goes on running.

    SQLite: FILE is a database; to restore it, stop the product and put it in the place of the
    file SQLITE_PATH names. PostgreSQL: FILE is an archive; restore it into an empty database
    with pg_restore --no-owner --dbname=URL FILE. An older FILE is replaced when all went well.
    """
    from app.backup import BackupFailed, write_backup

    try:
        size = write_backup(file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from None
    kind = "archive for pg_restore" if is_postgres() else "SQLite database"
    click.echo(f"{describe()} is in {file}: {size:,} bytes, a {kind}.")
