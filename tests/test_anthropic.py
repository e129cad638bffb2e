"""Anthropic's answers become whole days of records, or an error that says why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.providers import anthropic
from app.upstream import UpstreamError
from app.usage import (
    DayUsage,
    ListedKey,
    ListedMember,
    ListedWorkspace,
    PriceStatus,
    RawActor,
    Tokens,
    UsageRecord,
)
from tests.scripted import Script, scripted

KEY = "sk-ant-admin01-loopback-only"
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ROW: dict[str, Any] = {
    "account_id": None,
    "api_key_id": "apikey_01",
    "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
    "cache_read_input_tokens": 200,
    "context_window": "0-200k",
    "inference_geo": "global",
    "model": "claude-opus-4-6",
    "output_tokens": 500,
    "server_tool_use": {"web_search_requests": 0},
    "service_account_id": None,
    "service_tier": "standard",
    "uncached_input_tokens": 1500,
    "workspace_id": "wrkspc_01",
}


def row(**changes: Any) -> dict[str, Any]:
    return {**ROW, **changes}


def bucket(day: date, *rows: Any) -> dict[str, Any]:
    return {"starting_at": f"{day}T00:00:00Z", "results": list(rows)}


def page(*buckets: Any, following: str | None = None) -> dict[str, Any]:
    return {"data": list(buckets), "has_more": following is not None, "next_page": following}


def days_of(script: Script, now: datetime = NOON) -> list[DayUsage]:
    client = anthropic.connect(KEY, script.url)
    try:
        return anthropic.fetch_days(client, FIRST, SECOND, now=now)
    finally:
        client.close()


def days(*answers: Any, now: datetime = NOON) -> list[DayUsage]:
    with scripted(*answers) as script:
        return days_of(script, now)


def only(*rows: Any) -> UsageRecord:
    (record,) = days(page(bucket(FIRST, *rows)))[0].records
    return record


def refusal(*answers: Any) -> str:
    with pytest.raises(UpstreamError) as caught:
        days(*answers)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_asks_for_the_window_grouped_to_the_finest_grain() -> None:
    with scripted(page()) as script:
        days_of(script)
    (asked,) = script.asked
    assert (asked.method, asked.path) == ("GET", "/v1/organizations/usage_report/messages")
    assert asked.params == [
        ("starting_at", "2026-11-01T00:00:00Z"),
        ("ending_at", "2026-11-03T00:00:00Z"),
        ("bucket_width", "1d"),
        ("limit", "31"),
        ("group_by[]", "api_key_id"),
        ("group_by[]", "workspace_id"),
        ("group_by[]", "model"),
        ("group_by[]", "service_tier"),
        ("group_by[]", "context_window"),
        ("group_by[]", "inference_geo"),
        ("group_by[]", "account_id"),
        ("group_by[]", "speed"),
    ]
    assert asked.headers["anthropic-beta"] == "fast-mode-2026-02-01"


def test_signs_and_names_itself_in_every_request() -> None:
    with scripted(page(bucket(FIRST), following="a"), page(bucket(SECOND))) as script:
        days_of(script)
    for asked in script.asked:
        assert asked.headers["x-api-key"] == KEY
        assert asked.headers["anthropic-version"] == "2023-06-01"
        assert asked.headers["user-agent"].startswith("ai-usage-tracker/")
        assert "Authorization" not in asked.headers


def test_a_row_becomes_a_record_at_list_price() -> None:
    assert only(ROW) == UsageRecord(
        day=FIRST,
        actor=RawActor("apikey_01", "", "wrkspc_01"),
        tool="claude_code",
        model="claude-opus-4-6",
        tokens=Tokens(
            input=1500, cache_write_5m=500, cache_write_1h=1000, cache_read=200, output=500
        ),
        requests=None,
        value_nanos=33_225_000,
        billed_nanos=None,
        price_status=PriceStatus.TABLE,
        at_ms=None,
        detail="",
    )


def test_every_day_of_the_window_is_present_oldest_first() -> None:
    found = days(page(bucket(SECOND, ROW)))
    assert [(day.day, len(day.records)) for day in found] == [(FIRST, 0), (SECOND, 1)]


def test_a_day_settles_two_hours_after_its_end() -> None:
    just_before = datetime(2026, 11, 2, 1, 59, 59, tzinfo=UTC)
    assert [day.settled for day in days(page(), now=just_before)] == [False, False]
    settled = datetime(2026, 11, 2, 2, tzinfo=UTC)
    assert [day.settled for day in days(page(), now=settled)] == [True, False]


def test_follows_pages_with_the_same_question() -> None:
    answers = [page(bucket(FIRST, ROW), following="token-2"), page(bucket(SECOND, row(model="x")))]
    with scripted(*answers) as script:
        found = days_of(script)
    assert [len(day.records) for day in found] == [1, 1]
    assert script.asked[1].params == [*script.asked[0].params, ("page", "token-2")]


def test_a_day_may_continue_on_the_next_page() -> None:
    other = row(api_key_id="apikey_02")
    found = days(page(bucket(FIRST, ROW), following="a"), page(bucket(FIRST, other)))
    assert [record.actor.key for record in found[0].records] == ["apikey_01", "apikey_02"]


def test_rows_of_one_group_are_summed_across_pages_before_pricing() -> None:
    more = row(uncached_input_tokens=1, output_tokens=2, cache_creation=None)
    found = days(page(bucket(FIRST, ROW), following="a"), page(bucket(FIRST, more)))
    (record,) = found[0].records
    assert (record.tokens.input, record.tokens.output) == (1501, 502)
    assert (record.tokens.cache_write_5m, record.tokens.cache_read) == (500, 400)
    assert record.value_nanos == 33_225_000 + 1 * 5_000 + 2 * 25_000 + 200 * 500


def test_the_order_of_the_answer_does_not_matter() -> None:
    rows = [row(api_key_id=key, service_tier=tier) for key in "ab" for tier in ("batch", None)]
    assert days(page(bucket(FIRST, *rows))) == days(page(bucket(FIRST, *reversed(rows))))


@pytest.mark.parametrize(
    "changed",
    [
        {"api_key_id": "other"},
        {"workspace_id": None},
        {"model": "claude-opus-4-7"},
        {"service_tier": "batch"},
        {"context_window": "200k-1M"},
        {"inference_geo": "us"},
        {"account_id": "user_01"},
    ],
)
def test_rows_of_different_groups_stay_apart(changed: dict[str, Any]) -> None:
    assert len(days(page(bucket(FIRST, ROW, row(**changed))))[0].records) == 2


def test_keeps_rows_that_name_nobody_and_no_model() -> None:
    record = only(row(api_key_id=None, workspace_id=None, account_id=None, model=None))
    assert record.actor == RawActor("", "", "")
    assert (record.model, record.total_tokens) == ("", 3700)
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)


def test_detail_holds_only_what_is_out_of_the_ordinary() -> None:
    record = only(
        row(
            service_tier="priority",
            context_window="200k-1M",
            inference_geo="us",
            service_account_id="svac_01",
            server_tool_use={"web_search_requests": 10},
        )
    )
    assert json.loads(record.detail) == {
        "context_window": "200k-1M",
        "inference_geo": "us",
        "service_account_id": "svac_01",
        "service_tier": "priority",
        "web_search_requests": 10,
    }


def test_the_value_counts_tier_region_and_searches() -> None:
    tools = {"web_search_requests": 10}
    record = only(row(service_tier="batch", inference_geo="us", server_tool_use=tools))
    # 0.5 x 1.1 x 33,225,000 and ten searches of a cent
    assert record.value_nanos == 18_273_750 + 100_000_000


@pytest.mark.parametrize("changed", [{"model": "claude-nova-9"}, {"service_tier": "flex"}])
def test_what_has_no_price_is_kept_unpriced(changed: dict[str, Any]) -> None:
    record = only(row(**changed))
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)
    assert record.total_tokens == 3700


@pytest.mark.parametrize("absent", ["cache_creation", "cache_read_input_tokens", "server_tool_use"])
def test_a_part_that_is_not_told_counts_zero(absent: str) -> None:
    given = {name: value for name, value in ROW.items() if name != absent}
    assert only(given).tokens.input == 1500


def test_large_counts_and_counts_in_text_are_exact() -> None:
    record = only(row(uncached_input_tokens=3_000_000_000, output_tokens="12"))
    assert (record.tokens.input, record.tokens.output) == (3_000_000_000, 12)


def test_fields_of_tomorrow_do_not_disturb() -> None:
    assert only(row(speed_of_light=299_792_458, moods=[{}])).total_tokens == 3700


@pytest.mark.parametrize("name", ["uncached_input_tokens", "output_tokens"])
@pytest.mark.parametrize("bad", [None, -1, 1.5, True, "1_000", [], "twelve"])
def test_a_bad_count_names_row_and_field(name: str, bad: Any) -> None:
    told = refusal(page(bucket(FIRST, ROW, row(**{name: bad}))))
    assert "row 2 of page 1" in told
    assert name in told


@pytest.mark.parametrize(
    "changed",
    [{"model": 7}, {"cache_creation": []}, {"api_key_id": {}}, {"cache_read_input_tokens": "x"}],
)
def test_a_field_of_the_wrong_kind_is_named(changed: dict[str, Any]) -> None:
    (name,) = changed
    assert f"row 1 of page 1: {name}" in refusal(page(bucket(FIRST, row(**changed))))


def test_a_row_that_is_no_object_is_refused() -> None:
    assert "row 1 of page 1" in refusal(page(bucket(FIRST, "row")))


@pytest.mark.parametrize("day", [date(2026, 10, 31), date(2026, 11, 3)])
def test_a_day_that_was_not_asked_for_is_refused(day: date) -> None:
    assert str(day) in refusal(page(bucket(day, ROW)))


@pytest.mark.parametrize(
    "broken",
    [
        {"results": []},
        {"starting_at": "yesterday", "results": []},
        {"starting_at": "2026-11-01T00:00:00Z"},
        {"starting_at": "2026-11-01T00:00:00Z", "results": {}},
        7,
    ],
)
def test_a_broken_bucket_is_refused(broken: Any) -> None:
    assert "bucket 1 of page 1" in refusal(page(broken))


@pytest.mark.parametrize("data", [None, {}, "rows", 3])
def test_a_page_without_its_list_is_refused(data: Any) -> None:
    assert "'data'" in refusal({"data": data, "has_more": False})
    assert "'data'" in refusal({"has_more": False})


@pytest.mark.parametrize("more", [None, "true", 1, 0, [], "false"])
def test_an_unclear_end_is_refused(more: Any) -> None:
    assert "has_more" in refusal({"data": [], "has_more": more, "next_page": None})


@pytest.mark.parametrize("token", [None, "", 5, {}])
def test_more_without_a_token_is_refused(token: Any) -> None:
    told = refusal({"data": [bucket(FIRST, ROW)], "has_more": True, "next_page": token})
    assert "next_page" in told


def test_a_token_after_the_end_is_ignored() -> None:
    assert len(days({"data": [], "has_more": False, "next_page": "a"})) == 2


@pytest.mark.parametrize("tokens", ["aa", "aba"])
def test_a_repeated_token_is_a_page_loop(tokens: str) -> None:
    pages = [
        page(bucket(FIRST, row(model=str(number))), following=token)
        for number, token in enumerate(tokens)
    ]
    assert "page loop" in refusal(*pages)


def test_the_same_page_under_a_new_token_is_refused() -> None:
    same = bucket(FIRST, ROW)
    told = refusal(page(same, following="a"), page(same, following="b"), page())
    assert "duplicate page" in told


def test_three_empty_pages_in_a_row_are_followed_and_a_fourth_is_not() -> None:
    empty = [page(following=token) for token in "abcd"]
    assert len(days(*empty[:3], page(bucket(FIRST, ROW)))[0].records) == 1
    assert "empty pages" in refusal(*empty)


def test_the_error_names_the_provider_and_the_path() -> None:
    told = refusal({"data": None})
    assert "Anthropic" in told
    assert "/v1/organizations/usage_report/messages" in told


def test_nothing_is_given_when_a_later_page_fails() -> None:
    broken = page(bucket(SECOND, row(output_tokens=None)))
    assert "row 1 of page 2" in refusal(page(bucket(FIRST, ROW), following="a"), broken)


@pytest.mark.parametrize(
    ("start", "end"), [(SECOND, FIRST), (date(2026, 10, 1), date(2026, 11, 1))]
)
def test_refuses_a_window_of_no_days_or_more_than_31(start: date, end: date) -> None:
    with scripted() as script:
        client = anthropic.connect(KEY, script.url)
        with pytest.raises(ValueError, match="1 to 31 days"):
            anthropic.fetch_days(client, start, end, now=NOON)
        assert script.asked == []
        client.close()


NO_ENTRIES = {"data": [], "has_more": False, "first_id": None, "last_id": None}


def directory_of(*answers: Any) -> tuple[Any, Script]:
    with scripted(*answers) as script:
        client = anthropic.connect(KEY, script.url)
        try:
            return anthropic.fetch_directory(client), script
        finally:
            client.close()


def keys_of(*keys: Any) -> tuple[ListedKey, ...]:
    directory, _ = directory_of(NO_ENTRIES, {**NO_ENTRIES, "data": list(keys)}, NO_ENTRIES)
    return directory.keys


def test_lists_members_keys_of_every_status_and_archived_workspaces() -> None:
    user = {"id": "user_01", "type": "user", "email": " Ann@X.com ", "name": "Ann", "role": "user"}
    space = {"id": "wrkspc_01", "type": "workspace", "name": "Claude Code", "archived_at": None}
    directory, script = directory_of(
        {**NO_ENTRIES, "data": [user]}, NO_ENTRIES, {**NO_ENTRIES, "data": [space]}
    )
    assert directory.members == (ListedMember("user_01", "ann@x.com", "Ann"),)
    assert directory.workspaces == (ListedWorkspace("wrkspc_01", "Claude Code"),)
    assert [(asked.path, asked.params) for asked in script.asked] == [
        ("/v1/organizations/users", [("limit", "1000")]),
        ("/v1/organizations/api_keys", [("limit", "1000")]),
        ("/v1/organizations/workspaces", [("limit", "1000"), ("include_archived", "true")]),
    ]


def test_lists_page_by_the_last_id() -> None:
    first = {"data": [{"id": "user_01"}], "has_more": True, "last_id": "user_01"}
    last = {"data": [{"id": "user_02"}], "has_more": False, "last_id": "user_02"}
    directory, script = directory_of(first, last, NO_ENTRIES, NO_ENTRIES)
    assert [member.id for member in directory.members] == ["user_01", "user_02"]
    assert script.asked[1].params == [("limit", "1000"), ("after_id", "user_01")]


def test_reads_a_key_in_the_older_shape() -> None:
    key = {
        "id": "apikey_01",
        "name": "claude_code_key_ann_abcd",
        "status": "archived",
        "created_by": {"id": "user_02", "type": "user"},
        "principal": {"id": "user_01", "type": "user"},
        "workspace_id": "wrkspc_01",
    }
    assert keys_of(key) == (
        ListedKey(
            "apikey_01", "claude_code_key_ann_abcd", "archived", "wrkspc_01", "user_01", "user_02"
        ),
    )


def test_reads_a_key_in_the_newer_shape() -> None:
    key = {
        "id": "apikey_01",
        "name": "Nightly",
        "status": "active",
        "created_by": {"user_id": "user_02", "type": "user_actor"},
        "principal": {"user_id": "user_01", "type": "user_actor"},
        "scope": {"type": "workspace", "workspace_id": "wrkspc_01"},
    }
    assert keys_of(key) == (
        ListedKey("apikey_01", "Nightly", "active", "wrkspc_01", "user_01", "user_02"),
    )


@pytest.mark.parametrize(
    ("principal", "bound"),
    [
        (None, ""),
        ({"type": "service_account", "id": "svac_01"}, "svac_01"),
        ({"type": "service_account_actor", "service_account_id": "svac_01"}, "svac_01"),
    ],
)
def test_a_key_of_no_member_is_bound_to_whoever_it_names(principal: Any, bound: str) -> None:
    key = {
        "id": "apikey_01",
        "name": "CI",
        "created_by": None,
        "principal": principal,
        "workspace_id": None,
        "scope": {"type": "organization"},
    }
    assert keys_of(key) == (ListedKey("apikey_01", "CI", bound_member_id=bound),)


def test_a_key_without_an_id_names_its_row() -> None:
    with pytest.raises(UpstreamError, match="row 2 of page 1: id is missing"):
        keys_of({"id": "apikey_01"}, {"name": "no id"})


@pytest.mark.parametrize(
    "broken",
    [
        lambda: {"data": None, "has_more": False},
        lambda: {"data": [], "has_more": None},
        lambda: {"data": [{"id": "a"}], "has_more": True, "last_id": None},
    ],
)
def test_a_list_without_proof_is_refused(broken: Callable[[], dict[str, Any]]) -> None:
    with pytest.raises(UpstreamError, match="/v1/organizations/users"):
        directory_of(broken())


def test_a_list_that_goes_in_circles_is_refused() -> None:
    circle = [
        {"data": [{"id": name}], "has_more": True, "last_id": token}
        for name, token in [("a", "a"), ("b", "a")]
    ]
    with pytest.raises(UpstreamError, match="page loop"):
        directory_of(*circle)
