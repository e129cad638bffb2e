"""The JSON reads of people: /api/users, /api/users/pivot, /api/users/<email>."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests import expected
from tests.asked import FILTERS, facts_of, query_of
from tests.expected import chosen, exact
from tests.filled import COMPANY_DAYS, LEAP_DAYS, TWINS, Reader, fill_people
from tests.tools import CLAUDE_CODE, CURSOR

COLUMNS = (
    "email",
    "totalTokens",
    "totalCost",
    "claudeCodeTokens",
    "cursorTokens",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "firstActive",
    "lastActive",
    "daysActive",
    "avgTokensPerDay",
)
RANGES = (
    (None, None),
    LEAP_DAYS,
    (date(2024, 2, 29), date(2024, 2, 29)),
    (date(2023, 12, 25), date(2024, 1, 20)),
)


def emails(rows: list[dict[str, Any]]) -> list[str]:
    return [row["email"] for row in rows]


def test_people_are_those_of_the_oracle(company: Reader) -> None:
    assert company.truth
    rows = company.get("users/pivot", **query_of(*COMPANY_DAYS), limit=1000)["users"]
    assert {row["email"]: row["totalTokens"] for row in rows} == {
        email: sums.total_tokens for email, sums in company.truth.by_person.items()
    }
    for row in rows:
        for tool, column in ((CLAUDE_CODE, "claudeCodeTokens"), (CURSOR, "cursorTokens")):
            sums = company.truth.by_person_tool.get((row["email"], tool))
            assert row[column] == (sums.total_tokens if sums else 0)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_users_and_pivot_of_any_range_and_filter(town: Reader, filters: dict[str, Any]) -> None:
    for days in RANGES:
        facts, query = facts_of(town, *days, **filters), query_of(*days, **filters)
        exact(town.get("users", **query), expected.users(facts, town.facts))
        rows = expected.pivot_rows(facts, town.facts)
        wanted = {"users": rows, "totalCount": len(rows), "totals": expected.pivot_totals(facts)}
        exact(town.get("users/pivot", **query), wanted)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_everybody_alone(town: Reader, filters: dict[str, Any]) -> None:
    for start, end in ((None, None), (town.today - timedelta(days=30), town.today)):
        facts = facts_of(town, start, end, **filters)
        for email in sorted({fact.email for fact in town.facts if fact.email}):
            found = town.get(f"users/{quote(email)}", **query_of(start, end, **filters))
            exact(found, expected.person(email, facts, town.facts))


@pytest.mark.parametrize("column", COLUMNS)
def test_sorts_by_every_column_both_ways_with_ties_by_email(town: Reader, column: str) -> None:
    for days in ((None, None), (town.today - timedelta(days=1), town.today)):
        facts = facts_of(town, *days)
        rows = expected.pivot_rows(facts, town.facts)
        for direction in ("asc", "desc"):
            found = town.get(
                "users/pivot", **query_of(*days), sortBy=column, sortDir=direction.upper()
            )["users"]
            wanted = expected.ordered(rows, column, facts, descending=direction == "desc")
            assert emails(found) == emails(wanted), (column, direction)


@pytest.mark.parametrize("filters", [{"tool": CURSOR}, {"model": ["Sonnet 4.5", "auto"]}], ids=str)
@pytest.mark.parametrize("column", COLUMNS)
def test_sorts_filtered_people(town: Reader, column: str, filters: dict[str, Any]) -> None:
    start = town.today - timedelta(days=44)
    facts = facts_of(town, start, town.today, **filters)
    rows = expected.pivot_rows(facts, town.facts)
    query = query_of(start, town.today, **filters)
    found = town.get("users/pivot", **query, sortBy=column, sortDir="asc")["users"]
    assert emails(found) == emails(expected.ordered(rows, column, facts, descending=False))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sortBy": "nothing", "sortDir": "asc"},
        {"sortBy": "id; DROP TABLE usage"},
        {"sortBy": "tokens", "sortDir": "asc"},
        {"sortBy": "totalTokens", "sortDir": "sideways"},
        {"sortDir": ""},
    ],
)
def test_an_unknown_sort_means_most_tokens_first(town: Reader, query: dict[str, str]) -> None:
    wanted = emails(expected.pivot_rows(town.facts, town.facts))
    assert emails(town.get("users/pivot", **query)["users"]) == wanted
    twins = [email for email in wanted if email in TWINS]
    assert twins == sorted(TWINS)


@pytest.mark.parametrize("column", ["totalTokens", "email", "lastActive", "avgTokensPerDay"])
def test_pages_are_cuts_of_one_order(town: Reader, column: str) -> None:
    whole = town.get("users/pivot", sortBy=column)
    for path in ("users/pivot", "users"):
        everybody = town.get(path, sortBy=column)
        everybody = everybody if path == "users" else everybody["users"]
        paged = []
        for offset in range(0, len(everybody) + 4, 4):
            page = town.get(path, sortBy=column, limit=4, offset=offset)
            if path == "users/pivot":
                assert page["totalCount"] == len(everybody)
                assert page["totals"] == whole["totals"]
                page = page["users"]
            paged += page
        assert paged == everybody


def test_limit_and_offset_have_bounds(town: Reader) -> None:
    everybody = town.get("users")
    for query in ({"limit": "1000"}, {"limit": "99999999999999999999"}, {"limit": ""}):
        assert town.get("users", **query) == everybody
    for offset in ("999", "1000000000", "99999999999999999999"):
        assert town.get("users", offset=offset) == []
        page = town.get("users/pivot", offset=offset)
        assert (page["users"], page["totalCount"]) == ([], len(everybody))
    for path in ("users", "users/pivot"):
        for name, value in (("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("offset", "-1")):
            assert town.refused(path, **{name: value}).startswith(f"{name}: must be a whole number")


def test_fifty_people_are_the_default_and_a_thousand_the_most(client: FlaskClient) -> None:
    fill_people(1001)
    assert len(client.get("/api/users").json) == 50
    assert len(client.get("/api/users/pivot").json["users"]) == 50
    for limit in ("1000", "1001", "5000"):
        page = client.get(f"/api/users/pivot?limit={limit}").json
        assert (len(page["users"]), page["totalCount"]) == (1000, 1001)
        assert len(client.get(f"/api/users?limit={limit}").json) == 1000


@pytest.mark.parametrize(
    "search",
    ["ada", "ADA", " Ada@Town ", "%", "0%@", "_", "r_s", "\\", "k\\s", "JOSÉ", "jose\u0301", "twin",
     "twin.1", ".", "", "nobody-like-this", "'; --", "a" * 300],
)  # fmt: skip
def test_search_ignores_case_and_takes_every_character_literally(town: Reader, search: str) -> None:
    wanted = search.strip().lower().replace("e\u0301", "é")
    facts = [fact for fact in town.facts if wanted in (fact.email or "") or not wanted]
    exact(town.get("users", search=search), expected.users(facts, town.facts))
    rows = expected.pivot_rows(facts, town.facts)
    found = town.get("users/pivot", search=search, days="40")
    assert found["totals"] == expected.pivot_totals(
        chosen(facts, town.today - timedelta(days=39), town.today)
    )
    assert emails(town.get("users/pivot", search=search)["users"]) == emails(rows)


def test_search_and_filters_work_together(town: Reader) -> None:
    query = {"search": "twin", "model": "gpt-5-codex", "tool": CURSOR}
    facts = [fact for fact in town.facts if "twin" in (fact.email or "")]
    facts = chosen(facts, None, None, [CURSOR], ["gpt-5-codex"])
    found = town.get("users/pivot", **query, limit=2)
    exact(found["totals"], expected.pivot_totals(facts))
    assert (len(found["users"]), found["totalCount"]) == (2, len(TWINS))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_people_and_unattributed_add_up_to_the_stats(
    company: Reader, filters: dict[str, Any]
) -> None:
    query = query_of(*COMPANY_DAYS, **filters)
    stats, page = company.get("stats", **query), company.get("users/pivot", **query, limit=1000)
    nobody = stats["unattributed"]["totalTokens"]
    assert sum(row["totalTokens"] for row in page["users"]) == page["totals"]["totalTokens"]
    assert page["totals"]["totalTokens"] + nobody == stats["totalTokens"]
    assert page["totalCount"] == stats["activeUsers"]
    cost = page["totals"]["totalCost"] + stats["unattributed"]["totalCost"]
    assert cost == pytest.approx(stats["totalCost"], abs=2e-6)
    rows = [row["tokens"] for row in company.get("models", **query)]
    assert sum(rows) == stats["totalTokens"]


def test_first_and_last_day_are_of_all_time_and_unfiltered(town: Reader) -> None:
    query = query_of(*LEAP_DAYS, tool=CURSOR)
    last = {row["email"]: row["lastActive"] for row in town.get("users", **query)}
    rows = town.get("users/pivot", **query)["users"]
    assert len(rows) > 3
    for row in rows:
        email = row["email"]
        days = [fact.day.isoformat() for fact in town.facts if fact.email == email]
        alone = town.get(f"users/{quote(email)}", **query)["summary"]
        assert last[email] == row["lastActive"] == alone["lastActive"] == max(days)
        assert row["firstActive"] == alone["firstActive"] == min(days)


def test_a_day_with_several_models_and_tools_is_one_day(town: Reader) -> None:
    today = town.today.isoformat()
    models = ["Sonnet 4.5", "auto", "gpt-5-codex", "Opus 4.1", "(unknown)"]
    for filters in ({}, {"model": models}, {"tool": [CLAUDE_CODE, CURSOR]}):
        found = town.get("users/ada@town.example", startDate=today, endDate=today, **filters)
        assert found["summary"]["daysActive"] == 1
        assert len(found["dailyUsage"]) == 1


def test_emails_in_the_path_ignore_case(town: Reader) -> None:
    for email, path in (
        ("ada@town.example", "Ada@TOWN.Example"),
        ("ada@town.example", "%20ada@town.example%20"),
        ("100%@town.example", "100%25@town.example"),
        ("back\\slash@town.example", "back%5Cslash@town.example"),
        ("josé@town.example", "JOSE%CC%81@town.example"),
    ):
        assert town.get(f"users/{path}")["summary"]["email"] == email


def test_a_person_without_usage_in_the_range_has_zeros(town: Reader) -> None:
    query = query_of(date(2025, 1, 1), date(2025, 1, 31))
    exact(
        town.get("users/ada@town.example", **query),
        expected.person("ada@town.example", [], town.facts),
    )
    assert "ada@town.example" not in emails(town.get("users", **query))
    idle = town.get("users/idle@town.example")
    exact(idle, expected.person("idle@town.example", [], []))


@pytest.mark.parametrize(
    "path", ["nobody@town.example", "ada", "%00", "a/b", "x" * 3000, "%ED%A0%80"]
)
def test_a_person_never_seen_is_a_404(town: Reader, path: str) -> None:
    response = town.client.get(f"/api/users/{path}")
    assert response.status_code == 404
    assert set(response.json) == {"error"}
    assert "was ever seen" in response.json["error"]
    assert len(response.json["error"]) < 300


def test_an_empty_database_has_no_people(client: FlaskClient) -> None:
    exact(client.get("/api/users").json, [])
    wanted = {"users": [], "totalCount": 0, "totals": expected.pivot_totals([])}
    for query in ("", "?search=a&tool=cursor", "?model=auto&sortBy=cursorTokens", "?offset=5"):
        exact(client.get(f"/api/users/pivot{query}").json, wanted)
    assert client.get("/api/users/ada@town.example").status_code == 404
