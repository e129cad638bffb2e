"""Several e-mails of one person: what merging moves, what splitting gives back, who is found."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import writing
from app.directory.people import (
    BadPerson,
    companions,
    effect_of_merging,
    effect_of_splitting,
    merge_people,
    person_for_alias,
    split_person,
)
from app.models import Meta, Person, PersonAlias
from app.queries.people.directory import listed_people
from app.queries.people.person import similar_people
from tests.invented import rollup_content
from tests.invented_keys import ANN, BOB, CAT, DOMAIN, assert_rollups_are_true, fill_firm, send
from tests.reading import PART, shown, text_of

PAGE = "/settings/people"
BOBBY, BOBO = "bobby@firm.example", "bobo@firm.example"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a small company: Cat used 15 tokens, key_made is Bob's with 300."""
    client.post("/api/mappings", json={"apiKey": "key_made", "email": BOB})
    return client


def merge(own: str, further: str) -> None:
    merge_people(own, further, email_domain=DOMAIN)


def split(further: str) -> str:
    return split_person(further, email_domain=DOMAIN)


def tokens_of(client: FlaskClient, email: str) -> int:
    total: int = client.get(f"/api/users/{email}").json["summary"]["totalTokens"]
    return total


def test_a_split_takes_along_the_addresses_that_came_along(firm: FlaskClient) -> None:
    merge(BOB, BOBBY)
    merge(BOBBY, BOBO)
    before = rollup_content()
    merge(CAT, BOB)
    merge(ANN, CAT)
    assert companions(CAT) == [BOB, BOBBY, BOBO]
    assert [person_for_alias(email) for email in (CAT, BOB, BOBBY, BOBO)] == [ANN] * 4
    assert listed_people(ANN)[0].further == (BOB, BOBBY, BOBO, CAT)
    assert tokens_of(firm, ANN) == 315
    assert_rollups_are_true()
    assert split(BOB) == ANN
    assert [person_for_alias(email) for email in (CAT, BOBBY, BOBO)] == [ANN, BOB, BOB]
    assert split(CAT) == ANN
    assert rollup_content() == before


def test_one_of_the_addresses_that_came_along_can_go_alone(firm: FlaskClient) -> None:
    merge(BOB, BOBBY)
    merge(ANN, BOB)
    assert split(BOBBY) == ANN
    assert person_for_alias(BOBBY) == ""
    assert person_for_alias(BOB) == ANN


def test_nobody_becomes_their_own_further_address(firm: FlaskClient) -> None:
    merge(BOB, BOBBY)
    merge(ANN, BOB)
    for own, further in ((BOBBY, ANN), (BOB, ANN), (ANN, BOBBY)):
        with pytest.raises(BadPerson):
            merge(own, further)
    assert PersonAlias.select().count() == 2


def test_the_effect_of_a_merge_is_what_then_moves(firm: FlaskClient) -> None:
    version, before = Meta.get().data_version, rollup_content()
    effect = effect_of_merging(ANN, f" {CAT.upper()} ", email_domain=DOMAIN)
    assert [(flow.before, flow.after, flow.tokens) for flow in effect.flows] == [(CAT, ANN, 15)]
    assert (effect.value_nanos, effect.days, effect.origins) == (15_000, 3, 1)
    assert (Meta.get().data_version, rollup_content()) == (version, before)
    merge(ANN, CAT)
    assert tokens_of(firm, ANN) == 15
    back = effect_of_splitting(CAT, email_domain=DOMAIN)
    assert [(flow.before, flow.after, flow.tokens) for flow in back.flows] == [(ANN, CAT, 15)]


def test_the_effect_holds_what_comes_along(firm: FlaskClient) -> None:
    merge(BOB, CAT)
    effect = effect_of_merging(ANN, BOB, email_domain=DOMAIN)
    assert [(flow.before, flow.after, flow.tokens) for flow in effect.flows] == [(BOB, ANN, 315)]
    assert effect.origins == 2
    merge(ANN, BOB)
    back = effect_of_splitting(BOB, email_domain=DOMAIN)
    assert [(flow.before, flow.after, flow.tokens) for flow in back.flows] == [(ANN, BOB, 315)]


def test_a_merge_is_shown_before_it_is_made(firm: FlaskClient) -> None:
    merge(CAT, BOBBY)
    text = text_of(firm, f"{PAGE}?edit={ANN}&further={CAT.upper()}")
    assert "moves 15 tokens" in text
    assert f"from {CAT} to {ANN} (3 days, 1 \u2013 5 Oct 2026), with 1 key or account." in text
    assert f"Its alias goes along: {BOBBY}." in text
    assert "Merge into this person" in text
    assert person_for_alias(CAT) == ""
    assert "moves no usage" in text_of(firm, f"{PAGE}?edit={ANN}&further=later@firm.example")


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        ("cat", "looks like name@example.com"),
        (ANN, "own e-mail already"),
        (BOBBY, "split it first"),
    ],
)
def test_a_merge_that_cannot_be_says_why_and_offers_nothing(
    firm: FlaskClient, further: str, sentence: str
) -> None:
    merge(BOB, BOBBY)
    text = text_of(firm, f"{PAGE}?edit={ANN}&further={further}")
    assert sentence in text
    assert "Merge into this person" not in text


def test_a_split_is_shown_before_it_is_made(firm: FlaskClient) -> None:
    merge(CAT, BOBBY)
    merge(ANN, CAT)
    text = text_of(firm, f"{PAGE}?edit={ANN}&split={CAT}")
    assert f"Splitting off {CAT} moves 15 tokens" in text
    assert f"Its alias goes along: {BOBBY}." in text
    answer = send(firm, f"{PAGE}?edit={ANN}", {"act": "split", "further": CAT, "edit": ANN})
    assert f"{BOBBY} went with it." in text_of(firm, answer.location)
    assert person_for_alias(BOBBY) == CAT
    undone = send(firm, answer.location, {"act": "merge", "who": ANN, "further": CAT})
    assert f"and its aliases {BOBBY}." in text_of(firm, undone.location)
    for odd in (BOB, "x", "%00", ANN):
        assert firm.get(f"{PAGE}?edit={ANN}&split={odd}").status_code == 200


def test_a_further_address_answers_with_the_persons_figures(firm: FlaskClient) -> None:
    firm.post("/api/mappings", json={"apiKey": "key_plain", "email": ANN})
    merge(ANN, CAT)
    merge(ANN, "old@firm.example")
    own = firm.get(f"/api/users/{ANN}?tool=cursor").json
    assert own["summary"]["totalTokens"] == 15
    for further in (CAT, CAT.upper(), "old@firm.example"):
        assert firm.get(f"/api/users/{further}?tool=cursor").json == own
    split(CAT)
    assert firm.get(f"/api/users/{CAT}").json["summary"]["email"] == CAT
    assert firm.get("/api/users/never@firm.example").status_code == 404


def test_a_search_for_a_further_address_finds_the_person(firm: FlaskClient) -> None:
    merge(BOB, "robert@old.example")
    for words in ("robert@old.example", "ROBERT", "old.ex"):
        for path in ("users?search=", "users/pivot?search="):
            found = firm.get(f"/api/{path}{words}").json
            rows = found if isinstance(found, list) else found["users"]
            assert [row["email"] for row in rows] == [BOB]
        for path in ("", "rows=person&by=tool&"):
            page = firm.get(f"/users?{path}days=all&q={words}").text
            assert BOB in page
            assert CAT not in page
    assert firm.get("/api/users?search=robert_old").json == []


def test_the_404_and_the_look_beside_know_further_addresses(firm: FlaskClient) -> None:
    merge(BOB, "robert.ray@old.example")
    assert similar_people("robert.rai@x.example")[0] == (BOB, "robert.ray@old.example")
    suggested = shown(firm.get("/users/robert.rai@x.example").text)
    assert f"{BOB} also robert.ray@old.example" in suggested
    looked = firm.get("/users?days=all&peek=robert.ray@old.example", headers=PART)
    assert 'id="peek"' in looked.text
    assert looked.headers["HX-Push-Url"] == f"/users?days=all&peek={BOB.replace('@', '%40')}"


def test_the_page_of_a_person_names_the_further_addresses(firm: FlaskClient) -> None:
    merge(BOB, "robert@old.example")
    assert "Aliases robert@old.example" in text_of(firm, f"/users/{BOB}?days=all")


def save(client: FlaskClient, who: str, **values: str) -> Any:
    form = {"act": "save", "who": who, "edit": who, "name": "", "team": "", "left": ""} | values
    return send(client, f"{PAGE}?edit={who}", form)


def test_pages_follow_whatever_is_said_of_people(firm: FlaskClient) -> None:
    def rows(query: str = "") -> str:
        return text_of(firm, f"/users?days=all{query}").split("Person Tokens")[-1]

    seen = [Meta.get().data_version]

    def has_changed() -> bool:
        seen.append(Meta.get().data_version)
        return seen[-1] > seen[-2]

    assert CAT in rows()
    send(firm, f"{PAGE}?edit={BOB}", {"act": "merge", "who": BOB, "further": CAT})
    assert has_changed()
    assert CAT not in rows()
    assert f"{BOB} 315" in rows("&cols=totalTokens")
    send(firm, f"{PAGE}?edit={BOB}", {"act": "split", "further": CAT})
    assert has_changed()
    assert CAT in rows()
    save(firm, CAT, name="Cat Stone", team="Data", left="2026-10-04")
    assert has_changed()
    assert "Cat Stone" in firm.get("/users?days=all").text
    assert f"{CAT} left on 4 Oct 2026" in rows("&team=Data")
    assert BOB not in rows("&team=Data")
    page = text_of(firm, f"/users/{CAT}?days=all")
    assert f"Cat Stone {CAT} left on 4 Oct 2026" in page
    assert "used since 4 Oct 2026" in text_of(firm, PAGE)
    save(firm, CAT)
    assert has_changed()
    assert "left on" not in rows()
    assert "Data" not in text_of(firm, "/users?days=all")


def test_the_name_of_who_was_merged_finds_nobody(firm: FlaskClient) -> None:
    save(firm, CAT, name="Tabitha Stone")
    assert f"Tabitha Stone {CAT}" in text_of(firm, "/users?days=all&q=tabi")
    merge(BOB, CAT)
    assert firm.get("/api/users?search=tabi").json == []
    assert "Tabitha" not in text_of(firm, "/users?days=all&q=tabi")


def test_a_hostile_name_is_inert_in_lists_and_headings(firm: FlaskClient) -> None:
    with writing():
        Person.update(name="<img src=x>\"'").where(Person.email == CAT).execute()
    for path in ("/users?days=all", f"/users/{CAT}", "/users?days=all&q=img"):
        assert "<img" not in firm.get(path).text
