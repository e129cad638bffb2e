"""Whose usage is: do actors, addresses and further addresses agree with the rules?"""

from __future__ import annotations

from collections.abc import Iterator

from app.identity import known_directory, merges, moves
from app.models import Actor, Mapping, Organization, Person, PersonAlias
from app.usage import normal_email
from app.verify.differences import EXPECTED, Difference


def owners_differ(email_domain: str) -> Iterator[Difference]:
    """Every address that is not written as one, and every actor that is not whose the rules say."""
    yield from _addresses()
    circles = list(_circles())
    yield from circles
    if not circles:
        for organization in Organization.select():
            yield from _actors(organization, email_domain)


def _addresses() -> Iterator[Difference]:
    for table, key in ((Person, "id"), (PersonAlias, "email"), (Mapping, "key")):
        for row in table.select().order_by(getattr(table, key)).dicts():
            if row["email"] != normal_email(row["email"]):
                place = (table._meta.table_name, 0, f"{key} {row[key]}")
                facts = ("email", row["email"], normal_email(row["email"]))
                yield Difference(*place, *facts, says=EXPECTED)


def _circles() -> Iterator[Difference]:
    """Further addresses that lead to themselves: no rule would ever come to an end."""
    found = merges()
    for first in sorted(found):
        seen, email = {first}, found[first]
        while email in found and email not in seen:
            seen.add(email)
            email = found[email]
        if email == first:
            facts = ("person_id", found[first], "somebody else")
            yield Difference("person_alias", 0, f"email {first}", *facts, says=EXPECTED)


def _actors(organization: Organization, email_domain: str) -> Iterator[Difference]:
    for move in moves(organization, known_directory(organization, email_domain)):
        actor = Actor.get_by_id(move.actor_id)
        # In a damaged database the person may be gone.
        email = Person.select(Person.email).where(Person.id == actor.person_id).scalar()
        row = f"id {move.actor_id}"
        if (email or "") != move.email:
            facts = ("person_id", email, move.email or None)
            yield Difference("actor", 0, row, *facts, "the rules say")
        if actor.rule != move.rule:
            facts = ("rule", actor.rule, move.rule)
            yield Difference("actor", 0, row, *facts, "the rules say")
