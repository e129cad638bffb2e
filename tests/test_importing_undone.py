"""What an undone import leaves behind: nothing but what somebody said."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.directory.mappings import KeyChange, Owner, change_mappings
from app.directory.people import change_person, merge_people
from app.identity import store_directory
from app.importing import undo
from app.ledger import organization_for, replace_day
from app.models import Actor, Person, Run
from app.queries.keys.mappings import known_emails
from app.usage import DayUsage, Directory, ListedMember, RawActor
from tests.imported import BY, DOMAIN, event, events, put, tokens, usage
from tests.invented_keys import assert_rollups_are_true, owner_of, usage_of
from tests.tools import CURSOR

ANN, NEW, TYPED = "ann@example.com", "new@example.com", "typed@example.com"
CLAUDE_KEY = "claude_code_key_zoe_abcd"


@pytest.fixture
def members(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a company whose only member is Ann."""
    people = (ListedMember("u1", ANN, "Ann"),)
    for provider in ("cursor", "anthropic"):
        store_directory(organization_for(provider), Directory(people))
    return client


def known() -> tuple[set[tuple], set[str]]:
    """All actors and people."""
    actors = Actor.select(Actor.organization, Actor.key, Actor.account, Actor.workspace)
    return set(actors.tuples()), {person.email for person in Person.select()}


def take_back(*numbers: int) -> None:
    for number in numbers:
        undo(number, by=BY, email_domain=DOMAIN)


def give(key: str, email: str = "") -> None:
    change_mappings([KeyChange(key, Owner(email))], by=BY, email_domain=DOMAIN)


def put_both() -> tuple[int, int]:
    """Two files of Ann, of people whom nobody knows, and of keys; the numbers of the imports."""
    people = events(event(), event(at="2026-11-02T11:00:00.000Z", user=NEW))
    keys = tokens(usage(key=CLAUDE_KEY), usage(key="key-b"))
    return put(people, organization="main").file.id, put(keys, organization="main").file.id


def test_people_and_keys_that_only_the_file_knew_are_gone(members: FlaskClient) -> None:
    before = known()
    files = put_both()
    assert {NEW, "zoe@example.com"} < set(known_emails())
    take_back(*files)
    assert known() == before
    assert known_emails() == members.get("/api/mappings").json["knownEmails"] == [ANN]
    assert members.get(f"/api/users/{NEW}").status_code == 404
    assert members.get("/api/mappings").json["unmapped"] == []
    assert_rollups_are_true()


def test_a_mapping_stays_and_holds_when_the_key_comes_again(members: FlaskClient) -> None:
    give("key-b", TYPED)
    take_back(*put_both())
    assert TYPED in known_emails()
    mapped = members.get("/api/mappings").json["mappings"]
    assert mapped == [{"apiKey": "key-b", "name": "", "email": TYPED, "source": "mapping"}]
    put_both()
    assert owner_of("key-b") == (TYPED, "mapping")
    give("key-b")
    assert TYPED not in known_emails()


def test_what_anything_else_knows_stays(members: FlaskClient) -> None:
    files = put_both()
    merge_people(NEW, "further@example.com", email_domain=DOMAIN)
    change_person("zoe@example.com", name="Zoe", team="", left="")
    another = put(tokens(usage("2026-11-03", key="key-b")), organization="main").file.id
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    day, own = date(2026, 11, 5), RawActor(account=NEW)
    told = DayUsage(day, [usage_of(day, CURSOR, own, 5)], settled=True)
    replace_day(organization_for("cursor"), "events", told, run, email_domain=DOMAIN)
    take_back(*files)
    actors, people = known()
    assert {actor[1:] for actor in actors} == {("key-b", "", "Default"), ("", NEW, "")}
    assert people == {ANN, NEW, "zoe@example.com"}
    take_back(another)
    assert {actor[1:] for actor in known()[0]} == {("", NEW, "")}
