"""Syncs over the API: outside the request, one at a time, and never a bare success."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Config
from app.database import database as proxy
from app.dates import utc_now, utc_today
from app.demo import write_demo
from app.locks import exclusive_lock, is_held
from app.models import AuditEvent, ProviderRun, Run
from app.queries.days.progress import run_progress
from app.runs import (
    begin_run,
    request_cancel,
)
from app.states import RunStatus
from tests import commands
from tests.calls import SECRET, asked_days, bearer
from tests.conftest import close
from tests.held import Held
from tests.invented import assert_exact, configured, with_account
from tests.upstream import Company, Upstream, true_totals

REFUSED = (401, {}, b'{"type":"error","error":{"type":"x","message":"no such luck"}}')
START, END = date(2026, 10, 5), date(2026, 10, 6)
RANGE = {"startDate": str(START), "endDate": str(END)}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(heavy=60)) as server:
        yield server


@pytest.fixture
def live(config: Config, upstream: Upstream) -> Config:
    """Only Anthropic is configured: its requests need not be spaced."""
    both = configured(config, upstream)
    return replace(with_account(both, "cursor", key=None), cron_secret=SECRET)


@pytest.fixture
def app(live: Config) -> Iterator[Flask]:
    application = create_app(live)
    application.config["TESTING"] = True
    yield application
    close(proxy.obj)


@pytest.fixture
def held() -> Iterator[Held]:
    fault = Held()
    yield fault
    fault.release()


def wait_until_idle(client: FlaskClient) -> dict[str, Any]:
    deadline = time.monotonic() + commands.SECONDS
    while time.monotonic() < deadline:
        state = client.get("/api/sync").get_json()
        if not state["running"]:
            return state
        time.sleep(0.05)
    pytest.fail("the sync did not end")


def test_syncs_the_asked_days_and_tells_the_result(client: FlaskClient, upstream: Upstream) -> None:
    for day in (START, END):
        upstream.company.clear(day, tool="cursor")
    answer = client.post("/api/sync", json=RANGE)
    assert answer.status_code == 200
    records = sum(len(upstream.company.rows_on(day)) for day in (START, END))
    result = answer.get_json()
    assert result["success"] is True
    assert result["syncedRange"] == RANGE
    assert result["result"]["anthropic"]["success"] is True
    assert 0 < result["result"]["anthropic"]["recordsImported"] <= records
    assert result["result"]["anthropic"]["recordsSkipped"] == 0
    assert result["result"]["anthropic"]["errors"] == []
    assert result["result"]["cursor"]["success"] is False
    assert result["result"]["cursor"]["errors"] == ["Not configured: set CURSOR_ADMIN_KEY."]
    again = client.post("/api/sync", json=RANGE).get_json()["result"]["anthropic"]
    assert again["recordsImported"] == 0
    assert again["recordsSkipped"] == result["result"]["anthropic"]["recordsImported"]
    with proxy.connection_context():
        assert_exact(true_totals(upstream.company, START, END))
        assert [event.detail for event in AuditEvent.select()] == [
            f"run {number}, {START} to {END}" for number in (1, 2)
        ]


@pytest.mark.parametrize("body", ["", "{}", '{"startDate": null}'])
def test_syncs_the_last_seven_days_unless_told_otherwise(client: FlaskClient, body: str) -> None:
    kind = "application/json" if body else None
    assert client.post("/api/sync", data=body, content_type=kind).status_code == 200
    [(start, end, _)] = asked_days()
    assert (start, end) == (utc_today() - timedelta(days=6), utc_today())


def test_an_end_alone_is_of_seven_days(client: FlaskClient) -> None:
    end = utc_today() - timedelta(days=30)
    answer = client.post("/api/sync", json={"endDate": str(end)}).get_json()
    assert answer["syncedRange"] == {"startDate": str(end - timedelta(days=6)), "endDate": str(end)}


def test_a_start_alone_runs_to_today(client: FlaskClient) -> None:
    start = utc_today() - timedelta(days=2)
    answer = client.post("/api/sync", json={"startDate": str(start)}).get_json()
    assert answer["syncedRange"] == {"startDate": str(start), "endDate": str(utc_today())}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"startDate": "2026-13-01"}, "startDate"),
        ({"startDate": 20261005}, "startDate"),
        ({"startDate": ""}, "startDate"),
        ({"startDate": ["2026-10-05"]}, "startDate"),
        ({"startDate": "2026-10-05", "endDate": "2026-10-5"}, "endDate"),
        ({"startDate": "2026-10-05", "endDate": "2026-10-04"}, "startDate"),
        ({"startDate": "1999-12-31", "endDate": "2000-01-01"}, "startDate"),
        ({"startDate": "2000-01-01"}, "startDate"),
        ({"endDate": "1999-12-31"}, "endDate"),
        ({"endDate": "0001-01-02"}, "endDate"),
        ({"startDate": "2026-10-05", "endDate": "2999-01-01"}, "endDate"),
        ({"startDate": "2999-01-01"}, "startDate"),
        ([], "body"),
        ("2026-10-05", "body"),
    ],
)
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_refuses_days_that_are_none(client: FlaskClient, body: Any, named: str) -> None:
    answer = client.post("/api/sync", json=body)
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]
    assert asked_days() == []


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_refuses_a_body_that_is_no_json(client: FlaskClient) -> None:
    broken = client.post("/api/sync", data="{", content_type="application/json")
    assert broken.status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/sync", data="startDate=2026-10-05", content_type=kind)
        assert answer.status_code == 415
        assert "application/json" in answer.get_json()["error"]
    assert asked_days() == []


def test_a_provider_that_fails_is_no_success(client: FlaskClient, upstream: Upstream) -> None:
    upstream.fault("anthropic", "", 1, REFUSED, times=None)
    answer = client.post("/api/sync", json=RANGE)
    assert answer.status_code == 200
    assert answer.get_json()["success"] is False
    [error] = answer.get_json()["result"]["anthropic"]["errors"]
    assert "no such luck" in error
    state = client.get("/api/sync").get_json()
    assert state["lastSync"] is None
    assert state["lastRun"]["success"] is False
    assert state["providers"]["anthropic"]["status"] == "failed"
    assert state["providers"]["anthropic"]["error"] == error


def test_without_any_provider_it_says_what_to_set(config: Config, client: FlaskClient) -> None:
    bare = create_app(replace(config, cron_secret=SECRET)).test_client()
    for answer in (bare.post("/api/sync"), bare.get("/api/cron/sync", headers=bearer(SECRET))):
        assert answer.status_code == 503
        assert "ANTHROPIC_ADMIN_KEY or CURSOR_ADMIN_KEY" in answer.get_json()["error"]
    assert asked_days() == []


def test_a_long_sync_goes_on_after_the_answer(
    app: Flask, client: FlaskClient, upstream: Upstream, held: Held
) -> None:
    app.config["SYNC_WAIT_SECONDS"] = 0.05
    upstream.fault("anthropic", "usage_report", 1, held)
    answer = client.post("/api/sync", json=RANGE)
    assert answer.status_code == 202
    assert answer.get_json() == {"success": True, "runId": 1, "status": "running"}
    assert answer.headers["Location"] == "/api/sync"
    state = client.get("/api/sync").get_json()
    assert (state["running"], state["runId"]) == (True, 1)
    assert state["lastRun"]["status"] == state["providers"]["anthropic"]["status"] == "running"
    busy = client.post("/api/sync", json=RANGE)
    assert busy.status_code == 409
    assert busy.get_json()["runId"] == 1
    assert "already running (run 1, sync, process " in busy.get_json()["error"]
    held.release()
    state = wait_until_idle(client)
    assert state["lastRun"]["success"] is True
    assert state["lastSync"] == state["lastRun"]["finishedAt"]
    with proxy.connection_context():
        assert Run.get().status == RunStatus.OK


def test_a_sync_of_another_process_is_named(client: FlaskClient, app: Flask) -> None:
    with exclusive_lock(proxy.obj, "sync"):
        with proxy.connection_context():
            run = begin_run("backfill", START, END)
        answer = client.post("/api/sync", json=RANGE)
    assert answer.status_code == 409
    assert answer.get_json()["runId"] == run.id
    assert f"run {run.id}, backfill" in answer.get_json()["error"]


def test_a_run_whose_process_died_is_not_running(client: FlaskClient, app: Flask) -> None:
    with proxy.connection_context():
        with exclusive_lock(proxy.obj, "sync"):
            run = begin_run("sync", START, END)
            ProviderRun.create(run=run, provider="anthropic", status="running", started_at=1)
            assert is_held(proxy.obj, "sync")
            assert run_progress(run.id).under_way
        assert not is_held(proxy.obj, "sync")
        assert not run_progress(run.id).under_way
    state = client.get("/api/sync").get_json()
    assert state["running"] is False
    assert state["lastRun"]["status"] == "interrupted"
    assert state["providers"]["anthropic"]["status"] == "interrupted"


def test_a_running_sync_can_be_cancelled_from_anywhere(
    app: Flask, client: FlaskClient, upstream: Upstream, held: Held
) -> None:
    app.config["SYNC_WAIT_SECONDS"] = 0.05
    upstream.fault("anthropic", "usage_report", 1, held)
    assert client.post("/api/sync", json=RANGE).status_code == 202
    held.wait()
    with proxy.connection_context():
        assert request_cancel(1)
        assert request_cancel(1)
    state = wait_until_idle(client)
    assert state["lastRun"]["status"] == RunStatus.STOPPED
    assert state["lastRun"]["success"] is False
    with proxy.connection_context():
        assert not request_cancel(1)
        assert not request_cancel(4711)


def test_beside_the_demo_company_nothing_is_read(client: FlaskClient, upstream: Upstream) -> None:
    with proxy.connection_context():
        write_demo(3, 2, now=utc_now(), email_domain="example.com", progress=lambda *_: None)
    answer = client.post("/api/sync")
    assert answer.status_code == 503
    assert "demo company" in answer.get_json()["error"]
    assert upstream.log == []


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_syncs_need_the_administrator(live: Config) -> None:
    client = create_app(replace(live, admin_password="open sesame")).test_client()
    assert client.post("/api/sync", json=RANGE).status_code == 401
    assert client.post("/api/auth", json={"password": "open sesame"}).status_code == 200
    assert client.post("/api/sync", json=RANGE).status_code == 200
    foreign = client.post("/api/sync", json=RANGE, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert [by for _, _, by in asked_days()] == ["admin"]


def test_the_state_of_an_empty_database(client: FlaskClient) -> None:
    state = client.get("/api/sync").get_json()
    assert state["lastSync"] is state["lastRun"] is state["runId"] is None
    assert state["running"] is False
    assert (state["anthropicConfigured"], state["cursorConfigured"]) == (True, False)
    assert state["providers"]["anthropic"]["status"] is None
    assert set(state["providers"]) == {"anthropic", "cursor"}


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_only_the_methods_of_the_contract(client: FlaskClient) -> None:
    assert client.delete("/api/sync").status_code == 405
    assert client.put("/api/cron/sync").status_code == 405
