"""The settings' pages: keys, mappings, connections, prices, access."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app import create_app
from app.config import Config
from app.database import database as proxy
from app.models import ApiToken, Mapping, MappingChange
from app.web.settings.prices import dollars, price_table
from tests.conftest import close
from tests.invented_keys import ANN, BOB, CAT, fill_firm, owner_of, send
from tests.reading import PART, shown

KEYS, MAPPINGS, ACCESS = "/settings", "/settings/mappings", "/settings/tokens"
CONNECTIONS, PRICES = "/settings/connections", "/settings/prices"
PAGES = (KEYS, MAPPINGS, "/settings/people", "/settings/people/teams", CONNECTIONS, PRICES, ACCESS)
PARTS = sorted((Path(__file__).parent.parent / "templates" / "settings").glob("_*.html"))
HOSTILE = "<script>alert(1)</script>\"'\u202e=1+1"
ODD_QUERIES = (
    *("page=99", "page=-1", "key=nothing", "key=%00", "to=x", "key=a&to=%3Cb%3E", "done=4711"),
    *("done=x", "remove=nothing", "all=1", "show=odd", "q=%F0%9F%98%80", "did=merged", "edit=a"),
)


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on a small company."""
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_its_place(firm: FlaskClient, page: str) -> None:
    answer = firm.get(page)
    assert answer.status_code == 200
    assert "<html" in answer.text
    assert '<a href="/settings" aria-current="page">Settings</a>' in answer.text
    assert answer.text.count('aria-current="page"') >= 2


@pytest.mark.parametrize("page", PAGES)
def test_a_part_is_what_the_page_holds(firm: FlaskClient, page: str) -> None:
    part = firm.get(page, headers=PART).text
    assert "<html" not in part
    assert 'id="settings-top"' in part


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_without_any_data(client: FlaskClient, page: str) -> None:
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_odd_queries_never_break_a_page(client: FlaskClient, page: str) -> None:
    for query in ODD_QUERIES:
        assert client.get(f"{page}?{query}").status_code == 200, query


@pytest.mark.parametrize("page", PAGES)
def test_needs_the_administrator(config: Config, page: str) -> None:
    app = create_app(replace(config, admin_password="a long password"))
    answer = app.test_client().get(page)
    assert answer.status_code == 303
    assert answer.location.startswith("/login")
    assert app.test_client().post(page).status_code in (303, 401, 403, 405)
    close(proxy.obj)


@pytest.mark.parametrize("page", [KEYS, MAPPINGS, "/settings/people", CONNECTIONS, ACCESS])
def test_a_form_without_its_token_is_refused(firm: FlaskClient, page: str) -> None:
    answer = firm.post(page, data={"act": "assign", "key": "key_plain", "to": ANN})
    assert answer.status_code == 403
    assert not Mapping.select().exists()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_a_part_has_one_root_with_an_id(part: Path) -> None:
    text = re.sub(r"{#.*?#}|{%.*?%}", "", part.read_text(), flags=re.DOTALL).strip()
    if "{% macro" in part.read_text():
        return
    opening = re.match(r"<(\w+)[^>]*\bid=\"", text)
    assert opening
    assert text.endswith(f"</{opening[1]}>")


def test_shows_keys_with_their_figures_and_suggestions(firm: FlaskClient) -> None:
    text = shown(firm.get(KEYS).text)
    assert "3 keys, figures of all time" in text
    assert "experiments key_plain Research 90.0 K — not priced 3 1 Oct 2026 5 Oct 2026" in text
    assert f"{BOB} creator" in text
    assert f"{ANN} its name holds \u201cann lee\u201d" in text
    assert "21 tokens ( <$0.01 ) have no key and cannot be assigned." in text


def test_searches_keys_literally(firm: FlaskClient) -> None:
    assert "1 key of 3" in shown(firm.get(f"{KEYS}?q=EXPERI").text)
    assert "1 key of 3" in shown(firm.get(f"{KEYS}?q=bob@").text)
    assert "No unmapped key matches" in firm.get(f"{KEYS}?q=%25").text


def test_tells_what_a_choice_moves_before_it_is_applied(firm: FlaskClient) -> None:
    text = shown(firm.get(f"{KEYS}?key=key_made&to={ANN}").text)
    assert f"This moves 300 tokens, <$0.01 from nobody to {ANN} (3 days, 1 " in text
    assert not Mapping.select().exists()


def test_assigns_and_offers_to_undo(firm: FlaskClient) -> None:
    answer = send(
        firm, KEYS, {"act": "assign", "key": "key_plain", "to": f" {ANN.upper()}", "q": "e"}
    )
    assert answer.status_code == 303
    assert owner_of("key_plain") == (ANN, "mapping")
    page = firm.get(answer.location)
    assert f"experiments: the automatic rule → {ANN}" in shown(page.text)
    assert 'name="q" value="e"' in page.text
    batch = MappingChange.get().batch
    undone = send(firm, answer.location, {"act": "undo", "batch": batch})
    assert undone.status_code == 303
    assert owner_of("key_plain") == (None, "")


def test_a_bad_address_is_a_422_with_what_was_typed(firm: FlaskClient) -> None:
    for headers in ({}, PART):
        form = {"act": "assign", "key": "key_plain", "to": "ann at firm"}
        answer = send(firm, KEYS, form, headers=headers)
        assert answer.status_code == 422
        assert 'value="ann at firm"' in answer.text
        assert "looks like name@example.com" in answer.text
    assert not Mapping.select().exists()


def test_accepts_every_suggestion_after_telling_what_moves(firm: FlaskClient) -> None:
    text = firm.get(f"{KEYS}?all=1").text
    assert "Accepting 2 suggestions moves 6.00 K tokens" in shown(text)
    assert not Mapping.select().exists()
    form = {"act": "all", "key": ["key_made", "key_named"], "to": [BOB, ANN]}
    answer = send(firm, KEYS, form)
    assert answer.status_code == 303
    assert owner_of("key_made") == (BOB, "mapping")
    assert owner_of("key_named") == (ANN, "mapping")
    send(firm, answer.location, {"act": "undo", "batch": MappingChange.get().batch})
    assert not Mapping.select().exists()


def test_refuses_forms_that_nobody_wrote(firm: FlaskClient) -> None:
    for form in (
        {"act": "assign", "to": ANN},
        {"act": "all", "key": ["key_made", "key_named"], "to": [BOB]},
        {"act": "all", "key": "key_made", "to": "x"},
        {"act": "undo", "batch": "x"},
        {"act": "undo", "batch": "4711"},
        {"act": "assign", "key": "\0", "to": ANN},
        {},
    ):
        assert send(firm, KEYS, form).status_code == 422, form
    assert not Mapping.select().exists()


def test_shares_a_key_under_a_name(firm: FlaskClient) -> None:
    text = shown(firm.get(f"{KEYS}?key=key_plain&label=Lab").text)
    assert "moves no tokens of a person" in text
    assert "the key gets a line of its own, Lab" in text
    send(firm, KEYS, {"act": "assign", "key": "key_plain", "label": "Lab"})
    assert owner_of("key_plain") == (None, "shared")
    assert "shared as Lab" in shown(firm.get(MAPPINGS).text)
    assert "experiments" not in shown(firm.get(KEYS).text)


def test_lists_changes_and_removes_mappings(firm: FlaskClient) -> None:
    send(firm, KEYS, {"act": "assign", "key": "key_rule", "to": BOB})
    text = shown(firm.get(MAPPINGS).text)
    assert f"claude_code_key_dora.new_xyz key_rule {BOB} mapped here 1.20 M" in text
    assert "Mapped here 1 Automatic 0" in text
    text = shown(firm.get(f"{MAPPINGS}?remove=key_rule").text)
    assert f"from {BOB} to dora.new@firm.example (3 days" in text
    answer = send(firm, f"{MAPPINGS}?remove=key_rule", {"act": "remove", "key": "key_rule"})
    assert answer.status_code == 303
    assert owner_of("key_rule") == ("dora.new@firm.example", "key name")
    text = shown(firm.get(answer.location).text)
    assert f"{BOB} → the automatic rule" in text
    assert "Mapped here 0 Automatic 1" in text


def test_the_history_names_who_did_it(firm: FlaskClient) -> None:
    send(firm, KEYS, {"act": "assign", "key": "key_plain", "to": CAT})
    text = shown(firm.get(MAPPINGS).text)
    assert f"no login experiments the automatic rule {CAT}" in text


def test_tells_what_the_name_rule_made(firm: FlaskClient) -> None:
    text = shown(firm.get(MAPPINGS).text)
    assert "This rule gave 1 key an owner, 1 of them an address that no member has" in text
    assert "dora.new@firm.example claude_code_key_dora.new_xyz" in text


def test_hostile_names_are_inert(firm: FlaskClient) -> None:
    send(firm, KEYS, {"act": "assign", "key": HOSTILE.replace("\u202e", ""), "label": HOSTILE})
    send(firm, KEYS, {"act": "assign", "key": "key_plain", "label": HOSTILE})
    for page in (
        KEYS,
        MAPPINGS,
        f"{KEYS}?key={HOSTILE}&to={HOSTILE}",
        f"{KEYS}?q={HOSTILE}",
        ACCESS,
    ):
        assert "<script>alert" not in firm.get(page).text


def test_prices_name_every_period_and_what_is_lacking(firm: FlaskClient) -> None:
    text = shown(firm.get(PRICES).text)
    assert "claude_code-model" in text
    assert "90.0 K 6.9 % 3 1 Oct 2026 5 Oct 2026" in text
    assert "claude-3-haiku $0.25 $0.30 $0.50 $0.03 $1.25" in text
    assert len({price.prices[1][::-1].index(".") for price in price_table()}) == 1


def test_dollars_keep_every_digit() -> None:
    assert [dollars(amount) for amount in (3, 15, 1000)] == ["$3.00", "$15.00", "$1,000.00"]


def test_a_token_is_shown_once_and_revoked(firm: FlaskClient) -> None:
    answer = send(firm, ACCESS, {"name": "Nightly", "scope": ["read", "sync"]})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r'id="token">(aut_[^<]+)<', answer.text)
    assert found
    text = firm.get(ACCESS).text
    assert found[1] not in text
    assert "Nightly" in text
    token = ApiToken.get()
    assert send(firm, ACCESS, {"act": "revoke", "token": token.id}).status_code == 303
    assert ApiToken.get().revoked_at
    assert send(firm, ACCESS, {"act": "revoke", "token": token.id}).status_code == 422
    assert "token revoked" in firm.get(ACCESS).text


def test_a_token_without_name_or_scope_is_a_422(firm: FlaskClient) -> None:
    assert send(firm, ACCESS, {"name": "", "scope": "read"}).status_code == 422
    answer = send(firm, ACCESS, {"name": "Nightly"})
    assert answer.status_code == 422
    assert 'value="Nightly"' in answer.text
    assert not ApiToken.select().exists()
