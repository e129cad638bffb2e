"""Every figure of the overview is the figure of the JSON API."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.queries.scope import Scope, model_places
from app.queries.sums.ranges import RangeSums, people_counts, sums_of_ranges
from app.tools import TOOLS, tool_label
from tests import expected
from tests.expected import chosen, grouped, tokens
from tests.filled import LEAP_DAYS, Fact, Reader
from tests.reading import part, unescaped
from tests.tools import CURSOR

QUERIES: list[dict[str, Any]] = [
    {"days": "30"},
    {"days": "7", "tool": "cursor"},
    {"days": "90", "model": "Sonnet 4.5"},
    {"days": "365", "model": ["auto", "(unknown)"]},
    {"days": "1"},
    {"start": str(LEAP_DAYS[0]), "end": str(LEAP_DAYS[1])},
]
TOOL_KEYS = {tool: name.removesuffix("Tokens") for name, tool in expected.TOOLS.items()}


@pytest.fixture(params=QUERIES, ids=lambda query: " ".join(map(str, query.values())))
def query(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The query string of a page."""
    return request.param


def as_api(query: dict[str, Any]) -> dict[str, Any]:
    """The same question to the JSON API."""
    names = {"start": "startDate", "end": "endDate"}
    return {names.get(name, name): value for name, value in query.items()}


def overview(reader: Reader, query: dict[str, Any], **more: Any) -> str:
    return unescaped(reader.client, "/", {**query, **more})


def rows_of(section: str) -> list[list[str]]:
    """The cells of a table's body; a cell with a figure in full on hover gives that."""
    body = section.split("<tbody>")[1].split("</tbody>")[0]
    found = []
    for row in body.split("<tr")[1:]:
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        found.append([_full(cell) for cell in cells])
    return found


def _full(cell: str) -> str:
    titles = re.findall(r'<(?:span|a)[^>]*\stitle="([^"]*)"', cell)
    text = re.sub(r"<[^>]+>", "", cell).strip()
    return titles[0] if titles else text


def number(text: str) -> int:
    return int(re.sub(r"[^\d]", "", text))


def dollars(text: str) -> float:
    if text == "\u2014 not priced":
        return 0.0
    return float(round(Decimal(text.replace("$", "").replace(",", "")), 6))


def test_the_cards_are_the_stats(town: Reader, query: dict[str, Any]) -> None:
    stats = town.get("stats", **as_api(query))
    cards = re.findall(r'<dt>(.*?)</dt>\s*<dd class="figure" title="(.*?)">', overview(town, query))
    full = dict(cards)
    assert number(full["Tokens"]) == stats["totalTokens"]
    assert dollars(full["Cost"]) == stats["totalCost"]
    assert number(full["Active people"]) == stats["activeUsers"]
    cached, whole = re.findall(r"[\d,]+", full["Cache share"])
    assert number(cached) == stats["totalCacheReadTokens"]
    assert number(whole) == stats["totalTokens"]


def test_the_models_are_the_models(town: Reader, query: dict[str, Any]) -> None:
    listed = town.get("models", **as_api(query))
    section = part(overview(town, query), "models")
    whole = sum(model["tokens"] for model in listed)
    rows = rows_of(section)
    for row, model in zip(rows, listed[:9], strict=False):
        assert row[0] == f"{model['model']}, {tool_label(model['tool'])}"
        assert row[1] == f"{model['tokens']:,} of {whole:,} tokens"
        share = f"{model['percentage']:.1f} %"
        assert f'"{row[1]}">{share}<' in section or f'"{row[1]}"><0.1 %<' in section
        assert number(row[2]) == model["tokens"]
        assert "not priced" in row[3] or dollars(row[3]) == model["cost"]
    assert len(rows) == min(len(listed), 9) + (len(listed) > 9)


def table_behind(reader: Reader, query: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Tools in the order of the columns, and the rows."""
    table = overview(reader, query, table="1").split('id="daily-table"')[1].split("</table>")[0]
    tools = {tool.label: TOOL_KEYS[tool.key] for tool in TOOLS}
    names = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)
    return [tools[name] for name in names if name in tools], rows_of(table)


def test_the_table_behind_the_chart_is_the_trends(town: Reader, query: dict[str, Any]) -> None:
    trends = town.get("trends", **as_api(query))
    tools, rows = table_behind(town, query)
    if len(trends) > 90:
        for place, tool in enumerate(tools, start=1):
            assert sum(number(row[place]) for row in rows) == sum(day[tool] for day in trends)
        return
    for row, day in zip(rows, reversed(trends), strict=True):
        assert [number(cell) for cell in row[1 : 1 + len(tools)]] == [day[tool] for tool in tools]
        assert number(row[-3]) == sum(day[name] for name in TOOL_KEYS.values())
        assert row[-2] == "<$0.01" or abs(dollars(row[-2]) - day["cost"]) <= 0.005001


def test_the_people_are_the_users(town: Reader, query: dict[str, Any]) -> None:
    users = town.get("users", **as_api(query))
    rows = rows_of(part(overview(town, query), "people"))
    for row, user in zip(rows, users[:18], strict=False):
        assert row[0] == user["email"]
        assert number(row[1]) == user["totalTokens"]
        assert row[3] == user["favoriteModel"]


def test_the_tools_are_the_stats(town: Reader, query: dict[str, Any]) -> None:
    stats = town.get("stats", **as_api(query))
    section = part(overview(town, query), "tools")
    names = re.findall(r"</svg>\s*([\w ]+?)\s*</a>", section)
    everything = next(row for row in rows_of(section) if row[0] == "Tokens")
    keys = {"Claude Code": "claudeCodeTokens", "Cursor": "cursorTokens"}
    assert [number(cell) for cell in everything[1 : 1 + len(names)]] == [
        stats[keys[name]] for name in names
    ]
    assert names


@pytest.mark.parametrize("by", ["tool", "model"])
@pytest.mark.parametrize("measure", ["tokens", "cost", "billed"])
def test_the_chart_adds_up_however_it_is_cut(town: Reader, by: str, measure: str) -> None:
    stats = town.get("stats", days="30")
    page = overview(town, {"days": "30"}, by=by, measure=measure, table="1")
    footer = page.split('id="daily-table"')[1].split("<tfoot>")[1].split("</tfoot>")[0]
    cells = [
        re.sub(r"<[^>]+>", "", cell).strip().partition("+?")[0]
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", footer, re.DOTALL)
    ]
    *series, tokens, money, _ = filter(None, cells)
    if measure == "tokens":
        assert sum(map(number, series)) == number(tokens) == stats["totalTokens"]
    else:
        parts = sum(dollars(cell) for cell in series if cell.startswith("$"))
        assert abs(parts - dollars(money)) <= 0.01 * len(series)
        told = stats["totalCost" if measure == "cost" else "totalBilled"]
        assert dollars(money) == pytest.approx(told, abs=0.005001)


def test_the_change_compares_what_the_api_compares(company: Reader) -> None:
    query = {"start": "2026-10-05", "end": "2026-10-11"}
    stats = company.get("stats", **as_api(query), comparison="true")
    sides = re.findall(r'title="([^"]*; [^"]*)"', part(overview(company, query), "cards"))
    before = stats["previousPeriod"]
    tokens, cost, people, *_ = (side.split("; ")[1] for side in sides)
    assert number(tokens.split(": ")[1]) == before["totalTokens"]
    assert dollars(cost.split(": ")[1]) == before["totalCost"]
    assert number(people.split(": ")[1]) == before["activeUsers"]


def test_the_lifetime_is_all_time(town: Reader) -> None:
    stats = town.get("stats")
    strip = (
        overview(town, {"days": "7", "tool": "cursor"}).split('id="lifetime"')[1].split("</a>")[0]
    )
    assert f'title="{stats["totalTokens"]:,} tokens"' in strip
    assert f"<b>{stats['activeUsers']}</b> people" in strip
    assert f"${stats['totalCost']:,.2f}" in strip


def check_sums(found: RangeSums, facts: list[Fact]) -> None:
    """The sums of a range are those of the bare records."""
    assert found.figures.tokens == tokens(facts)
    assert found.figures.value_nanos == sum(fact.nanos or 0 for fact in facts)
    of_tools = grouped(facts, lambda fact: fact.tool)
    assert {tool: part.tokens for tool, part in found.by_tool.items()} == {
        tool: tokens(some) for tool, some in of_tools.items()
    }
    nobody = [fact for fact in facts if fact.email is None]
    assert found.unattributed.tokens == tokens(nobody)
    assert found.unattributed.value_nanos == sum(fact.nanos or 0 for fact in nobody)


def test_ranges_are_sums_of_the_records(town: Reader) -> None:
    days = [town.today - timedelta(days=number) for number in (60, 31, 30, 1, 0)]
    gap = timedelta(days=5)
    stretches = [(days[0], days[1] - gap), (days[2], days[3]), (days[4], days[4])]
    with town.app.app_context():
        for filters in ({}, {"tools": (CURSOR,)}, {"models": ("Sonnet 4.5", "auto")}):
            scopes = [Scope(start, end, **filters) for start, end in stretches]
            facts = [chosen(town.facts, *scope) for scope in scopes]
            people = [{fact.email for fact in some} - {None} for some in facts]
            assert people_counts(scopes) == [len(emails) for emails in people]
            for by_model in (True, False):
                found = sums_of_ranges(scopes, by_model=by_model)
                for one, some in zip(found, facts, strict=True):
                    check_sums(one, some)
                both = found[1].plus(found[2])
                check_sums(both, [*facts[1], *facts[2]])
                assert [both] == sums_of_ranges(
                    [scopes[1]._replace(end=days[4])], by_model=by_model
                )


def test_unknown_models_add_up_to_nothing(town: Reader) -> None:
    scope = Scope(town.today, town.today, models=("nobody knows",))
    with town.app.app_context():
        (found,) = sums_of_ranges([scope])
        assert not any(found.figures)
        assert people_counts([scope]) == [0]


def test_every_model_has_a_place_of_its_own(town: Reader) -> None:
    with town.app.app_context():
        places = model_places()
    assert sorted(places.values()) == list(range(len(places)))
    assert {"Sonnet 4.5", "auto", "(unknown)"} <= places.keys()
