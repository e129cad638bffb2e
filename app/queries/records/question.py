"""Which records a question is about: those of a scope, of somebody or nobody, of a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from peewee import Expression, ModelSelect

from app.models import Actor, Partition, Person, Usage
from app.queries.keys.shared import shared_labels
from app.queries.scope import Scope, slices_of
from app.queries.sums.actors import actor_sums
from app.states import Rule


class Ownership(StrEnum):
    """Whose usage is meant, where it is not that of one person, key or shared name.

    PEOPLE: that of anybody. TEAMLESS: of people without a team. NOBODY: of no person, shared
    keys included. NONE: what has no owner at all.
    """

    PEOPLE = "people"
    TEAMLESS = "teamless"
    NOBODY = "nobody"
    NONE = "none"


class Whose(NamedTuple):
    """Whose records are meant: of all that is given, and everybody's where nothing is.

    `owner` is one of `Ownership`, `person` an e-mail, `shared` names of shared
    keys, `keys` ids of keys that nobody owns ("" is usage without any). `workspace` is the id of
    a workspace ("" is the default one), None for all of them. What does not exist matches nothing.
    """

    owner: str = ""
    person: str = ""
    shared: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    workspace: str | None = None

    def actors(self) -> Iterator[Expression]:
        """What an actor must be, so that its usage is meant."""
        if self.owner:
            yield _owned_by(self.owner)
        if self.person:
            yield Actor.person.in_(Person.select(Person.id).where(Person.email == self.person))
        if self.shared:
            yield (Actor.rule == Rule.SHARED) & Actor.key.in_(_keys_called(self.shared))
        if self.keys:
            yield Actor.person.is_null() & Actor.key.in_(list(self.keys))
        if self.workspace is not None:
            yield Actor.workspace == self.workspace


ANYBODYS = Whose()


class RecordQuestion(NamedTuple):
    """The records of a scope that belong to somebody, or to nobody."""

    scope: Scope
    whose: Whose = ANYBODYS

    @property
    def is_of_everything(self) -> bool:
        """Whether all usage of its days is meant."""
        return self.whose == ANYBODYS and not self.scope.is_filtered

    def records(self) -> ModelSelect:
        """The query of the counting records, joined to their partition."""
        slices = list(slices_of(self.scope).by_model)
        within = Partition.counts & self.scope.covers(Usage.day) & Usage.model.in_(slices)
        query, among = Usage.select().join(Partition).where(within), self._actors()
        if among is None:
            return query
        return query.where(Usage.actor.in_(Actor.select(Actor.id).where(among)))

    def sums(self) -> ModelSelect:
        """The query of the sums that actors' counting records add up to (`actor_sums`)."""
        return actor_sums(self.scope, self._actors())

    def _actors(self) -> Expression | None:
        """What an actor must be, None where anybody's usage is meant."""
        conditions = list(self.whose.actors())
        if self.scope.teams:
            conditions.append(Actor.person.in_(self.scope.members()))
        return reduce(and_, conditions) if conditions else None


def _owned_by(owner: str) -> Expression:
    if owner == Ownership.PEOPLE:
        return Actor.person.is_null(False)
    if owner == Ownership.TEAMLESS:
        return Actor.person.in_(Person.select(Person.id).where(Person.team.is_null()))
    if owner == Ownership.NOBODY:
        return Actor.person.is_null()
    if owner == Ownership.NONE:
        return Actor.person.is_null() & (Actor.rule != Rule.SHARED)
    return Actor.id.in_([])


def _keys_called(names: tuple[str, ...]) -> Any:
    """The ids of the shared keys of these names; a key without a name is called by its id."""
    labels = shared_labels()
    return [*(key for key, label in labels.items() if label in names), *(set(names) - set(labels))]
