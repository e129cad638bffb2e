"""Everybody known, as the settings list them: names, teams, further e-mails, who has left."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from peewee import JOIN

from app.database import database, total
from app.dates import day_of
from app.identity import aliases
from app.models import ALL_SLICE, Person, PersonMonth, PersonSpan, Team
from app.queries.remembered import no_day, remembered
from app.usage import normal_email

BETWEEN_TEXTS = "\0"
"""What no text that is searched for holds."""


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


@remembered(days=no_day)
def further_emails() -> dict[str, tuple[str, ...]]:
    """The further e-mails of everybody who has some, by their own; remembered."""
    found: dict[str, list[str]] = {}
    for email, own in sorted(aliases().items()):
        found.setdefault(own, []).append(email)
    return {own: tuple(emails) for own, emails in found.items()}


def people_found(words: str) -> set[int] | None:
    """Ids of those one of whose e-mails, name or team holds the words; None without words.

    However capitals are set; every character stands for itself.
    """
    wanted = normal_email(words)
    if not wanted:
        return None
    return {key for key, texts in _texts().items() if wanted in texts}


@remembered(lambda found: sum(250 + len(texts) for texts in found.values()), days=no_day)
def _texts() -> dict[int, str]:
    """What each person is found by."""
    further = further_emails()
    columns = (Person.id, Person.email, Person.name, Team.name)
    rows = database.execute(Person.select(*columns).join(Team, JOIN.LEFT_OUTER)).fetchall()
    return {
        key: normal_email(BETWEEN_TEXTS.join((email, name, team or "", *further.get(email, ()))))
        for key, email, name, team in rows
    }


def listed_people(words: str = "") -> list[ListedPerson]:
    """Everybody, or those whom the words find, by e-mail; never a further e-mail."""
    found = people_found(words)
    return [person for key, person in _everybody().items() if found is None or key in found]


@remembered()
def _everybody() -> dict[int, ListedPerson]:
    further = further_emails()
    hidden = {email for emails in further.values() for email in emails}
    tokens = dict(
        PersonMonth.select(PersonMonth.person_id, total(PersonMonth.tokens))
        .where(PersonMonth.slice == ALL_SLICE)
        .group_by(PersonMonth.person_id)
        .tuples()
    )
    last = dict(PersonSpan.select(PersonSpan.person_id, PersonSpan.last_day).tuples())
    rows = (
        Person.select(Person.id, Person.email, Person.name, Team.name, Person.left_day)
        .join(Team, JOIN.LEFT_OUTER)
        .tuples()
    )
    found = {
        key: ListedPerson(
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
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1].email))
