"""Everybody known, as the settings list them: names, teams, further e-mails, who has left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from peewee import JOIN

from app.database import database, total
from app.dates import day_of
from app.identity import aliases
from app.models import ALL_SLICE, Person, PersonMonth, PersonSpan, Team
from app.queries.remembered import no_day, remembered
from app.usage import normal_email

BYTES_A_PERSON = 700
BETWEEN_TEXTS = "\0"
"""What no text that is searched for holds."""


class ListedPerson(NamedTuple):
    """A person. What they used is told by `with_usage`: tokens of all time, the last day."""

    person_id: int
    email: str
    name: str
    team: str
    left: date | None
    further: tuple[str, ...]
    tokens: int = 0
    last_day: date | None = None

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


def with_usage(people: Iterable[ListedPerson]) -> list[ListedPerson]:
    """These people, as few as a page shows, with what they used."""
    known = list(people)
    ids = [person.person_id for person in known]
    months = PersonMonth.select(PersonMonth.person_id, total(PersonMonth.tokens)).where(
        (PersonMonth.slice == ALL_SLICE) & PersonMonth.person_id.in_(ids or [0])
    )
    spans = PersonSpan.select(PersonSpan.person_id, PersonSpan.last_day).where(
        PersonSpan.person_id.in_(ids or [0])
    )
    tokens = dict(database.execute(months.group_by(PersonMonth.person_id)).fetchall())
    last = {key: day_of(day) for key, day in database.execute(spans).fetchall()}
    return [
        person._replace(tokens=tokens.get(person.person_id, 0), last_day=last.get(person.person_id))
        for person in known
    ]


@remembered(lambda found: BYTES_A_PERSON * len(found), days=no_day)
def _everybody() -> dict[int, ListedPerson]:
    further = further_emails()
    hidden = {email for emails in further.values() for email in emails}
    query = Person.select(Person.id, Person.email, Person.name, Team.name, Person.left_day).join(
        Team, JOIN.LEFT_OUTER
    )
    found = {
        key: ListedPerson(
            person_id=key,
            email=email,
            name=name,
            team=team or "",
            left=day_of(left) if left else None,
            further=further.get(email, ()),
        )
        for key, email, name, team, left in database.execute(query).fetchall()
        if email not in hidden
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1].email))
