"""List-price values, each expectation worked out by hand."""

from __future__ import annotations

import json
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pricing import PRICE_TABLE, Conditions, value_nanos
from app.usage import Tokens

DOLLAR = 1_000_000_000
MILLION = 1_000_000
DAY = date(2026, 11, 3)
ONE_MILLION_EACH = {
    "input_tokens": MILLION,
    "cache_write_5m_tokens": MILLION,
    "cache_write_1h_tokens": MILLION,
    "cache_read_tokens": MILLION,
    "output_tokens": MILLION,
}


def value(model: str = "claude-opus-4-7", day: date = DAY, **given: Any) -> int | None:
    """The value of tokens and web searches under conditions, all by their names."""
    searches = given.pop("web_searches", 0)
    tokens = Tokens._make(given.pop(f"{kind}_tokens", 0) for kind in Tokens._fields)
    return value_nanos(model, day, tokens, Conditions(**given), web_searches=searches)


@pytest.mark.parametrize(
    ("part", "nanos"),
    [
        ("input_tokens", 5_000_000_000),
        ("cache_write_5m_tokens", 6_250_000_000),
        ("cache_write_1h_tokens", 10_000_000_000),
        ("cache_read_tokens", 500_000_000),
        ("output_tokens", 25_000_000_000),
    ],
)
def test_prices_each_kind_of_token(part: str, nanos: int) -> None:
    assert value(**{part: MILLION}) == nanos


def test_adds_the_parts() -> None:
    # 1500 x 5000 + 500 x 6250 + 1000 x 10000 + 200 x 500 + 500 x 25000
    tokens = {
        "input_tokens": 1500,
        "cache_write_5m_tokens": 500,
        "cache_write_1h_tokens": 1000,
        "cache_read_tokens": 200,
        "output_tokens": 500,
    }
    assert value("claude-opus-4-6", **tokens) == 33_225_000


def test_a_record_without_tokens_is_worth_zero() -> None:
    assert value() == 0


def test_stays_exact_for_large_counts() -> None:
    assert value("claude-sonnet-4-5", input_tokens=3_000_000_000) == 9_000 * DOLLAR
    assert value("claude-sonnet-4-5", output_tokens=610_000_000_001) == 610_000_000_001 * 15_000


@pytest.mark.parametrize("tier", ["", "standard", "priority", "priority_on_demand"])
def test_counts_committed_tiers_at_list_price(tier: str) -> None:
    assert value(service_tier=tier, output_tokens=1000) == 25_000_000


def test_batch_is_half_price() -> None:
    assert value(service_tier="batch", **ONE_MILLION_EACH) == 23_375_000_000


@pytest.mark.parametrize("tier", ["flex", "flex_discount", "turbo", "Standard"])
def test_a_tier_without_a_price_is_unpriced(tier: str) -> None:
    assert value(service_tier=tier, output_tokens=1000) is None


@pytest.mark.parametrize("geo", ["", "global", "not_available"])
def test_no_region_costs_nothing_extra(geo: str) -> None:
    assert value(inference_geo=geo, output_tokens=1000) == 25_000_000


def test_us_residency_costs_a_tenth_more_on_every_token() -> None:
    assert value(inference_geo="us", **ONE_MILLION_EACH) == 51_425_000_000


def test_us_residency_is_free_where_the_model_lists_none() -> None:
    assert value("claude-haiku-4-5", inference_geo="us", output_tokens=1000) == 5_000_000


def test_an_unknown_region_is_unpriced() -> None:
    assert value(inference_geo="eu", output_tokens=1000) is None


def test_long_context_doubles_the_input_side_and_half_adds_to_output() -> None:
    # 2 x (3 + 3.75 + 6 + 0.30) + 1.5 x 15
    found = value("claude-sonnet-4-5", context_window="200k-1M", **ONE_MILLION_EACH)
    assert found == 48_600_000_000


@pytest.mark.parametrize("window", ["", "0-200k"])
def test_the_short_context_is_the_list_price(window: str) -> None:
    found = value("claude-sonnet-4-5", context_window=window, **ONE_MILLION_EACH)
    assert found == 28_050_000_000


def test_long_context_is_flat_where_the_model_lists_no_surcharge() -> None:
    assert value(context_window="200k-1M", **ONE_MILLION_EACH) == 46_750_000_000


def test_an_unknown_context_is_unpriced_only_where_it_changes_the_price() -> None:
    assert value("claude-sonnet-4-5", context_window="1M-2M", input_tokens=1) is None
    assert value("claude-opus-4-7", context_window="1M-2M", input_tokens=1) == 5_000


@pytest.mark.parametrize(
    ("part", "nanos"),
    [
        ("input_tokens", 10_000_000_000),
        ("cache_write_5m_tokens", 12_500_000_000),
        ("cache_write_1h_tokens", 20_000_000_000),
        ("cache_read_tokens", 1_000_000_000),
        ("output_tokens", 50_000_000_000),
    ],
)
def test_fast_mode_has_prices_of_its_own_and_caches_follow_its_input(part: str, nanos: int) -> None:
    assert value("claude-opus-5", speed="fast", **{part: MILLION}) == nanos


def test_fast_mode_is_unpriced_in_a_batch_without_its_price_and_after_its_period() -> None:
    early, late = date(2026, 3, 12), date(2026, 3, 13)
    assert value("claude-opus-5", speed="fast", service_tier="batch", output_tokens=1) is None
    assert value("claude-opus-4-7", speed="fast", output_tokens=1) is None
    assert value("claude-opus-4-6", early, speed="fast", output_tokens=1) == 150_000
    assert value("claude-opus-4-6", late, speed="fast", output_tokens=1) is None
    assert value("claude-opus-5", speed="slow", output_tokens=1) is None


def test_multipliers_combine() -> None:
    # 0.5 x 1.1 x (2 x (5 + 6.25 + 10 + 0.50) + 1.5 x 25)
    found = value(
        "claude-opus-4-6",
        date(2026, 3, 12),
        service_tier="batch",
        inference_geo="us",
        context_window="200k-1M",
        **ONE_MILLION_EACH,
    )
    assert found == 44_550_000_000


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-4-6"])
def test_a_price_ends_the_day_the_next_one_starts(model: str) -> None:
    before = value(model, date(2026, 3, 12), context_window="200k-1M", input_tokens=MILLION)
    after = value(model, date(2026, 3, 13), context_window="200k-1M", input_tokens=MILLION)
    assert before is not None
    assert after is not None
    assert before == 2 * after


def test_sonnet_5_5_reads_its_cache_at_half_since_october() -> None:
    model = "claude-sonnet-5-5"
    assert value(model, date(2026, 10, 6), cache_read_tokens=MILLION) == 200_000_000
    assert value(model, date(2026, 10, 7), cache_read_tokens=MILLION) == 100_000_000


def test_prices_hold_from_the_first_to_the_last_day() -> None:
    assert value(day=date(1, 1, 1), input_tokens=1) == 5_000
    assert value(day=date(9999, 12, 30), input_tokens=1) == 5_000


def test_a_web_search_is_a_cent_whatever_the_multipliers() -> None:
    assert value(web_searches=1) == 10_000_000
    found = value(web_searches=3, input_tokens=2, service_tier="batch", inference_geo="us")
    assert found == 30_000_000 + 5_500


@pytest.mark.parametrize("model", ["claude-nova-9", "gpt-5-codex", "", "auto", "composer-2.5"])
def test_an_unknown_model_is_unpriced(model: str) -> None:
    assert value(model, input_tokens=1000, web_searches=5) is None


@pytest.mark.parametrize(
    "model",
    ["claude-opus-6", "claude-opus-4-9", "claude-sonnet-4-7", "claude-fable-5-9", "claude-haiku-5"],
)
def test_never_guesses_from_a_neighbouring_model(model: str) -> None:
    assert value(model, input_tokens=1000) is None


def test_a_model_priced_by_request_size_is_unpriced() -> None:
    assert value("claude-haiku-5-5", input_tokens=1000) is None


@pytest.mark.parametrize(
    "model",
    ["claude-sonnet-4-5-20250929[1m]", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"],
)
def test_prices_every_spelling_alike(model: str) -> None:
    assert value(model, input_tokens=1000) == 3_000_000


def test_an_unbelievable_value_is_unpriced() -> None:
    assert value("claude-3-opus", output_tokens=10**15) is None


def test_rounds_half_to_even_once_for_the_whole_record() -> None:
    # 250 x 1.1 x 0.5 = 137.5, 275 and 412.5 nano-dollars
    found = [
        value("claude-fable-5-1", cache_read_tokens=n, service_tier="batch", inference_geo="us")
        for n in (1, 2, 3)
    ]
    assert found == [138, 275, 412]


ENTRIES = json.loads(PRICE_TABLE.read_text(), parse_float=Decimal)["models"]


@given(
    st.sampled_from([entry for entry in ENTRIES if not entry.get("per_request_tiers")]),
    st.lists(st.integers(0, 10**10), min_size=5, max_size=5),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_agrees_with_plain_decimal_arithmetic(
    entry: dict[str, Any], counts: list[int], batch: bool, us_only: bool, long: bool
) -> None:
    start, end = entry["effective_from"], entry["effective_to"]
    day = date.fromisoformat(start) if start else date(2026, 1, 1)
    assert end is None or day < date.fromisoformat(end)
    everything = Decimal("0.5" if batch else 1) * (entry.get("us_geo", 1) if us_only else 1)
    context = entry.get("long_context", {}) if long else {}
    kinds = ["input", "cache_write_5m", "cache_write_1h", "cache_read", "output"]
    dollars = sum(
        Decimal(count) / MILLION * entry[kind] * everything * context.get(side, 1)
        for kind, count, side in zip(kinds, counts, ["input"] * 4 + ["output"], strict=True)
    )
    expected = (Decimal(dollars) * DOLLAR).to_integral_value(ROUND_HALF_EVEN)
    found = value(
        entry["model"],
        day,
        **dict(zip(ONE_MILLION_EACH, counts, strict=True)),
        service_tier="batch" if batch else "standard",
        inference_geo="us" if us_only else "global",
        context_window="200k-1M" if long else "0-200k",
    )
    assert found == int(expected)


def test_the_periods_of_a_model_do_not_overlap() -> None:
    by_model: dict[str, list[tuple[str, str]]] = {}
    for entry in ENTRIES:
        period = (entry["effective_from"] or "", entry["effective_to"] or "9999-12-31")
        by_model.setdefault(entry["model"], []).append(period)
    for periods in by_model.values():
        periods.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(periods))


def test_a_value_that_no_sum_could_hold_is_unpriced() -> None:
    """Ten million dollars at $25 a million tokens are 4 * 10^11 tokens."""
    assert value("claude-opus-5", output_tokens=4 * 10**11) == 10**16
    assert value("claude-opus-5", output_tokens=4 * 10**11 + 1) is None
