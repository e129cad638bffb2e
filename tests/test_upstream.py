"""The invented upstream speaks both vendors' APIs over real HTTP, and fails as scripted."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.upstream import Answer, Company, Exchange, Upstream
from tests.upstream.cursor_days import DAY_MS, first_ms
from tests.upstream.plain_client import (
    GROUPS,
    MONDAY,
    SUNDAY,
    WEDNESDAY,
    ask,
    events_page,
    report,
    report_pages,
)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(ordinary=10, heavy=120)) as running:
        yield running


def test_imports_nothing_of_the_product() -> None:
    for file in (Path(__file__).parent / "upstream").glob("*.py"):
        assert not re.search(r"^\s*(from|import) app\b", file.read_text(), re.MULTILINE), file


def test_continues_a_day_on_the_next_page(upstream: Upstream) -> None:
    whole = report_pages(upstream)
    upstream.page_rows = 25
    pages = report_pages(upstream)
    starts = [bucket["starting_at"] for page in pages for bucket in page["data"]]
    assert len(whole) == 1
    assert len(set(starts)) == 7 < len(starts)
    assert all(sum(len(one["results"]) for one in page["data"]) <= 25 for page in pages)
    joined = [row for page in pages for one in page["data"] for row in one["results"]]
    assert joined == [row for one in whole[0]["data"] for row in one["results"]]


def test_lists_empty_days_and_limits_buckets(upstream: Upstream) -> None:
    pages = report_pages(upstream, ("limit", "2"))
    assert [len(page["data"]) for page in pages] == [2, 2, 2, 1]
    assert pages[-1]["data"][0]["results"] == []
    assert pages[-1]["next_page"] is None


def test_fields_are_null_unless_grouped(upstream: Upstream) -> None:
    params = [("starting_at", "2026-11-02T13:14:15Z"), ("ending_at", "2026-11-03T00:00:00Z")]
    (bucket,) = ask(upstream, "usage_report/messages", params).json()["data"]
    (row,) = bucket["results"]
    assert bucket["starting_at"] == "2026-11-02T00:00:00Z"
    assert {row[name] for name in GROUPS} == {None}
    assert row["output_tokens"] == sum(r.output_tokens for r in upstream.company.rows_on(MONDAY))


def test_hours_add_up_to_the_day(upstream: Upstream) -> None:
    span = [("starting_at", "2026-11-02T00:00:00Z"), ("ending_at", "2026-11-03T00:00:00Z")]
    hours = ask(upstream, "usage_report/messages", [*span, ("bucket_width", "1h")]).json()["data"]
    assert len(hours) == 24
    found = sum(row["output_tokens"] for hour in hours for row in hour["results"])
    assert found == sum(row.output_tokens for row in upstream.company.rows_on(MONDAY))


@pytest.mark.parametrize(
    "params",
    [
        [],
        [("starting_at", "2026-11-02")],
        [("starting_at", "2026-11-02T00:00:00")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("limit", "32")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("limit", "0")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("ending_at", "2026-11-01T00:00:00Z")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("group_by[]", "colour")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("group_by", "model")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("page", "page_nonsense")],
        [("starting_at", "2026-11-02T00:00:00Z"), ("bucket_width", "1w")],
    ],
)
def test_rejects_a_bad_report_request(upstream: Upstream, params: list[tuple[str, str]]) -> None:
    answer = ask(upstream, "usage_report/messages", params)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["request-id"] == answer.json()["request_id"]


def test_takes_both_spellings_of_group_by(upstream: Upstream) -> None:
    url = f"{upstream.anthropic_url}/v1/organizations/usage_report/messages"
    span = "starting_at=2026-11-02T00:00:00Z&ending_at=2026-11-03T00:00:00Z"
    headers = {"x-api-key": upstream.anthropic_key, "anthropic-version": "2023-06-01"}
    plain, encoded = (
        requests.get(f"{url}?{span}&{name}=model", headers=headers, timeout=60).json()
        for name in ("group_by[]", "group_by%5B%5D")
    )
    assert plain == encoded
    assert len(plain["data"][0]["results"]) > 5


def test_page_token_is_bound_to_the_other_parameters(upstream: Upstream) -> None:
    upstream.page_rows = 10
    span = ("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z")
    token = ("page", report(upstream, *span).json()["next_page"])
    assert report(upstream, *span, token).status_code == 200
    assert report(upstream, *span, ("limit", "3"), token).status_code == 400


def test_refuses_wrong_keys_and_a_missing_version(upstream: Upstream) -> None:
    url = f"{upstream.anthropic_url}/v1/organizations/users"
    version = {"anthropic-version": "2023-06-01"}
    cases = (
        (version, 401, "authentication_error"),
        (version | {"x-api-key": "sk-ant-admin01-wrong"}, 401, "authentication_error"),
        (version | {"x-api-key": "sk-ant-api03-workspace"}, 403, "permission_error"),
        ({"x-api-key": upstream.anthropic_key}, 400, "invalid_request_error"),
    )
    for headers, status, kind in cases:
        answer = requests.get(url, headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
    assert ask(upstream, "nothing", []).json()["error"]["type"] == "not_found_error"


@pytest.mark.parametrize(("path", "count"), [("users", 10), ("api_keys", 16), ("workspaces", 2)])
def test_lists_the_directory_by_pages(upstream: Upstream, path: str, count: int) -> None:
    upstream.list_page_cap = 3
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"has_more": True}
    while page["has_more"]:
        after = [("after_id", page["last_id"])] if found else []
        page = ask(upstream, path, [("limit", "1000"), *after]).json()
        assert page["first_id"] == page["data"][0]["id"]
        found += page["data"]
    assert len({one["id"] for one in found}) == len(found) == count


def test_lists_keys_in_both_shapes_and_all_statuses(upstream: Upstream) -> None:
    keys = ask(upstream, "api_keys", [("limit", "1000")]).json()["data"]
    assert {key["status"] for key in keys} == {"active", "inactive", "archived"}
    assert sum("scope" in key for key in keys) == sum("workspace_id" in key for key in keys) == 8
    archived = ask(upstream, "api_keys", [("status", "archived")]).json()["data"]
    assert [key["status"] for key in archived] == ["archived", "archived"]
    everything = ask(upstream, "workspaces", [("include_archived", "true")]).json()["data"]
    assert len(everything) == 3


def test_rejects_a_bad_list_request(upstream: Upstream) -> None:
    for params in ([("limit", "1001")], [("after_id", "user_nobody")], [("offset", "1")]):
        assert ask(upstream, "users", params).status_code == 400


def test_pages_events_newest_first_to_the_full_count(upstream: Upstream) -> None:
    upstream.cursor_page_cap = 50
    pages = [events_page(upstream, pageSize=1000).json()]
    while pages[-1]["pagination"]["hasNextPage"]:
        number = pages[-1]["pagination"]["currentPage"] + 1
        pages.append(events_page(upstream, pageSize=1000, page=number).json())
    events = [event for page in pages for event in page["usageEvents"]]
    times = [int(event["timestamp"]) for event in events]
    assert len(pages) == pages[0]["pagination"]["numPages"] > 3
    assert {page["pagination"]["pageSize"] for page in pages} == {50}
    assert {page["totalUsageEventsCount"] for page in pages} == {len(events)}
    assert times == sorted(times, reverse=True)


def test_both_bounds_of_the_events_are_inclusive(upstream: Upstream) -> None:
    start, end = first_ms(WEDNESDAY), first_ms(WEDNESDAY) + DAY_MS - 1
    whole = events_page(upstream, startDate=start, endDate=end).json()
    inner = events_page(upstream, startDate=start + 1, endDate=end - 1).json()
    assert whole["totalUsageEventsCount"] == inner["totalUsageEventsCount"] + 2
    assert whole["totalUsageEventsCount"] == len(upstream.company.events_on(WEDNESDAY))
    assert whole["period"] == {"startDate": start, "endDate": end}
    empty = events_page(upstream, startDate=first_ms(SUNDAY)).json()
    assert (empty["usageEvents"], empty["totalUsageEventsCount"]) == ([], 0)


@pytest.mark.parametrize(
    "body",
    [
        {"pageSize": 1001},
        {"pageSize": 0},
        {"page": 0},
        {"page": "1"},
        {"startDate": "2026-11-02"},
        {"startDate": None},
        {"endDate": 1},
        {"hostingType": "CLOUDY"},
        {"teamSlug": "lumen"},
    ],
)
def test_rejects_a_bad_events_request(upstream: Upstream, body: dict[str, Any]) -> None:
    answer = events_page(upstream, **body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


def test_events_filters_find_their_events(upstream: Upstream) -> None:
    ana = events_page(upstream, email="ANA.souza@lumen.example", pageSize=1000).json()
    agents = events_page(upstream, cloudAgentId="*").json()["usageEvents"]
    assert {one["userEmail"].lower() for one in ana["usageEvents"]} == {"ana.souza@lumen.example"}
    assert agents
    assert all("cloudAgentId" in event for event in agents)


def test_cursor_wants_the_key_as_user_name(upstream: Upstream) -> None:
    url = f"{upstream.cursor_url}/teams/members"
    key = base64.b64encode(f"{upstream.cursor_key}:".encode()).decode()
    good = requests.get(url, headers={"Authorization": f"Basic {key}"}, timeout=60)
    bad = requests.get(url, auth=("slug", upstream.cursor_key), timeout=60)
    assert len(good.json()["teamMembers"]) == 9
    assert bad.status_code == 401
    assert bad.json() == {"error": "Unauthorized", "message": "Invalid API key"}


def test_money_keeps_every_digit_on_the_wire(upstream: Upstream) -> None:
    text = events_page(upstream, pageSize=1000).text
    for digits in ("21.36232", "0.30000000000000004", "5E-8", "1E-7"):
        assert re.search(rf'"chargedCents":{re.escape(digits)}[,}}]', text)
    assert isinstance(json.loads(text)["usageEvents"][0]["timestamp"], str)


def test_faults_strike_the_nth_request_once(upstream: Upstream) -> None:
    upstream.fault("anthropic", "users", 2, (503, {"retry-after": "1"}, b"busy"))
    upstream.fault("anthropic", "api_keys", 1, "html", times=2)
    assert [ask(upstream, "users", []).status_code for _ in range(3)] == [200, 503, 200]
    kinds = [ask(upstream, "api_keys", []).headers["content-type"] for _ in range(3)]
    assert [kind.startswith("text/html") for kind in kinds] == [True, True, False]
    assert [seen.status for seen in upstream.seen("anthropic", "users")] == [200, 503, 200]


@pytest.mark.parametrize("action", ["reset", "truncate"])
def test_faults_break_the_connection(upstream: Upstream, action: str) -> None:
    upstream.fault("cursor", "events", 1, action)
    with pytest.raises(requests.exceptions.RequestException):
        events_page(upstream)
    assert events_page(upstream).status_code == 200
    assert upstream.log[0].status == (0 if action == "reset" else 200)


def test_faults_repeat_a_page_and_drop_an_event(upstream: Upstream) -> None:
    upstream.page_rows = upstream.cursor_page_cap = 20
    upstream.fault("anthropic", "messages", 2, "repeat_token")
    upstream.fault("cursor", "events", 2, "drop_event")
    upstream.fault("cursor", "events", 3, "repeat_token")
    tokens = [page["next_page"] for page in report_pages(upstream)]
    assert tokens[0] == tokens[1] != tokens[2]
    sizes = [len(events_page(upstream, page=number).json()["usageEvents"]) for number in (1, 2, 3)]
    assert sizes == [20, 19, 19]


def test_faults_may_be_a_function_of_the_exchange(upstream: Upstream) -> None:
    def shrink(exchange: Exchange) -> Answer:
        return Answer(200, exchange.answer.payload | {"has_more": "yes"})

    upstream.fault("anthropic", "users", 1, shrink)
    assert ask(upstream, "users", []).json()["has_more"] == "yes"
