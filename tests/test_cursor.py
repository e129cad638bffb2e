"""Cursor's events become whole days of records, or an error that says why not."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.providers import cursor
from app.upstream import Limits, UpstreamError
from app.usage import DayUsage, ListedMember, PriceStatus, RawActor, Tokens, UsageRecord
from tests.scripted import Script, scripted

KEY = "crsr_loopback_only"
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
FIRST_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1000
DAY_MS = 24 * 3600 * 1000
LAST_MS = FIRST_MS + 2 * DAY_MS - 1
LATER = datetime(2026, 11, 20, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "timestamp": str(FIRST_MS + 5000),
    "userEmail": "developer@company.com",
    "model": "claude-4.5-sonnet",
    "kind": "Usage-based",
    "maxMode": True,
    "requestsCosts": 5,
    "isTokenBasedCall": True,
    "isChargeable": True,
    "isHeadless": False,
    "tokenUsage": {
        "inputTokens": 126,
        "outputTokens": 450,
        "cacheWriteTokens": 6112,
        "cacheReadTokens": 11964,
        "totalCents": 20.18232,
    },
    "chargedCents": 21.36232,
    "cursorTokenFee": 1.18,
}


def event(**changes: Any) -> dict[str, Any]:
    """The sample event with fields changed, or left out where the change is `...`."""
    return {name: value for name, value in {**EVENT, **changes}.items() if value is not ...}


def page(*events: Any, total: int | None = None, more: Any = False, pages: int = 1) -> Any:
    return {
        "totalUsageEventsCount": len(events) if total is None else total,
        "pagination": {"numPages": pages, "hasNextPage": more},
        "usageEvents": list(events),
    }


def days_of(script: Script, now: datetime = LATER) -> list[DayUsage]:
    client = cursor.connect(KEY, script.url, limits=Limits())
    try:
        return cursor.fetch_days(client, FIRST, SECOND, now=now)
    finally:
        client.close()


def days(*answers: Any, now: datetime = LATER) -> list[DayUsage]:
    with scripted(*answers) as script:
        return days_of(script, now)


def only(**changes: Any) -> UsageRecord:
    (record,) = days(page(event(**changes)))[0].records
    return record


def refusal(*answers: Any) -> str:
    with pytest.raises(UpstreamError) as caught:
        days(*answers)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_asks_for_the_window_in_whole_milliseconds() -> None:
    with scripted(page()) as script:
        days_of(script)
    (asked,) = script.asked
    assert (asked.method, asked.path) == ("POST", "/teams/filtered-usage-events")
    assert asked.body == {
        "startDate": FIRST_MS,
        "endDate": LAST_MS,
        "page": 1,
        "pageSize": 1000,
    }


def test_signs_with_the_key_as_user_name() -> None:
    with scripted(page()) as script:
        days_of(script)
    sent = script.asked[0].headers
    assert sent["Authorization"] == "Basic " + b64encode(f"{KEY}:".encode()).decode()
    assert sent["user-agent"].startswith("ai-usage-tracker/")


def test_starts_a_request_a_second_unless_told_otherwise() -> None:
    with scripted({"teamMembers": []}, {"teamMembers": []}) as script:
        client = cursor.connect(KEY, script.url)
        cursor.fetch_directory(client)
        cursor.fetch_directory(client)
        assert 0.8 < client.traffic.waited_seconds < 1.5
        client.close()


def test_an_event_becomes_a_record() -> None:
    record = only()
    assert record._replace(detail="") == UsageRecord(
        day=FIRST,
        actor=RawActor("", "developer@company.com", ""),
        tool="cursor",
        model="claude-4.5-sonnet",
        tokens=Tokens(input=126, cache_write_5m=6112, cache_read=11964, output=450),
        requests=1,
        value_nanos=213_623_200,
        billed_nanos=213_623_200,
        price_status=PriceStatus.PROVIDER,
        at_ms=FIRST_MS + 5000,
    )


def test_detail_keeps_what_the_columns_do_not_hold() -> None:
    record = only(
        serviceAccountId="sa_1",
        serviceAccountName="Nightly CI Agent",
        cloudAgentId="agent",
        automationId="auto",
        conversationId="talk",
        discountPercentOff=10.5,
        novelty="new",
        nested={"ignored": 1},
        nothing=None,
    )
    assert json.loads(record.detail) == {
        "automationId": "auto",
        "cloudAgentId": "agent",
        "conversationId": "talk",
        "cursorTokenFee": "1.18",
        "discountPercentOff": "10.5",
        "isChargeable": True,
        "isHeadless": False,
        "isTokenBasedCall": True,
        "kind": "Usage-based",
        "maxMode": True,
        "novelty": "new",
        "requestsCosts": 5,
        "serviceAccountName": "Nightly CI Agent",
        "totalCents": "20.18232",
    }


@pytest.mark.parametrize("email", [" Ann@X.com ", "ANN@x.COM"])
def test_one_person_whatever_the_spelling(email: str) -> None:
    assert only(userEmail=email).actor.account == "ann@x.com"


def test_a_service_account_is_a_key() -> None:
    assert only(userEmail=..., serviceAccountId="sa_1").actor == RawActor("sa_1", "", "")


def test_keeps_events_that_name_nobody_and_no_model() -> None:
    record = only(userEmail=None, model=...)
    assert (record.actor, record.model) == (RawActor(), "")
    assert record.total_tokens == 126 + 450 + 6112 + 11964


@pytest.mark.parametrize("absent", [..., None])
def test_an_event_without_tokens_counts_none_and_keeps_its_money(absent: Any) -> None:
    record = only(tokenUsage=absent, chargedCents=8)
    assert (record.total_tokens, record.requests, record.value_nanos) == (0, 1, 80_000_000)


def test_a_token_part_that_is_not_told_counts_zero() -> None:
    record = only(tokenUsage={"inputTokens": "7"})
    assert (record.tokens.input, record.total_tokens) == (7, 7)


def test_the_cents_of_the_tokens_stand_in_for_the_charge() -> None:
    record = only(chargedCents=...)
    assert (record.value_nanos, record.price_status) == (201_823_200, PriceStatus.PROVIDER)
    assert record.billed_nanos is None


TOKENS = {name: count for name, count in EVENT["tokenUsage"].items() if name != "totalCents"}


def without_money(model: Any = "claude-4.5-sonnet", **changes: Any) -> UsageRecord:
    """The sample event as it comes where Cursor tells no money."""
    return only(**{"chargedCents": ..., "tokenUsage": TOKENS, "model": model, **changes})


# By hand: 126 input, 6,112 cache write (5 minutes), 11,964 cache read, 450 output tokens.
SONNET_NANOS = 126 * 3000 + 6112 * 3750 + 11964 * 300 + 450 * 15000
OPUS_NANOS = 126 * 5000 + 6112 * 6250 + 11964 * 500 + 450 * 25000


@pytest.mark.parametrize(
    ("model", "nanos"),
    [
        ("claude-4.5-sonnet", SONNET_NANOS),
        ("claude-4.5-sonnet-thinking", SONNET_NANOS),
        ("Claude-Sonnet-4-5-20250929", SONNET_NANOS),
        ("claude-4.5-opus-high-thinking", OPUS_NANOS),
        ("claude-opus-4-7-thinking-max", OPUS_NANOS),
    ],
)
def test_a_claude_event_without_any_money_is_worth_the_list_price(model: str, nanos: int) -> None:
    record = without_money(model)
    assert (record.value_nanos, record.price_status) == (nanos, PriceStatus.TABLE)
    assert record.billed_nanos is None


@pytest.mark.parametrize("chargeable", [False, None])
def test_the_list_price_changes_nothing_of_what_is_billed(chargeable: Any) -> None:
    told = only(chargedCents=..., isChargeable=chargeable)
    record = without_money(isChargeable=chargeable)
    assert record.billed_nanos == told.billed_nanos == (None if chargeable is None else 0)


def test_the_list_price_is_that_of_the_utc_day() -> None:
    early = datetime(2026, 10, 6, 23, 59, 59, tzinfo=UTC)
    values = []
    for moment in (early, early + timedelta(seconds=1)):
        stamp = int(moment.timestamp()) * 1000
        sent = event(
            timestamp=str(stamp),
            model="claude-sonnet-5.5-high",
            tokenUsage={"cacheReadTokens": 1000},
            chargedCents=...,
        )
        with scripted(page(sent)) as script:
            client = cursor.connect(KEY, script.url, limits=Limits())
            (day,) = cursor.fetch_days(client, moment.date(), moment.date(), now=LATER)
            client.close()
        values.append(day.records[0].value_nanos)
    # $0.20 a million until 6 October 2026, $0.10 since.
    assert values == [200_000, 100_000]


@pytest.mark.parametrize(
    "model",
    [
        "auto",
        "default",
        "",
        ...,
        "composer-2.5",
        "gpt-5-codex",
        "gemini-3-pro",
        "claude-opus-9",
        "claude-haiku-5.5",
        "claude-opus-4-8-fast",
        "claude-opus-4-8-FAST-thinking",
    ],
)
def test_a_model_without_a_price_stays_unpriced_when_cursor_tells_no_money(model: Any) -> None:
    record = without_money(model)
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)
    assert record.total_tokens == 126 + 450 + 6112 + 11964


@pytest.mark.parametrize("usage", [..., None, {}, dict.fromkeys(TOKENS, 0)])
def test_an_event_without_tokens_and_money_is_unpriced(usage: Any) -> None:
    record = without_money(tokenUsage=usage)
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)


def test_no_charge_at_all_is_a_figure_of_the_provider() -> None:
    record = without_money(chargedCents=0)
    assert (record.value_nanos, record.price_status) == (0, PriceStatus.PROVIDER)


@pytest.mark.parametrize(("chargeable", "billed"), [(True, 213_623_200), (False, 0), (..., None)])
def test_only_chargeable_events_are_billed(chargeable: Any, billed: int | None) -> None:
    record = only(isChargeable=chargeable)
    assert (record.value_nanos, record.billed_nanos) == (213_623_200, billed)


@pytest.mark.parametrize(
    ("cents", "nanos"),
    [(0, 0), (0.1, 1_000_000), ("1.10", 11_000_000), (-0.5, -5_000_000), (0.00000025, 2)],
)
def test_cents_are_exact_and_rounded_half_to_even(cents: Any, nanos: int) -> None:
    assert only(chargedCents=cents).value_nanos == nanos


def test_the_first_and_the_last_millisecond_of_a_day_belong_to_it() -> None:
    instants = [0, DAY_MS - 1, DAY_MS, 2 * DAY_MS - 1]
    found = days(page(*(event(timestamp=str(FIRST_MS + after)) for after in instants)))
    assert [[record.at_ms - FIRST_MS for record in day.records] for day in found] == [
        instants[:2],
        instants[2:],
    ]


def test_every_day_of_the_window_is_present_oldest_first() -> None:
    found = days(page(event(timestamp=FIRST_MS + DAY_MS)))
    assert [(day.day, len(day.records)) for day in found] == [(FIRST, 0), (SECOND, 1)]


def test_a_day_settles_two_hours_after_its_end() -> None:
    now = datetime(2026, 11, 2, 2, tzinfo=UTC)
    assert [day.settled for day in days(page(), now=now)] == [True, False]
    early = now - timedelta(seconds=1)
    assert [day.settled for day in days(page(), now=early)] == [False, False]


def test_twins_of_one_millisecond_both_count() -> None:
    assert len(days(page(EVENT, EVENT))[0].records) == 2


def test_twins_on_two_pages_both_count() -> None:
    answers = [page(EVENT, total=2, more=True, pages=2), page(EVENT, total=2, pages=2)]
    for number, answer in enumerate(answers, 1):
        answer["pagination"]["currentPage"] = number
    assert len(days(*answers)[0].records) == 2


def test_the_order_of_the_answer_does_not_matter() -> None:
    events = [event(timestamp=FIRST_MS + after, model=model) for after in (9, 3) for model in "ba"]
    assert days(page(*events)) == days(page(*reversed(events)))


def test_follows_pages_that_are_shorter_than_asked_for() -> None:
    events = [event(model=str(number)) for number in range(5)]
    with scripted(
        page(*events[:2], total=5, more=True, pages=3),
        page(*events[2:4], total=5, more=True, pages=3),
        page(*events[4:], total=5, pages=3),
    ) as script:
        found = days_of(script)
    assert len(found[0].records) == 5
    assert [asked.body["page"] for asked in script.asked] == [1, 2, 3]


def test_takes_the_list_under_its_other_name() -> None:
    answer = page(EVENT)
    answer["usageEventsDisplay"] = answer.pop("usageEvents")
    assert len(days(answer)[0].records) == 1


SHIFTS = {
    "fewer than announced": [page(EVENT, total=2)],
    "more than announced": [page(EVENT, EVENT, total=1)],
    "more than announced and no end": [page(EVENT, EVENT, total=1, more=True)],
    "another total": [page(EVENT, total=2, more=True), page(event(model="b"), total=3)],
    "other pages": [
        page(EVENT, total=2, more=True, pages=2),
        page(event(model="b"), total=2, pages=3),
    ],
}


@pytest.mark.parametrize("answers", SHIFTS.values(), ids=SHIFTS)
def test_reads_the_window_once_more_when_events_shifted(answers: list[Any]) -> None:
    with scripted(*answers, page(EVENT)) as script:
        found = days_of(script)
    assert len(found[0].records) == 1
    assert script.asked[-1].body == script.asked[0].body


@pytest.mark.parametrize("answers", SHIFTS.values(), ids=SHIFTS)
def test_gives_up_when_events_shifted_twice(answers: list[Any]) -> None:
    with scripted(*answers, *answers) as script, pytest.raises(UpstreamError, match="read again"):
        days_of(script)
    assert script.answers == []


def test_reads_an_open_window_again_without_its_last_five_minutes() -> None:
    now = datetime(2026, 11, 2, 12, tzinfo=UTC)
    with scripted(page(EVENT, total=2), page(EVENT)) as script:
        days_of(script, now)
    closed = int(datetime(2026, 11, 2, 11, 55, tzinfo=UTC).timestamp()) * 1000
    assert [asked.body["endDate"] for asked in script.asked] == [LAST_MS, closed]


def test_reads_a_window_that_has_only_begun_again_as_it_is() -> None:
    now = datetime(2026, 11, 1, 0, 4, tzinfo=UTC)
    with scripted(page(total=2), page()) as script:
        days_of(script, now)
    assert [asked.body["endDate"] for asked in script.asked] == [LAST_MS, LAST_MS]


@pytest.mark.parametrize("instant", [FIRST_MS - 1, LAST_MS + 1])
def test_an_event_outside_the_window_is_refused(instant: int) -> None:
    told = refusal(page(EVENT, event(timestamp=str(instant))))
    assert "row 2 of page 1: timestamp" in told


@pytest.mark.parametrize(
    "changed",
    [
        {"timestamp": ...},
        {"timestamp": "2026-11-01"},
        {"timestamp": True},
        {"userEmail": 5},
        {"model": ["a"]},
        {"isChargeable": "yes"},
        {"chargedCents": "ten"},
        {"chargedCents": True},
        {"tokenUsage": []},
    ],
)
def test_a_bad_field_names_row_and_field(changed: dict[str, Any]) -> None:
    (name,) = changed
    assert f"row 2 of page 1: {name}" in refusal(page(EVENT, event(**changed)))


@pytest.mark.parametrize("bad", [-1, 1.5, True, "1_000", 10**12 + 1])
def test_a_bad_count_names_row_and_field(bad: Any) -> None:
    told = refusal(page(event(tokenUsage={"outputTokens": bad})))
    assert "row 1 of page 1: outputTokens" in told


def test_an_event_that_is_no_object_is_refused() -> None:
    assert "row 1 of page 1" in refusal(page(7))


def test_a_page_without_its_list_is_refused() -> None:
    for events in (None, {}, "events"):
        assert "usageEvents" in refusal({**page(), "usageEvents": events})


@pytest.mark.parametrize("total", [None, -1, "many", True])
def test_an_answer_without_a_total_is_refused(total: Any) -> None:
    assert "totalUsageEventsCount" in refusal({**page(), "totalUsageEventsCount": total})


@pytest.mark.parametrize("more", [None, "true", 1])
def test_an_unclear_end_is_refused(more: Any) -> None:
    assert "hasNextPage" in refusal(page(more=more))
    assert "pagination" in refusal({**page(), "pagination": None})


def test_the_same_page_under_a_new_number_is_refused() -> None:
    one = page(EVENT, event(model="b"), total=4, more=True, pages=2)
    assert "duplicate page" in refusal(one, one)
    single = page(EVENT, total=2, more=True, pages=2)
    assert "duplicate page" in refusal(single, single)


def test_four_empty_pages_in_a_row_are_refused() -> None:
    empty = page(total=1, more=True)
    assert len(days(empty, empty, empty, page(EVENT))[0].records) == 1
    assert "empty pages" in refusal(empty, empty, empty, empty)


def test_the_error_names_the_provider_and_the_path() -> None:
    told = refusal({**page(), "usageEvents": None})
    assert "Cursor" in told
    assert "/teams/filtered-usage-events" in told


@pytest.mark.parametrize(("start", "end"), [(SECOND, FIRST), (FIRST, date(2026, 11, 8))])
def test_refuses_a_window_of_no_days_or_more_than_7(start: date, end: date) -> None:
    with scripted() as script:
        client = cursor.connect(KEY, script.url, limits=Limits())
        with pytest.raises(ValueError, match="1 to 7 days"):
            cursor.fetch_days(client, start, end, now=LATER)
        assert script.asked == []
        client.close()


def members_of(answer: Any) -> tuple[ListedMember, ...]:
    with scripted(answer) as script:
        client = cursor.connect(KEY, script.url, limits=Limits())
        try:
            directory = cursor.fetch_directory(client)
        finally:
            client.close()
    assert (directory.keys, directory.workspaces) == ((), ())
    assert [(asked.method, asked.path) for asked in script.asked] == [("GET", "/teams/members")]
    return directory.members


def test_lists_members_whose_id_is_text_or_a_number() -> None:
    alex = {"id": "user_P", "name": "Alex", "email": "Alex@Company.com", "isRemoved": False}
    kim = {"id": 12345, "name": "Kim", "email": "kim@company.com", "role": "owner"}
    assert members_of({"teamMembers": [alex, kim]}) == (
        ListedMember("user_P", "alex@company.com", "Alex"),
        ListedMember("12345", "kim@company.com", "Kim"),
    )


def test_a_team_without_its_list_is_refused() -> None:
    with pytest.raises(UpstreamError, match="teamMembers"):
        members_of({"members": []})


@pytest.mark.parametrize("bad", [None, True, "", 1.5])
def test_a_member_without_an_id_names_its_row(bad: Any) -> None:
    with pytest.raises(UpstreamError, match="row 1 of page 1: id"):
        members_of({"teamMembers": [{"id": bad, "email": "a@b.c"}]})
