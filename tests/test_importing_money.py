"""Money without tokens finds its token records, to the last nano-dollar, and never vanishes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing import undo
from app.importing.money import attached, split
from app.models import Usage
from app.queries.scope import Scope
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord
from tests.figures import totals
from tests.imported import (
    BY,
    COSTS_HEADER,
    DOMAIN,
    cost,
    costs,
    counts,
    put_after_preview,
    sync_day,
    tokens,
    total,
    usage,
    worth,
)
from tests.tools import CLAUDE_CODE

fresh = pytest.mark.usefixtures("database")


@fresh
@pytest.mark.parametrize("money_first", [True, False])
def test_money_replaces_the_list_price_of_its_tokens(money_first: bool) -> None:
    files = [
        tokens(usage(tokens=1_000_000), usage(key="key-b", tokens=1_000_000)),
        costs(cost("1.25"), cost("0.50", "output")),
    ]
    for content in reversed(files) if money_first else files:
        put_after_preview(content)
    # 1.75 for key-a as billed, and 3 dollars of list price for key-b.
    assert total() == (2_000_000, 4_750_000_000)
    values = {row.actor.key: (row.value_nanos, row.price_status) for row in Usage.select()}
    assert values == {
        "key-a": (1_750_000_000, PriceStatus.PROVIDER),
        "key-b": (3_000_000_000, PriceStatus.TABLE),
    }


@fresh
def test_money_of_several_records_is_split_by_their_value() -> None:
    dated = "claude-sonnet-4-5-20250929"
    put_after_preview(
        tokens(usage(tokens=2_000_000, model=dated), usage(tokens=1_000_000, model=dated[:17]))
    )
    put_after_preview(costs(cost("0.10")))
    # A tenth of a dollar does not divide by 3.
    assert sorted(row.value_nanos for row in Usage.select()) == [33_333_333, 66_666_667]
    assert total() == (3_000_000, 100_000_000)


@fresh
def test_money_of_unpriced_records_is_split_by_their_tokens() -> None:
    rows = [usage(tokens=3, model="claude-nova-9"), usage(tokens=1, model="claude-nova-9-20260101")]
    put_after_preview(tokens(*rows))
    assert totals(Scope()).figures.unpriced_tokens == 4
    named = cost("0.08").replace("Claude Sonnet 4.5", "claude-nova-9")
    put_after_preview(costs(named))
    assert total()[1] == 80_000_000


@fresh
def test_money_without_tokens_is_a_record_without_tokens() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000)))
    lonely = put_after_preview(costs(cost("0.70", key="key-z"), cost("0.20", day="2026-11-03")))
    assert counts(lonely) == (2, 0, 0, 0, 0, 0)
    assert total() == (1_000_000, 3_900_000_000)
    assert sum(row.input_tokens == 0 for row in Usage.select()) == 2
    put_after_preview(tokens(usage(key="key-z", tokens=1_000_000)))
    assert total() == (2_000_000, 3_900_000_000)


@fresh
def test_the_later_costs_win_and_undo_brings_the_earlier_back() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000)))
    put_after_preview(costs(cost("1.00"), cost("0.25", "output")))
    later = put_after_preview(costs(cost("1.50")))
    assert counts(later) == (0, 1, 0, 0, 0, 0)
    assert total() == (1_000_000, 1_750_000_000)
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (1_000_000, 1_250_000_000)


@fresh
def test_a_column_that_a_later_export_has_first_makes_no_other_amount() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000)))
    put_after_preview(costs(cost("3.00")))
    month = (
        f"{COSTS_HEADER},speed,context_window\n{cost('3.00')},,\n"
        "2026-11-20,Claude Opus 4.6,Default,key-a,message,input_no_cache,1.00,fast,\n"
    )
    assert counts(put_after_preview(month.encode())) == (1, 0, 1, 0, 0, 0)
    assert total() == (1_000_000, 4_000_000_000)


@fresh
def test_costs_without_keys_take_the_place_of_costs_with_keys() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000), usage(key="key-b", tokens=1_000_000)))
    put_after_preview(costs(cost("3.00"), cost("3.00", key="key-b")))
    row = "2026-11-02,Claude Sonnet 4.5,input_no_cache,6.00\n"
    put_after_preview(f"usage_date_utc,model,token_type,cost_usd\n{row}".encode())
    assert total() == (2_000_000, 6_000_000_000)


@fresh
def test_undone_costs_leave_the_list_price() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000)))
    done = put_after_preview(costs(cost("1.00")))
    assert (worth(done.before), worth(done.after)) == ((1_000_000, 3 * 10**9), (1_000_000, 10**9))
    undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (1_000_000, 3 * 10**9)


@fresh
def test_money_of_a_day_the_api_covers_does_not_count() -> None:
    sync_day("anthropic", date(2026, 11, 2), [50])
    assert counts(put_after_preview(costs(cost("1.00")))) == (0, 0, 0, 1, 0, 0)
    assert total() == (50, 10**9)


@fresh
def test_a_list_price_without_a_cost_leaves_what_is_billed_unknown() -> None:
    put_after_preview(tokens(usage(tokens=1_000_000)))
    header = f"{COSTS_HEADER},list_price_usd"
    put_after_preview(f"{header}\n{cost('')},3.00\n".encode())
    record = Usage.get()
    assert (record.value_nanos, record.billed_nanos) == (3_000_000_000, None)


def record(value: int, tokens: int, key: str = "key-a", detail: str = "") -> UsageRecord:
    """A record of one day and model."""
    return UsageRecord(
        date(2026, 11, 2), RawActor(key=key), CLAUDE_CODE, "gpt-5.5", Tokens(output=tokens), 1,
        value, None, PriceStatus.TABLE, detail=detail,
    )  # fmt: skip


def test_money_of_records_of_which_one_was_given_back_is_split_by_their_tokens() -> None:
    found = attached(
        [record(-(10**9), 1), record(3 * 10**9, 3)],
        [('{"model":"gpt-5.5","api_key":"key-a"}', record(8 * 10**9, 0))],
    )
    assert [each.value_nanos for each in found] == [2 * 10**9, 6 * 10**9]


@pytest.mark.parametrize(
    ("searcher", "value"), [("", 10**9), ("key-a", 10**9), ("key-b", 1_020_000_000)]
)
def test_the_list_price_of_searches_goes_where_an_amount_is_of_them(
    searcher: str, value: int
) -> None:
    """Two searches of key-a are $0.02 by the list; an amount without a key is of all keys."""
    searched = record(5, 10, detail='{"web_search_requests":2}')
    paid = '{"model":"gpt-5.5","api_key":"key-a"}', record(10**9, 0)
    of_searches = record(0, 0, searcher, '{"cost_type":"web_search"}')
    found, *alone = attached([searched], [paid, ('{"model":"none"}', of_searches)])
    assert (found.value_nanos, alone) == (value, [of_searches])


def test_what_rounding_leaves_goes_to_the_first_of_equals() -> None:
    assert split(1, [1, 1]) == [1, 0]
    assert split(-2, [1, 1, 1]) == [-1, -1, 0]


WEIGHTS = st.lists(st.integers(0, 10**15), min_size=1, max_size=20).filter(any)


@given(st.integers(-(10**18), 10**18), WEIGHTS)
def test_parts_of_an_amount_sum_to_it_and_differ_little_from_the_exact_share(
    amount: int, weights: list[int]
) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount * weight) < sum(weights)
