"""Whose a key is: retroactive at once, told beforehand, kept in a history, taken back exactly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from peewee import Database, PeeweeException

from app import database as database_module
from app.config import read_config
from app.database import migrate, open_database
from app.directory.mappings import (
    AUTOMATIC,
    ChangedSince,
    KeyChange,
    Owner,
    change_mappings,
    effect_of,
    undo,
)
from app.ledger import organization_for, replace_day
from app.models import Actor, Mapping, MappingChange, Meta, Run
from app.queries.keys.mappings import known_emails, owned_keys, past_changes
from app.queries.keys.unmapped import unmapped_keys
from app.queries.scope import Scope
from app.usage import DayUsage, RawActor
from tests.conftest import close
from tests.invented_keys import (
    ANN,
    BOB,
    CAT,
    DAYS,
    DOMAIN,
    NANOS_PER_TOKEN,
    TOKENS_OF,
    assert_rollups_are_true,
    fill_firm,
    owner_of,
    stored_usage,
    tokens_in_rollups,
    tokens_of,
    usage_of,
)
from tests.tools import CLAUDE_CODE, CURSOR

DORA = f"dora.new@{DOMAIN}"


FILLED = {"firm": fill_firm}


@pytest.fixture
def firm(database: Database) -> Database:
    """The database of a small company."""
    return database


def give(key: str, email: str = "", label: str = "") -> int:
    return change_mappings([KeyChange(key, Owner(email, label))], by="test", email_domain=DOMAIN)


def test_a_mapping_moves_all_usage_at_once_and_rewrites_nothing(firm: Database) -> None:
    before, version = stored_usage(), Meta.get().data_version
    assert give("key_plain", ANN)
    assert owner_of("key_plain") == (ANN, "mapping")
    assert tokens_of(ANN) == tokens_in_rollups(ANN) == 3 * TOKENS_OF["key_plain"]
    assert stored_usage() == before
    assert Meta.get().data_version > version
    assert_rollups_are_true()


def test_saying_the_same_again_changes_nothing(firm: Database) -> None:
    give("key_plain", ANN)
    version = Meta.get().data_version
    assert give("key_plain", ANN) == 0
    assert Meta.get().data_version == version
    assert MappingChange.select().count() == 1


def test_a_mapping_goes_before_the_name_rule_and_falls_back_to_it(firm: Database) -> None:
    assert owner_of("key_rule") == (DORA, "key name")
    give("key_rule", BOB)
    assert owner_of("key_rule") == (BOB, "mapping")
    give("key_rule")
    assert owner_of("key_rule") == (DORA, "key name")
    assert not Mapping.select().exists()
    assert_rollups_are_true()


def test_a_mapping_holds_for_the_key_in_every_organisation(firm: Database) -> None:
    record = usage_of(DAYS[0], CLAUDE_CODE, RawActor(key="key_plain"), 9)
    replace_day(
        organization_for("anthropic", "second"),
        "messages",
        DayUsage(DAYS[0], [record], settled=True),
        Run.get(),
        email_domain=DOMAIN,
    )
    give("key_plain", CAT)
    owners = {actor.person.email for actor in Actor.select().where(Actor.key == "key_plain")}
    assert owners == {CAT}


def test_the_effect_is_told_beforehand_and_changes_nothing(firm: Database) -> None:
    before = stored_usage()
    told = effect_of([KeyChange("key_made", Owner(ANN))], DOMAIN)
    (flow,) = told.flows
    assert (flow.before, flow.after) == ("", ANN)
    assert told.tokens == 3 * TOKENS_OF["key_made"]
    assert told.value_nanos == told.tokens * NANOS_PER_TOKEN
    assert (told.days, told.first_day, told.last_day) == (3, DAYS[0], DAYS[-1])
    assert stored_usage() == before
    assert not Mapping.select().exists()
    held = tokens_of(ANN)
    give("key_made", ANN)
    assert tokens_of(ANN) == held + told.tokens


def test_the_effect_of_a_removal_says_to_whom_it_falls(firm: Database) -> None:
    give("key_rule", BOB)
    (flow,) = effect_of([KeyChange("key_rule", AUTOMATIC)], DOMAIN).flows
    assert (flow.before, flow.after, flow.tokens) == (BOB, DORA, 3 * TOKENS_OF["key_rule"])


def test_the_effect_marks_tokens_without_a_price(firm: Database) -> None:
    told = effect_of([KeyChange("key_plain", Owner(ANN))], DOMAIN)
    assert told.unpriced_tokens == told.tokens == 3 * TOKENS_OF["key_plain"]
    assert told.value_nanos == 0


def test_a_key_never_seen_can_be_mapped_and_moves_nothing(firm: Database) -> None:
    assert effect_of([KeyChange("later", Owner(ANN))], DOMAIN).flows == []
    assert give("later", ANN)
    assert [key.key for key in owned_keys() if key.is_manual] == ["later"]


def test_an_undo_restores_exactly_what_was(firm: Database) -> None:
    owners = {key: owner_of(key) for key in TOKENS_OF}
    tokens = {email: tokens_in_rollups(email) for email in (BOB, CAT, DORA)}
    batch = change_mappings(
        [KeyChange("key_made", Owner(BOB)), KeyChange("key_rule", Owner(CAT))],
        by="test",
        email_domain=DOMAIN,
    )
    assert tokens_in_rollups(CAT) > tokens[CAT]
    undone = undo(batch, by="test", email_domain=DOMAIN)
    assert {key: owner_of(key) for key in TOKENS_OF} == owners
    assert {email: tokens_in_rollups(email) for email in tokens} == tokens
    assert_rollups_are_true()
    undo(undone, by="test", email_domain=DOMAIN)
    assert owner_of("key_rule") == (CAT, "mapping")


def test_an_undo_refuses_what_somebody_changed_since(firm: Database) -> None:
    batch = give("key_made", BOB)
    give("key_made", CAT)
    with pytest.raises(ChangedSince, match="Nothing was undone"):
        undo(batch, by="test", email_domain=DOMAIN)
    assert owner_of("key_made") == (CAT, "mapping")
    with pytest.raises(ChangedSince, match="no such change"):
        undo(4711, by="test", email_domain=DOMAIN)


def test_the_history_says_who_when_from_and_to(firm: Database) -> None:
    give("key_made", BOB)
    give("key_made", label="Night shift")
    give("key_made")
    told = [(one.by, one.key, one.name, one.before, one.after) for one in past_changes(10)]
    name = "nightly pipeline"
    assert told == [
        ("test", "key_made", name, ("", "Night shift"), ("", "")),
        ("test", "key_made", name, (BOB, ""), ("", "Night shift")),
        ("test", "key_made", name, ("", ""), (BOB, "")),
    ]


def test_a_failure_leaves_everything_as_it_was(firm: Database) -> None:
    firm.execute_sql("ALTER TABLE meta RENAME TO lost")
    with pytest.raises(PeeweeException):
        give("key_plain", ANN)
    firm.execute_sql("ALTER TABLE lost RENAME TO meta")
    assert owner_of("key_plain") == (None, "")
    assert not Mapping.select().exists()
    assert not MappingChange.select().exists()
    assert_rollups_are_true()


def test_a_mistyped_person_is_forgotten_with_the_mapping(firm: Database) -> None:
    batch = give("key_plain", "an.lee@firm.example")
    assert "an.lee@firm.example" in known_emails()
    undo(batch, by="test", email_domain=DOMAIN)
    assert "an.lee@firm.example" not in known_emails()
    assert not Mapping.select().where(Mapping.key == "key_plain").exists()
    batch = give("key_plain", ANN)
    undo(batch, by="test", email_domain=DOMAIN)
    assert ANN in known_emails()


def test_mappings_and_syncs_at_the_same_time_leave_true_sums(app: Flask, firm: Database) -> None:
    """Each transaction waits for its turn, whichever thread it comes from."""
    barrier, faults = Barrier(2), []

    def together(work: Callable[[int], object]) -> None:
        barrier.wait()
        try:
            with firm.connection_context():
                for turn in range(8):
                    work(turn)
        except Exception as error:
            faults.append(error)
            raise

    def sync(turn: int) -> None:
        record = usage_of(DAYS[0], CLAUDE_CODE, RawActor(key="key_plain"), 10 + turn)
        usage = DayUsage(DAYS[0], [record], settled=True)
        organization, run = organization_for("anthropic"), Run.get()
        replace_day(organization, "messages", usage, run, email_domain=DOMAIN)

    def assign(turn: int) -> None:
        give("key_plain", (ANN, BOB)[turn % 2])

    threads = [Thread(target=together, args=(work,)) for work in (sync, assign)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert owner_of("key_plain") == (BOB, "mapping")
    assert tokens_in_rollups(BOB) == tokens_of(BOB) == 17 + 2 * TOKENS_OF["key_plain"]
    assert_rollups_are_true()


def test_the_migration_keeps_what_was_mapped(
    empty_settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything, folder = database_module.MIGRATIONS, tmp_path / "migrations"
    folder.mkdir()
    for number in ("0001", "0002", "0003"):
        shutil.copy(next(everything.glob(f"{number}_*.py")), folder)
    monkeypatch.setattr(database_module, "MIGRATIONS", folder)
    engine = open_database(read_config({"SECRET_KEY": "x" * 16, **empty_settings}, tmp_path))
    with engine.connection_context():
        migrate()
        row = "('key_plain', 'ann.lee@firm.example', 7)"
        engine.execute_sql(f"INSERT INTO mapping (key, email, created_at) VALUES {row}")  # noqa: S608
        monkeypatch.setattr(database_module, "MIGRATIONS", everything)
        migrate()
        assert list(Mapping.select().tuples()) == [("key_plain", ANN, 7, "")]
    close(engine)


def of_account(day: int, *names: str) -> None:
    """Cursor tells of a day on which a service account was called so, one name after the other."""
    records = [
        usage_of(DAYS[day], CURSOR, RawActor(key="sa_1"), 5)._replace(
            at_ms=1_000 * (day + 1) + place, detail=f'{{"serviceAccountName":"{name}"}}'
        )
        for place, name in enumerate(names)
    ]
    # An answer is newest first.
    usage = DayUsage(DAYS[day], records[::-1], settled=True)
    replace_day(organization_for("cursor"), "events", usage, Run.get(), email_domain=DOMAIN)


def test_a_service_account_has_the_name_of_its_newest_usage(firm: Database) -> None:
    def name() -> str:
        return next(key.name for key in unmapped_keys(Scope()) if key.key == "sa_1")

    of_account(1, "Nightly CI")
    assert name() == "Nightly CI"
    of_account(2, "Nightly CI", "Morning CI")
    assert name() == "Morning CI"
    of_account(0, "Evening CI")
    of_account(1, "Old CI")
    assert name() == "Morning CI"
    give("Morning CI", ANN)
    assert owner_of("sa_1") == (ANN, "mapping")
    of_account(2, "Weekly CI")
    assert owner_of("sa_1") == (ANN, "mapping")
    assert [(key.key, key.name) for key in owned_keys() if key.is_manual] == [("sa_1", "Weekly CI")]
    assert_rollups_are_true()


def test_what_was_said_of_a_name_holds_for_the_service_account_that_gets_it(
    firm: Database,
) -> None:
    give("Weekly CI", ANN)
    of_account(1, "Nightly CI")
    assert owner_of("sa_1") == (None, "")
    of_account(2, "Weekly CI")
    assert owner_of("sa_1") == (ANN, "mapping")
    assert tokens_in_rollups(ANN) == tokens_of(ANN) == 10
    assert_rollups_are_true()
