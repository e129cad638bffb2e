"""Keys that have an owner or a name, the history of mappings, and the people to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from peewee import JOIN, fn

from app.database import database, total
from app.dates import day_of, moment
from app.identity import aliases
from app.models import (
    Actor,
    ActorDay,
    ApiKey,
    Mapping,
    MappingChange,
    Member,
    Partition,
    Person,
    PersonAlias,
)
from app.queries.keys.ids import known_key_ids
from app.queries.keys.shared import shared_labels
from app.queries.remembered import remembered
from app.queries.sums.actors import actor_sums
from app.queries.sums.figures import Figures
from app.states import Rule

BYTES_A_KEY = 700


class OwnedKey(NamedTuple):
    """A key and whose it is by which rule: `email`, or `label` for a shared key.

    `actors` are the ids of those that named it. What they used is told by `with_usage`: tokens
    and value (nano-dollars) are of all time, the last day is None without usage.
    """

    key: str
    name: str
    email: str
    label: str
    rule: str
    actors: tuple[int, ...] = ()
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


@remembered(lambda found: BYTES_A_KEY * len(found))
def owned_keys() -> list[OwnedKey]:
    """Every key that belongs to somebody or is shared, by name; until the data changes.

    A key has one line for each owner, whether files called it by its name or the API by its id.
    """
    query = (
        Actor.select(Actor.key, fn.COALESCE(Person.email, ""), Actor.rule, Actor.id)
        .join(Person, JOIN.LEFT_OUTER)
        .where((Actor.key != "") & (Actor.person.is_null(False) | (Actor.rule == Rule.SHARED)))
    )
    ids, labels = known_key_ids(), shared_labels()
    found: dict[_Holding, list[_OwnedPart]] = {}
    for key, email, rule, actor_id in database.execute(query).fetchall():
        label = labels.get(key, key) if rule == Rule.SHARED else ""
        parts = found.setdefault(_Holding(ids.of(key), email, label), [])
        parts.append(_OwnedPart(actor_id, rule))
    names = key_names()
    keys = [_owned_key(facts, names, parts) for facts, parts in found.items()]
    keys += _mapped_without_usage({key.key for key in keys}, names)
    return sorted(keys, key=lambda key: (key.name.lower(), key.key, key.email))


class _Holding(NamedTuple):
    key: str
    email: str
    label: str


class _OwnedPart(NamedTuple):
    """One actor of a key, and by which rule it is whose it is."""

    actor: int
    rule: str


def _owned_key(facts: _Holding, names: dict[str, str], parts: list[_OwnedPart]) -> OwnedKey:
    return OwnedKey(
        facts.key,
        names.get(facts.key, ""),
        *facts[1:],
        # By the strongest rule, where several lead to one person.
        rule=next(rule for rule in Rule if rule in {part.rule for part in parts}),
        actors=tuple(part.actor for part in parts),
    )


def with_usage(keys: Iterable[OwnedKey]) -> list[OwnedKey]:
    """These keys, as few as a page shows, with what was used through them."""
    known = list(keys)
    sums = _sums_of_actors([actor for key in known for actor in key.actors])
    return [
        _with_sums(key, [sums[actor] for actor in key.actors if actor in sums]) for key in known
    ]


def _with_sums(key: OwnedKey, parts: list[tuple[int, int, int, int]]) -> OwnedKey:
    if not parts:
        return key
    tokens, value, unpriced, last = zip(*parts, strict=True)
    return key._replace(
        tokens=sum(tokens),
        value_nanos=sum(value),
        unpriced_tokens=sum(unpriced),
        last_day=day_of(max(last)),
    )


def _sums_of_actors(actor_ids: list[int]) -> dict[int, tuple[int, int, int, int]]:
    """(tokens, nano-dollars, unpriced tokens, last day) of all time by actor."""
    if not actor_ids:
        return {}
    query = (
        actor_sums(among=Actor.id.in_(actor_ids))
        .select(
            ActorDay.actor,
            total(ActorDay.tokens),
            total(ActorDay.value_nanos),
            total(ActorDay.unpriced_tokens),
            fn.MAX(Partition.day),
        )
        .group_by(ActorDay.actor)
    )
    return {actor_id: tuple(rest) for actor_id, *rest in database.execute(query).fetchall()}


def _mapped_without_usage(seen: set[str], names: dict[str, str]) -> list[OwnedKey]:
    """Mappings of keys that no usage has named yet."""
    own = aliases()
    return [
        OwnedKey(
            key,
            names.get(key, ""),
            own.get(email, email),
            label,
            Rule.MAPPING if email else Rule.SHARED,
        )
        for key, (email, label) in mapped_keys().items()
        if key not in seen
    ]


def mapped_keys() -> dict[str, tuple[str, str]]:
    """What administrators said, by the id of the key: (e-mail, label of a shared key)."""
    rows = Mapping.select(Mapping.key, Mapping.email, Mapping.label).tuples()
    return {key: (email, label) for key, email, label in rows}


def key_names(keys: Iterable[str] | None = None) -> dict[str, str]:
    """The names of keys by id: what the directory lists, else what usage said."""
    actors = Actor.select(Actor.key, Actor.label).where(Actor.label != "")
    listed = ApiKey.select(ApiKey.external_id, ApiKey.name).where(ApiKey.name != "")
    if keys is not None:
        wanted = list(keys)
        actors = actors.where(Actor.key.in_(wanted))
        listed = listed.where(ApiKey.external_id.in_(wanted))
    rows = (database.execute(query).fetchall() for query in (actors, listed))
    return {key: name for found in rows for key, name in found}


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
    ids, now = known_key_ids(), mapped_keys()
    found = Counter(change.batch for change in changes)
    for change in changes:
        left = (change.email_after, change.label_after)
        if now.get(ids.of(change.key), ("", "")) != left:
            found.pop(change.batch, None)
    return dict(found)


def is_known(email: str) -> bool:
    """Whether a person or a member of an organisation has this e-mail, also a further one."""
    holders = (Person, Member, PersonAlias)
    return any(table.select().where(table.email == email).exists() for table in holders)


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
        Actor.select(Actor.key, Person.email, fn.MAX(Member.id))
        .join(Person)
        .join_from(
            Actor,
            Member,
            JOIN.LEFT_OUTER,
            on=(Member.organization == Actor.organization) & (Member.email == Person.email),
        )
        .where(Actor.rule == Rule.KEY_NAME)
        .group_by(Actor.key, Person.email)
        .tuples()
    )
    ids, names = known_key_ids(), key_names()
    found: dict[tuple[str, str], Guess] = {}
    for name, email, member in rows:
        key = ids.of(name)
        found[email, key] = Guess(key, names.get(key) or key, email, member is not None)
    return [guess for _, guess in sorted(found.items())]
