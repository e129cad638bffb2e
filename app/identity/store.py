"""The directory that we keep, and every actor in it as the rules say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from peewee import JOIN, Expression, Field, fn

from app.bulk import change_rows
from app.database import database
from app.identity.domain import address_domain
from app.identity.keys import keep_mappings_by_id, key_ids, plain_name
from app.identity.people import PIECE, aliases, ensure_people, forget_unknown, person_ids
from app.identity.rules import CLAUDE_CODE_WORKSPACE, KnownDirectory
from app.models import (
    UNATTRIBUTED,
    Actor,
    ApiKey,
    Mapping,
    Member,
    Organization,
    Person,
    Usage,
    Workspace,
)
from app.rollups import refresh_people
from app.running import next_lane
from app.states import Rule
from app.usage import Directory, ListedKey, RawActor

StoredActor = tuple[str, str, str, int, int | None, str, str | None]
"""Key, account and workspace of an actor; its id, its person's id, its rule, and their e-mail."""
MOST_NAMES = 200
"""More are not looked up one by one: then a directory is read whole."""


class Move(NamedTuple):
    """An actor whom the rules now give to somebody else, or give by another rule.

    E-mail and person id are "" and None for nobody.
    """

    actor_id: int
    person_before: int | None
    email: str
    rule: str


def store_directory(organization: Organization, directory: Directory) -> bool:
    """Keep what the provider lists now; entries it no longer lists stay as they were.

    Returns whether anything is new or other than before.
    """
    changed = False
    for table, listed in (
        (Member, directory.members),
        (ApiKey, directory.keys),
        (Workspace, directory.workspaces),
    ):
        # By id: listed twice, the later entry is the newer one.
        rows = {entry.id: _row(organization, entry) for entry in listed}
        known = {row["external_id"]: row for row in _kept(table, organization)}
        fresh = [row for key, row in rows.items() if row != known.get(key)]
        _upsert(table, fresh)
        changed = changed or bool(fresh)
    ensure_people({member.email: member.name for member in directory.members if member.email})
    return changed


def _row(organization: Organization, entry: Any) -> dict[str, Any]:
    values = entry._asdict()
    return {"organization": organization.id, "external_id": values.pop("id"), **values}


def _kept(table: Any, organization: Organization) -> Iterable[dict[str, Any]]:
    fields = [field for field in table._meta.sorted_fields if field.name != "id"]
    return table.select(*fields).where(table.organization == organization).dicts()


def _upsert(table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), PIECE):
        batch = rows[start : start + PIECE]
        updated = [getattr(table, name) for name in batch[0] if name != "external_id"]
        (
            table.insert_many(batch)
            .on_conflict(conflict_target=[table.organization, table.external_id], preserve=updated)
            .execute()
        )


def known_directory(
    organization: Organization,
    email_domain: str,
    actors: Collection[RawActor] | None = None,
) -> KnownDirectory:
    """Load what is kept of `organization`, with the administrator's mappings.

    `email_domain` is that of addresses made from key names; "" lets the members decide.
    With `actors` only what the rules ask of these is read: a directory has tens of thousands.
    """
    known = KnownDirectory("")
    known.key_ids = key_ids()
    said = Mapping.select(Mapping.created_at, Mapping.key, Mapping.email)
    # By when it was said: of two words on what is one key the newer counts.
    for _, key, email in sorted(said.tuples()):
        known.map_key(key, email)
    known.aliases = aliases()
    places = _entries(organization, None, Workspace.external_id, Workspace.name)
    known.workspace_names = dict(places)
    known.claude_code_workspaces = {
        workspace
        for workspace, name in known.workspace_names.items()
        if name.strip().lower() == CLAUDE_CODE_WORKSPACE
    }
    known.keys = _listed_keys(organization, actors)
    by_name = actors is None or any(known.made_by_claude_code(actor) for actor in actors)
    if by_name:
        known.email_domain = address_domain(email_domain).name
    members = None if actors is None or by_name else known.members_behind(actors)
    known.members = dict(_entries(organization, members, Member.external_id, Member.email))
    locals_ = defaultdict(set)
    for email in filter(None, known.members.values()):
        locals_[email.split("@")[0]].add(email)
    known.emails_by_local_part = dict(locals_)
    return known


def _listed_keys(
    organization: Organization, actors: Collection[RawActor] | None
) -> dict[str, ListedKey]:
    """The keys of a directory, or those that actors name by their ids."""
    named = None if actors is None else {actor.key for actor in actors if actor.key}
    columns = [getattr(ApiKey, name) for name in ("external_id", *ListedKey._fields[1:])]
    keys = {row[0]: ListedKey(*row) for row in _entries(organization, named, *columns)}
    if named is None or named <= keys.keys():
        return keys
    # Files name keys by their names, which blanks may write in several ways.
    return _listed_keys(organization, None)


def _entries(
    organization: Organization, ids: Collection[str] | None, *fields: Field
) -> list[tuple]:
    """What is kept of an organisation (of these ids, the first field), as bare rows."""
    table = fields[0].model
    query = table.select(*fields).where(table.organization == organization)
    if ids is not None and len(ids) <= MOST_NAMES:
        query = query.where(fields[0].in_(sorted(ids)))
    return list(database.execute(query).fetchall())


def add_actors(organization: Organization, actors: Iterable[RawActor]) -> dict[RawActor, int]:
    """Ids of the actors. Those seen for the first time are made, to be resolved later."""
    wanted = set(actors)
    ids = _stored_actors(organization)
    missing = sorted(wanted - set(ids))
    if missing:
        new = {"organization": organization, "rule": Rule.NEW}
        first = next_lane(organization.id)
        rows = [
            {**new, **actor._asdict(), "lane": lane} for lane, actor in enumerate(missing, first)
        ]
        for start in range(0, len(rows), PIECE):
            Actor.insert_many(rows[start : start + PIECE]).execute()
        # Only these are asked for again: an organisation may have tens of thousands of others.
        ids |= _stored_actors(organization, Actor.rule == Rule.NEW)
    return {actor: ids[actor] for actor in wanted}


def resolve_new_actors(organization: Organization, email_domain: str) -> None:
    """Apply the rules to the actors that were only added. To be called before they count."""
    new = _new_actors(organization, email_domain)
    people = ensure_people({one.email: "" for one in new if one.email})
    rows = [(people.get(one.email), str(one.rule), one.actor_id) for one in new]
    change_rows("actor", ("person_id", "rule"), "id", rows)


def planned_owners(organization: Organization, email_domain: str) -> dict[int, int]:
    """Whose the actors will be that were only added, by their ids: a person's id, 0 for nobody,
    or for somebody new the negative of the first actor of the same e-mail.
    """
    new = _new_actors(organization, email_domain)
    known = person_ids({one.email for one in new if one.email})
    owners = {"": UNATTRIBUTED, **known}
    return {one.actor_id: owners.setdefault(one.email, -one.actor_id) for one in new}


def _new_actors(organization: Organization, email_domain: str) -> list[Move]:
    mine = (Actor.organization == organization) & (Actor.rule == Rule.NEW)
    new = list(Actor.select().where(mine))
    if not new:
        return []
    known = _known_of(organization, new, email_domain)
    return [Move(one.id, None, *known.resolve(_raw(one))) for one in new]


def _raw(actor: Actor) -> RawActor:
    return RawActor(actor.key, actor.account, actor.workspace)


def _known_of(organization: Organization, actors: list[Actor], email_domain: str) -> KnownDirectory:
    """What is to be known to resolve these: for bare e-mail addresses only whose they are."""
    if all("@" in actor.account and not actor.key for actor in actors):
        return KnownDirectory("", aliases=aliases())
    return known_directory(organization, email_domain, list(map(_raw, actors)))


def _stored_actors(organization: Organization, *where: Expression) -> dict[tuple[str, ...], int]:
    """Ids by key, account and workspace: bare tuples, which equal raw actors."""
    columns = (Actor.key, Actor.account, Actor.workspace, Actor.id)
    query = Actor.select(*columns).where(Actor.organization == organization, *where)
    return {row[:3]: row[3] for row in database.execute(query).fetchall()}


def name_actors(names: dict[int, str], day: int) -> bool:
    """Let actors have the names that usage of a day (YYYYMMDD) gives them; whether any is new.

    Of one with later usage the name stays: accounts are renamed, and days are read again.
    """
    ids = list(names)
    later = Usage.select(Usage.actor).where(Usage.actor.in_(ids) & (Usage.day > day)).distinct()
    settled = {actor_id for (actor_id,) in later.tuples()}
    changed = False
    for actor_id, label in Actor.select(Actor.id, Actor.label).where(Actor.id.in_(ids)).tuples():
        if label != names[actor_id] and not (label and actor_id in settled):
            Actor.update(label=names[actor_id]).where(Actor.id == actor_id).execute()
            changed = True
    return changed


def forget_idle_actors(organization: Organization) -> None:
    """Forget who has no usage left, and the people whom nothing else names."""
    used = Usage.select(Usage.sequence).where(Usage.actor == Actor.id)
    idle = Actor.select(Actor.id, Actor.person).where(
        (Actor.organization == organization) & ~fn.EXISTS(used)
    )
    people = dict(idle.tuples())
    for start in range(0, len(people), PIECE):
        Actor.delete().where(Actor.id.in_(list(people)[start : start + PIECE])).execute()
    forget_unknown(filter(None, people.values()))


def moves(organization: Organization, known: KnownDirectory) -> list[Move]:
    """The actors that are not stored as the rules say by what is `known`. Changes nothing."""
    return list(_moves(known, _resolved_actors(organization)))


def moves_of_keys(
    organization: Organization,
    email_domain: str,
    keys: Collection[str],
    change: Callable[[KnownDirectory], None],
) -> list[Move]:
    """The moves of the actors that name one of these keys (by id), were all known as `change`
    makes it. Changes nothing.
    """
    named = _names_of(organization, keys)
    stored = _resolved_actors(organization, Actor.key.in_(named)) if named else []
    known = known_directory(organization, email_domain, [RawActor(*row[:3]) for row in stored])
    change(known)
    mine = [row for row in stored if known.names_one_of(RawActor(*row[:3]), keys)]
    return list(_moves(known, mine))


def _names_of(organization: Organization, keys: Collection[str]) -> list[str]:
    """What actors call these keys, and perhaps others of the same names."""
    listed = ApiKey.organization == organization
    names = ApiKey.select(ApiKey.name).where(listed & ApiKey.external_id.in_(list(keys)))
    plain = {plain_name(name) for (name,) in names.tuples()} | key_ids().names_of(keys) | {*keys}
    used = Actor.select(Actor.key).where(Actor.organization == organization).distinct()
    found = (key for (key,) in database.execute(used).fetchall() if key)
    return [key for key in found if key in plain or plain_name(key) in plain]


def _resolved_actors(organization: Organization, *where: Expression) -> list[StoredActor]:
    columns = (Actor.key, Actor.account, Actor.workspace, Actor.id, Actor.person, Actor.rule)
    query = (
        Actor.select(*columns, Person.email)
        .join(Person, JOIN.LEFT_OUTER)
        .where((Actor.organization == organization) & (Actor.rule != Rule.NEW), *where)
    )
    return list(database.execute(query).fetchall())


def _moves(known: KnownDirectory, stored: Iterable[StoredActor]) -> Iterator[Move]:
    for *raw, actor_id, person_id, rule, email in stored:
        wanted = known.resolve(RawActor(*raw))
        if wanted != (email or "", rule):
            yield Move(actor_id, person_id, *wanted)


def resolve_everybody(email_domain: str) -> int:
    """`resolve_again` in every organisation: members of one may decide the domain of all."""
    keep_mappings_by_id()
    return sum(resolve_again(each, email_domain) for each in Organization.select())


def resolve_again(organization: Organization, email_domain: str) -> int:
    """Apply the rules to every actor; refresh the rollups of persons whose actors changed.

    Returns how many actors changed hands. Usage records are never touched.
    """
    wanted = moves(organization, known_directory(organization, email_domain))
    people = ensure_people({move.email: "" for move in wanted if move.email})
    touched: set[int] = set()
    moved = 0
    for move in wanted:
        person_id = people.get(move.email)
        Actor.update(person=person_id, rule=move.rule).where(Actor.id == move.actor_id).execute()
        if person_id != move.person_before:
            moved += 1
            touched |= {person_id or UNATTRIBUTED, move.person_before or UNATTRIBUTED}
    if touched:
        refresh_people(touched)
        forget_unknown(touched)
    return moved
