"""Persons as rows: made when somebody is named, forgotten when nothing names them any more."""

from __future__ import annotations

from collections.abc import Iterable

from app.database import database
from app.models import Actor, Mapping, Member, Person, PersonAlias
from app.usage import normal_email
from app.versions import bump_data_version

PIECE = 500
"""How many rows go into one statement."""


def ensure_people(names_by_email: dict[str, str]) -> dict[str, int]:
    """Ids of the persons with these e-mails, made where missing; a known name is kept."""
    names = {normal_email(email): name for email, name in names_by_email.items()}
    known = _people_named(names)
    missing = [
        {"email": email, "name": name} for email, name in names.items() if email not in known
    ]
    for start in range(0, len(missing), PIECE):
        # Somebody else may be making the same people at this moment.
        Person.insert_many(missing[start : start + PIECE]).on_conflict_ignore().execute()
    unnamed = [email for email, (_, name) in known.items() if names[email] and not name]
    for email in unnamed:
        Person.update(name=names[email]).where(Person.id == known[email][0]).execute()
    if missing or unnamed:
        bump_data_version()
    found = _people_named(names) if missing else known
    return {email: person_id for email, (person_id, _) in found.items()}


def person_ids(emails: Iterable[str]) -> dict[str, int]:
    """Ids of those of these e-mails that are somebody's."""
    return {email: number for email, (number, _) in _people_named(emails).items()}


def _people_named(emails: Iterable[str]) -> dict[str, tuple[int, str]]:
    """{e-mail: (id, name)} of those of the e-mails that are somebody's."""
    wanted = list(emails)
    found: dict[str, tuple[int, str]] = {}
    for start in range(0, len(wanted), PIECE):
        query = Person.select(Person.email, Person.id, Person.name).where(
            Person.email.in_(wanted[start : start + PIECE])
        )
        found |= {email: (key, name) for email, key, name in database.execute(query).fetchall()}
    return found


def aliases() -> dict[str, str]:
    """Every further e-mail of a person, with the person's own.

    Whoever was merged keeps their further e-mails, so that these go along at a split: one such
    e-mail may lead to another.
    """
    found = merges()
    for email, own in found.items():
        while own in found:
            own = found[own]
        found[email] = own
    return found


def merges() -> dict[str, str]:
    """Every further e-mail, with the one that it was merged into."""
    rows = PersonAlias.select(PersonAlias.email, Person.email).join(Person)
    return dict(rows.tuples())


def own_email(email: str) -> str:
    """The own e-mail of the person whose further e-mail this is; else the e-mail as it is."""
    rows = PersonAlias.select(Person.email).join(Person)
    while row := rows.where(PersonAlias.email == email).tuples().first():
        email = row[0]
    return email


def forget_unknown(person_ids: Iterable[int]) -> None:
    """Forget those of these persons whom only usage named that is somebody else's by now.

    Such as a mistyped address, or one made from a key's name with another domain. Whoever has
    usage, a name, a team or a mapping, or is a member or (has) a further e-mail, stays.
    """
    wanted = list(person_ids)
    for start in range(0, len(wanted), PIECE):
        among = Person.id.in_(wanted[start : start + PIECE])
        plain = (Person.name == "") & Person.team.is_null() & Person.left_day.is_null()
        users = Actor.select(Actor.person).where(Actor.person.is_null(False))
        merged = PersonAlias.select(PersonAlias.person)
        ours = Person.id.not_in(users) & Person.id.not_in(merged)
        for table in (PersonAlias, Member, Mapping):
            ours &= Person.email.not_in(table.select(table.email))
        Person.delete().where(among & plain & ours).execute()
