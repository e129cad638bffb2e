"""GET, POST and DELETE /api/mappings, word for word."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.models import AuditEvent, Mapping, MappingChange
from tests.invented_keys import (
    ANN,
    BOB,
    CAT,
    DOMAIN,
    TOKENS_OF,
    fill_firm,
    owner_of,
    tokens_in_rollups,
)

PATH = "/api/mappings"
DORA = f"dora.new@{DOMAIN}"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a small company."""
    return client


def test_tells_who_owns_what(firm: FlaskClient) -> None:
    answer = firm.get(PATH)
    assert answer.status_code == 200
    assert answer.json == {
        "mappings": [
            {
                "apiKey": "key_rule",
                "name": "claude_code_key_dora.new_xyz",
                "email": DORA,
                "source": "key name",
            }
        ],
        "unmapped": [
            {
                "apiKey": "key_plain",
                "name": "experiments",
                "totalTokens": 90_000,
                "totalCost": 0,
                "suggestedEmail": None,
            },
            {
                "apiKey": "key_named",
                "name": "laptop of ann lee",
                "totalTokens": 6_000,
                "totalCost": 0.006,
                "suggestedEmail": None,
            },
            {
                "apiKey": "key_made",
                "name": "nightly pipeline",
                "totalTokens": 300,
                "totalCost": 0.0003,
                "suggestedEmail": BOB,
            },
        ],
        "knownEmails": [ANN, BOB, CAT, DORA],
    }


def test_an_empty_database_answers_empty_lists(client: FlaskClient) -> None:
    assert client.get(PATH).json == {"mappings": [], "unmapped": [], "knownEmails": []}


def test_maps_a_key_retroactively(firm: FlaskClient) -> None:
    answer = firm.post(PATH, json={"apiKey": "key_plain", "email": f"  {ANN.upper()} "})
    assert (answer.status_code, answer.json) == (200, {"success": True})
    assert tokens_in_rollups(ANN) == 3 * TOKENS_OF["key_plain"]
    mapped = [row for row in firm.get(PATH).json["mappings"] if row["source"] == "mapping"]
    assert mapped == [
        {"apiKey": "key_plain", "name": "experiments", "email": ANN, "source": "mapping"}
    ]
    person = firm.get(f"/api/users/{ANN}").json
    assert person["summary"]["totalTokens"] == 3 * TOKENS_OF["key_plain"]


def test_a_new_person_is_known_at_once(firm: FlaskClient) -> None:
    firm.post(PATH, json={"apiKey": "key_plain", "email": "new@firm.example"})
    assert "new@firm.example" in firm.get(PATH).json["knownEmails"]
    assert firm.get("/api/users/new@firm.example").status_code == 200


def test_a_key_may_be_mapped_before_it_appears(firm: FlaskClient) -> None:
    assert firm.post(PATH, json={"apiKey": "later", "email": ANN}).json == {"success": True}
    assert {"apiKey": "later", "name": "", "email": ANN, "source": "mapping"} in firm.get(
        PATH
    ).json["mappings"]


def test_a_removed_mapping_falls_back(firm: FlaskClient) -> None:
    firm.post(PATH, json={"apiKey": "key_rule", "email": BOB})
    assert owner_of("key_rule") == (BOB, "mapping")
    answer = firm.delete(PATH, json={"apiKey": "key_rule"})
    assert (answer.status_code, answer.json) == (200, {"success": True})
    assert owner_of("key_rule") == (DORA, "key name")


def test_removing_what_nobody_mapped_is_a_404(firm: FlaskClient) -> None:
    for key in ("key_rule", "nothing"):
        answer = firm.delete(PATH, json={"apiKey": key})
        assert answer.status_code == 404
        assert key in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"apiKey": "key_plain"}, "email"),
        ({"apiKey": "key_plain", "email": ""}, "email"),
        ({"apiKey": "key_plain", "email": None}, "email"),
        ({"apiKey": "key_plain", "email": ["a@b.example"]}, "email"),
        ({"apiKey": "key_plain", "email": "ann"}, "email"),
        ({"apiKey": "key_plain", "email": "a@b"}, "email"),
        ({"apiKey": "key_plain", "email": "<i>@b.example"}, "email"),
        ({"apiKey": "", "email": "a@b.example"}, "apiKey"),
        ({"apiKey": 7, "email": "a@b.example"}, "apiKey"),
        ({"apiKey": "a\0b", "email": "a@b.example"}, "apiKey"),
        ({"apiKey": "x" * 301, "email": "a@b.example"}, "apiKey"),
        ({"email": "a@b.example"}, "apiKey"),
        ([], "object"),
        ("text", "object"),
        (None, "object"),
    ],
)
def test_bad_input_is_a_400_that_names_it(firm: FlaskClient, body: Any, named: str) -> None:
    answer = firm.post(PATH, json=body)
    assert answer.status_code == 400
    assert set(answer.json) == {"error"}
    assert named in answer.json["error"]
    assert not Mapping.select().exists()


def test_a_broken_body_is_a_400(firm: FlaskClient) -> None:
    for method in (firm.post, firm.delete):
        answer = method(PATH, data="{", content_type="application/json")
        assert answer.status_code == 400
        assert set(answer.json) == {"error"}


def test_a_form_of_another_site_is_refused(firm: FlaskClient) -> None:
    body = {"apiKey": "key_plain", "email": ANN}
    answer = firm.post(PATH, json=body, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert firm.post(PATH, data=body).status_code in (403, 415)
    assert not Mapping.select().exists()


def test_what_was_done_is_in_history_and_trail(firm: FlaskClient) -> None:
    firm.post(PATH, json={"apiKey": "key_plain", "email": ANN})
    firm.delete(PATH, json={"apiKey": "key_plain"})
    assert [change.email_after for change in MappingChange.select()] == [ANN, ""]
    assert AuditEvent.select().where(AuditEvent.action == "mapping changed").count() == 2


def test_other_methods_are_a_405(firm: FlaskClient) -> None:
    assert firm.put(PATH, json={}).status_code == 405
