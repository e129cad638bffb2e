"""Assigning keys in the settings: what is said while one types, of whom, and what can be undone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import writing
from app.ledger import organization_for, replace_day
from app.models import MappingChange, Run
from app.usage import DayUsage, RawActor
from tests.invented_keys import (
    ANN,
    BOB,
    CAT,
    DAYS,
    DOMAIN,
    fill_firm,
    owner_of,
    send,
    tokens_of,
    usage_of,
)
from tests.reading import PART, shown
from tests.tools import CLAUDE_CODE

KEYS, MAPPINGS = "/settings", "/settings/mappings"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a small company."""
    return client


def test_an_unfinished_address_is_no_error_while_it_is_typed(firm: FlaskClient) -> None:
    people = f"/settings/people?edit={ANN}"
    for place, name in ((f"{KEYS}?key=key_plain", "to"), (people, "further")):
        for typed in ("ann", "ann@firm", "ann@firm."):
            typing = firm.get(f"{place}&{name}={typed}", headers=PART).text
            assert "looks like" not in typing, typed
            assert 'aria-invalid="true"' not in typing
            looking = firm.get(f"{place}&{name}={typed}&look=1", headers=PART).text
            assert "looks like name@example.com" in looking
            assert "looks like name@example.com" in firm.get(f"{place}&{name}={typed}").text
        assert "looks like" in firm.get(f"{place}&{name}=a b@firm.example", headers=PART).text


def test_says_when_an_address_is_new(firm: FlaskClient) -> None:
    hint = "Nobody with this address is known yet: a new person is made."
    assert hint in shown(firm.get(f"{KEYS}?key=key_plain&to=an.lee@firm.example").text)
    for known in (ANN, CAT, "dora.new@firm.example"):
        assert hint not in shown(firm.get(f"{KEYS}?key=key_plain&to={known}").text)
    assert hint not in shown(firm.get(f"{KEYS}?key=key_plain&label=Lab").text)


def test_without_any_key_says_what_to_do(client: FlaskClient) -> None:
    text = shown(client.get(KEYS).text)
    assert "No keys yet. Connect a provider or import a file." in text
    fill_firm()
    for key in ("key_made", "key_named", "key_plain"):
        send(client, f"{KEYS}?key={key}", {"act": "assign", "key": key, "to": ANN})
    assert "Every key that was used belongs to somebody" in shown(client.get(KEYS).text)


def test_an_accept_says_from_whom_it_takes(firm: FlaskClient) -> None:
    assert f'title="Moves 300 tokens from nobody to {BOB}"' in firm.get(KEYS).text
    run = Run.get()
    records = [
        usage_of(DAYS[0], CLAUDE_CODE, RawActor(key="key_made"), 40),
        usage_of(DAYS[0], CLAUDE_CODE, RawActor(key="key_made", account="user_cat"), 9),
    ]
    with writing():
        usage = DayUsage(DAYS[0], records, settled=True)
        replace_day(organization_for("anthropic"), "messages", usage, run, email_domain=DOMAIN)
    moved = f"Moves 240 tokens from nobody, and 9 tokens from {CAT} to {BOB}"
    assert f'title="{moved}"' in firm.get(KEYS).text
    send(firm, KEYS, {"act": "assign", "key": "key_made", "to": BOB})
    assert tokens_of(BOB) == 249


def test_an_undo_that_must_fail_is_not_offered(firm: FlaskClient) -> None:
    send(firm, KEYS, {"act": "all", "key": ["key_made", "key_named"], "to": [BOB, ANN]})
    (batch,) = {change.batch for change in MappingChange.select()}
    assert shown(firm.get(MAPPINGS).text).count("Undo all 2…") == 1
    form = {"act": "assign", "key": "key_made", "to": CAT}
    send(firm, f"{KEYS}?key=key_plain", form)
    text = firm.get(MAPPINGS).text
    assert "Undo all" not in text
    assert text.count("Undo…") == 1
    assert 'id="undo"' not in firm.get(f"{MAPPINGS}?done={batch}").text


def test_a_superseded_undo_is_a_422_that_says_so_once(firm: FlaskClient) -> None:
    for email in (BOB, CAT):
        send(firm, KEYS, {"act": "assign", "key": "key_made", "to": email})
    oldest = MappingChange.select().order_by(MappingChange.id).first().batch
    for headers in ({}, PART):
        answer = send(firm, KEYS, {"act": "undo", "batch": oldest}, headers=headers)
        assert answer.status_code == 422
        assert answer.text.count("Nothing was undone: somebody has changed the mapping") == 1
        done = answer.text.partition('id="done"')[2].partition("</section>")[0]
        assert "Nothing was undone" in done
    assert owner_of("key_made") == (CAT, "mapping")
