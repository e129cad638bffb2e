"""The oracle of the invented company agrees with what is served and with sums made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.upstream import CLAUDE_CODE, CURSOR, Company, Row, Sums, Upstream, true_totals
from tests.upstream.cursor_days import first_ms
from tests.upstream.plain_client import MONDAY, SUNDAY, WEDNESDAY, ask, events_page, report_pages
from tests.upstream.prices import Parts, PriceBook, Terms


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(Company(ordinary=10, heavy=120)) as running:
        yield running


def test_the_same_day_is_always_the_same() -> None:
    assert Company().rows_on(WEDNESDAY) == Company().rows_on(WEDNESDAY)
    assert Company().events_on(WEDNESDAY) == Company().events_on(WEDNESDAY)
    assert Company(2).rows_on(WEDNESDAY) != Company().rows_on(WEDNESDAY)
    assert not Company().rows_on(SUNDAY)
    assert not Company().events_on(SUNDAY)
    assert Company(last_day=MONDAY).events_on(WEDNESDAY) == []


def test_revisions_are_served_and_counted(upstream: Upstream) -> None:
    company = upstream.company
    before = true_totals(company, MONDAY, SUNDAY).total.total_tokens
    company.revise(MONDAY)
    after = true_totals(company, MONDAY, SUNDAY)
    assert after.total.total_tokens != before
    assert after.by_model[CURSOR, "late-model-1"].records == 2
    served = events_page(upstream, startDate=first_ms(MONDAY), pageSize=1000).json()
    assert sum(event.get("model") == "late-model-1" for event in served["usageEvents"]) == 2


def test_totals_agree_with_what_is_served(upstream: Upstream) -> None:
    truth = true_totals(upstream.company, MONDAY, SUNDAY)
    days = [sums for (_, tool), sums in truth.by_day.items() if tool == CLAUDE_CODE]
    rows = [row for one in report_pages(upstream)[0]["data"] for row in one["results"]]
    events = events_page(upstream, pageSize=1000).json()["usageEvents"]
    assert len(rows) + len(events) == truth.total.records
    assert sum(row["output_tokens"] for row in rows) == sum(sums.output for sums in days)
    assert sum(row["output_tokens"] for row in rows) > 3_000_000_000
    searches = sum(row["server_tool_use"]["web_search_requests"] for row in rows)
    assert searches == 6 * (7 + 3 + 1 + 4)


def test_totals_are_the_same_by_every_cut(upstream: Upstream) -> None:
    truth = true_totals(upstream.company, MONDAY, SUNDAY)
    people = [*truth.by_person.values(), truth.unattributed]
    cuts = (people, truth.by_model.values(), truth.by_day.values())
    for cut in cuts:
        for name in vars(Sums()):
            assert sum(getattr(one, name) for one in cut) == getattr(truth.total, name)


def test_keys_belong_to_whom_the_contract_says(upstream: Upstream) -> None:
    truth = true_totals(upstream.company, MONDAY, MONDAY)
    claude = {email for email, tool in truth.by_person_tool if tool == CLAUDE_CODE}
    own = ("ana.souza", "ben.okafor", "chloe.martin", "dev.patel", "eva.lindqvist", "femi")
    derived = {"gone.person@lumen.example", "kim.lee@lumen.example"}
    assert claude == {f"{name}@lumen.example" for name in own} | derived
    suggestions = {key: found.suggested_email for key, found in truth.unmapped.items()}
    assert suggestions == {
        "apikey_11Pipeline": "greta.olsen@lumen.example",
        "apikey_12Hiro": None,
        "apikey_13Nightly": "greta.olsen@lumen.example",
        "apikey_14Default": "ana.souza@lumen.example",
        "apikey_15Organisation": None,
        "apikey_16Archive": None,
        "apikey_99Unlisted": None,
        "sa_nightly_ci": None,
    }


def test_a_mapping_moves_usage_and_a_leaver_keeps_theirs(upstream: Upstream) -> None:
    company = upstream.company
    plain = true_totals(company, MONDAY, MONDAY)
    moved = plain.unmapped["apikey_99Unlisted"].sums
    company.dismiss("ben.okafor@lumen.example")
    mappings = {"apikey_99Unlisted": " New@X.example"}
    mapped = true_totals(company, MONDAY, MONDAY, mappings=mappings)
    ben = "ben.okafor@lumen.example"
    assert mapped.by_person["new@x.example"] == moved
    assert mapped.by_person[ben] == plain.by_person[ben]
    assert len(ask(upstream, "users", []).json()["data"]) == 9


@pytest.mark.parametrize(
    ("day", "model", "tier", "window", "geo", "nanos"),
    [
        (date(2026, 11, 2), "claude-opus-5-5", "standard", "0-200k", "global", 37_200),
        (date(2026, 11, 2), "claude-opus-5-5", "batch", "0-200k", "us", 20_460),
        (date(2026, 3, 12), "claude-sonnet-4-6", "standard", "200k-1M", "global", 48_600),
        (date(2026, 3, 13), "claude-sonnet-4-6", "standard", "200k-1M", "global", 28_050),
        (date(2026, 10, 6), "claude-sonnet-5-5", "priority", "0-200k", "global", 18_700),
        (date(2026, 10, 7), "claude-sonnet-5-5", "priority", "0-200k", "global", 18_600),
        (date(2026, 11, 2), "claude-fable-5-1", "batch", "0-200k", "us", 51_012),
        (date(2026, 11, 2), "claude-haiku-5-5", "standard", "0-200k", "global", None),
        (date(2026, 11, 2), "claude-opus-4-9", "standard", "0-200k", "global", None),
        (date(2026, 11, 2), "claude-opus-5-5", "flex", "0-200k", "global", None),
    ],
)
def test_prices_one_token_of_each_part(
    day: date, model: str, tier: str, window: str, geo: str, nanos: int | None
) -> None:
    parts = Parts(input=1, write_5m=1, write_1h=1, cache_read=1, output=1)
    assert PriceBook().nanos(Terms(day, model, tier, window, geo), parts) == nanos


@pytest.mark.parametrize(
    ("model", "money", "nanos", "unpriced"),
    [
        # 11 input, 3 cache write, 2 cache read and 5 output tokens at $3, $3.75, $0.30 and $15.
        ("claude-4.5-sonnet-thinking", {}, 119_850, 0),
        ("claude-4.5-opus-high-thinking", {}, 199_750, 0),
        ("claude-4.5-sonnet-thinking", {"totalCents": 2}, 20_000_000, 0),
        ("composer-2.5", {}, 0, 21),
        (None, {}, 0, 21),
    ],
)
def test_prices_a_cursor_event_without_money(
    model: str | None, money: dict[str, int], nanos: int, unpriced: int
) -> None:
    tokens = {"inputTokens": 11, "cacheWriteTokens": 3, "cacheReadTokens": 2, "outputTokens": 5}
    company = Company(first_day=date.max)
    company.add_event(
        {"timestamp": str(first_ms(MONDAY)), "model": model, "tokenUsage": tokens | money}
    )
    total = true_totals(company, MONDAY, MONDAY).total
    assert (total.value_nanos, total.unpriced_tokens) == (nanos, unpriced)


def test_prices_searches_and_rounds_once_per_record() -> None:
    book = PriceBook()
    terms = Terms(MONDAY, "claude-fable-5-1", "batch", "0-200k", "us")
    assert book.nanos(terms, Parts(searches=7)) == 70_000_000
    assert [book.nanos(terms, Parts(cache_read=count)) for count in (1, 2, 3)] == [138, 275, 412]
    company = Company(first_day=date.max)
    key: dict[str, Any] = {
        "api_key_id": "apikey_01Ben",
        "model": "claude-fable-5-1",
        "service_tier": "batch",
    }
    for hour in (1, 2):
        used = Row(MONDAY, hour=hour, inference_geo="us", cache_read_input_tokens=1, **key)
        company.add_row(used)
    company.add_event({"timestamp": str(first_ms(MONDAY)), "chargedCents": Decimal("0.00000015")})
    assert true_totals(company, MONDAY, MONDAY).total.value_nanos == 275 + 2
