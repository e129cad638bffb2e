"""`flask sync` and `flask backfill`: read from the providers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import click

from app.access.audit import COMMAND_LINE
from app.cli.common import Day, stop_on_signals, with_database
from app.current import the_config
from app.database import require_current_schema
from app.dates import FIRST_DAY, utc_today
from app.models import ProviderRun
from app.providers import PROVIDERS, by_name
from app.runs import ANEW, MOST_DAYS, clock_warning
from app.states import RunKind, RunStatus


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
    _run(RunKind.SYNC, start, end, options)


@click.command("backfill")
@_range_options("Today and the N - 1 days before (default 30).")
@click.option("--force", is_flag=True, help="Start over where a killed backfill would go on.")
@_provider_option
def backfill_command(force: bool, **options: Any) -> None:
    """Read history from the providers, oldest day first; a killed one goes on where it was."""
    if options["end"] and not options["start"]:
        raise click.UsageError("--to needs --from.")
    start, end = _asked_days(options, 30)
    kind = f"{RunKind.BACKFILL}{ANEW}" if force else RunKind.BACKFILL
    _run(kind, start, end, options, resume=not force)


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
        by=COMMAND_LINE,
    )
    try:
        with stop_on_signals() as stop, _progress(stop) as progress:
            result = run_order(the_config(), order, progress)
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
    if end > utc_today():
        raise click.UsageError(f"--to {end} has not come yet: today is {utc_today()} (UTC).")
    if (end - start).days >= MOST_DAYS:
        raise click.UsageError(f"That is more than {MOST_DAYS} days; ask for less at a time.")
    return start, end


@contextmanager
def _progress(stop: threading.Event) -> Iterator[Any]:
    """A bar per provider on a terminal, plain lines otherwise."""
    from app.cli.progress import Bars, Lines
    from app.sync import Progress

    shown = Bars() if sys.stdout.isatty() else Lines()
    try:
        yield Progress(shown.day, shown.start, stop.is_set)
    finally:
        shown.close()


def _report(parts: list[ProviderRun]) -> int:
    """Say how each provider ended; the exit code."""
    for part in parts:
        provider = by_name(part.provider)
        label = provider.LABEL
        if part.status == RunStatus.NOT_CONFIGURED:
            setting = provider.SETTINGS.key
            click.echo(f"{label}: not configured (set {setting}).", err=len(parts) == 1)
            continue
        click.echo(
            f"{label}: {part.status}, {part.days_done} of {part.days_asked} days, "
            f"{part.days_changed} changed, {part.requests} requests, {part.retries} retries."
        )
        if part.error:
            click.echo(f"Error: {part.error}", err=True)
        if warning := clock_warning(part):
            click.echo(f"Warning: {warning}", err=True)
    configured = [part for part in parts if part.status != RunStatus.NOT_CONFIGURED]
    if not configured:
        which = "no provider is" if len(parts) > 1 else "the provider asked for is not"
        click.echo(f"Error: nothing was read, because {which} configured.", err=True)
    return 0 if configured and all(part.status == RunStatus.OK for part in configured) else 1
