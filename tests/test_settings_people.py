"""People: names, teams, leaving days, further e-mails; one by one and from a file."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.directory.people import BadPerson, merge_people, person_for_alias, split_person
from app.directory.team_file import UnreadableFile, decoded, read_team_file
from app.identity import store_directory
from app.identity.store import known_directory
from app.ledger import organization_for, writing_usage
from app.models import Member, Meta, Person, PersonAlias, Team
from app.queries.keys.mappings import known_emails
from app.queries.people.directory import listed_people
from app.usage import Directory, ListedMember, RawActor
from tests.invented import rollup_content
from tests.invented_keys import (
    ANN,
    BOB,
    CAT,
    DOMAIN,
    assert_rollups_are_true,
    fill_firm,
    send,
    stored_usage,
    tokens_in_rollups,
)
from tests.reading import token_of

PAGE, TEAMS = "/settings/people", "/settings/people/teams"
HOSTILE = "<img src=x onerror=alert(1)>\"'"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a small company."""
    return client


def save(client: FlaskClient, who: str = ANN, **values: str) -> Any:
    form = {"act": "save", "who": who, "edit": who, "name": "", "team": "", "left": ""} | values
    return send(client, f"{PAGE}?edit={ANN}", form)


def upload(client: FlaskClient, content: bytes | str) -> Any:
    content = content.encode() if isinstance(content, str) else content
    form = {"csrf_token": token_of(client, TEAMS), "file": (io.BytesIO(content), "teams.csv")}
    return client.post(TEAMS, data=form, content_type="multipart/form-data")


def teams() -> dict[str, str]:
    return {person.email: person.team for person in listed_people() if person.team}


def test_merging_moves_usage_and_splitting_gives_it_back(firm: FlaskClient) -> None:
    before, usage = rollup_content(), stored_usage()
    cats = tokens_in_rollups(CAT)
    version = Meta.get().data_version
    merge_people(ANN, f" {CAT.upper()} ", email_domain=DOMAIN)
    assert tokens_in_rollups(ANN) == cats
    assert Meta.get().data_version > version
    assert stored_usage() == usage
    assert_rollups_are_true()
    assert split_person(CAT, email_domain=DOMAIN) == ANN
    assert rollup_content() == before


def test_a_directory_tells_what_changed_and_takes_an_entry_twice(database: Database) -> None:
    organization = organization_for("anthropic")
    first = ListedMember("u1", "ann@a.example", "Ann")
    with writing_usage():
        assert store_directory(organization, Directory(members=(first,)))
        assert not store_directory(organization, Directory(members=(first, first)))
        newer = first._replace(name="Ann B.")
        assert store_directory(organization, Directory(members=(first, newer)))
        assert not store_directory(organization, Directory(members=(newer,)))
    assert [member.name for member in Member.select()] == ["Ann B."]


def test_a_key_named_after_a_person_of_two_addresses_is_the_persons(database: Database) -> None:
    both = ("ann@a.example", "ann@b.example")
    with writing_usage():
        members = tuple(ListedMember(email, email, "Ann") for email in both)
        store_directory(organization_for("anthropic"), Directory(members=members))
    merge_people(*both, email_domain=DOMAIN)
    known = known_directory(organization_for("anthropic"), DOMAIN)
    assert known.resolve(RawActor("claude_code_key_ann_xy")) == (both[0], "key name")


def test_a_further_address_is_nobody_in_lists(firm: FlaskClient) -> None:
    merge_people(ANN, CAT, email_domain=DOMAIN)
    assert CAT not in known_emails()
    assert CAT not in firm.get("/api/mappings").json["knownEmails"]
    assert CAT not in [person.email for person in listed_people()]
    assert person_for_alias(CAT.upper()) == ANN
    assert person_for_alias(ANN) == ""
    found = firm.get("/api/users").json
    assert CAT not in [row["email"] for row in found]


def test_a_mapping_to_a_further_address_is_the_persons(firm: FlaskClient) -> None:
    merge_people(ANN, CAT, email_domain=DOMAIN)
    firm.post("/api/mappings", json={"apiKey": "key_made", "email": CAT})
    (mapped,) = [
        row for row in firm.get("/api/mappings").json["mappings"] if row["apiKey"] == "key_made"
    ]
    assert mapped["email"] == ANN
    assert tokens_in_rollups(ANN) == 300 + 15
    split_person(CAT, email_domain=DOMAIN)
    assert tokens_in_rollups(CAT) == 300 + 15


def test_a_mapping_made_before_the_merge_follows_and_comes_back(firm: FlaskClient) -> None:
    firm.post("/api/mappings", json={"apiKey": "key_made", "email": CAT})
    before = rollup_content()
    merge_people(ANN, CAT, email_domain=DOMAIN)
    assert tokens_in_rollups(ANN) == 300 + 15
    split_person(CAT, email_domain=DOMAIN)
    assert rollup_content() == before


def test_the_page_of_a_further_address_leads_to_the_person(firm: FlaskClient) -> None:
    merge_people(ANN, CAT, email_domain=DOMAIN)
    merge_people(ANN, "old@firm.example", email_domain=DOMAIN)
    for further in (CAT, "old@firm.example"):
        answer = firm.get(f"/users/{further}?days=7")
        assert answer.status_code == 303
        assert answer.location == f"/users/{ANN}?days=7"


def test_who_is_merged_brings_their_further_addresses(firm: FlaskClient) -> None:
    merge_people(BOB, "bobby@firm.example", email_domain=DOMAIN)
    merge_people(ANN, BOB, email_domain=DOMAIN)
    assert person_for_alias("bobby@firm.example") == ANN


def test_refuses_merges_that_make_no_sense(firm: FlaskClient) -> None:
    merge_people(ANN, CAT, email_domain=DOMAIN)
    for who, further, sentence in (
        (ANN, ANN, "own e-mail already"),
        (BOB, CAT, "split it first"),
        ("nobody@firm.example", BOB, "Nobody with the e-mail"),
    ):
        with pytest.raises(BadPerson, match=sentence):
            merge_people(who, further, email_domain=DOMAIN)
    with pytest.raises(BadPerson, match="not a further e-mail"):
        split_person(BOB, email_domain=DOMAIN)
    assert PersonAlias.select().count() == 1


def test_the_page_lists_searches_and_edits(firm: FlaskClient) -> None:
    text = firm.get(PAGE).text
    assert all(email in text for email in (ANN, BOB, CAT))
    found = firm.get(f"{PAGE}?q=BOB").text
    assert BOB in found
    assert CAT not in found
    assert "Nobody matches" in firm.get(f"{PAGE}?q=nothing").text
    assert 'id="editor"' in firm.get(f"{PAGE}?edit={ANN}").text
    for odd in ("page=9999", "page=x", "edit=nobody", "did=nonsense", "q=%00"):
        assert firm.get(f"{PAGE}?{odd}").status_code == 200


def test_saves_name_team_and_leaving_day(firm: FlaskClient) -> None:
    answer = save(firm, name="  Ann   Maria Lee ", team="Data", left="2026-11-01")
    assert answer.status_code == 303
    (person,) = [one for one in listed_people() if one.email == ANN]
    assert (person.name, person.team, person.left) == ("Ann Maria Lee", "Data", date(2026, 11, 1))
    assert "is saved" in firm.get(answer.location).text
    save(firm, who=BOB, team="dATA")
    assert teams() == {ANN: "Data", BOB: "Data"}
    save(firm)
    save(firm, who=BOB)
    assert not Team.select().exists()


def test_a_bad_day_is_a_422_with_what_was_typed(firm: FlaskClient) -> None:
    answer = save(firm, name="Someone", team="Data", left="yesterday")
    assert answer.status_code == 422
    assert "YYYY-MM-DD" in answer.text
    assert 'value="Someone"' in answer.text
    assert not Team.select().exists()
    assert save(firm, team="x" * 61).status_code == 422
    assert save(firm, who="nobody@firm.example").status_code == 422


def test_merges_and_splits_by_form_with_undo(firm: FlaskClient) -> None:
    form = {"act": "merge", "who": ANN, "edit": ANN, "further": CAT}
    answer = send(firm, f"{PAGE}?edit={ANN}", form)
    assert answer.status_code == 303
    page = firm.get(answer.location).text
    assert "now an alias" in page
    assert 'value="split"' in page
    answer = send(firm, answer.location, {"act": "split", "further": CAT, "who": ANN})
    assert answer.status_code == 303
    assert not PersonAlias.select().exists()
    bad = send(firm, f"{PAGE}?edit={ANN}", form | {"further": "cat"})
    assert bad.status_code == 422
    assert 'value="cat"' in bad.text
    assert "looks like name@example.com" in bad.text


def test_a_file_is_previewed_then_applied(firm: FlaskClient) -> None:
    text = (
        f"E-Mail,Department,Left\n{ANN.upper()},Data,\n{BOB},Data,2026-11-02\n"
        "who@else.example,Web,\nnot an address,Web,\nshort\n"
    )
    answer = upload(firm, text)
    assert answer.status_code == 200
    assert "2\u00a0people" in answer.text
    assert "who@else.example" in answer.text
    assert "2\u00a0bad lines" in answer.text
    assert not Team.select().exists(), "a preview writes nothing"
    applied = send(firm, TEAMS, {"act": "apply", "text": text})
    assert applied.status_code == 303
    assert "2\u00a0people" in firm.get(applied.location).text
    assert teams() == {ANN: "Data", BOB: "Data"}
    assert Person.get(Person.email == BOB).left_day == 20261102


def test_the_export_is_a_file_that_changes_nothing(firm: FlaskClient) -> None:
    save(firm, name="=cmd()", team="Data", left="2026-11-01")
    exported = firm.get("/settings/people.csv")
    assert exported.mimetype == "text/csv"
    assert exported.text.splitlines()[0] == "email,name,team,left"
    assert f"{ANN},'=cmd(),Data,2026-11-01" in exported.text.splitlines()
    found = read_team_file(exported.text)
    assert (found.changes, found.unknown, found.bad) == ([], [], [])
    save(firm, name="'t Hooft", team="Data", left="")
    assert read_team_file(firm.get("/settings/people.csv").text).changes == []


def test_a_file_clears_with_empty_cells_and_keeps_what_it_has_no_column_for(
    firm: FlaskClient,
) -> None:
    save(firm, name="Ann", team="Data", left="2026-11-01")
    (change,) = read_team_file(f"email;team\r\n{ANN};\r\n").changes
    assert (change.after.team, change.after.name) == ("", "Ann")
    assert change.after.left == date(2026, 11, 1)


def test_a_file_names_a_person_by_a_further_address(firm: FlaskClient) -> None:
    merge_people(ANN, CAT, email_domain=DOMAIN)
    (change,) = read_team_file(f"email,team\n{CAT},Data\n").changes
    assert change.email == ANN


def test_a_file_that_contradicts_itself_says_so(firm: FlaskClient) -> None:
    found = read_team_file(f"email,team\n{ANN},Data\n{ANN},Web\n{ANN},Data\n")
    assert [line.line for line in found.bad] == [3]
    assert found.changes[0].after.team == "Data"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,team\nAnn,Data\n",
        b"email\nann@firm.example\n",
        b"email,team,team\n",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"PK\x03\x04\xff\xfe",
        b'email,team\n"open,Data\n',
        b"email,team\n" + b"a@b.example,Data\n" * 20_001,
    ],
)
def test_refuses_a_file_that_is_none(firm: FlaskClient, content: bytes) -> None:
    answer = upload(firm, content)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert not Team.select().exists()


def test_an_upload_without_a_file_says_so(firm: FlaskClient) -> None:
    answer = send(firm, TEAMS, {})
    assert answer.status_code == 422
    assert "Choose a CSV file" in answer.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_reads_what_spreadsheets_write(encoding: str) -> None:
    assert decoded("email,team\n".encode(encoding)).startswith("email")


def test_a_file_too_large_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="larger than 300 kB"):
        decoded(b"x" * 300_001)


def test_hostile_names_are_inert(firm: FlaskClient) -> None:
    save(firm, name=HOSTILE, team="\u202e" + HOSTILE)
    for page in (PAGE, f"{PAGE}?edit={ANN}", f"{PAGE}?q={HOSTILE}"):
        assert "<img" not in firm.get(page).text
    answer = upload(firm, f'email,team\n{ANN},"<b>{ANN}"\n"<u>",x\n')
    assert "<b>ann" not in answer.text
    assert "<u>" not in answer.text
