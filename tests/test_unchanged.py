"""What a browser holds already is not made again, and never told so when anything is new."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app.database import database as proxy
from app.ledger import bump_data_version
from app.locks import exclusive_lock
from app.models import ProviderRun, Run, Slot
from app.runs import SYNC_LOCK
from app.web.request.unchanged import DAY, MINUTE, tag_at
from tests.counting import statements
from tests.filled import COMPANY_DAYS, Reader
from tests.office import store, used
from tests.tools import CURSOR

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
API_RANGE = f"startDate={COMPANY_DAYS[0]}&endDate={COMPANY_DAYS[1]}"
ADDRESSES = (
    f"/?{RANGE}",
    f"/users?{RANGE}",
    f"/users?{RANGE}&rows=team&by=model",
    f"/export/users.csv?{RANGE}",
    f"/export/users.csv-metadata.json?{RANGE}",
    f"/records?{RANGE}&owner=none",
    f"/export/records.csv?{RANGE}",
    f"/export/records.csv-metadata.json?{RANGE}",
    f"/api/stats?{API_RANGE}",
    f"/api/trends?{API_RANGE}",
    f"/api/models?{API_RANGE}",
    f"/api/users?{API_RANGE}",
    f"/api/users/pivot?{API_RANGE}",
)
SETTINGS = (
    "/settings",
    "/settings/mappings",
    "/settings/people",
    "/settings/people/teams",
    "/settings/connections",
    "/settings/prices",
)
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
EMAIL = "ada@acme.example"
MOST_STATEMENTS = 3
"""Begin, the state, end."""


def fill() -> None:
    store([used(date(2026, 8, 1), EMAIL, CURSOR, 7, 7)])


FILLED = {"client": fill}


@pytest.mark.parametrize("headers", [{}, PART], ids=["whole", "part"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unchanged_answer_reads_no_usage(
    company: Reader, address: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        tag = seen(company.client, address, headers)
        with statements() as made:
            again = company.client.get(address, headers={**headers, "If-None-Match": tag})
        if again.status_code == 304:
            break
        # The minute went by in between: pages say how old their data is.
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert len(made) <= MOST_STATEMENTS, made


@pytest.mark.parametrize("address", [*SETTINGS, "/status"])
def test_an_unchanged_page_of_an_administrator_reads_no_usage(
    company: Reader, address: str
) -> None:
    company.client.get(address)
    for _ in range(2):
        tag = seen(company.client, address)
        with statements() as made:
            again = company.client.get(address, headers={"If-None-Match": tag})
        if again.status_code == 304:
            break
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert not [one for one in made if re.search(r'FROM "(usage|\w+_day|\w+_month|actor)"', one)]


def test_what_an_administrator_changes_is_shown_at_once(client: FlaskClient) -> None:
    told = {"apiKey": "key-1", "email": EMAIL}
    client.get("/settings")
    tags = {address: seen(client, address) for address in SETTINGS}
    assert client.post("/api/mappings", json=told).status_code == 200
    for address, tag in tags.items():
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 200, address


def test_the_status_is_sent_anew_with_every_step_of_a_run(
    client: FlaskClient, database: Database
) -> None:
    with proxy.connection_context():
        # That of the fixture names no days.
        Run.update(start_day=20260801, end_day=20260801).execute()
    client.get("/status")
    for change in (begin_run, go_on, end_run, make_due, fail_attempt):
        tag = seen(client, "/status")
        with proxy.connection_context():
            change()
        answer = client.get("/status", headers={"If-None-Match": tag})
        assert answer.status_code == 200, change
    tag = seen(client, "/status")
    with proxy.connection_context():
        Run.create(
            kind="sync", status="running", start_day=20260801, end_day=20260801, started_at=1
        )
    with exclusive_lock(database, SYNC_LOCK):
        # A run under way differs from one second to the next.
        for _ in range(2):
            answer = client.get("/status", headers={"If-None-Match": tag})
            assert (answer.status_code, answer.headers.get("ETag")) == (200, None)
    assert client.get("/status", headers={"If-None-Match": tag}).status_code == 200


def test_what_is_asked_otherwise_has_another_tag(company: Reader) -> None:
    found = [
        tag_of(company.app, path, headers, cookie)
        for path in ("/", f"/?{RANGE}", "/users")
        for headers in ({}, PART, {**PART, "HX-Current-URL": "http://localhost/users"})
        for cookie in ("", "theme=dark")
    ]
    assert len(set(found)) == len(found)


def test_time_goes_on_in_pages_by_the_minute_and_in_data_by_the_day(company: Reader) -> None:
    now = datetime(2026, 8, 1, 23, 58, 20, tzinfo=UTC)
    later = [now + timedelta(seconds=seconds) for seconds in (0, 30, 60, 120)]
    with company.app.test_request_context("/"), proxy.connection_context():
        assert [tag_at(one, MINUTE) == tag_at(now, MINUTE) for one in later] == [
            True, True, False, False,
        ]  # fmt: skip
        assert [tag_at(one, DAY) == tag_at(now, DAY) for one in later] == [
            True, True, True, False,
        ]  # fmt: skip


def test_whatever_changes_is_sent_anew(client: FlaskClient) -> None:
    addresses = ("/?days=365", "/users", f"/users/{EMAIL}", f"/api/users/{EMAIL}")
    for change in (change_data, begin_run, go_on, end_run):
        tags = {address: seen(client, address) for address in addresses}
        with proxy.connection_context():
            change()
        for address, tag in tags.items():
            answer = client.get(address, headers={"If-None-Match": tag})
            assert answer.status_code == 200, (change, address)
            assert answer.headers["ETag"] != tag


def test_an_answer_that_is_no_good_one_has_no_tag(client: FlaskClient) -> None:
    for address in ("/users/nobody@acme.example", "/api/users/nobody", "/api/stats?startDate=x"):
        assert "ETag" not in client.get(address).headers, address


def seen(client: FlaskClient, address: str, headers: dict[str, str] | None = None) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["ETag"].startswith('W/"')
    return answer.headers["ETag"]


def tag_of(app: Flask, path: str, headers: dict[str, str], cookie: str) -> str:
    sent = {**headers, "Cookie": cookie} if cookie else headers
    with app.test_request_context(path, headers=sent), proxy.connection_context():
        return tag_at(datetime(2026, 8, 1, tzinfo=UTC), MINUTE)


def change_data() -> None:
    bump_data_version()


def begin_run() -> None:
    run = Run.create(kind="test", status="ok", start_day=20260801, end_day=20260801, started_at=1)
    ProviderRun.create(run=run, provider="cursor", status="running", started_at=1)


def go_on() -> None:
    ProviderRun.update(days_done=ProviderRun.days_done + 1).execute()


def end_run() -> None:
    ProviderRun.update(finished_at=2, status="failed", error="HTTP 500").execute()


def make_due() -> None:
    Slot.create(kind="sync", day=20260801, status="running")


def fail_attempt() -> None:
    Slot.update(failures=1, status="failed").execute()
