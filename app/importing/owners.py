"""Which organisation a file belongs to: as somebody said, or as its people and keys tell.

What an organisation's API could have told counts once, so a file must not be taken for another
organisation's. Cursor main has the member ada@example.com:

    team.csv                            ada@example.com, bo@example.com    main: it knows one
    team-usage-events-77-2026-11.csv    robin@other.example                77, beside main
    contractor.csv --as cy@free.example                                    free_example, beside main

Of a file that main knows the rows of strangers count beside it, where its API tells of their
days: it could not have told of them (`app.importing.strangers`).

    team.csv                            ada@example.com                    main
                                        robin@other.example                other_example, beside

Without any directory nothing can be told, and the file belongs to main until there is one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from peewee import fn

from app.identity import aliases, known_directory
from app.importing.stored import Beside, Facts, facts_of, sums_of
from app.importing.strangers import told_of_nowhere
from app.importing.types import ImportRefused
from app.ledger import DEMO_ORGANIZATION, holds_demo, organization_for
from app.models import Actor, ImportBatch, Organization, Partition, Usage
from app.providers import by_name
from app.states import BatchStatus, OwnerBy, Source
from app.usage import MAIN, RawActor, normal_email, organization_label

NOBODYS = "files"
"""The label of files that name nobody whose address could be one."""
LONGEST_LABEL = 40
_LABEL = re.compile(rf"[A-Za-z0-9_]{{1,{LONGEST_LABEL}}}")
_TEAM_FILE = re.compile(r"team-usage-events-([A-Za-z0-9_]+)-", re.IGNORECASE)


class GuessedOwner(NamedTuple):
    """An organisation and the sentence that says why, "" where there is nothing to tell.

    `beside`: by the name of another organisation what of the file belongs to it.
    """

    organization: Organization
    reason: str = ""
    beside: Mapping[str, Beside] = {}

    def note_beside(self, batch: ImportBatch) -> None:
        """Keep with a file what of it belongs to others."""
        facts = facts_of(batch)
        if facts.beside != self.beside:
            facts.beside = dict(self.beside)
            batch.facts = facts.as_json()


def label_of(organization: Organization) -> str:
    """What people call an organisation of a provider."""
    return organization_label(organization.name)


def organization_of(provider: str, label: str) -> Organization:
    """Where usage belongs of which this label is said; "": main, or beside the demo company.

    Raises `ImportRefused` for what cannot be a label.
    """
    if label.strip():
        return organization_called(provider, label)
    return organization_for(provider, DEMO_ORGANIZATION if holds_demo() else "")


def guess_owner(batch: ImportBatch) -> None:
    """Let a file belong to the organisation of its people and keys; the demo company's stays."""
    if batch.organization.name != DEMO_ORGANIZATION:
        guess = Owners(batch.organization.provider).of(batch)
        batch.organization, batch.owner_reason = guess.organization, guess.reason
        guess.note_beside(batch)


def organization_called(provider: str, text: str) -> Organization:
    """The organisation of a label or of `provider:label`, made at first use.

    Raises `ImportRefused` for what cannot be one.
    """
    whose, colon, label = (part.strip() for part in text.rpartition(":"))
    if colon and whose.lower() != provider:
        raise ImportRefused(
            f"The file is of {provider}, so it cannot belong to {text.strip()!r}. "
            "Give the organisation's label alone."
        )
    if label.lower() == MAIN:
        return organization_for(provider)
    if not _LABEL.fullmatch(label) or label.lower() == DEMO_ORGANIZATION:
        raise ImportRefused(
            f"An organisation cannot be called {label!r}: use letters, digits and _, "
            f"at most {LONGEST_LABEL}, and not {DEMO_ORGANIZATION!r}."
        )
    known = Organization.get_or_none(
        (Organization.provider == provider) & (fn.LOWER(Organization.name) == label.lower())
    )
    return known or organization_for(provider, label)


class Owners:
    """The organisations of a provider with what each knows, for the guess of any file."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.main = organization_for(provider)
        found = Organization.select().where(
            (Organization.provider == provider) & (Organization.name != DEMO_ORGANIZATION)
        )
        # Equally well known, the plain one goes first, then the oldest.
        self._known = [
            _Known(each) for each in sorted(found, key=lambda each: (each.name != "", each.id))
        ]

    def of(self, batch: ImportBatch) -> GuessedOwner:
        """Whose a file is, as far as its rows tell. It may name a new organisation."""
        facts = facts_of(batch)
        actors = {actor for actor in facts.actors if actor.key or actor.account}
        if not actors:
            return GuessedOwner(self.main)
        whole = self._of_the_api(actors)
        if whole:
            return self._parted(whole, batch, facts, actors)
        return self._of_files(actors) or self._another(batch, facts)

    def _of_the_api(self, actors: set[RawActor]) -> GuessedOwner | None:
        """The organisation whose directory or API usage knows most of a file."""
        counts = [len(each.in_directory(actors)) for each in self._known]
        if not any(counts):
            counts = [len(each.seen(actors, in_files=False)) for each in self._known]
        return self._most(counts, len(actors)) if any(counts) else None

    def _parted(
        self, whole: GuessedOwner, batch: ImportBatch, facts: Facts, actors: set[RawActor]
    ) -> GuessedOwner:
        """The same without what belongs to others: whom they know, and whom nobody knows."""
        home = next(one for one in self._known if one.organization == whole.organization)
        strangers = actors - home.told(actors)
        groups: dict[str, set[RawActor]] = defaultdict(set)
        for knows in (_Known.told, _Known.told_by_files):
            for other in self._known:
                theirs = knows(other, strangers) if other is not home else set()
                if theirs:
                    groups[other.organization.name] |= theirs
                    strangers -= theirs
        if strangers := told_of_nowhere(batch, home.organization, strangers, actors):
            label = _new_label(batch, facts, strangers)
            name = organization_called(self.provider, label).name
            groups[name] |= strangers
        beside = _with_sums(batch, facts, groups)
        return whole._replace(reason=f"{whole.reason}{self._said(beside)}", beside=beside)

    def _said(self, beside: Mapping[str, Beside]) -> str:
        told = []
        for name, theirs in sorted(beside.items()):
            names = len(theirs.actors)
            rows, tokens = (sum(sums[place] for sums in theirs.days.values()) for place in (0, 1))
            told.append(
                f" {names:,} {'name' if names == 1 else 'names'} that its API cannot tell of "
                f"({rows:,} {'row' if rows == 1 else 'rows'}, {tokens:,} tokens) "
                f"{'counts' if names == 1 else 'count'} beside it, as {organization_label(name)}."
            )
        return "".join(told)

    def _of_files(self, actors: set[RawActor]) -> GuessedOwner | None:
        """The organisation of which earlier files knew most, where it is half or more."""
        directory = self._has_directory()
        counts = [
            0 if directory and each.listed else len(each.seen(actors, in_files=True))
            for each in self._known
        ]
        return self._most(counts, len(actors)) if 2 * max(counts) >= len(actors) else None

    def _most(self, counts: list[int], whole: int) -> GuessedOwner:
        place = counts.index(max(counts))
        organization = self._known[place].organization
        if not organization.name and not self._has_directory():
            return GuessedOwner(organization)
        return GuessedOwner(
            organization,
            f"{self._called(organization)} knows {counts[place]:,} of the {whole:,} "
            f"{'name' if whole == 1 else 'names'} in this file.",
        )

    def _another(self, batch: ImportBatch, facts: Facts) -> GuessedOwner:
        if not self._has_directory():
            return GuessedOwner(self.main)
        organization = organization_called(self.provider, _new_label(batch, facts, facts.actors))
        with_directory = next(each.organization for each in self._known if each.listed)
        return GuessedOwner(
            organization,
            f"Nobody in this file is a member of {self._called(with_directory)}; "
            f"it counts beside it, as {organization.name}.",
        )

    def _has_directory(self) -> bool:
        return any(each.listed for each in self._known)

    def _called(self, organization: Organization) -> str:
        return f"{by_name(self.provider).LABEL} {label_of(organization)}"


class _Known:
    """What is known of one organisation."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self._directory = known_directory(organization, "")
        self._aliases = aliases()
        self._emails = {self._person(email) for email in self._directory.members.values() if email}
        self._keys = {
            name for key in self._directory.keys.values() for name in (key.id, key.name) if name
        }
        self.listed = bool(self._directory.members or self._directory.keys)

    def _person(self, email: str) -> str:
        email = normal_email(email)
        return self._aliases.get(email, email)

    def told(self, actors: set[RawActor]) -> set[RawActor]:
        """Those whom the API can tell of, or of whom a file told that was said to be of here."""
        known = self.in_directory(actors) | self.seen(actors, in_files=False)
        return known | (actors & self._said if actors - known else set())

    def told_by_files(self, actors: set[RawActor]) -> set[RawActor]:
        """Those of whom files told, where no directory could list them."""
        return set() if self.listed else self.seen(actors, in_files=True)

    @cached_property
    def _said(self) -> set[RawActor]:
        files = ImportBatch.select().where(
            (ImportBatch.organization == self.organization)
            & (ImportBatch.owner_by == OwnerBy.SAID)
            & (ImportBatch.status == BatchStatus.APPLIED)
        )
        return {actor for file in files for actor in facts_of(file).actors}

    def in_directory(self, actors: Iterable[RawActor]) -> set[RawActor]:
        """Those whom the directory lists, by id, address or name."""
        return {actor for actor in actors if self.listed and self._lists(actor)}

    def _lists(self, actor: RawActor) -> bool:
        if actor.key in self._keys or actor.account in self._directory.members:
            return True
        if actor.account and self._person(actor.account) in self._emails:
            return True
        return self._directory.resolve(actor)[0] in self._emails

    def seen(self, actors: set[RawActor], *, in_files: bool) -> set[RawActor]:
        """Those who have usage here that the API told of, or (`in_files`) files did."""
        source = Partition.source == Source.IMPORTED
        used = (
            Usage.select(Usage.actor)
            .join(Partition)
            .where((Usage.actor == Actor.id) & (source if in_files else ~source))
            .where(Partition.prepared == 0)
        )
        rows = Actor.select(Actor.key, Actor.account).where(
            (Actor.organization == self.organization) & fn.EXISTS(used)
        )
        known = set(rows.tuples())
        return {actor for actor in actors if (actor.key, actor.account) in known}


def _with_sums(
    batch: ImportBatch, facts: Facts, groups: Mapping[str, set[RawActor]]
) -> dict[str, Beside]:
    if groups == {name: theirs.actors for name, theirs in facts.beside.items()}:
        return facts.beside
    return {
        name: Beside(frozenset(actors), sums_of(batch, actors)) for name, actors in groups.items()
    }


def _new_label(batch: ImportBatch, facts: Facts, strangers: Collection[RawActor]) -> str:
    """What to call the organisation of people nobody knows: by their team, or their domain."""
    if team := _TEAM_FILE.match(batch.file_name):
        return _free(team[1])
    sums = ((actor, facts.actors[actor]) for actor in strangers)
    most_first = sorted(sums, key=lambda each: (-each[1][0], each[0]))
    domains = (actor.account.rpartition("@") for actor, _ in most_first)
    return _free(next((domain for _, at, domain in domains if at), NOBODYS))


def _free(words: str) -> str:
    label = re.sub(r"[^A-Za-z0-9]+", "_", words)[:LONGEST_LABEL].strip("_")
    return NOBODYS if label.lower() in ("", MAIN, DEMO_ORGANIZATION) else label
