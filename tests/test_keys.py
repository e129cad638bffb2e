"""Keys with an owner, without one, and shared: what is told of them, and who may own them."""

from __future__ import annotations

import pytest
from peewee import Database

from app.directory.mappings import (
    BadOwner,
    KeyChange,
    Owner,
    change_mappings,
    owner_named,
)
from app.models import Person
from app.queries.keys.mappings import guesses, owned_keys, with_usage
from app.queries.keys.shared import shared_key_lines
from app.queries.keys.suggestions import suggestions
from app.queries.keys.unmapped import unmapped_keys
from app.queries.scope import Scope
from tests.invented_keys import (
    ANN,
    BOB,
    CAT,
    DAYS,
    DOMAIN,
    TOKENS_OF,
    assert_rollups_are_true,
    fill_firm,
    owner_of,
)

DORA = f"dora.new@{DOMAIN}"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database) -> Database:
    """The database of a small company."""
    return database


def give(key: str, email: str = "", label: str = "") -> int:
    return change_mappings([KeyChange(key, Owner(email, label))], by="test", email_domain=DOMAIN)


def unmapped() -> dict[str, int]:
    return {key.key: key.figures.tokens for key in unmapped_keys(Scope())}


def test_a_shared_key_is_nobodys_on_a_line_of_its_own(firm: Database) -> None:
    give("key_rule", label="Build farm")
    assert owner_of("key_rule") == (None, "shared")
    assert "key_rule" not in unmapped()
    (line,) = shared_key_lines(Scope())
    assert (line.label, line.keys) == ("Build farm", ("key_rule",))
    assert line.figures.tokens == 3 * TOKENS_OF["key_rule"]
    give("key_made", label="Build farm")
    (line,) = shared_key_lines(Scope(DAYS[0], DAYS[0]))
    assert line.keys == ("key_made", "key_rule")
    assert line.figures.tokens == TOKENS_OF["key_rule"] + TOKENS_OF["key_made"]
    assert shared_key_lines(Scope(teams=("Data",))) == []
    assert_rollups_are_true()


def test_unmapped_keys_tell_their_days_and_creator(firm: Database) -> None:
    found = {key.key: key for key in unmapped_keys(Scope())}
    assert set(found) == {"", "key_made", "key_named", "key_plain"}
    made = found["key_made"]
    assert (made.name, made.workspace, made.suggested_email) == (
        "nightly pipeline",
        "Research",
        BOB,
    )
    assert (made.days, made.first_day, made.last_day) == (3, DAYS[0], DAYS[-1])


def test_suggestions_say_why(firm: Database) -> None:
    ideas = suggestions(key for key in unmapped_keys(Scope()) if key.key)
    assert ideas["key_made"] == (BOB, "creator")
    assert ideas["key_named"] == (ANN, "its name holds \u201cann lee\u201d")
    assert "key_plain" not in ideas


def test_a_name_that_two_people_have_suggests_nobody(firm: Database) -> None:
    Person.create(email="ann.lee@partner.example", name="Ann Lee")
    ideas = suggestions(key for key in unmapped_keys(Scope()) if key.key)
    assert "key_named" not in ideas


def test_owned_keys_name_the_rule(firm: Database) -> None:
    give("key_plain", CAT)
    give("key_made", label="Nightly")
    found = {
        key.key: (key.email, key.label, key.rule, key.tokens) for key in with_usage(owned_keys())
    }
    assert found == {
        "key_plain": (CAT, "", "mapping", 90_000),
        "key_made": ("", "Nightly", "shared", 300),
        "key_rule": (DORA, "", "key name", 1_200_000),
    }


def test_guessed_addresses_are_told(firm: Database) -> None:
    (guess,) = guesses()
    assert (guess.key, guess.email, guess.is_member) == ("key_rule", DORA, False)


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@firm.example", "ann@firm", "a b@firm.example", "ann@@firm.example",
     "<b>@firm.example", "ann@firm..example", "ann@-firm.example", "a\u202eb@firm.example",
     "a,b@firm.example", "x" * 250 + "@a.example", 'a"b@firm.example'],
)  # fmt: skip
def test_refuses_what_is_no_address(email: str) -> None:
    with pytest.raises(BadOwner, match=r"looks like name@example\.com"):
        owner_named(email)


def test_refuses_two_owners_and_endless_names() -> None:
    with pytest.raises(BadOwner, match="not both"):
        owner_named(ANN, "Nightly")
    with pytest.raises(BadOwner, match="at most 80"):
        owner_named("", "x" * 81)


def test_an_address_is_kept_trimmed_and_lower_case(database: Database) -> None:
    assert owner_named("  Ann.Lee@Firm.Example ").email == ANN
    assert owner_named("jos\u00e9@b\u00fcro.example").email == "jos\u00e9@b\u00fcro.example"
