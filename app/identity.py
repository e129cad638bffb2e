"""Who an actor is: the rules of attribution, applied to the directory we keep.

An actor belongs to, in this order: the person an administrator mapped its key to; the
member behind its account, or behind a key bound to a member in the workspace "Claude Code";
the name pattern of Claude Code's own keys; nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.models import (
    UNATTRIBUTED,
    Actor,
    ApiKey,
    Mapping,
    Member,
    Organization,
    Person,
    Workspace,
)
from app.rollups import refresh_people
from app.usage import Actor as RawActor
from app.usage import ApiKey as ListedKey
from app.usage import Directory, normal_email

CLAUDE_CODE_WORKSPACE = "claude code"
KEY_NAME = re.compile(r"claude_code_key_(?P<local>[a-z0-9][a-z0-9._%+-]*)_[a-z0-9]+", re.IGNORECASE)


@dataclass
class KnownDirectory:
    """What is kept of an organisation's directory, ready for look-ups by id."""

    email_domain: str
    mappings: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    keys: dict[str, ListedKey] = field(default_factory=dict)
    claude_code_workspaces: set[str] = field(default_factory=set)
    emails_by_local_part: dict[str, set[str]] = field(default_factory=dict)

    def resolve(self, actor: RawActor) -> tuple[str, str]:
        """(e-mail, name of the rule) for an actor; ("", "") when it belongs to nobody."""
        for rule, find in self.rules():
            if email := find(actor):
                return email, rule
        return "", ""

    def rules(self) -> tuple[tuple[str, Callable[[RawActor], str]], ...]:
        """Every rule by name, the strongest first."""
        return (
            ("mapping", lambda actor: self.mappings.get(actor.key, "") if actor.key else ""),
            ("account", self._by_account),
            ("key owner", self._by_bound_key),
            ("key name", self._by_key_name),
        )

    def suggest(self, key: str) -> str:
        """E-mail of the member who made the key, "" when unknown. Never applied by itself."""
        listed = self.keys.get(key)
        return self.members.get(listed.creator_member_id, "") if listed else ""

    def _by_account(self, actor: RawActor) -> str:
        if "@" in actor.account:
            return actor.account
        return self.members.get(actor.account, "")

    def _by_bound_key(self, actor: RawActor) -> str:
        listed = self.keys.get(actor.key)
        if listed is None or listed.workspace_id not in self.claude_code_workspaces:
            return ""
        return self.members.get(listed.bound_member_id) or self.members.get(
            listed.creator_member_id, ""
        )

    def _by_key_name(self, actor: RawActor) -> str:
        listed = self.keys.get(actor.key)
        match = KEY_NAME.fullmatch(listed.name.strip()) if listed else None
        if match is None:
            return ""
        local = match["local"].lower()
        candidates = self.emails_by_local_part.get(local, set())
        return next(iter(candidates)) if len(candidates) == 1 else f"{local}@{self.email_domain}"


def store_directory(organization: Organization, directory: Directory) -> None:
    """Keep what the provider lists now; entries it no longer lists stay as they were."""
    for table, listed in (
        (Member, directory.members),
        (ApiKey, directory.keys),
        (Workspace, directory.workspaces),
    ):
        rows = [_row(organization, entry) for entry in listed]
        _upsert(table, rows)
    _ensure_people({member.email: member.name for member in directory.members if member.email})


def _row(organization: Organization, entry: Any) -> dict[str, Any]:
    values = entry._asdict()
    return {"organization": organization, "external_id": values.pop("id"), **values}


def _upsert(table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        batch = rows[start : start + 500]
        updated = [getattr(table, name) for name in batch[0] if name != "external_id"]
        (
            table.insert_many(batch)
            .on_conflict(conflict_target=[table.organization, table.external_id], preserve=updated)
            .execute()
        )


def known_directory(organization: Organization, email_domain: str) -> KnownDirectory:
    """Load what is kept of `organization`, with the administrator's mappings."""
    known = KnownDirectory(email_domain)
    known.mappings = dict(Mapping.select(Mapping.key, Mapping.email).tuples())
    for member in Member.select().where(Member.organization == organization):
        known.members[member.external_id] = member.email
    locals_ = defaultdict(set)
    for email in filter(None, known.members.values()):
        locals_[email.split("@")[0]].add(email)
    known.emails_by_local_part = dict(locals_)
    for key in ApiKey.select().where(ApiKey.organization == organization):
        known.keys[key.external_id] = ListedKey(
            key.external_id,
            key.name,
            key.status,
            key.workspace_id,
            key.bound_member_id,
            key.creator_member_id,
        )
    known.claude_code_workspaces = {
        workspace.external_id
        for workspace in Workspace.select().where(Workspace.organization == organization)
        if workspace.name.strip().lower() == CLAUDE_CODE_WORKSPACE
    }
    return known


def ensure_actors(
    organization: Organization,
    actors: Iterable[RawActor],
    labels: dict[RawActor, str],
    email_domain: str,
) -> dict[RawActor, int]:
    """Ids of the actors, making and resolving those seen for the first time."""
    wanted = set(actors)
    ids = _stored_actors(organization)
    missing = sorted(wanted - set(ids))
    if missing:
        known = known_directory(organization, email_domain)
        resolved = {actor: known.resolve(actor) for actor in missing}
        people = _ensure_people({email: "" for email, _ in resolved.values() if email})
        rows = [
            {
                "organization": organization,
                **actor._asdict(),
                "label": labels.get(actor, ""),
                "person": people.get(resolved[actor][0]),
                "rule": resolved[actor][1],
            }
            for actor in missing
        ]
        for start in range(0, len(rows), 500):
            Actor.insert_many(rows[start : start + 500]).execute()
        ids = _stored_actors(organization)
    return {actor: ids[actor] for actor in wanted}


def _stored_actors(organization: Organization) -> dict[RawActor, int]:
    rows = (
        Actor.select(Actor.id, Actor.key, Actor.account, Actor.workspace)
        .where(Actor.organization == organization)
        .tuples()
    )
    return {RawActor(*row[1:]): row[0] for row in rows}


def _ensure_people(names_by_email: dict[str, str]) -> dict[str, int]:
    """Ids of the persons with these e-mails, made where missing; a known name is kept."""
    rows = [{"email": normal_email(email), "name": name} for email, name in names_by_email.items()]
    for start in range(0, len(rows), 500):
        Person.insert_many(rows[start : start + 500]).on_conflict_ignore().execute()
    named = [row for row in rows if row["name"]]
    for row in named:
        Person.update(name=row["name"]).where(
            (Person.email == row["email"]) & (Person.name == "")
        ).execute()
    return dict(Person.select(Person.email, Person.id).tuples())


def resolve_again(organization: Organization, email_domain: str) -> int:
    """Apply the rules to every actor; refresh the rollups of persons whose actors changed.

    Returns how many actors changed hands. Usage records are never touched.
    """
    known = known_directory(organization, email_domain)
    actors = list(Actor.select().where(Actor.organization == organization))
    resolved = {
        actor.id: known.resolve(RawActor(actor.key, actor.account, actor.workspace))
        for actor in actors
    }
    people = _ensure_people({email: "" for email, _ in resolved.values() if email})
    touched: set[int] = set()
    moved = 0
    for actor in actors:
        email, rule = resolved[actor.id]
        person_id = people.get(email)
        if (person_id, rule) == (actor.person_id, actor.rule):
            continue
        Actor.update(person=person_id, rule=rule).where(Actor.id == actor.id).execute()
        if person_id != actor.person_id:
            moved += 1
            touched |= {person_id or UNATTRIBUTED, actor.person_id or UNATTRIBUTED}
    if touched:
        refresh_people(touched)
    return moved
