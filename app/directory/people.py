"""Who is who: display names, further e-mails of a person, teams, and who has left."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.database import writing
from app.dates import day_number, now_seconds, parse_day
from app.directory.mappings import MappingEffect, effect_when
from app.identity import KnownDirectory, checked_email, merges, own_email, resolve_everybody
from app.ledger import bump_data_version, writing_usage
from app.models import Person, PersonAlias, Team
from app.usage import normal_email

LONGEST_NAME = 120
LONGEST_TEAM = 60


class BadPerson(ValueError):
    """Something that cannot be said of a person; the message says what and why."""


def person_named(email: str) -> Person:
    """The person with this e-mail, also a further one. Raises `BadPerson` for nobody."""
    email = normal_email(email.replace("\0", ""))
    person = Person.get_or_none(Person.email == own_email(email))
    if person is None:
        raise BadPerson(f"Nobody with the e-mail {email[:80]!r} is known here.")
    return person


def person_for_alias(email: str) -> str:
    """The own e-mail of the person whose further e-mail this is; "" when it is nobody's."""
    email = normal_email(email.replace("\0", ""))
    own = own_email(email)
    return own if own != email else ""


def change_person(email: str, *, name: str, team: str, left: str) -> None:
    """Set display name, team ("" for none) and the day of leaving ("" or YYYY-MM-DD).

    A team that does not exist yet is made; one that nobody is in any more is forgotten.
    Raises `BadPerson`.
    """
    values: dict[str, Any] = {"name": checked_text(name, LONGEST_NAME, "A display name")}
    team = checked_text(team, LONGEST_TEAM, "The name of a team")
    values["left_day"] = day_number(left_day) if (left_day := checked_day(left)) else None
    with writing():
        person = person_named(email)
        values["team"] = team_named(team)
        Person.update(**values).where(Person.id == person.id).execute()
        forget_empty_teams()
        bump_data_version()


def checked_text(text: str, longest: int, what: str) -> str:
    """A text without needless blanks. Raises `BadPerson` when it is too long."""
    text = " ".join(text.replace("\0", "").split())
    if len(text) > longest:
        raise BadPerson(f"{what} has at most {longest} characters, not {len(text)}.")
    return text


def checked_day(text: str) -> date | None:
    """A day written YYYY-MM-DD, None for "". Raises `BadPerson` for anything else."""
    text = text.strip()
    day = parse_day(text)
    if text and (day is None or day.year < 2000):
        raise BadPerson(f"The day of leaving is written YYYY-MM-DD, not {text[:40]!r}.")
    return day


def team_named(name: str) -> Team | None:
    """The team of this name, whatever its capitals, made at first use; None for ""."""
    if not name:
        return None
    known = {team.name.lower(): team for team in Team.select()}
    return known.get(name.lower()) or Team.create(name=name)


def forget_empty_teams() -> None:
    """A team is there as long as somebody is in it."""
    Team.delete().where(
        Team.id.not_in(Person.select(Person.team).where(Person.team.is_null(False)))
    ).execute()


def merge_people(email: str, further: str, *, email_domain: str) -> None:
    """Treat `further` as another e-mail of the person with `email`, everywhere at once.

    Whoever was known under `further`, with further e-mails of their own, becomes that person.
    Raises `BadPerson` and `BadEmail`.
    """
    with writing_usage():
        person, further = _to_merge(email, further)
        PersonAlias.create(email=further, person=person, created_at=now_seconds())
        resolve_everybody(email_domain)
        bump_data_version()


def effect_of_merging(email: str, further: str, *, email_domain: str) -> MappingEffect:
    """What `merge_people` would move; raises what it would raise. Changes nothing."""
    person, further = _to_merge(email, further)
    moved = dict.fromkeys([further, *companions(further)], person.email)

    def merge(known: KnownDirectory) -> None:
        known.aliases |= moved

    return effect_when(merge, email_domain)


def _to_merge(email: str, further: str) -> tuple[Person, str]:
    further = checked_email(further)
    person = person_named(email)
    if further == person.email:
        raise BadPerson("That is this person's own e-mail already.")
    owner = person_for_alias(further)
    if owner:
        raise BadPerson(f"{further} is a further e-mail of {owner} already: split it first.")
    return person, further


def companions(email: str) -> list[str]:
    """The further e-mails that were merged into this e-mail: they go wherever it goes."""
    into = merges()
    found = [email]
    for place in found:
        found += sorted(further for further, own in into.items() if own == place)
    return found[1:]


def split_person(further: str, *, email_domain: str) -> str:
    """Treat `further` as a person again; the own e-mail of whom it belonged to.

    The further e-mails that it had brought along go with it. Raises `BadPerson` when it is no
    further e-mail of anybody.
    """
    with writing_usage():
        further, owner = _to_split(further)
        PersonAlias.delete().where(PersonAlias.email == further).execute()
        resolve_everybody(email_domain)
        bump_data_version()
    return owner


def effect_of_splitting(further: str, *, email_domain: str) -> MappingEffect:
    """What `split_person` would move; raises what it would raise. Changes nothing."""
    further, _ = _to_split(further)
    moved = dict.fromkeys(companions(further), further)

    def split(known: KnownDirectory) -> None:
        del known.aliases[further]
        known.aliases |= moved

    return effect_when(split, email_domain)


def _to_split(further: str) -> tuple[str, str]:
    further = normal_email(further)
    owner = person_for_alias(further)
    if not owner:
        raise BadPerson(f"{further[:80]!r} is not a further e-mail of anybody.")
    return further, owner
