"""Everybody known, as the settings list them: names, teams, further e-mails, who has left."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from peewee import JOIN, fn

from app.database import total
from app.dates import day_of
from app.identity import aliases
from app.models import ALL_SLICE, Person, PersonDay, PersonMonth, Team
from app.queries.remembered import remembered


class ListedPerson(NamedTuple):
    """A person; `tokens` are of all time, `last_day` is the last with usage."""

    email: str
    name: str
    team: str
    left: date | None
    further: tuple[str, ...]
    tokens: int
    last_day: date | None

    @property
    def used_after_leaving(self) -> bool:
        """Whether there is usage of days after the one they left on."""
        return bool(self.left and self.last_day and self.last_day > self.left)


@remembered()
def further_emails() -> dict[str, tuple[str, ...]]:
    """The further e-mails of everybody who has some, by their own; remembered."""
    found: dict[str, list[str]] = {}
    for email, own in sorted(aliases().items()):
        found.setdefault(own, []).append(email)
    return {own: tuple(emails) for own, emails in found.items()}


def with_further_email(words: str) -> set[str]:
    """The own e-mails of those one of whose further e-mails holds the words (lower case)."""
    return {
        own for own, emails in further_emails().items() if any(words in email for email in emails)
    }


def listed_people(words: str = "") -> list[ListedPerson]:
    """Everybody whose e-mails, name or team hold the words, by e-mail; never a further e-mail."""
    wanted = words.strip().lower()
    return [person for person in _everybody() if not wanted or _holds(person, wanted)]


def _holds(person: ListedPerson, wanted: str) -> bool:
    texts = (person.email, person.name, person.team, *person.further)
    return any(wanted in text.lower() for text in texts)


@remembered()
def _everybody() -> list[ListedPerson]:
    further = further_emails()
    hidden = {email for emails in further.values() for email in emails}
    tokens = dict(
        PersonMonth.select(PersonMonth.person_id, total(PersonMonth.tokens))
        .where(PersonMonth.slice == ALL_SLICE)
        .group_by(PersonMonth.person_id)
        .tuples()
    )
    last = dict(
        PersonDay.select(PersonDay.person_id, fn.MAX(PersonDay.day))
        .where(PersonDay.slice == ALL_SLICE)
        .group_by(PersonDay.person_id)
        .tuples()
    )
    rows = (
        Person.select(Person.id, Person.email, Person.name, Team.name, Person.left_day)
        .join(Team, JOIN.LEFT_OUTER)
        .tuples()
    )
    found = [
        ListedPerson(
            email=email,
            name=name,
            team=team or "",
            left=day_of(left) if left else None,
            further=further.get(email, ()),
            tokens=tokens.get(key, 0),
            last_day=day_of(last[key]) if key in last else None,
        )
        for key, email, name, team, left in rows
        if email not in hidden
    ]
    return sorted(found)
