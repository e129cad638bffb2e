"""`flask import`: CSV exports of the providers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, BinaryIO

import click

from app.access import record_event
from app.access.audit import COMMAND_LINE
from app.cli.common import number_of, with_database
from app.current import the_config
from app.database import require_current_schema
from app.directory.upkeep import keep_up
from app.identity import BadEmail, checked_email
from app.importing import (
    MAIN,
    ImportRefused,
    Preview,
    Renamed,
    RenameUnclear,
    Renaming,
    RowsRejected,
    SentFile,
    UnreadableExport,
    discard,
    import_file,
    not_imported,
    stage,
    taken_apart,
)
from app.queries.sums.figures import Figures

SHOWN = 20
"""How many names or rejected rows of a kind are told."""
BY = COMMAND_LINE
LINE_EVERY_BYTES = 50 * 2**20
STANDARD_INPUT = "-"


def _email(_: Any, __: Any, value: str | None) -> str:
    try:
        return checked_email(value) if value else ""
    except BadEmail as error:
        raise click.BadParameter(str(error)) from None


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
)
@click.option(
    "--as", "person", callback=_email, help="Whose usage it is, if the file does not say."
)
@click.option(
    "--renamed",
    type=click.Choice([each.value for each in Renaming]),
    default=None,
    help="Whether names in doubt mean the same as those of an earlier file.",
)
@click.option(
    "--organization", default="", help="Whose usage it is: a label (default: as the file tells)."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--partial", is_flag=True, help="Import the good rows of a file with bad ones.")
@with_database
def import_command(
    files: tuple[str, ...],
    person: str,
    organization: str,
    renamed: str | None,
    dry_run: bool,
    partial: bool,
) -> None:
    """Import CSV exports of Cursor and of the Claude Console.

    Each file is taken whole or not at all, and one never counts twice. `-` is standard input.
    """
    require_current_schema()
    keep_up(the_config().email_domain)
    whose = {"person": person, "organization": organization}
    failed = [path for path in files if not _one(path, whose, renamed or "", dry_run, partial)]
    if failed and len(files) > 1:
        click.echo(not_imported(len(failed), len(files)), err=True)
    sys.exit(1 if failed else 0)


def _one(path: str, whose: dict[str, str], renamed: str, dry_run: bool, partial: bool) -> bool:
    """Import one file, or each part of one that joins different exports; whether all went well."""
    name = "standard input" if path == STANDARD_INPUT else os.path.basename(path)
    with _opened(path) as stream:
        parts = taken_apart([SentFile(stream, name)])
        size = _size(path) if len(parts) == 1 else 0
        well = [_part(part, size, whose, renamed, dry_run, partial) for part in parts]
        return all(well)


def _part(
    part: SentFile, size: int, whose: dict[str, str], renamed: str, dry_run: bool, partial: bool
) -> bool:
    """Import one file and say how that went; whether it went well."""
    name = part.name
    options: dict[str, Any] = {**whose, "by": BY, "email_domain": the_config().email_domain}
    try:
        with _Told(name, size) as told:
            if dry_run:
                found = stage(part.stream, name, progress=told.read, **options)
                discard(found.file.id)
            else:
                found = import_file(
                    part.stream,
                    name,
                    partial=partial,
                    renamed=renamed,
                    progress=told.read,
                    on_day=told.day,
                    **options,
                )
    except RowsRejected as error:
        _tell_rejected(error.rows, error.file.rejected)
        click.echo(f"Error: {error} (--partial does that.)", err=True)
        return False
    except RenameUnclear as error:
        click.echo(f"Error: {name}: {error} (--renamed same or different answers.)", err=True)
        return False
    except (UnreadableExport, ImportRefused) as error:
        click.echo(f"Error: {name}: {error}", err=True)
        return False
    if not (dry_run or found.note):
        record_event("import", f"#{found.file.id} {name}", actor=BY)
    _tell(found, dry_run)
    in_doubt = found.questions and not renamed
    return not (dry_run and (in_doubt or (found.file.rejected and not partial)))


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with open(path, "rb") as stream:
        yield stream


def _size(path: str) -> int:
    return 0 if path == STANDARD_INPUT else os.path.getsize(path)


class _Told:
    """Tells how far a file is: a bar on a terminal, a line now and then otherwise."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.bytes = 0
        self.bar: Any = None
        self.on_terminal = sys.stdout.isatty()

    def __enter__(self) -> _Told:
        if self.on_terminal and self.size:
            self._begin(self.size, f"Reading {self.name}")
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, number: int) -> None:
        """Show that this many more bytes were read."""
        before, self.bytes = self.bytes, self.bytes + number
        if self.bar:
            self.bar.update(number)
        elif before // LINE_EVERY_BYTES != self.bytes // LINE_EVERY_BYTES:
            click.echo(f"{self.name}: {self.bytes // 2**20:,} MB read")

    def day(self, done: int, days: int) -> None:
        """A day is written."""
        if not self.on_terminal:
            return
        if done == 1:
            self._end()
            self._begin(days, f"Writing {self.name}")
        self.bar.update(1)

    def _begin(self, length: int, label: str) -> None:
        self.bar = click.progressbar(length=length, label=label)
        self.bar.__enter__()

    def _end(self) -> None:
        if self.bar:
            self.bar.__exit__(None, None, None)
            self.bar = None


def _tell(found: Preview, dry_run: bool) -> None:
    file = found.file
    click.echo(f"{file.file_name or file.label}: {_summary(found)}")
    if found.note:
        click.echo(f"  {found.note}")
        return
    if file.owner_reason or file.organization != MAIN:
        click.echo(f"  Belongs to {file.organization}. {file.owner_reason}".rstrip())
    click.echo(f"  {_counts(found)}")
    _tell_names("Not known before", found.unknown_people, str)
    _tell_names("Told of two names, once", found.renamed, _pair)
    for question in found.questions:
        click.echo(f"  In doubt (--renamed same or different): {question.sentence}")
    _tell_names("Keys that belong to nobody", found.unattributed, lambda each: each.key or "(none)")
    _tell_names(
        "Models without a price",
        found.unpriced,
        lambda each: f"{each.model} ({each.tokens:,} tokens)",
    )
    _tell_names("Columns not used", found.ignored_columns, str)
    for warning in found.warnings:
        click.echo(f"  Note: {warning}")
    _tell_rejected(found.rejected_rows, file.rejected)
    click.echo(f"  {_outcome(found, dry_run)}")


def _summary(found: Preview) -> str:
    file = found.file
    words = [file.label, number_of(file.rows, "row", "rows")]
    if file.first_day:
        words.append(f"{file.first_day} to {file.last_day} ({number_of(file.days, 'day', 'days')})")
        words.append(number_of(len(found.people), "person", "people"))
        words.append(f"{file.tokens:,} tokens, {_cost(file.figures)}")
    return ", ".join(words)


def _counts(found: Preview) -> str:
    file = found.file
    covered = f"{file.covered:,} covered by the API"
    if file.covered:
        days = number_of(len(found.covered_days), "day", "days")
        covered += f" ({days}, {found.covered_tokens:,} tokens)"
    return (
        f"{file.new:,} new, {file.changed:,} changed, {file.unchanged:,} already known, "
        f"{covered}, {file.skipped:,} with nothing to count, {file.rejected:,} rejected"
    )


def _outcome(found: Preview, dry_run: bool) -> str:
    before, after = found.before, found.after
    change = (
        f"{before.tokens:,} -> {after.tokens:,} tokens, "
        f"{_cost(before)} -> {_cost(after)} in its days"
    )
    if not dry_run:
        return f"Imported as #{found.file.id}: {change}."
    return f"Nothing was changed. The import would change {change}."


def _tell_names(label: str, names: tuple[Any, ...], shown: Callable[[Any], str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        click.echo(f"  {label}: {', '.join(map(shown, names[:SHOWN]))}{more}")


def _pair(each: Renamed) -> str:
    return f"{each.before} is now {each.after} ({number_of(each.events, 'event', 'events')})"


def _tell_rejected(rows: Any, number: int) -> None:
    for row in rows[:SHOWN]:
        value = f" (found {row.value!r})" if row.value else ""
        click.echo(f"  line {row.line}: {row.message}{value}", err=True)
    if number > SHOWN:
        click.echo(f"  and {number - SHOWN:,} more rejected rows", err=True)


def _cost(figures: Figures) -> str:
    if figures.not_priced:
        return "no known price"
    partly = " partly priced" if figures.is_partial("value_nanos") else ""
    return f"{_dollars(figures.value_nanos)}{partly}"


def _dollars(nanos: int) -> str:
    sign = "\u2212" if nanos < 0 else ""
    return f"{sign}${Decimal(abs(nanos)).scaleb(-9):,.2f}"
