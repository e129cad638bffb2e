"""Cursor's usage events: buckets, money, people, models and times of single rows."""

from __future__ import annotations

import json

import pytest

from app.usage import PriceStatus, RawActor, Tokens
from tests.exported import PERSON, TEAM, TEAM_ROW, contents, csv_text, only_record, with_cells

W, P, R = "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read"
REQUESTS = TEAM.replace("Cost", "Requests")


def changed(*changes: tuple[str, str]) -> str:
    return with_cells(TEAM, TEAM_ROW, changes)


def test_reads_an_event_of_a_team() -> None:
    record = only_record(TEAM, TEAM_ROW)
    assert record.day.isoformat() == "2026-05-16"
    assert record.at_ms == 1_778_915_098_836
    assert record.actor == RawActor(account="bob@example.com")
    assert (record.tool, record.model, record.requests) == ("cursor", "gpt-5.5", None)
    assert record.tokens == (20, 10, 0, 30, 40)
    assert record.price_status is PriceStatus.PROVIDER
    assert json.loads(record.detail) == {"kind": "On-Demand", "maxMode": False}


@pytest.mark.parametrize(
    ("parts", "total", "counted"),
    [
        (("10", "20", "30", "40"), "100", (20, 10, 30, 40)),
        (("50", "20", "30", "40"), "120", (20, 30, 30, 40)),
        (("50", "0", "30", "40"), "120", (0, 50, 30, 40)),
        (("10", "20", "30", "40"), "", (20, 10, 30, 40)),
        (("10", "20", "", "40"), "70", (20, 10, 0, 40)),
        (("1,000", "20.0", "30", "40"), "1,090", (20, 1000, 30, 40)),
    ],
)
def test_the_total_decides_how_the_parts_are_read(
    parts: tuple[str, ...], total: str, counted: tuple[int, ...]
) -> None:
    columns = (W, P, R, "Output Tokens", "Total Tokens")
    rows = with_cells(TEAM, TEAM_ROW, zip(columns, (*parts, total), strict=True))
    found = contents(csv_text(TEAM, rows))
    record = found.records[0]
    plain, write, read, output = counted
    assert record.tokens == Tokens(plain, write, 0, read, output)
    assert found.export.warnings == ()


def test_counts_the_parts_and_says_so_when_the_total_fits_neither_reading() -> None:
    found = contents(csv_text(TEAM, changed(("Total Tokens", "99")), TEAM_ROW))
    assert found.records[0].total_tokens == 100
    assert found.export.warnings == (
        "1 row: Total Tokens is not the sum of its parts; the parts are counted.",
    )


def test_a_total_without_parts_is_not_lost() -> None:
    parts = [(column, "") for column in (W, P, R, "Output Tokens")]
    record = only_record(TEAM, changed(*parts, ("Total Tokens", "77")))
    assert (record.tokens.input, record.total_tokens) == (77, 77)
    assert json.loads(record.detail)["partsUnknown"] is True


DOLLAR = 1_000_000_000


@pytest.mark.parametrize(
    ("kind", "cost", "value", "billed"),
    [
        ("On-Demand", "0.25", DOLLAR // 4, DOLLAR // 4),
        ("Usage-based", "$1,234.56", 1_234_560_000_000, 1_234_560_000_000),
        ("On-Demand", "-", None, None),
        ("On-Demand", "", None, None),
        ("On-Demand", "NaN", None, None),
        ("On-Demand", "Free", 0, 0),
        ("On-Demand", "Included", None, 0),
        ("Included", "0.35", 350_000_000, 0),
        ("Included in Ultra", "Included in Pro", None, 0),
        ("Included", "", None, 0),
        ("Free", "", 0, 0),
        ("free", "0.06", 60_000_000, 0),
        ("Errored, No Charge", "", 0, 0),
        ("Aborted, Not Charged", "-", 0, 0),
        ("Errored, Not Charged", "0.01", 10_000_000, 0),
        ("User API Key", "0.02", 20_000_000, None),
        ("", "US$ 0.02", 20_000_000, None),
    ],
)
def test_the_kind_decides_what_is_value_and_what_is_billed(
    kind: str, cost: str, value: int | None, billed: int | None
) -> None:
    marked = changed(("Cost", cost)).replace("On-Demand", kind)
    record = only_record(TEAM, marked)
    assert (record.value_nanos, record.billed_nanos) == (value, billed)


CLAUDE_NANOS = 20 * 3000 + 10 * 3750 + 30 * 300 + 40 * 15000
"""By hand: the tokens of the row at the prices of Sonnet 4.5."""


@pytest.mark.parametrize(
    ("kind", "cost", "value", "billed", "status"),
    [
        ("Included", "Included", CLAUDE_NANOS, 0, PriceStatus.TABLE),
        ("Included in Pro", "Included in Pro", CLAUDE_NANOS, 0, PriceStatus.TABLE),
        ("Included", "-", CLAUDE_NANOS, 0, PriceStatus.TABLE),
        ("On-Demand", "", CLAUDE_NANOS, None, PriceStatus.TABLE),
        ("On-Demand", "NaN", CLAUDE_NANOS, None, PriceStatus.TABLE),
        ("User API Key", "-", CLAUDE_NANOS, None, PriceStatus.TABLE),
        ("Included", "0.35", 350_000_000, 0, PriceStatus.PROVIDER),
        ("Included", "0.00", 0, 0, PriceStatus.PROVIDER),
        ("Free", "", 0, 0, PriceStatus.PROVIDER),
        ("On-Demand", "Free", 0, 0, PriceStatus.PROVIDER),
        ("Errored, No Charge", "-", 0, 0, PriceStatus.PROVIDER),
        ("Aborted, Not Charged", "", 0, 0, PriceStatus.PROVIDER),
    ],
)
def test_a_claude_row_without_a_figure_is_worth_the_list_price(
    kind: str, cost: str, value: int, billed: int | None, status: PriceStatus
) -> None:
    marked = changed(("Cost", cost), ("Model", "claude-4.5-sonnet-thinking"))
    record = only_record(TEAM, marked.replace("On-Demand", kind))
    assert (record.value_nanos, record.billed_nanos, record.price_status) == (value, billed, status)


@pytest.mark.parametrize("model", ["auto", "", "composer-2", "gpt-5.5", "claude-opus-4-8-fast"])
def test_a_row_of_another_model_without_a_figure_stays_unpriced(model: str) -> None:
    record = only_record(TEAM, changed(("Cost", "Included"), ("Model", model)))
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)


def test_a_total_without_parts_has_no_list_price() -> None:
    parts = [(column, "") for column in (W, P, R, "Output Tokens")]
    model, cost = ("Model", "claude-4.5-sonnet"), ("Cost", "Included")
    record = only_record(TEAM, changed(*parts, ("Total Tokens", "77"), model, cost))
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)


def test_a_row_priced_by_requests_is_worth_the_list_price_of_its_tokens() -> None:
    row = with_cells(REQUESTS, TEAM_ROW, [("Requests", "2"), ("Model", "claude-4.5-sonnet")])
    record = only_record(REQUESTS, row)
    assert (record.value_nanos, record.price_status) == (CLAUDE_NANOS, PriceStatus.TABLE)


def test_the_first_generation_says_what_was_billed() -> None:
    header = f"Date,Model,{W},{P},{R},Output Tokens,Total Tokens,Cost,Cost to you"
    record = only_record(header, "2025-02-01,gpt-4o,10,5,0,15,30,$0.10,$0.04", person=PERSON)
    assert (record.value_nanos, record.billed_nanos) == (100_000_000, 40_000_000)
    assert (record.day.isoformat(), record.at_ms) == ("2025-02-01", None)


@pytest.mark.parametrize(
    ("cell", "requests", "said"),
    [("4", 4, None), ("4.0", 4, None), ("0.5", None, "0.5"), ("-", None, None), ("", None, None)],
)
def test_counts_whole_requests(cell: str, requests: int | None, said: str | None) -> None:
    record = only_record(REQUESTS, with_cells(REQUESTS, TEAM_ROW, [("Requests", cell)]))
    assert record.requests == requests
    assert json.loads(record.detail).get("requestsCosts") == said
    assert (record.value_nanos, record.price_status) == (None, PriceStatus.UNPRICED)


@pytest.mark.parametrize("cell", ["many", "-1", "1e3", "$4"])
def test_rejects_a_bad_number_of_requests(cell: str) -> None:
    found = contents(csv_text(REQUESTS, with_cells(REQUESTS, TEAM_ROW, [("Requests", cell)])))
    assert [row.value for row in found.rejected] == [cell]


@pytest.mark.parametrize(
    ("user", "actor"),
    [
        (" Ann@Example.COM ", RawActor(account="ann@example.com")),
        ("Nightly CI", RawActor(key="Nightly CI")),
        ("=CMD()", RawActor(key="=CMD()")),
        ("", RawActor()),
    ],
)
def test_a_user_is_an_address_or_the_name_of_a_key(user: str, actor: RawActor) -> None:
    assert only_record(TEAM, changed(("User", user)), person=PERSON).actor == actor


def test_you_is_the_person_who_exported() -> None:
    you = changed(("User", "You"))
    assert only_record(TEAM, you, person=PERSON).actor == RawActor(account=PERSON)


@pytest.mark.parametrize(
    ("cell", "model"), [("auto", "default"), ("Auto", "default"), ("", ""), ("x-high", "x-high")]
)
def test_names_the_model_as_the_api_does(cell: str, model: str) -> None:
    assert only_record(TEAM, changed(("Model", cell))).model == model


@pytest.mark.parametrize(
    ("cell", "flag"), [("Yes", True), ("TRUE", True), ("no", False), ("", None), ("Max", "Max")]
)
def test_keeps_the_max_mode(cell: str, flag: object) -> None:
    detail = json.loads(only_record(TEAM, changed(("Max Mode", cell))).detail)
    assert detail.get("maxMode") == flag


@pytest.mark.parametrize(
    ("cell", "day", "at_ms"),
    [
        ("2026-05-16T23:59:59.999Z", "2026-05-16", 1_778_975_999_999),
        ("2026-05-16T00:00:00Z", "2026-05-16", 1_778_889_600_000),
        ("2026-05-16T01:00:00+02:00", "2026-05-15", 1_778_886_000_000),
        ("2026-05-16", "2026-05-16", None),
    ],
)
def test_a_day_is_a_day_of_utc(cell: str, day: str, at_ms: int | None) -> None:
    record = only_record(TEAM, changed(("Date", cell)))
    assert (record.day.isoformat(), record.at_ms) == (day, at_ms)


def test_skips_a_row_with_nothing_to_count() -> None:
    empty = [(column, "0") for column in (W, P, R, "Output Tokens", "Total Tokens", "Cost")]
    found = contents(csv_text(TEAM, changed(*empty), TEAM_ROW))
    assert [(row.line, row.reason) for row in found.skipped] == [(2, "no tokens, no cost")]
    assert [row.line for row in found.good] == [3]


def test_keeps_equal_events_of_a_file() -> None:
    found = contents(csv_text(TEAM, TEAM_ROW, TEAM_ROW))
    assert len(found.records) == 2
    assert found.records[0] == found.records[1]
    assert {row.key for row in found.good} == {""}


def test_keeps_agents_and_reads_columns_in_any_order() -> None:
    header = "Cost ($),Automation ID,Cloud Agent ID,Request Type,Output,Surprise," + TEAM
    header = header.replace(",Output Tokens", "").removesuffix(",Cost")
    row = f"0.25,auto-1,bc-1,chat,40,!,{TEAM_ROW}".replace('"40",', "").removesuffix(',"0.25"')
    found = contents(csv_text(header, row))
    assert found.export.ignored_columns == ("Surprise",)
    (record,) = found.records
    assert record.total_tokens == 100
    assert json.loads(record.detail) == {
        "automationId": "auto-1",
        "cloudAgentId": "bc-1",
        "kind": "On-Demand",
        "maxMode": False,
        "requestType": "chat",
    }
