"""`/status`: what it shows, its parts, its odd input, and what an administrator does there."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Config
from app.database import database as proxy
from app.dates import day_number
from app.locks import exclusive_lock
from app.models import Partition, ProviderRun, Run
from app.runs import (
    SYNC_LOCK,
    begin_provider,
    begin_run,
)
from app.states import RunStatus
from tests.imported import event, events, put
from tests.invented import sync, with_account
from tests.reading import PART, part, shown, token_in
from tests.upstream import Upstream

MONDAY = date(2026, 10, 5)
WEEK = (MONDAY, MONDAY + timedelta(days=6))
REFUSED = (401, {}, b'{"type":"error","error":{"type":"x","message":"no such luck"}}')
HOSTILE = (
    "", "0", "-1", "2026-02-30", "2026-10-05T00:00", "9999-12-31", "0001-01-01", "%00", "'--",
    "99999999999999999999", "x" * 3000, "\u0661", "anthropic", "../..", "<script>", "1e3", "🦊",
)  # fmt: skip


@pytest.fixture
def page(live: Config) -> FlaskClient:
    """A browser of this machine, while no password is set."""
    return create_app(live).test_client()


def ended(number: int) -> Run:
    """The run when it has ended, however long that takes (up to a minute)."""
    for _ in range(600):
        run = Run.get_or_none(Run.id == number)
        if run and run.status != RunStatus.RUNNING:
            return run
        time.sleep(0.1)
    raise AssertionError(f"run {number} did not end")


def test_shows_an_empty_product(client: FlaskClient) -> None:
    answer = client.get("/status")
    assert answer.status_code == 200
    said = shown(answer.text)
    for words in ("auth: open", "not configured", "Nothing has run yet", "No sync has run yet"):
        assert words in said


def test_shows_providers_calendar_runs_and_changes(page: FlaskClient, live: Config) -> None:
    run = sync(live, *WEEK).run
    html = page.get("/status").text
    assert html.count(": final") == 14
    assert f'id="run-{run.id}"' in html
    said = shown(html)
    assert "5 \u2013 11 Oct 2026" in said
    assert "None so far" in said


def test_the_calendar_says_state_and_tokens_of_each_day(page: FlaskClient, live: Config) -> None:
    sync(live, *WEEK)
    labels = re.findall(r'title="(Anthropic|Cursor), (\w+ \d+ \w+): final(?:, ([\d,]+))?',
                        page.get("/status").text.replace("\xa0", " "))  # fmt: skip
    shown = sorted(int(tokens.replace(",", "") or 0) for _, _, tokens in labels)
    assert shown == sorted(one.tokens for one in Partition.select())


def test_a_day_tells_its_story(page: FlaskClient, live: Config, upstream: Upstream) -> None:
    first = sync(live, *WEEK).run.id
    upstream.company.revise(MONDAY, "cursor")
    second = sync(live, MONDAY, MONDAY).run.id
    html = page.get(f"/status?day={MONDAY}&provider=cursor").text
    said = shown(html[html.index('id="day"') :])
    stamp = next(
        one
        for one in Partition.select().where(Partition.day == day_number(MONDAY))
        if one.organization.provider == "cursor"
    )
    assert f"Records {stamp.records:,}" in said
    assert f"{stamp.tokens:,}" in said
    assert "Restated" in said
    assert f"run {second}" in said
    assert f"run {first}" in said
    assert f'href="/?start={MONDAY}&end={MONDAY}"' in html
    assert "Re-read this day" in said


def test_a_run_opens_and_names_its_days(page: FlaskClient, live: Config) -> None:
    run = sync(live, *WEEK).run.id
    closed, opened = page.get("/status").text, page.get(f"/status?run={run}").text
    assert "Days it changed" not in closed
    assert 'aria-expanded="true"' in opened
    log = opened[opened.index('id="runs"') :]
    rows = re.findall(r'href="\?day=2026-10-\d\d&provider=\w+&run=\d+#beside"', log)
    assert len(rows) == 14


def test_gaps_are_listed_with_a_button_each_and_one_for_all(
    page: FlaskClient, live: Config
) -> None:
    sync(live, MONDAY, MONDAY)
    sync(live, WEEK[1], WEEK[1])
    html = page.get("/status").text
    section = html[html.index('<section id="gaps"') :]
    section = section[: section.index("</section>")]
    assert section.count(">Fill</button>") == 4
    assert section.count("Fill all gaps") == 1
    assert "6 \u2013 10 Oct 2026" in shown(section)


def test_a_failure_is_said_with_its_sentence(
    page: FlaskClient, live: Config, upstream: Upstream
) -> None:
    upstream.fault("anthropic", "usage_report", 1, REFUSED)
    sync(live, MONDAY, MONDAY)
    said = shown(page.get("/status").text)
    assert "Anthropic: failed" in said
    assert "no such luck" in said


def test_a_part_is_in_the_page(page: FlaskClient, live: Config) -> None:
    sync(live, *WEEK)
    url = f"/status?day={MONDAY}&provider=cursor"
    answer = page.get(url, headers=PART)
    assert answer.headers["HX-Push-Url"] == url
    assert "<html" not in answer.text
    for name in ("heading", "notices", "providers", "sync", "calendar", "day", "runs", "restated"):
        assert f'id="{name}"' in answer.text
        assert f'id="{name}"' in page.get(url).text


def test_a_provider_waits_for_its_turn_until_the_run_dies(page: FlaskClient) -> None:
    with exclusive_lock(proxy.obj, SYNC_LOCK):
        with proxy.connection_context():
            begin_provider(begin_run("sync", *WEEK, by="ann"), "anthropic", 7)
        said = shown(page.get("/status/sync").text)
        assert "Anthropic 0 of 7 0 of 7 days running" in said
        assert "Cursor 0 of 7 0 of 7 days waiting" in said
    said = shown(page.get("/status").text)
    assert "waiting" not in said
    assert "running" not in said
    assert "Anthropic 0 of 7 0 of 7 days interrupted" in said
    assert "Last sync's process ended." in said


def test_an_import_tells_its_figures_in_the_log(page: FlaskClient) -> None:
    with proxy.connection_context():
        put(events(event(tokens=10)))
    said = shown(page.get("/status?run=1").text)
    assert "1 day changed, 1 record added or taken away" in said
    assert "0 → 10 tokens, $0.00 → $0.05" in said


def test_the_calendar_names_a_team_of_cursor_in_the_title_only(live: Config) -> None:
    sync(live, *WEEK)
    page = create_app(with_account(live, "cursor", team="inventedteam")).test_client()
    html = page.get("/status").text
    assert '<th scope="row" title="Cursor (inventedteam)">Cursor</th>' in html


def test_odd_values_fall_back(page: FlaskClient, live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    for name, value in product(("day", "provider", "year", "run", "page"), HOSTILE):
        answer = page.get("/status", query_string={name: value, "x": value})
        assert answer.status_code == 200, (name, value)
    for value in HOSTILE:
        everything = dict.fromkeys(("day", "provider", "year", "run", "page"), value)
        assert page.get("/status", query_string=everything).status_code == 200, value


def test_a_page_after_the_last_one_is_the_last(page: FlaskClient, live: Config) -> None:
    for number in range(60):
        Run.create(kind="old", status="ok", start_day=20261005, end_day=20261005,
                   started_at=number, finished_at=number + 1)  # fmt: skip
    seen = []
    for number in (1, 2, 3):
        html = page.get(f"/status?page={number}").text
        seen += re.findall(r'<tr id="run-(\d+)"', html)
    newest_first = [str(run.id) for run in Run.select().order_by(Run.id.desc())]
    assert seen == newest_first
    assert "51\u201360 of 60" in shown(page.get("/status?page=999").text)


def test_rejects_a_wrong_method(client: FlaskClient) -> None:
    assert client.post("/status").status_code == 405
    assert client.get("/status/reread").status_code == 405
    assert client.get("/status/fill").status_code == 405


def test_a_day_is_read_again_on_request(
    page: FlaskClient, live: Config, upstream: Upstream
) -> None:
    sync(live, *WEEK)
    html = page.get(f"/status?day={MONDAY}&provider=anthropic").text
    asked = len(upstream.seen("anthropic", "usage_report"))
    upstream.company.revise(MONDAY, "claude_code")
    form = {"csrf_token": token_in(html), "provider": "anthropic", "day": str(MONDAY)}
    answer = page.post("/status/reread", data=form)
    assert answer.status_code == 303
    assert answer.location == f"/status?day={MONDAY}&provider=anthropic"
    run = ended(Run.select().order_by(Run.id.desc()).get().id)
    assert (run.kind, run.status, run.start_day) == ("re-read", "ok", day_number(MONDAY))
    assert run.asked_by
    assert len(upstream.seen("anthropic", "usage_report")) == asked + 1
    assert [part.provider for part in ProviderRun.select().where(ProviderRun.run == run)] == [
        "anthropic"
    ]
    assert "restated" in page.get(f"/status?day={MONDAY}&provider=anthropic").text


def test_a_suspicious_day_is_accepted_only_when_ticked(
    page: FlaskClient, live: Config, upstream: Upstream
) -> None:
    sync(live, MONDAY, MONDAY)
    upstream.company.clear(MONDAY, "claude_code")
    sync(live, MONDAY, MONDAY)
    html = page.get(f"/status?day={MONDAY}&provider=anthropic").text
    assert 'name="allow_empty"' in html
    form = {"csrf_token": token_in(html), "provider": "anthropic", "day": str(MONDAY)}
    page.post("/status/reread", data=form)
    assert ended(Run.select().order_by(Run.id.desc()).get().id).status == "failed"
    assert "--allow-empty or the checkbox on the day's page" in shown(page.get("/status").text)
    page.post("/status/reread", data=form | {"allow_empty": "1"})
    assert ended(Run.select().order_by(Run.id.desc()).get().id).status == "ok"
    assert 'name="allow_empty"' not in page.get("/status?day=2026-10-05").text


def test_a_gap_is_filled(page: FlaskClient, live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    sync(live, WEEK[1], WEEK[1])
    token = token_in(page.get("/status").text)
    form = {"csrf_token": token, "start": "2026-10-06", "end": "2026-10-10"}
    assert page.post("/status/fill", data=form).status_code == 303
    ended(Run.select().order_by(Run.id.desc()).get().id)
    html = page.get("/status").text
    assert "6 \u2013 10 Oct 2026" not in shown(part(html, "calendar"))
    assert html.count(": final") == 14


@pytest.mark.parametrize("day", ["", "2026-13-01", "1999-12-31", "2999-01-01", "x" * 999])
def test_a_bad_day_is_refused(page: FlaskClient, day: str) -> None:
    token = token_in(page.get("/status").text)
    base = {"csrf_token": token, "provider": "cursor"}
    assert page.post("/status/reread", data=base | {"day": day}).status_code == 400
    assert page.post("/status/fill", data=base | {"start": day, "end": day}).status_code == 400
    assert Run.select().count() == 0


def test_a_bad_range_or_provider_is_refused(page: FlaskClient) -> None:
    token = token_in(page.get("/status").text)
    for form in (
        {"start": "2026-10-06", "end": "2026-10-05"},
        {"start": "2001-01-01", "end": "2026-10-05"},
        {"start": "2026-10-05", "end": "2026-10-05", "provider": "nobody"},
    ):
        assert page.post("/status/fill", data={"csrf_token": token, **form}).status_code == 400
    assert Run.select().count() == 0


def test_without_a_key_nothing_is_started(client: FlaskClient) -> None:
    token = token_in(client.get("/settings/people/teams").text)
    form = {"csrf_token": token, "provider": "cursor", "day": "2026-10-05"}
    answer = client.post("/status/reread", data=form)
    assert answer.status_code == 409
    assert "CURSOR_ADMIN_KEY" in answer.text


def test_a_reader_sees_no_buttons_and_may_not_act(live: Config) -> None:
    sync(live, MONDAY, MONDAY)
    sync(live, WEEK[1], WEEK[1])
    reader = create_app(replace(live, admin_password="a long password")).test_client()
    html = reader.get(f"/status?day={MONDAY}&provider=cursor").text
    assert "auth: open" not in html
    for words in ("Re-read this day", ">Fill</button>", "Fill all gaps"):
        assert words not in html
    before = Run.select().count()
    for path in ("reread", "fill"):
        form = {
            "provider": "cursor",
            "day": str(MONDAY),
            "start": "2026-10-06",
            "end": "2026-10-07",
        }
        assert reader.post(f"/status/{path}", data=form).status_code in (303, 401, 403)
    assert Run.select().count() == before


def test_readers_need_a_login_when_there_is_a_viewer_password(live: Config) -> None:
    guarded: Flask = create_app(replace(live, viewer_password="a long password"))
    answer = guarded.test_client().get("/status")
    assert answer.status_code == 303
    assert answer.location.startswith("/login")
