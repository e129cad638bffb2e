"""Files call a key by its name, the API by its id: what is said of either holds for both."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from app.database import writing
from app.directory.mappings import KeyChange, Owner, change_mappings, effects_by_key
from app.directory.mappings import undo as undo_mapping
from app.identity import (
    KeyIds,
    KnownDirectory,
    known_directory,
    resolve_everybody,
    store_directory,
)
from app.ledger import bump_data_version, organization_for, replace_day
from app.models import Mapping, Run
from app.queries.keys.mappings import undoable
from app.queries.keys.shared import shared_key_lines
from app.queries.keys.unmapped import unmapped_keys
from app.queries.scope import Scope
from app.usage import DayUsage, Directory, ListedKey, ListedMember, ListedWorkspace, RawActor
from tests.imported import put, tokens, usage
from tests.invented_keys import assert_rollups_are_true, owner_of, send, usage_of
from tests.reading import PART
from tests.tools import CLAUDE_CODE

PATH, DOMAIN = "/api/mappings", "firm.example"
ANN, BOB = "ann@firm.example", "bob@firm.example"
FILE_DAY, API_DAY = date(2026, 11, 2), date(2026, 11, 3)
BY_FILE, BY_API = 1_000_000, 20
ODD = (
    "un\u00a0split key",
    "a\u202eb <i>",
    "tab\tand\nline",
    '"quoted" \U0001f511 & \u200bzero',
    "\u3000wide ",
)
ONLY_FILES = "only in\u00a0files"
LISTED = (
    ListedKey("apikey_1", "ci-key", creator_member_id="user_bob"),
    ListedKey("apikey_2", "twice"),
    ListedKey("apikey_3", "twice"),
    *(ListedKey(f"odd_{number}", name) for number, name in enumerate(ODD)),
)
MEMBERS = (ListedMember("user_ann", ANN, "Ann"), ListedMember("user_bob", BOB, "Bob"))


def import_names() -> None:
    """A file has usage of keys by their names, before any directory is known."""
    names = ("ci-key", "twice", ONLY_FILES)
    put(tokens(*(usage(str(FILE_DAY), key=name) for name in names)))


def list_keys(*keys: ListedKey) -> None:
    """The API lists the keys, and tells of usage by their ids, as a sync does."""
    anthropic = organization_for("anthropic")
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    with writing():
        store_directory(anthropic, Directory(MEMBERS, keys))
        resolve_everybody(DOMAIN)
        records = [usage_of(API_DAY, CLAUDE_CODE, RawActor(key=key.id), BY_API) for key in keys]
        day = DayUsage(API_DAY, records, settled=True)
        replace_day(anthropic, "messages", day, run, email_domain=DOMAIN)
        bump_data_version()


def fill_both() -> None:
    import_names()
    list_keys(*LISTED)


FILLED = {"named": import_names, "both": fill_both}


@pytest.fixture
def named(database: Database) -> Database:
    """Keys that only a file has named."""
    return database


@pytest.fixture
def both(database: Database) -> Database:
    """Keys that a file named and the API lists."""
    return database


def give(key: str, email: str = "", label: str = "") -> int:
    return change_mappings([KeyChange(key, Owner(email, label))], by="test", email_domain=DOMAIN)


def told(client: FlaskClient) -> dict[str, list[dict[str, Any]]]:
    """The lines of each key, by what the API calls it, mapped ones and others."""
    answer = client.get(PATH).json
    found: dict[str, list[dict[str, Any]]] = {}
    for line in (*answer["mappings"], *answer["unmapped"]):
        found.setdefault(line["apiKey"], []).append(line)
    return found


def tokens_of(client: FlaskClient, email: str) -> int:
    return client.get(f"/api/users/{email}").json["summary"]["totalTokens"]


@pytest.mark.parametrize(
    ("said", "taken"), [("ci-key", "apikey_1"), ("apikey_1", "ci-key"), ("apikey_1", "apikey_1")]
)
def test_name_and_id_of_a_listed_key_are_one_key(
    both: Database, client: FlaskClient, said: str, taken: str
) -> None:
    (line,) = told(client)["apikey_1"]
    assert (line["name"], line["totalTokens"]) == ("ci-key", BY_FILE + BY_API)
    assert line["suggestedEmail"] == BOB
    assert {key.key: key.days for key in unmapped_keys(Scope())}["apikey_1"] == 2
    assert client.post(PATH, json={"apiKey": said, "email": ANN}).status_code == 200
    assert owner_of("ci-key") == owner_of("apikey_1") == (ANN, "mapping")
    assert tokens_of(client, ANN) == BY_FILE + BY_API
    (line,) = told(client)["apikey_1"]
    assert line == {"apiKey": "apikey_1", "name": "ci-key", "email": ANN, "source": "mapping"}
    assert "ci-key" not in told(client)
    assert client.delete(PATH, json={"apiKey": taken}).status_code == 200
    assert owner_of("ci-key") == owner_of("apikey_1") == (None, "")
    assert client.delete(PATH, json={"apiKey": said}).status_code == 404
    assert_rollups_are_true()


def test_what_was_said_of_a_name_holds_for_the_key_that_is_listed_later(
    named: Database, client: FlaskClient
) -> None:
    batch = give("ci-key", ANN)
    list_keys(*LISTED)
    assert owner_of("apikey_1") == owner_of("ci-key") == (ANN, "mapping")
    assert [line["email"] for line in told(client)["apikey_1"]] == [ANN]
    assert "ci-key" not in told(client)
    assert batch in undoable([batch])
    undo_mapping(batch, by="test", email_domain=DOMAIN)
    assert owner_of("apikey_1") == owner_of("ci-key") == (None, "")


def test_a_renamed_key_keeps_its_mapping_and_its_old_name_goes_to_nobody_else(
    named: Database,
) -> None:
    give("ci-key", ANN)
    list_keys(*LISTED)
    renamed = LISTED[0]._replace(name="ci-key-old")
    list_keys(renamed, ListedKey("apikey_9", "ci-key"))
    assert owner_of("apikey_1") == (ANN, "mapping")
    assert owner_of("apikey_9") == (None, "")


def test_of_two_words_on_what_turns_out_to_be_one_key_the_newer_counts(named: Database) -> None:
    for key, email, at in (("ci-key", ANN, 7), ("apikey_1", BOB, 8)):
        Mapping.create(key=key, email=email, created_at=at)
    list_keys(*LISTED)
    assert owner_of("apikey_1") == owner_of("ci-key") == (BOB, "mapping")
    assert list(Mapping.select(Mapping.key, Mapping.email).tuples()) == [("apikey_1", BOB)]


def test_a_name_that_two_keys_have_means_neither_of_them(
    both: Database, client: FlaskClient
) -> None:
    assert [len(told(client)[key]) for key in ("twice", "apikey_2", "apikey_3")] == [1, 1, 1]
    client.post(PATH, json={"apiKey": "twice", "email": ANN})
    assert owner_of("twice") == (ANN, "mapping")
    assert owner_of("apikey_2") == owner_of("apikey_3") == (None, "")
    client.post(PATH, json={"apiKey": "apikey_2", "email": BOB})
    assert owner_of("twice") == (ANN, "mapping")
    assert owner_of("apikey_3") == (None, "")
    assert client.delete(PATH, json={"apiKey": "twice"}).status_code == 200
    assert owner_of("twice") == (None, "")
    assert owner_of("apikey_2") == (BOB, "mapping")


def test_a_shared_key_is_shared_by_name_and_id(both: Database) -> None:
    moved = effects_by_key([KeyChange("ci-key", Owner(ANN))], DOMAIN)["ci-key"]
    assert moved.tokens == BY_FILE + BY_API
    give("ci-key", label="Build farm")
    assert owner_of("ci-key") == owner_of("apikey_1") == (None, "shared")
    (line,) = shared_key_lines(Scope())
    assert (line.label, line.keys) == ("Build farm", ("apikey_1",))
    assert line.figures.tokens == BY_FILE + BY_API


def test_every_key_can_be_mapped_whatever_its_name_holds(
    both: Database, client: FlaskClient
) -> None:
    named = {f"odd_{number}": name for number, name in enumerate(ODD)} | {ONLY_FILES: ONLY_FILES}
    for key, name in named.items():
        sayings = {key, name, name.replace("\n", "\r\n"), f" {name} ", " ".join(name.split())}
        for said in sayings:
            assert client.post(PATH, json={"apiKey": said, "email": ANN}).status_code == 200, said
            assert owner_of(key) == (ANN, "mapping")
            assert client.delete(PATH, json={"apiKey": said}).status_code == 200, said
            assert owner_of(key) == (None, "")
        for said, headers in ((key, {}), (name, {}), (name, PART)):
            page = "/settings?" + urlencode({"key": said, "to": BOB})
            assert 'id="editor"' in client.get(page, headers=headers).text, said
            send(client, page, {"act": "assign", "key": said, "to": BOB}, headers=headers)
            assert owner_of(key) == (BOB, "mapping")
            page = "/settings/mappings?" + urlencode({"remove": said})
            send(client, page, {"act": "remove", "key": said}, headers=headers)
            assert owner_of(key) == (None, "")


def test_a_key_of_several_organisations_has_one_line(both: Database, client: FlaskClient) -> None:
    for organization, days in (("main", (4, 5)), ("contractor", (5, 6))):
        rows = (usage(f"2026-11-0{day}", key="lent", tokens=7) for day in days)
        put(tokens(*rows), organization=organization)
    (key,) = [key for key in unmapped_keys(Scope()) if key.key == "lent"]
    assert (key.figures.tokens, key.days, key.last_day) == (28, 3, date(2026, 11, 6))
    assert len(told(client)["lent"]) == 1
    client.post(PATH, json={"apiKey": "lent", "email": ANN})
    assert [line["email"] for line in told(client)["lent"]] == [ANN]
    assert tokens_of(client, ANN) == 28


NAMES = st.sampled_from(["one", "two ", "two", "three\u00a0words", "id-1", "id-2", ""])
WORDS = st.lists(st.tuples(NAMES, st.sampled_from(["a@x.example", "b@x.example", "", None])))


@given(names=st.lists(NAMES, max_size=4), words=WORDS)
def test_the_last_word_on_a_key_counts_by_id_and_by_its_own_name(
    names: list[str], words: list[tuple[str, str | None]]
) -> None:
    keys = {f"id-{number}": name for number, name in enumerate(names)}
    known = KnownDirectory("x.example", key_ids=KeyIds(keys.items()))
    known.keys = {key: ListedKey(key, name) for key, name in keys.items()}
    last: dict[str, str | None] = {}
    for name, email in filter(lambda word: word[0], words):
        plain = " ".join(name.split())
        holders = [key for key, other in keys.items() if " ".join(other.split()) == plain]
        mine = name if name in keys or len(holders) != 1 else holders[0]
        last[mine] = email
        known.unmap_key(name) if email is None else known.map_key(name, email)
    for key, email in last.items():
        owner, rule = known.resolve(RawActor(key=key))
        assert (owner, bool(rule)) == (email or "", email is not None)


def test_what_is_read_for_some_actors_resolves_them_as_the_whole_directory_does(
    database: Database,
) -> None:
    places = (ListedWorkspace("wrk_code", "Claude Code"), ListedWorkspace("wrk_other", "Other"))
    keys = (
        *LISTED,
        ListedKey("apikey_bound", "any", "active", "wrk_code", bound_member_id="user_ann"),
        ListedKey("apikey_other", "any", "active", "wrk_other"),
        ListedKey("apikey_made", "made", "active", "wrk_code", creator_member_id="user_bob"),
        ListedKey("apikey_named", "claude_code_key_bob_xy"),
    )
    organization = organization_for("anthropic")
    with writing():
        store_directory(organization, Directory(MEMBERS, keys, places))
    change_mappings([KeyChange("ci-key", Owner(ANN))], by="", email_domain=DOMAIN)
    names = ["", *(key.id for key in keys), *(key.name for key in keys), " ci-key", ONLY_FILES]
    actors = [
        RawActor(key, account, place)
        for key in (*names, "claude_code_key_ann_ab", "claude_code_key_cy_ab")
        for account in ("", "user_ann", "user_gone", "cy@firm.example")
        for place in ("", "wrk_code", "Claude Code")
    ]
    whole = known_directory(organization, "")
    wanted = [whole.resolve(actor) for actor in actors]
    assert len(set(wanted)) > 6
    alone = [known_directory(organization, "", [actor]).resolve(actor) for actor in actors]
    assert alone == wanted
    some = known_directory(organization, "", actors)
    assert [some.resolve(actor) for actor in actors] == wanted
