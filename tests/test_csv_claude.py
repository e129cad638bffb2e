"""Claude Console's exports: tokens valued as from the API, costs matched to tokens."""

from __future__ import annotations

import json

import pytest

from app.providers.exports import matched, money_target
from app.providers.exports.claude_cost import model_name
from app.usage import RawActor, UsageRecord
from tests.exported import COSTS, COSTS_ROW, TOKENS, TOKENS_ROW, contents, csv_text, only_record
from tests.exported import with_cells as cells_of


def tokens_row(*changes: tuple[str, str]) -> str:
    return cells_of(TOKENS, TOKENS_ROW, changes)


def cost_row(*changes: tuple[str, str]) -> str:
    return cells_of(COSTS, COSTS_ROW, changes)


def key_of(header: str, row: str) -> str:
    (good,) = contents(csv_text(header, row)).good
    return good.key


def money_matches(key: str, record: UsageRecord) -> bool:
    """Whether the amount of a cost row with this key belongs to the token record."""
    target = money_target(key)
    return matched(record, target.columns) == target.values


def test_reads_a_token_row() -> None:
    record = only_record(TOKENS, TOKENS_ROW)
    assert record.actor == RawActor(key="key-a", workspace="Default")
    assert record.tokens == (10, 20, 30, 40, 50)
    # 10 x $3 + 20 x $3.75 + 30 x $6 + 40 x $0.30 + 50 x $15, by the million
    assert record.value_nanos == 1_047_000
    assert (record.billed_nanos, record.requests, record.detail) == (None, None, "")


def test_searches_conditions_and_names_are_kept() -> None:
    record = only_record(
        TOKENS,
        tokens_row(
            ("web_search_count", "2"),
            ("usage_type", "batch"),
            ("context_window", "> 200k"),
            ("api_key", "claude, code"),
            ("workspace", ""),
        ),
    )
    assert record.actor == RawActor(key="claude, code")
    assert json.loads(record.detail) == {
        "context_window": "200k-1M",
        "service_tier": "batch",
        "web_search_requests": 2,
    }


def test_batch_is_half_the_price_and_searches_are_a_cent() -> None:
    record = only_record(TOKENS, tokens_row(("usage_type", "batch"), ("web_search_count", "2")))
    assert record.value_nanos == 523_500 + 20_000_000


def test_fast_mode_of_a_model_without_such_a_price_is_unpriced() -> None:
    record = only_record(TOKENS, tokens_row(("speed", "fast")))
    assert record.value_nanos is None
    assert json.loads(record.detail) == {"speed": "fast"}


@pytest.mark.parametrize("window", ["≤ 200k", "<= 200K", "≤200k", "= 200k", "? 200k", ""])
def test_generations_without_a_condition_have_the_key_of_the_usual_one(window: str) -> None:
    bare = "usage_date_utc,model_version,api_key,workspace,usage_output_tokens,input_tokens"
    old = key_of(bare, "2026-03-22,claude-sonnet-4-5,key-a,Default,50,10")
    assert key_of(TOKENS, tokens_row(("context_window", window))) == old


@pytest.mark.parametrize(
    "change",
    [
        ("usage_date_utc", "2026-03-23"),
        ("model_version", "claude-opus-4-5"),
        ("api_key", "key-b"),
        ("workspace", "Other"),
        ("usage_type", "batch"),
        ("context_window", "> 200k"),
        ("inference_geo", "us"),
        ("speed", "fast"),
    ],
)
def test_a_key_tells_rows_apart(change: tuple[str, str]) -> None:
    assert key_of(TOKENS, tokens_row(change)) != key_of(TOKENS, TOKENS_ROW)


def test_columns_without_data_may_be_missing() -> None:
    header = "usage_date_utc,model_version,usage_input_tokens_cache_read,usage_output_tokens"
    record = only_record(header, "2026-03-22 13:00,claude-sonnet-4-5,7,5")
    assert record.actor == RawActor()
    assert record.tokens == (0, 0, 0, 7, 5)


def test_reads_the_spreadsheet_names_of_columns() -> None:
    header = (
        "Usage Date (UTC)\tModel\tInput Tokens\tCache Creation Input Tokens"
        "\tCache Read Input Tokens\tOutput Tokens"
    )
    record = only_record(header, "2026-09-01\tclaude-sonnet-5-5\t100\t20\t300\t40")
    assert record.tokens == (100, 20, 0, 300, 40)


def test_skips_a_row_without_tokens() -> None:
    zeros = [(name, "0") for name in TOKENS.split(",") if name.startswith("usage_input")]
    found = contents(csv_text(TOKENS, tokens_row(*zeros, ("usage_output_tokens", "0"))))
    assert [row.reason for row in found.skipped] == ["no tokens"]


def test_a_cost_is_billed_and_the_list_price_is_its_value() -> None:
    record = only_record(COSTS, COSTS_ROW)
    assert (record.value_nanos, record.billed_nanos) == (500_000_000, 400_000_000)
    assert (record.total_tokens, record.model) == (0, "claude-sonnet-4-5")
    assert json.loads(record.detail)["token_type"] == "output"


def test_a_cost_without_a_list_price_is_the_value() -> None:
    record = only_record(COSTS, cost_row(("list_price_usd", "")))
    assert (record.value_nanos, record.billed_nanos) == (400_000_000, 400_000_000)


def test_skips_a_row_without_money() -> None:
    none = cost_row(("list_price_usd", "0.00"), ("cost_usd", "-"))
    assert [row.reason for row in contents(csv_text(COSTS, none)).skipped] == ["no money"]


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ("Claude Opus 4.6", "claude-opus-4-6"),
        ("Claude Haiku 4.5", "claude-haiku-4-5"),
        ("Claude 3.5 Sonnet 2024-06-20", "claude-3-5-sonnet-20240620"),
        ("Claude Sonnet 4", "claude-sonnet-4"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5-20251101"),
        ("Some Model 7", "Some Model 7"),
        ("", ""),
    ],
)
def test_a_display_name_becomes_the_model_id(display: str, name: str) -> None:
    assert model_name(display) == name


def money_key(*changes: tuple[str, str]) -> str:
    return key_of(COSTS, cost_row(("inference_geo", "global"), *changes))


@pytest.mark.parametrize(
    ("money", "tokens"),
    [
        ((), ()),
        ((("token_type", "input_no_cache"),), ()),
        ((), (("model_version", "claude-sonnet-4-5-20250929"),)),
        (
            (("model", "Claude 3.5 Sonnet 2024-06-20"),),
            (("model_version", "claude-3-5-sonnet-20240620"),),
        ),
        ((("context_window", "> 200k"),), (("context_window", "> 200k"),)),
        ((("usage_type", "batch"),), (("usage_type", "batch"),)),
    ],
)
def test_money_finds_its_tokens(
    money: tuple[tuple[str, str], ...], tokens: tuple[tuple[str, str], ...]
) -> None:
    record = only_record(TOKENS, tokens_row(*tokens))
    assert money_matches(money_key(*money), record)


@pytest.mark.parametrize(
    ("money", "tokens"),
    [
        ((("usage_date_utc", "2026-03-23"),), ()),
        ((("model", "Claude Opus 4.5"),), ()),
        ((("api_key", "key-b"),), ()),
        ((("workspace", "Other"),), ()),
        ((("context_window", "> 200k"),), ()),
        ((("inference_geo", "us"),), ()),
        ((("speed", "fast"),), ()),
        ((("usage_type", "batch"),), ()),
        (
            (("model", "Claude 3.5 Sonnet 2024-06-20"),),
            (("model_version", "claude-3-5-sonnet-20241022"),),
        ),
    ],
)
def test_money_leaves_other_tokens_alone(
    money: tuple[tuple[str, str], ...], tokens: tuple[tuple[str, str], ...]
) -> None:
    assert not money_matches(money_key(*money), only_record(TOKENS, tokens_row(*tokens)))


def test_money_without_a_column_matches_every_value_of_it() -> None:
    key = key_of(
        "usage_date_utc,model,token_type,cost_usd", "2026-03-22,Claude Sonnet 4.5,output,1"
    )
    for change in [("api_key", "key-b"), ("context_window", "> 200k"), ("workspace", "Other")]:
        assert money_matches(key, only_record(TOKENS, tokens_row(change)))


def test_money_rows_differ_by_the_kind_of_token() -> None:
    assert money_key() != money_key(("token_type", "input_no_cache"))
