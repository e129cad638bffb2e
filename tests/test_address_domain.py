"""The domain of addresses made from key names: which it is, why, and what a change of it moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
import requests
from peewee import Database

from app import create_app
from app.config import Config
from app.identity import address_domain, store_directory
from app.ledger import organization_for
from app.models import Meta, Person
from app.usage import Directory, ListedMember
from tests.commands import run_here
from tests.invented import assert_exact, configured, sync
from tests.invented_keys import (
    BOB,
    TOKENS_OF,
    assert_rollups_are_true,
    fill_firm,
    owner_of,
    stored_usage,
    tokens_in_rollups,
)
from tests.upstream import Company, Upstream, true_totals
from tests.upstream.directory import Person as UpstreamPerson
from tests.workers import serving

FILLED = {"firm": fill_firm}
DORA = "dora.new@firm.example"
ELSEWHERE = "dora.new@other.example"
DAY, ASKERS = date(2026, 10, 5), 12


@pytest.fixture
def firm(database: Database) -> Database:
    """The database of a small company, whose three members are at firm.example."""
    return database


def list_members(provider: str, *emails: str) -> None:
    members = tuple(ListedMember(f"user {email}", email, "") for email in emails)
    store_directory(organization_for(provider), Directory(members))


def test_most_members_decide_and_the_setting_goes_before_them(database: Database) -> None:
    assert address_domain("").name == "sentry.io"
    assert "no member is known" in address_domain("").reason
    list_members("anthropic", "a@zoo.example", "b@zoo.example", "c@ark.example", "")
    assert address_domain("") == ("zoo.example", "2 of 3 members have it")
    list_members("cursor", "a@zoo.example", "c@ark.example", "D@ARK.example")
    assert address_domain("") == (
        "ark.example",
        "2 of 4 members have it, as many as zoo.example",
    )
    assert address_domain("set.example") == ("set.example", "as EMAIL_DOMAIN says")


def test_another_setting_takes_effect_with_the_first_read(config: Config, firm: Database) -> None:
    usage = stored_usage()
    browser = create_app(config).test_client()
    browser.post("/api/mappings", json={"apiKey": "key_plain", "email": BOB})
    assert owner_of("key_rule") == (DORA, "key name")
    for domain, now, before in (("other.example", ELSEWHERE, DORA), ("", DORA, ELSEWHERE)):
        browser = create_app(replace(config, email_domain=domain)).test_client()
        told = browser.get("/api/mappings").json
        owners = {key["apiKey"]: (key["email"], key["source"]) for key in told["mappings"]}
        assert owners == {"key_rule": (now, "key name"), "key_plain": (BOB, "mapping")}
        assert now in told["knownEmails"]
        assert before not in told["knownEmails"]
        assert browser.get(f"/api/users/{before}").status_code == 404
        summary = browser.get(f"/api/users/{now}").json["summary"]
        assert summary["totalTokens"] == 3 * TOKENS_OF["key_rule"]
        assert f"first.last@{now.partition('@')[2]}" in browser.get("/settings/mappings").text
    assert stored_usage() == usage
    assert_rollups_are_true()


def test_somebody_who_is_known_besides_stays(config: Config, firm: Database) -> None:
    Person.update(name="Dora New").where(Person.email == DORA).execute()
    create_app(replace(config, email_domain="other.example")).test_client().get("/")
    assert {DORA, ELSEWHERE} <= {person.email for person in Person.select()}


@pytest.mark.process
def test_of_workers_that_start_together_one_resolves_anew(
    firm: Database, database_settings: dict[str, str], tmp_path: Path
) -> None:
    version, log = Meta.get().data_version, tmp_path / "log"
    settings = database_settings | {"EMAIL_DOMAIN": "other.example", "SCHEDULER": "off"}
    with serving(settings, log, 3) as (url, _), ThreadPoolExecutor(ASKERS) as askers:
        barrier = Barrier(ASKERS)

        def ask(_: int) -> list[str]:
            barrier.wait()
            told = requests.get(f"{url}/api/mappings", timeout=60).json()["mappings"]
            return [key["email"] for key in told]

        assert list(askers.map(ask, range(ASKERS))) == [[ELSEWHERE]] * ASKERS
    assert log.read_text() == ""
    # One of them made the person, and moved the usage.
    assert Meta.get().data_version == version + 2
    assert tokens_in_rollups(ELSEWHERE) == 3 * TOKENS_OF["key_rule"]
    assert_rollups_are_true()


def test_another_majority_takes_effect_with_the_sync_that_brings_it(
    config: Config, database: Database
) -> None:
    with Upstream(Company(ordinary=5, heavy=5)) as upstream:
        live = configured(config, upstream)
        assert sync(live, DAY, DAY).ok
        assert_exact(true_totals(upstream.company, DAY, DAY))
        upstream.company.people += [
            UpstreamPerson(f"New {number}", f"new{number}@new.example", None, f"{number}")
            for number in range(40)
        ]
        sync(live, DAY, DAY, providers=("cursor",))
        assert_exact(true_totals(upstream.company, DAY, DAY, email_domain="new.example"))


def test_doctor_says_which_domain_and_why(config: Config, firm: Database) -> None:
    said = run_here(config, "doctor").output
    assert "EMAIL_DOMAIN: firm.example: 3 of 3 members have it" in said
    said = run_here(replace(config, email_domain="other.example"), "doctor").output
    assert "EMAIL_DOMAIN: other.example: as EMAIL_DOMAIN says" in said
