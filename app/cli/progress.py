"""How long work shows itself in a terminal, or line by line in a log."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from app.ledger import StoredDay


class Lines:
    """One plain line a day."""

    def start(self, provider: str, days: int, skipped: int) -> None:
        """A provider's work begins."""
        if skipped:
            click.echo(f"{provider}: going on where the last run ended, {skipped} days are done")

    def day(self, provider: str, day: date, stored: StoredDay) -> None:
        """A day is stored."""
        click.echo(f"{provider} {day} {_words(stored)}")

    def close(self) -> None:
        """All is shown."""


class Bars:
    """A progress bar for each provider."""

    def __init__(self) -> None:
        self.bar: Any = None

    def start(self, provider: str, days: int, skipped: int) -> None:
        """A provider's work begins: its bar."""
        self.close()
        self.bar = click.progressbar(length=days, label=f"{provider:<10}", show_pos=True)
        self.bar.__enter__()
        self.bar.update(skipped)

    def day(self, provider: str, day: date, stored: StoredDay) -> None:
        """A day is stored."""
        self.bar.label = f"{provider:<10} {day}"
        self.bar.update(1)

    def close(self) -> None:
        """End the bar's line."""
        if self.bar is not None:
            self.bar.__exit__(None, None, None)
            self.bar = None


def _words(stored: StoredDay) -> str:
    figures = stored.after
    return f"{stored.outcome}, {figures.records:,} records, {figures.tokens:,} tokens"
