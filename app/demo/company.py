"""The invented company: what each provider would tell of it. No database, no network."""

from __future__ import annotations

from datetime import UTC, date, datetime

from app.demo.claude import SharedKeys, claude_directory, claude_records
from app.demo.cursor import cursor_directory, cursor_records
from app.demo.people import invented_people
from app.demo.rhythm import FOUNDED, Today
from app.providers import anthropic, cursor
from app.usage import DayUsage, Directory, UsageRecord

PROVIDERS = (anthropic, cursor)
"""Whose usage is invented."""


class DemoCompany:
    """A company of `people` (at least one), the same for the same size and seed.

    A day's usage depends on size, seed and day alone, whichever range it is asked in.
    """

    def __init__(self, people: int, seed: int = 1) -> None:
        if people < 1:
            raise ValueError(f"A demo company needs at least one person, not {people}.")
        self.size = people
        self.seed = seed
        everybody = invented_people(people, seed)
        self.people = tuple(everybody)
        self.claude_people = tuple(person for person in everybody if person.uses_claude)
        self.cursor_people = tuple(person for person in everybody if person.uses_cursor)
        self.shared_keys = SharedKeys.invented(seed)

    def directory(self, provider: str) -> Directory:
        """Members, keys and workspaces at a provider; ValueError for an unknown one."""
        if _is_anthropic(provider):
            return claude_directory(self.claude_people, self.shared_keys)
        return cursor_directory(self.cursor_people)

    def day(self, provider: str, day: date, *, now: datetime) -> DayUsage:
        """Usage of one UTC day as a provider tells it at `now`, a moment with its zone.

        Today holds only what happened before `now` and is not settled, a future day holds
        nothing. ValueError for an unknown provider.
        """
        today = Today.of(day, now)
        is_anthropic = _is_anthropic(provider)
        records: list[UsageRecord] = []
        if today.elapsed_ms and day >= FOUNDED:
            records = self._claude(today) if is_anthropic else self._cursor(today)
        return DayUsage(day, records, settled=day < now.astimezone(UTC).date())

    def _claude(self, today: Today) -> list[UsageRecord]:
        return claude_records(self.claude_people, self.shared_keys, self.size, today, self.seed)

    def _cursor(self, today: Today) -> list[UsageRecord]:
        return cursor_records(self.cursor_people, self.size, today, self.seed)


def _is_anthropic(provider: str) -> bool:
    if provider not in (anthropic.NAME, cursor.NAME):
        raise ValueError(f"The demo uses {anthropic.NAME} and {cursor.NAME}, not {provider!r}.")
    return provider == anthropic.NAME
