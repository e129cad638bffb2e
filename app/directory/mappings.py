"""Whose a key is: an administrator's word, its effect beforehand, its history, its undo."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from peewee import fn

from app.database import database, total
from app.dates import day_of, now_seconds
from app.identity import (
    KnownDirectory,
    checked_email,
    keep_mappings_by_id,
    key_ids,
    known_directory,
    moves,
    moves_of_keys,
    resolve_everybody,
)
from app.ledger import bump_data_version, writing_usage
from app.models import (
    Actor,
    ActorDay,
    Mapping,
    MappingChange,
    Organization,
    Partition,
    Person,
)
from app.queries.keys.mappings import mapped_keys, undoable
from app.queries.sums.actors import actor_sums
from app.queries.sums.figures import Figures

LONGEST_LABEL = 80
Step = Callable[[KnownDirectory], None]


class Owner(NamedTuple):
    """Whom an administrator gives a key to: a person, or (shared) nobody under a name.

    Both "": to whom the automatic rules give it.
    """

    email: str = ""
    label: str = ""


AUTOMATIC = Owner()


class KeyChange(NamedTuple):
    """A key as the provider names it, and whose it is to be."""

    key: str
    owner: Owner


class Flow(NamedTuple):
    """Usage that goes from one person to another ("" is nobody). Money in nano-dollars."""

    before: str
    after: str
    tokens: int
    value_nanos: int
    unpriced_tokens: int

    @property
    def figures(self) -> Figures:
        """What goes."""
        return Figures(
            tokens=self.tokens, value_nanos=self.value_nanos, unpriced_tokens=self.unpriced_tokens
        )


class MappingEffect(NamedTuple):
    """What a change would move: by person, and on which days, of all time.

    `origins` are the keys and accounts that would change hands.
    """

    flows: list[Flow]
    days: int
    first_day: date | None
    last_day: date | None
    origins: int = 0

    @property
    def tokens(self) -> int:
        """All tokens that would change hands."""
        return sum(flow.tokens for flow in self.flows)

    @property
    def value_nanos(self) -> int:
        """The value of those tokens in nano-dollars, as far as it is known."""
        return sum(flow.value_nanos for flow in self.flows)

    @property
    def unpriced_tokens(self) -> int:
        """Those of the tokens that have no price."""
        return sum(flow.unpriced_tokens for flow in self.flows)


class BadOwner(ValueError):
    """An owner that no key can have; the message says why."""


class ChangedSince(Exception):
    """What was to be undone is not as it was left; the message says so."""


def owner_named(email: str = "", label: str = "") -> Owner:
    """The owner that somebody typed. Raises `BadOwner` with the sentence.

    A further e-mail of a person is kept as it was typed: a later split takes it along.
    """
    label = " ".join(label.replace("\0", "").split())
    if email.strip() and label:
        raise BadOwner("Choose a person or a name for a shared key, not both.")
    if label:
        if len(label) > LONGEST_LABEL:
            raise BadOwner(f"The name of a shared key has at most {LONGEST_LABEL} characters.")
        return Owner(label=label)
    try:
        return Owner(checked_email(email))
    except ValueError as error:
        raise BadOwner(str(error)) from None


def change_mappings(changes: Sequence[KeyChange], *, by: str, email_domain: str) -> int:
    """Make it so, in one transaction with the history; all usage follows at once.

    What is said of a listed key's name holds for its id and the other way round. Returns the
    number of the act for `undo`, 0 when everything was so already.
    """
    with writing_usage():
        keep_mappings_by_id()
        ids = key_ids()
        changes = [KeyChange(ids.of(key), owner) for key, owner in changes]
        before = {key: Owner(*said) for key, said in mapped_keys().items()}
        real = [one for one in changes if before.get(one.key, AUTOMATIC) != one.owner]
        if not real:
            return 0
        now = now_seconds()
        for change in real:
            _store(change, now)
        batch = _log(real, before, now, by)
        resolve_everybody(email_domain)
        bump_data_version()
    return batch


def _store(change: KeyChange, now: int) -> None:
    Mapping.delete().where(Mapping.key == change.key).execute()
    if change.owner != AUTOMATIC:
        Mapping.create(key=change.key, created_at=now, **change.owner._asdict())


def _log(real: Sequence[KeyChange], before: dict[str, Owner], now: int, by: str) -> int:
    # Nobody else takes the number: changes of whose usage it is are made one at a time.
    batch = int(MappingChange.select(fn.COALESCE(fn.MAX(MappingChange.batch), 0)).scalar()) + 1
    for change in real:
        old = before.get(change.key, AUTOMATIC)
        MappingChange.create(
            batch=batch,
            at=now,
            by=by,
            key=change.key,
            email_before=old.email,
            label_before=old.label,
            email_after=change.owner.email,
            label_after=change.owner.label,
        )
    return batch


def undo(batch: int, *, by: str, email_domain: str) -> int:
    """Take one act back, as an act of its own. Raises `ChangedSince` when it is not as it was."""
    with writing_usage():
        done = list(MappingChange.select().where(MappingChange.batch == batch))
        if not done:
            raise ChangedSince("There is no such change to undo.")
        if batch not in undoable([batch]):
            raise ChangedSince(
                "Nothing was undone: somebody has changed the mapping since. "
                "The history shows how it is now."
            )
        back = [KeyChange(one.key, Owner(one.email_before, one.label_before)) for one in done]
        return change_mappings(back, by=by, email_domain=email_domain)


def effect_of(changes: Sequence[KeyChange], email_domain: str) -> MappingEffect:
    """What `change_mappings` would move, by the same rules. Changes nothing."""
    return _effect(_moved_when(_made(changes), email_domain, _ids_of(changes)))


def effects_by_key(changes: Sequence[KeyChange], email_domain: str) -> dict[str, MappingEffect]:
    """What each of the changes would move, by key; no key's usage hangs on another key."""
    moved = _moved_when(_made(changes), email_domain, _ids_of(changes))
    origins, usage = _origins_of(list(moved)), _usage_of(list(moved))
    found, ids = {}, key_ids()
    for change in changes:
        key_id = ids.of(change.key)
        own = {actor: pair for actor, pair in moved.items() if ids.of(origins[actor][1]) == key_id}
        count = len({origins[actor] for actor in own})
        found[change.key] = _summed(own, [row for row in usage if row[0] in own], count)
    return found


def _made(changes: Sequence[KeyChange]) -> Step:
    def change(known: KnownDirectory) -> None:
        for key, owner in changes:
            if owner == AUTOMATIC:
                known.unmap_key(key)
            else:
                known.map_key(key, owner.email)

    return change


def effect_when(change: Step, email_domain: str) -> MappingEffect:
    """What would move if every directory were as `change` makes it. Changes nothing."""
    return _effect(_moved_when(change, email_domain))


def _effect(moved: dict[int, tuple[str, str]]) -> MappingEffect:
    return _summed(moved, _usage_of(list(moved)), len(set(_origins_of(list(moved)).values())))


def _ids_of(changes: Sequence[KeyChange]) -> set[str]:
    ids = key_ids()
    return {ids.of(change.key) for change in changes}


def _moved_when(
    change: Step, email_domain: str, keys: Collection[str] | None = None
) -> dict[int, tuple[str, str]]:
    """(whose they are, whose they would be) of the actors that would change hands.

    Where the change is about `keys` alone, no other actors need to be looked at.
    """
    after: dict[int, tuple[int | None, str]] = {}
    for organization in Organization.select():
        if keys is None:
            known = known_directory(organization, email_domain)
            change(known)
            found = moves(organization, known)
        else:
            found = moves_of_keys(organization, email_domain, keys, change)
        after |= {move.actor_id: (move.person_before, move.email) for move in found}
    emails = _emails({person for person, _ in after.values() if person})
    pairs = {key: (emails.get(person or 0, ""), email) for key, (person, email) in after.items()}
    # Some actors only come by another rule to the person whose they are.
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _summed(
    pairs: dict[int, tuple[str, str]], usage: Iterable[tuple], origins: int
) -> MappingEffect:
    sums: dict[tuple[str, str], list[int]] = {}
    days: set[int] = set()
    for actor_id, day, *figures in usage:
        pair = pairs[actor_id]
        days.add(day)
        sums[pair] = [a + b for a, b in zip(sums.get(pair, [0, 0, 0]), figures, strict=True)]
    flows = [Flow(*pair, *figures) for pair, figures in sums.items()]
    flows.sort(key=lambda flow: (-flow.tokens, flow.before, flow.after))
    first, last = (day_of(min(days)), day_of(max(days))) if days else (None, None)
    return MappingEffect(flows, len(days), first, last, origins)


def _origins_of(actor_ids: list[int]) -> dict[int, tuple[int, str, str]]:
    """(organisation, key, account) by actor: one may be used in several workspaces."""
    rows = Actor.select(Actor.id, Actor.organization, Actor.key, Actor.account)
    return {one: tuple(rest) for one, *rest in rows.where(Actor.id.in_(actor_ids)).tuples()}


def _usage_of(actor_ids: list[int]) -> list[tuple]:
    """(actor, day, tokens, nano-dollars, unpriced tokens) of counting usage."""
    if not actor_ids:
        return []
    keys = (ActorDay.actor, Partition.day)
    sums = (total(getattr(ActorDay, name)) for name in ("tokens", "value_nanos", "unpriced_tokens"))
    query = actor_sums(among=Actor.id.in_(actor_ids)).select(*keys, *sums).group_by(*keys)
    return list(database.execute(query).fetchall())


def _emails(person_ids: set[int]) -> dict[int, str]:
    query = Person.select(Person.id, Person.email)
    return dict(query.where(Person.id.in_(list(person_ids))).tuples())
