"""The teams of the invented company, and who is in which."""

from __future__ import annotations

from collections.abc import Iterable

from app.database import writing
from app.demo.rhythm import repeatable_dice
from app.ledger import bump_data_version
from app.models import Person, Team

TEAMS = (
    ("Platform", 0.18),
    ("Payments", 0.15),
    ("Data", 0.13),
    ("Mobile", 0.14),
    ("Web", 0.17),
    ("Research", 0.09),
    ("Security", 0.08),
)
"""Names, and the part of the company in each. The rest is in none, as in every real list."""
AT_ONCE = 500


def team_of(email: str, seed: int) -> str:
    """The team of an invented person, "" for none; the same for the same seed."""
    luck = repeatable_dice(seed, "team", email).random()
    for name, part in TEAMS:
        luck -= part
        if luck < 0:
            return name
    return ""


def store_teams(emails: Iterable[str], seed: int) -> None:
    """Put the persons of these e-mails into their teams; who is in one already stays there."""
    members: dict[str, list[str]] = {}
    for email in emails:
        members.setdefault(team_of(email, seed), []).append(email)
    members.pop("", None)
    changed = 0
    with writing():
        for name, theirs in members.items():
            team, _ = Team.get_or_create(name=name)
            for start in range(0, len(theirs), AT_ONCE):
                chosen = Person.email.in_(theirs[start : start + AT_ONCE])
                query = Person.update(team=team).where(chosen & Person.team.is_null())
                changed += query.execute()
        if changed:
            bump_data_version()
