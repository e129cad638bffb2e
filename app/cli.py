"""The commands. Exit code 0: everything asked for was done; 1: something failed; 2: wrong use."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import wraps
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from peewee import PeeweeException

from app.config import Config
from app.database import OutdatedSchema, database, describe, migrate, require_current_schema
from app.models import ProviderRun
from app.providers import PROVIDERS
from app.runs import ANEW, Status
from app.usage import parse_day, utc_now, utc_today

FIRST_DAY = date(2000, 1, 1)
MOST_DAYS = 3660
LABELS = {provider.NAME: provider.LABEL for provider in PROVIDERS}


class Day(click.ParamType):
    """A UTC day written YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        """The day, or a usage error with the sentence."""
        if isinstance(value, date):
            return value
        day = parse_day(value)
        if day is None:
            self.fail(f"{value!r} is not a day written YYYY-MM-DD.", param, ctx)
        return day


def register(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (migrate_command, sync_command, backfill_command, demo_command):
        app.cli.add_command(command)


def with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command with an open, current database; its troubles end in a sentence."""

    @wraps(command)
    def wrapped(*args: Any, **options: Any) -> None:
        try:
            with database.connection_context():
                command(*args, **options)
        except OutdatedSchema as error:
            raise click.ClickException(str(error)) from None
        except PeeweeException as error:
            # A driver spreads one trouble over several lines.
            raise click.ClickException(" ".join(f"{describe()}: {error}".split())) from None

    return with_appcontext(wrapped)


@click.command("migrate")
@with_database
def migrate_command() -> None:
    """Bring the database to the current schema."""
    applied = migrate()
    for name in applied:
        click.echo(f"Applied {name}.")
    if not applied:
        click.echo("The database schema is current.")


def _config() -> Config:
    config: Config = current_app.extensions["tracker_config"]
    return config


def _provider_option(command: Callable[..., Any]) -> Callable[..., Any]:
    names = click.Choice([provider.NAME for provider in PROVIDERS])
    return click.option("--provider", type=names, help="Only this provider.")(command)


def _range_options(days_help: str) -> Callable[..., Any]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--allow-empty", is_flag=True, help="Accept days that became empty."),
            click.option("--to", "end", type=Day(), help="Last day, YYYY-MM-DD (UTC)."),
            click.option("--from", "start", type=Day(), help="First day, YYYY-MM-DD (UTC)."),
            click.option("--days", type=click.IntRange(1, MOST_DAYS), help=days_help),
        ):
            command = option(command)
        return command

    return decorate


@click.command("sync")
@_range_options("Today and the N - 1 days before (default: the last 3 days and today).")
@_provider_option
def sync_command(**options: Any) -> None:
    """Read the newest days from the providers, like the daily job."""
    from app.sync import SYNC_DAYS

    if bool(options["start"]) != bool(options["end"]):
        raise click.UsageError("--from and --to go together.")
    start, end = _asked_days(options, SYNC_DAYS)
    _run("sync", start, end, options)


@click.command("backfill")
@_range_options("Today and the N - 1 days before (default 30).")
@click.option("--force", is_flag=True, help="Start anew where a killed backfill would go on.")
@_provider_option
def backfill_command(force: bool, **options: Any) -> None:
    """Read history from the providers, oldest day first; a killed one goes on where it was."""
    if options["end"] and not options["start"]:
        raise click.UsageError("--to needs --from.")
    start, end = _asked_days(options, 30)
    _run(f"backfill{ANEW}" if force else "backfill", start, end, options, resume=not force)


@with_database
def _run(
    kind: str, start: date, end: date, options: dict[str, Any], *, resume: bool = False
) -> None:
    from app.sync import DemoDatabase, Order, SyncBusy, run_order

    require_current_schema()
    order = Order(
        kind,
        start,
        end,
        (options["provider"],) if options["provider"] else (),
        allow_empty=options["allow_empty"],
        resume=resume,
    )
    try:
        with _stop_on_signals() as stop, _progress(stop) as progress:
            result = run_order(_config(), order, progress)
    except (SyncBusy, DemoDatabase) as error:
        raise click.ClickException(str(error)) from None
    sys.exit(_report(list(result.parts.values())))


def _asked_days(options: dict[str, Any], default_days: int) -> tuple[date, date]:
    """First and last day of the options; a usage error for odd combinations."""
    start, end, days = options["start"], options["end"], options["days"]
    if days and (start or end):
        raise click.UsageError("Use either --days or --from and --to.")
    if not start:
        return utc_today() - timedelta(days=(days or default_days) - 1), utc_today()
    end = end or utc_today()
    if start > end:
        raise click.UsageError(f"--from {start} is after --to {end}.")
    if start < FIRST_DAY:
        raise click.UsageError(f"--from {start}: no usage is older than {FIRST_DAY}.")
    if (end - start).days >= MOST_DAYS:
        raise click.UsageError(f"That is more than {MOST_DAYS} days; ask for less at a time.")
    return start, end


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """SIGTERM and SIGINT ask the run to stop between two days; a second one kills as usual."""
    stop = threading.Event()
    before: dict[int, Any] = {}

    def ask(number: int, _: Any) -> None:
        stop.set()
        signal.signal(number, before[number])
        # Straight to the descriptor: the interrupted code may be in the middle of a print.
        with suppress(OSError):
            os.write(2, b"Stopping after the day in hand.\n")

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)


@contextmanager
def _progress(stop: threading.Event) -> Iterator[Any]:
    """A bar per provider on a terminal, plain lines otherwise."""
    from app.cli_progress import Bars, Lines
    from app.sync import Progress

    shown = Bars() if sys.stdout.isatty() else Lines()
    try:
        yield Progress(shown.day, shown.start, stop.is_set)
    finally:
        shown.close()


def _report(parts: list[ProviderRun]) -> int:
    """Say how each provider ended; the exit code."""
    for part in parts:
        label = LABELS[part.provider]
        if part.status == Status.NOT_CONFIGURED:
            setting = f"{part.provider.upper()}_ADMIN_KEY"
            click.echo(f"{label}: not configured (set {setting}).", err=len(parts) == 1)
            continue
        click.echo(
            f"{label}: {part.status}, {part.days_done} of {part.days_asked} days, "
            f"{part.days_changed} changed, {part.requests} requests, {part.retries} retries."
        )
        if part.error:
            click.echo(f"Error: {part.error}", err=True)
    configured = [part for part in parts if part.status != Status.NOT_CONFIGURED]
    if not configured:
        click.echo("Error: nothing was read, because no provider is configured.", err=True)
    return 0 if configured and all(part.status == Status.OK for part in configured) else 1


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
                now=utc_now(),
                email_domain=_config().email_domain,
                progress=lambda done, total, day: bar.update(done - bar.pos),
            )
    except DemoRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{result.records:,} records, {result.tokens:,} tokens.")
