"""What all commands share: the database, its troubles in a sentence, days, the settings."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import wraps
from typing import Any

import click
from flask.cli import with_appcontext
from peewee import PeeweeException

from app.database import OutdatedSchema, database, describe, is_postgres
from app.dates import parse_day


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
            raise click.ClickException(" ".join(f"{_setting()}: {error}".split())) from None

    return with_appcontext(wrapped)


def _setting() -> str:
    """The database and the variable that names it."""
    return f"{'POSTGRES_URL' if is_postgres() else 'SQLITE_PATH'}: {describe()}"


def number_of(number: int, one: str, several: str) -> str:
    """A number with its word: `1 day`, `1,200 days`."""
    return f"{number:,} {one if number == 1 else several}"


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
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
