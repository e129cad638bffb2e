"""Keys that have an owner or a name, the history of mappings, and the people to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from peewee import JOIN, fn

from app.database import total
from app.dates import day_of, moment
from app.identity import (
    aliases,
)
from app.models import (
    Actor,
    ApiKey,
    Mapping,
    MappingChange,
    Member,
    Organization,
    Partition,
    Person,
    PersonAlias,
    Usage,
)
from app.queries.keys.shared import shared_labels
from app.queries.remembered import remembered
from app.queries.sums.figures import Figures
from app.rollups import TOKENS
from app.states import Rule


class OwnedKey(NamedTuple):
    """A key and whose it is by which rule: `email`, or `label` for a shared key.

    Tokens and value (nano-dollars) are of all time. The last day is None without usage.
    """

    key: str
    name: str
    provider: str
    email: str
    label: str
    rule: str
    tokens: int = 0
    value_nanos: int = 0
    unpriced_tokens: int = 0
    last_day: date | None = None

    @property
    def figures(self) -> Figures:
        """Tokens and value of all time."""
        return Figures(
            tokens=self.tokens, value_nanos=self.value_nanos, unpriced_tokens=self.unpriced_tokens
        )

    @property
    def is_manual(self) -> bool:
        """Whether an administrator said so."""
        return self.rule in (Rule.MAPPING, Rule.SHARED)


class PastChange(NamedTuple):
    """One line of the history: whose a key was and became, each as (e-mail, shared name)."""

    batch: int
    at: datetime
    by: str
    key: str
    name: str
    before: tuple[str, str]
    after: tuple[str, str]


class Guess(NamedTuple):
    """A key that the name rule gave to an address no member has."""

    key: str
    name: str
    email: str
    is_member: bool


@remembered()
def owned_keys() -> list[OwnedKey]:
    """Every key that belongs to somebody or is shared, by name; until the data changes."""
    rows = (
        Actor.select(
            Actor.key,
            fn.COALESCE(fn.NULLIF(ApiKey.name, ""), Actor.label),
            Organization.provider,
            fn.COALESCE(Person.email, ""),
            Actor.rule,
            Actor.id,
        )
        .join(Organization)
        .join_from(Actor, Person, JOIN.LEFT_OUTER)
        .join_from(Actor, ApiKey, JOIN.LEFT_OUTER, on=_same_key())
        .where((Actor.key != "") & (Actor.person.is_null(False) | (Actor.rule == Rule.SHARED)))
        .tuples()
    )
    sums = _sums_of_keys()
    found: dict[tuple, list[tuple]] = {}
    labels = shared_labels()
    for key, name, provider, email, rule, actor_id in rows:
        label = labels.get(key, key) if rule == Rule.SHARED else ""
        figures = sums.get(actor_id, (0, 0, 0, 0))
        found.setdefault((key, name, provider, email, label, rule), []).append(figures)
    keys = [_owned_key(facts, figures) for facts, figures in found.items()]
    keys += _mapped_without_usage({key.key for key in keys})
    return sorted(keys, key=lambda key: (key.name.lower(), key.key, key.email))


def _owned_key(facts: tuple, figures: list[tuple]) -> OwnedKey:
    tokens, nanos, unpriced = (sum(part[place] for part in figures) for place in range(3))
    last = max(part[3] for part in figures)
    return OwnedKey(*[*facts, tokens, nanos, unpriced, day_of(last) if last else None])


def _same_key() -> object:
    return (ApiKey.organization == Actor.organization) & (ApiKey.external_id == Actor.key)


def _sums_of_keys() -> dict[int, tuple[int, int, int, int]]:
    """(tokens, nano-dollars, unpriced tokens, last day) by actor, of actors that name a key."""
    unpriced = fn.SUM(TOKENS).filter(Usage.value_nanos.is_null())
    rows = (
        Usage.select(
            Usage.actor,
            total(TOKENS),
            total(Usage.value_nanos),
            fn.COALESCE(unpriced, 0).cast("BIGINT"),
            fn.MAX(Usage.day),
        )
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where((Actor.key != "") & Partition.counts)
        .group_by(Usage.actor)
        .tuples()
    )
    return {actor_id: tuple(rest) for actor_id, *rest in rows}


def _mapped_without_usage(seen: set[str]) -> list[OwnedKey]:
    """Mappings of keys that no usage has named yet."""
    own = aliases()
    names = key_names()
    return [
        OwnedKey(
            key,
            names.get(key, ""),
            "",
            own.get(email, email),
            label,
            Rule.MAPPING if email else Rule.SHARED,
        )
        for key, email, label in Mapping.select(Mapping.key, Mapping.email, Mapping.label).tuples()
        if key not in seen
    ]


def key_names(keys: Iterable[str] | None = None) -> dict[str, str]:
    """The names of keys by id: what the directory lists, else what usage said."""
    actors = Actor.select(Actor.key, Actor.label).where(Actor.label != "")
    listed = ApiKey.select(ApiKey.external_id, ApiKey.name).where(ApiKey.name != "")
    if keys is not None:
        wanted = list(keys)
        actors = actors.where(Actor.key.in_(wanted))
        listed = listed.where(ApiKey.external_id.in_(wanted))
    return dict(actors.tuples()) | dict(listed.tuples())


def past_changes(limit: int, batch: int | None = None) -> list[PastChange]:
    """The latest changes of mappings, or those of one act, newest first."""
    query = MappingChange.select().order_by(MappingChange.id.desc()).limit(limit)
    if batch is not None:
        query = query.where(MappingChange.batch == batch)
    rows = list(query)
    names = key_names({row.key for row in rows})
    return [
        PastChange(
            batch=row.batch,
            at=moment(row.at),
            by=row.by,
            key=row.key,
            name=names.get(row.key, ""),
            before=(row.email_before, row.label_before),
            after=(row.email_after, row.label_after),
        )
        for row in rows
    ]


def undoable(batches: Iterable[int]) -> dict[int, int]:
    """The acts that can be undone, as no key of theirs changed since, with their count of keys."""
    query = MappingChange.select().where(MappingChange.batch.in_(list(set(batches))))
    changes = list(query)
    rows = Mapping.select(Mapping.key, Mapping.email, Mapping.label)
    rows = rows.where(Mapping.key.in_([change.key for change in changes]))
    now = {key: tuple(rest) for key, *rest in rows.tuples()}
    found = Counter(change.batch for change in changes)
    for change in changes:
        if now.get(change.key, ("", "")) != (change.email_after, change.label_after):
            found.pop(change.batch, None)
    return dict(found)


def is_known(email: str) -> bool:
    """Whether a person or a member of an organisation has this e-mail."""
    people, members = Person.select().where(Person.email == email), Member.select()
    return bool(people.exists() or members.where(Member.email == email).exists())


def known_emails(text: str = "", limit: int | None = None) -> list[str]:
    """E-mails of all persons, or of those that hold `text`, in order; never further ones."""
    further = PersonAlias.select(PersonAlias.email)
    query = Person.select(Person.email).where(Person.email.not_in(further))
    if text:
        query = query.where(Person.email.contains(text) | Person.name.contains(text))
    found = sorted(email for (email,) in query.tuples())
    return found[:limit]


def guesses() -> list[Guess]:
    """Keys that belong to an address made from their name, by address."""
    rows = (
        Actor.select(Actor.key, ApiKey.name, Person.email, fn.MAX(Member.id))
        .join(Person)
        .join_from(Actor, ApiKey, JOIN.LEFT_OUTER, on=_same_key())
        .join_from(
            Actor,
            Member,
            JOIN.LEFT_OUTER,
            on=(Member.organization == Actor.organization) & (Member.email == Person.email),
        )
        .where(Actor.rule == Rule.KEY_NAME)
        .group_by(Actor.key, ApiKey.name, Person.email)
        .order_by(Person.email, Actor.key)
        .tuples()
    )
    return [Guess(key, name or key, email, member is not None) for key, name, email, member in rows]
