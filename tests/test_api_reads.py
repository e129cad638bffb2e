"""The JSON reads of totals: /api/stats, /api/trends, /api/models."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.dates import utc_today
from tests import expected
from tests.asked import FILTERS, facts_of, query_of
from tests.expected import chosen, exact
from tests.filled import COMPANY_DAYS, LEAP_DAYS, MODELS, Reader
from tests.tools import CLAUDE_CODE, CURSOR
from tests.upstream.oracle import Sums

RANGES = (
    (None, None),
    (date(2026, 9, 21), date(2026, 10, 11)),
    (date(2026, 9, 30), date(2026, 10, 1)),
    (date(2026, 10, 7), date(2026, 10, 7)),
    (date(2026, 10, 4), date(2026, 10, 4)),
    (date(2025, 1, 1), date(2025, 12, 31)),
)


def check_sums(found: dict[str, Any], sums: Sums) -> None:
    assert found["totalTokens"] == sums.total_tokens
    assert found["totalInputTokens"] == sums.input
    assert found["totalOutputTokens"] == sums.output
    assert found["totalCacheReadTokens"] == sums.cache_read
    assert found["totalCacheWriteTokens"] == sums.cache_write
    assert found["unpricedTokens"] == sums.unpriced_tokens
    assert abs(round(found["totalCost"] * 10**9) - sums.value_nanos) <= 500


def test_stats_are_those_of_the_oracle(company: Reader) -> None:
    assert company.truth
    found = company.get("stats", **query_of(*COMPANY_DAYS))
    check_sums(found, company.truth.total)
    nobody = company.truth.unattributed
    assert found["unattributed"]["totalTokens"] == nobody.total_tokens > 0
    assert found["activeUsers"] == len(company.truth.by_person)
    assert found["claudeCodeTokens"] == sum(
        sums.total_tokens for (_, tool), sums in company.truth.by_day.items() if tool == CLAUDE_CODE
    )


def test_trends_and_models_are_those_of_the_oracle(company: Reader) -> None:
    assert company.truth
    days = company.get("trends", **query_of(*COMPANY_DAYS))
    for (day, tool), sums in company.truth.by_day.items():
        [found] = [row for row in days if row["date"] == day.isoformat()]
        key = "claudeCode" if tool == CLAUDE_CODE else "cursor"
        assert found[key] == sums.total_tokens
    shares = company.get("models", **query_of(*COMPANY_DAYS))
    for tool in (CLAUDE_CODE, CURSOR):
        wanted = [s.total_tokens for key, s in company.truth.by_model.items() if key[0] == tool]
        assert sum(row["tokens"] for row in shares if row["tool"] == tool) == sum(wanted)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_stats_of_any_range_and_filter(company: Reader, filters: dict[str, Any]) -> None:
    for days in RANGES:
        wanted = expected.stats(facts_of(company, *days, **filters))
        exact(company.get("stats", **query_of(*days, **filters)), wanted)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_models_of_any_filter(town: Reader, filters: dict[str, Any]) -> None:
    for days in ((None, None), LEAP_DAYS, (town.today - timedelta(days=9), town.today)):
        wanted = expected.models(facts_of(town, *days, **filters))
        exact(town.get("models", **query_of(*days, **filters)), wanted)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_trends_of_any_filter(town: Reader, filters: dict[str, Any]) -> None:
    start, end = town.today - timedelta(days=40), town.today
    wanted = expected.trends(facts_of(town, start, end, **filters), start, end)
    exact(town.get("trends", **query_of(start, end, **filters)), wanted)


def test_models_hold_percentages_with_one_decimal_of_the_whole(town: Reader) -> None:
    rows = town.get("models", model=[raw for _, raw in MODELS if raw], days="7")
    assert all(row["percentage"] == round(row["percentage"], 1) for row in rows)
    assert sum(row["percentage"] for row in rows) == pytest.approx(100, abs=0.05 * len(rows))
    assert [row["tokens"] for row in rows] == sorted((r["tokens"] for r in rows), reverse=True)


def test_without_a_range_stats_are_of_all_time_and_trends_of_14_days(town: Reader) -> None:
    exact(town.get("stats"), expected.stats(town.facts))
    exact(town.get("models"), expected.models(town.facts))
    start = town.today - timedelta(days=13)
    wanted = expected.trends(chosen(town.facts, start, town.today), start, town.today)
    found = town.get("trends")
    exact(found, wanted)
    assert len(found) == 14


@pytest.mark.parametrize("days", [1, 2, 7, 14, 30, 31, 90, 366])
def test_days_are_today_and_those_before(town: Reader, days: int) -> None:
    start = town.today - timedelta(days=days - 1)
    exact(town.get("stats", days=days), expected.stats(chosen(town.facts, start, town.today)))
    found = town.get("trends", days=days)
    assert [found[0]["date"], found[-1]["date"]] == [start.isoformat(), town.today.isoformat()]
    assert len(found) == days


def test_a_start_alone_runs_to_today(town: Reader) -> None:
    start = town.today - timedelta(days=20)
    wanted = chosen(town.facts, start, town.today)
    exact(town.get("stats", startDate=start.isoformat()), expected.stats(wanted))
    exact(
        town.get("trends", startDate=start.isoformat()),
        expected.trends(wanted, start, town.today),
    )


def test_an_end_alone_runs_from_the_beginning(town: Reader) -> None:
    end, first = date(2024, 2, 29), min(fact.day for fact in town.facts)
    wanted = chosen(town.facts, None, end)
    exact(town.get("stats", endDate=end.isoformat()), expected.stats(wanted))
    exact(town.get("trends", endDate=end.isoformat()), expected.trends(wanted, first, end))


def test_dates_go_before_days(town: Reader) -> None:
    both = query_of(date(2024, 2, 1), date(2024, 2, 29))
    assert town.get("stats", **both, days="1") == town.get("stats", **both)


@pytest.mark.parametrize("filters", [{}, {"tool": CURSOR}, {"model": "Sonnet 4.5"}], ids=str)
def test_comparison_adds_the_same_number_of_days_before(
    town: Reader, filters: dict[str, Any]
) -> None:
    today = town.today
    for days in (1, 7, 30):
        start = today - timedelta(days=days - 1)
        before = (start - timedelta(days=days), start - timedelta(days=1))
        wanted = expected.stats(facts_of(town, start, today, **filters))
        wanted["previousPeriod"] = expected.stats(facts_of(town, *before, **filters))
        exact(town.get("stats", days=days, comparison="true", **filters), wanted)


def test_comparison_over_a_month_edge(company: Reader) -> None:
    found = company.get(
        "stats", **query_of(date(2026, 10, 1), date(2026, 10, 10)), comparison="true"
    )
    before = chosen(company.facts, date(2026, 9, 21), date(2026, 9, 30))
    exact(found["previousPeriod"], expected.stats(before))


def test_a_calendar_month_is_compared_with_the_one_before(town: Reader) -> None:
    february = query_of(date(2024, 2, 1), date(2024, 2, 29))
    found = town.get("stats", **february, days="29", comparison="true")
    before = chosen(town.facts, date(2024, 1, 1), date(2024, 1, 31))
    exact(found["previousPeriod"], expected.stats(before))


def test_there_is_nothing_to_compare_without_a_beginning(town: Reader) -> None:
    for query in ({}, {"endDate": "2024-02-29"}, {"startDate": "0001-01-01"}):
        found = town.get("stats", comparison="true", **query)
        assert "previousPeriod" not in found
    assert "previousPeriod" not in town.get("stats", days="7", comparison="false")


def test_an_empty_database_answers_zeros(client: FlaskClient) -> None:
    zeros = expected.stats([])
    exact(client.get("/api/stats").json, zeros)
    compared = client.get("/api/stats?days=7&comparison=true&model=auto&tool=cursor").json
    exact(compared, zeros | {"previousPeriod": zeros})
    exact(client.get("/api/models").json, [])
    today = utc_today()
    trends = client.get("/api/trends").json
    assert len(trends) == 14
    exact(trends[-1], expected.trends([], today, today)[0])
    exact(client.get("/api/trends?endDate=2026-01-31").json[-1]["date"], "2026-01-31")


def test_trends_refuse_more_days_than_anybody_reads(town: Reader) -> None:
    for query in ({"startDate": "0001-01-01"}, {"endDate": "9999-12-31"}):
        assert "days are too many" in town.refused("trends", **query)
        assert town.get("stats", **query)["totalTokens"] > 0


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"startDate": "2026-13-01"}, "startDate: must be a day written YYYY-MM-DD"),
        ({"endDate": "yesterday"}, "endDate: must be a day written YYYY-MM-DD"),
        ({"endDate": "2026-02-29"}, "endDate: must be a day"),
        ({"startDate": "2026-10-02", "endDate": "2026-10-01"}, "startDate: must not be after end"),
        ({"startDate": "9999-12-31"}, "startDate: must not be after today"),
        ({"days": "0"}, "days: must be a whole number"),
        ({"days": "many"}, "days: must be a whole number"),
    ],
)
def test_bad_parameters_are_named(town: Reader, query: dict[str, Any], sentence: str) -> None:
    for path in ("stats", "trends", "models", "users", "users/pivot", "users/ada@town.example"):
        assert town.refused(path, **query).startswith(sentence)
