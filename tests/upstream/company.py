"""The invented company: who is in it, and what was truly used on any day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tests.tools import CLAUDE_CODE, CURSOR
from tests.upstream import directory
from tests.upstream.claude_days import Row, anthropic_rows, revised_rows
from tests.upstream.cursor_days import Event, cursor_events, revised_events


class Company:
    """Mutable raw data of both tools. The same seed and day always give the same usage.

    `ordinary` and `heavy` are Cursor events on a weekday and on a Wednesday (beside the
    special ones). Outside `first_day`..`last_day` nothing was used. `people`, `keys` and
    `workspaces` are plain lists that a test may change, as are the lists that
    `rows_on` and `events_on` give.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        ordinary: int = 40,
        heavy: int = 1100,
        first_day: date = date.min,
        last_day: date = date.max,
    ) -> None:
        self.seed, self.ordinary, self.heavy = seed, ordinary, heavy
        self.first_day, self.last_day = first_day, last_day
        self.people = directory.all_people()
        self.keys = directory.all_keys()
        self.workspaces = directory.all_workspaces()
        self._rows: dict[date, list[Row]] = {}
        self._events: dict[date, list[Event]] = {}

    def rows_on(self, day: date) -> list[Row]:
        """The metered Anthropic rows of a day; the list itself, to be changed at will."""
        if day not in self._rows:
            self._rows[day] = anthropic_rows(self.seed, day) if self._open(day) else []
        return self._rows[day]

    def events_on(self, day: date) -> list[Event]:
        """The Cursor events of a day; the list itself, to be changed at will."""
        if day not in self._events:
            counts = {"ordinary": self.ordinary, "heavy": self.heavy}
            events = cursor_events(self.seed, day, **counts) if self._open(day) else []
            self._events[day] = events
        return self._events[day]

    def revise(self, day: date, tool: str | None = None) -> None:
        """A late correction of a day: one record changed, one gone, new ones added."""
        if tool in (None, CLAUDE_CODE):
            self._rows[day] = revised_rows(self.rows_on(day), day)
        if tool in (None, CURSOR):
            self._events[day] = revised_events(self.events_on(day), day)

    def clear(self, day: date, tool: str | None = None) -> None:
        """A day that comes back empty, for one tool or both."""
        if tool in (None, CLAUDE_CODE):
            self._rows[day] = []
        if tool in (None, CURSOR):
            self._events[day] = []

    def add_row(self, row: Row) -> None:
        """One more metered Anthropic row."""
        self.rows_on(row.day).append(row)

    def add_event(self, event: Event) -> None:
        """One more Cursor event, on the day of its timestamp."""
        moment = datetime.fromtimestamp(int(event["timestamp"]) // 1000, UTC)
        self.events_on(moment.date()).append(event)

    def dismiss(self, email: str) -> None:
        """A person leaves: no longer listed by either tool, but past usage stays theirs."""
        self.people = [
            replace(person, listed=False) if person.email == email else person
            for person in self.people
        ]

    def _open(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def days_of(start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end`, both included."""
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
