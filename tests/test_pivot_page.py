"""The pivot at `/users?rows=...&by=...` and its export, as a browser without JavaScript has it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.database import database as proxy
from app.queries.pivot.dimensions import DIMENSIONS, ORGANIZATION
from app.queries.pivot.measures import MEASURES, Amount
from app.queries.scope import Scope
from app.web.pivot.export import plain_amount
from app.web.pivot.view import PivotView, parse_pivot_view
from app.web.pivot.words import AmountWriter, not_whole
from app.web.view.cells import DASH
from tests.filled import COMPANY_DAYS, LEAP_DAYS, ONE_FILLED, Reader
from tests.reading import PART, page_of, shown

ROOT = Path(__file__).resolve().parent.parent
PARTS = sorted((ROOT / "templates" / "pivot").glob("_*.html"))
RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
API_RANGE = {"startDate": str(COMPANY_DAYS[0]), "endDate": str(COMPANY_DAYS[1])}
TODAY = date(2026, 11, 22)
CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", re.DOTALL)
EXACT = re.compile(r'title="(?:\$)?([\d,.]+)')


def view_of(query: str) -> PivotView:
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    return parse_pivot_view(MultiDict(pairs), TODAY)


def pivot_of(reader: Reader, query: str, **headers: str) -> str:
    return page_of(reader.client, f"/users?{query}", **headers)


def rows_of(page: str) -> list[list[str]]:
    """Every row of the table: its label, and the exact figures of its cells ("" for none)."""
    body = page.split('id="table"')[1].split("</table>")[0]
    found = []
    for row in re.findall(r"<tr\b.*?</tr>", body, re.DOTALL)[1:]:
        label, *cells = re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL)
        exact = [match[1].replace(",", "") if (match := EXACT.search(c)) else "" for c in cells]
        found.append([shown(label), *exact])
    return found


def cells_of(page: str) -> list[list[str]]:
    """The cells of every row as read."""
    body = page.split("<tbody>")[1].split("</table>")[0]
    rows = re.findall(r"<tr\b.*?</tr>", body, re.DOTALL)
    return [[shown(cell) for cell in CELL.findall(row)] for row in rows]


def labels_of(page: str) -> list[str]:
    head = page.split("<thead>")[1].split("</thead>")[0]
    return [shown(cell) for cell in CELL.findall(head)]


def test_shows_people_by_model(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&by=model")
    assert "Tokens by person and model" in shown(page)
    assert labels_of(page)[0] == "Person"
    assert labels_of(page)[-1] == "Total"
    labels = [row[0] for row in rows_of(page)]
    assert labels[-2:] == ["No owner", "Everything"]
    assert labels[-3].endswith(" people")


def test_answers_the_part_to_htmx_with_the_canonical_url(company: Reader) -> None:
    response = company.client.get(
        f"/users?{RANGE}&by=model&rows=person&measure=&heat=&q=&page=1&size=25",
        headers=PART,
    )
    assert "<html" not in response.text
    assert 'id="table"' in response.text
    assert response.headers["HX-Push-Url"] == f"/users?{RANGE}&by=model"


def test_people_equal_the_api(company: Reader) -> None:
    told = company.get("users/pivot", **API_RANGE, limit=1000)
    page = pivot_of(company, f"{RANGE}&by=tool&size=250")
    rows = {row[0]: row[1:] for row in rows_of(page)}
    place = {label: number for number, label in enumerate(labels_of(page)[1:])}
    for person in told["users"]:
        shown = rows[person["email"]]
        assert int(shown[place["Total"]]) == person["totalTokens"]
        assert int(shown[place["Claude Code"]] or 0) == person["claudeCodeTokens"]
        assert int(shown[place["Cursor"]] or 0) == person["cursorTokens"]
    assert len(rows) == told["totalCount"] + 3
    assert int(rows["Everything"][-1]) == company.get("stats", **API_RANGE)["totalTokens"]
    people = rows[f"{told['totalCount']} people"]
    assert int(people[-1]) == told["totals"]["totalTokens"]
    nobody = company.get("stats", **API_RANGE)["unattributed"]
    assert int(rows["No owner"][-1]) == nobody["totalTokens"]


def test_active_days_equal_the_api(company: Reader) -> None:
    told = company.get("users/pivot", **API_RANGE, limit=1000)
    rows = {
        row[0]: row[1:]
        for row in rows_of(pivot_of(company, f"{RANGE}&by=tool&measure=days&size=250"))
    }
    for person in told["users"]:
        assert int(rows[person["email"]][-1]) == person["daysActive"]


def test_models_and_totals_equal_the_api(company: Reader) -> None:
    stats = company.get("stats", **API_RANGE)
    models = company.get("models", **API_RANGE)
    rows = {row[0]: row[1:] for row in rows_of(pivot_of(company, f"{RANGE}&rows=model&by=tool"))}
    told: dict[str, int] = {}
    for model in models:
        told[model["model"]] = told.get(model["model"], 0) + model["tokens"]
    assert {label: int(row[-1]) for label, row in rows.items() if label in told} == told
    assert int(rows[f"{len(told)} models"][-1]) == stats["totalTokens"]
    cost = rows_of(pivot_of(company, f"{RANGE}&rows=tool&measure=cost"))
    assert round(float(cost[-1][1]), 6) == stats["totalCost"]
    people = rows_of(pivot_of(company, f"{RANGE}&rows=month&measure=people"))
    assert int(people[-1][1]) == stats["activeUsers"]


def test_days_equal_the_api(company: Reader) -> None:
    told = company.get("trends", **API_RANGE)
    page = pivot_of(company, f"{RANGE}&rows=day&by=tool")
    claude, cursor = labels_of(page).index("Claude Code"), labels_of(page).index("Cursor")
    rows = rows_of(page)[:-1]
    assert [int(row[claude] or 0) for row in rows] == [day["claudeCode"] for day in told]
    assert [int(row[cursor] or 0) for row in rows] == [day["cursor"] for day in told]


@ONE_FILLED
@pytest.mark.parametrize("rows", DIMENSIONS)
@pytest.mark.parametrize("by", ["", *DIMENSIONS])
def test_every_cell_is_in_the_export_in_the_same_order(company: Reader, rows: str, by: str) -> None:
    query = f"{RANGE}&rows={rows}&by={by}&size=250&measure=tokens"
    if (rows, by) in (("person", ""), ("person", "person")):
        pytest.skip("that is the list of people")
    page = pivot_of(company, query)
    count = page.split("<tbody>")[1].split("</tbody>")[0].count("<tr")
    shown = rows_of(page)[:count]
    answer = company.client.get(f"/export/users.csv?{query}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    heading, *exported = csv.reader(io.StringIO(answer.text))
    assert len(heading) == len(labels_of(page))
    width = len(heading) - (heading[-1] == "Share")
    exported, nobody = exported[:count], exported[count:]
    assert [row[1:width] for row in shown] == [row[1:width] for row in exported]
    below = [row for row in rows_of(page)[count:] if row[0].startswith("No owner")]
    assert [row[1:width] for row in below] == [row[1:width] for row in nobody]
    if heading[-1] == "Share":
        shares = [row[-1].removesuffix(" %") for row in cells_of(page)[:count]]
        assert [share.replace("<0.1", "0.0") for share in shares] == [row[-1] for row in exported]


def test_the_export_holds_all_pages_and_is_named_after_its_scope(company: Reader) -> None:
    answer = company.client.get(
        f"/export/users.csv?{RANGE}&by=model&measure=cost&tool=cursor&size=25"
    )
    name = f"cost_person_by_model_{COMPANY_DAYS[0]}_{COMPANY_DAYS[1]}_cursor.csv"
    assert f'filename="{name}"' in answer.headers["Content-Disposition"]
    heading, *lines = csv.reader(io.StringIO(answer.text))
    total = heading.index("Total")
    told = company.get("users/pivot", **API_RANGE, tool="cursor", limit=1000)
    costs = {line[0]: round(float(line[total]), 6) for line in lines if line[total]}
    assert {
        person["email"]: person["totalCost"] for person in told["users"]
    }.items() <= costs.items()


def test_the_export_guards_against_formulas(town: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DIMENSIONS["model"], "labels", lambda keys: dict.fromkeys(keys, "=1+1"))
    _, *lines = csv.reader(io.StringIO(town.client.get("/export/users.csv?rows=model").text))
    assert {line[0] for line in lines} == {"'=1+1"}


def test_a_person_leads_to_their_page_with_the_range(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&by=tool&tool=cursor")
    links = [unescape(link) for link in re.findall(r'href="(/users/[^"]+)"', page)]
    assert links
    assert all(link.endswith(f"?{RANGE}&tool=cursor") for link in links)
    assert company.client.get(links[0]).status_code == 200


def test_sorting_is_a_link_that_turns_around(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=model&by=tool")
    assert len(re.findall("aria-sort=", page)) == 1
    link = unescape(re.findall(r'id="sort-cursor"\s+href="([^"]+)"', page)[0])
    sorted_page = pivot_of(company, link.lstrip("?"))
    assert re.search(r'aria-sort="descending">\s*<a id="sort-cursor"', sorted_page)
    again = unescape(re.findall(r'id="sort-cursor"\s+href="([^"]+)"', sorted_page)[0])
    assert again.endswith("sort=cursor&dir=asc")


def test_pages_and_search(company: Reader) -> None:
    first = pivot_of(company, f"{RANGE}&by=tool&size=25")
    second = pivot_of(company, f"{RANGE}&by=tool&size=25&page=999")
    assert 'rel="next"' in first or len(rows_of(first)) <= 27
    assert rows_of(second)
    email = rows_of(first)[1][0]
    found = rows_of(pivot_of(company, f"{RANGE}&by=tool&q={email.upper()}"))
    assert found[0][0] == email
    assert found[-1][0].startswith("1 of ")


def test_nothing_found_can_be_cleared(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=model&by=tool&q=no+such")
    assert "No model matches" in shown(page)
    assert 'id="clear-search"' in page


def test_empty_ranges_and_filters_lead_on(company: Reader) -> None:
    assert "No usage in these days" in shown(
        pivot_of(company, "start=2020-01-01&end=2020-01-02&by=tool")
    )
    page = pivot_of(company, f"{RANGE}&by=month&model=nothing")
    assert "Nothing matches these filters" in shown(page)


def test_an_empty_database_says_so(client: Any) -> None:
    assert "No usage yet" in shown(client.get("/users?by=tool").text)
    assert client.get("/export/users.csv?by=tool").status_code == 200


def test_shades_come_on_request(company: Reader) -> None:
    assert "heat-" not in pivot_of(company, f"{RANGE}&rows=model&by=tool")
    page = pivot_of(company, f"{RANGE}&rows=model&by=tool&heat=1")
    assert "heat-5" in page.split("<tbody>")[1]


@pytest.mark.parametrize(
    "query",
    [
        "by=bogus&rows=bogus",
        "rows=model&by=model",
        "rows=model&measure=%00&sort=%00&dir=up&page=-1&size=7&heat=x",
        "rows=day&by=day&days=all",
        "rows=day&by=week&start=0001-01-01&end=9999-12-31",
        "rows=week&by=month&start=9999-12-01&end=9999-12-31",
        "rows=month&by=week&start=0001-01-01&end=0001-01-01",
        "by=day&start=0001-01-01&end=0001-01-07&measure=people",
        "by=tool&q=%27%22%3Cscript%3Ealert%3C/script%3E%25_%5C&rows=person",
        "rows=model&by=tool&sort=%3Cscript%3E&page=99999999999",
        "rows=workspace&by=person&model=%00&model=" + "x" * 500,
        "by=tool&rows=person&rows=model&measure=cost&measure=days",
    ],
)
def test_odd_queries_never_break_the_page(town: Reader, query: str) -> None:
    page = pivot_of(town, query)
    assert "<h1" in page
    assert "<script>" not in page
    assert town.client.get(f"/export/users.csv?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "by=model",
        "rows=model&by=month&measure=people",
        "rows=workspace&by=day",
        "by=day&measure=days&sort=label&q=a",
        "rows=day&by=person&measure=cost",
    ],
)
def test_asks_the_database_few_questions(
    company: Reader, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    pivot_of(company, f"{RANGE}&{query}")
    asked: list[str] = []
    execute = proxy.obj.execute_sql

    def count(sql: str, *rest: object) -> object:
        asked.append(sql)
        return execute(sql, *rest)

    monkeypatch.setattr(proxy.obj, "execute_sql", count)
    pivot_of(company, f"{RANGE}&{query}")
    reads = [sql for sql in asked if sql.startswith("SELECT") and sql != "SELECT 1"]
    assert 0 < len(reads) <= 5, reads


def test_the_query_string_says_only_what_is_chosen() -> None:
    assert view_of("rows=person&by=").query() == "?"
    assert view_of("rows=model&measure=tokens&sort=total&dir=desc").query() == "?rows=model"
    assert view_of("rows=day&sort=label").query() == "?rows=day&sort=label&dir=desc".replace(
        "&sort=label&dir=desc", ""
    )
    assert (
        view_of("rows=model&by=day&heat=1&page=3&size=50")
        .query(page=3)
        .endswith("heat=1&page=3&size=50")
    )
    assert (
        view_of("rows=model&by=day&page=3").query(measure="cost")
        == "?rows=model&by=day&measure=cost"
    )
    assert view_of("rows=model&by=day&sort=x").turned() == "?rows=day&by=model"


@pytest.mark.parametrize("rows", DIMENSIONS)
@pytest.mark.parametrize("sort", ["", "label", "total", "Sonnet 4.5"])
@pytest.mark.parametrize("direction", ["", "asc", "desc"])
def test_a_view_survives_its_own_query_string(rows: str, sort: str, direction: str) -> None:
    view = view_of(f"rows={rows}&by=model&sort={sort}&dir={direction}&days=7&tool=cursor")
    pairs = MultiDict(view.arguments())
    again = parse_pivot_view(pairs, TODAY)
    assert again.arguments() == view.arguments()
    if view.sort:
        natural = ("label", False) if rows in ("day", "week", "month") else ("total", True)
        assert (again.sort or natural[0], again.descending) == (view.sort, view.descending)


def test_writes_every_measure_in_short_and_in_full() -> None:
    tokens, cost, requests = map(AmountWriter, ("tokens", "cost", "requests"))
    assert tokens(Amount(3_260_000_000))[:2] == ("3.26\u00a0B", "3,260,000,000")
    assert cost(Amount(12_345_678_900))[:2] == ("$12.35", "$12.3456789")
    assert cost(Amount(0, 5, 5)).text == requests(Amount(0, 5, 5)).text == DASH
    partly = cost(Amount(10**9, 9, 4))
    assert partly[:2] == ("$1.00", "$1.00")
    assert (partly.lacks, partly.partly) == ("4 tokens have no price", "partly priced")
    assert cost(Amount(0, 5, 5)).lacks == cost(Amount(5, 5)).lacks == ""
    assert AmountWriter("days")(Amount(1))[:2] == ("1", "1\u00a0active day")
    partly = requests(Amount(4510, 9, 4))
    assert (partly.text, partly.lacks) == (
        "4.51\u00a0K",
        "4 tokens come without a count of requests",
    )
    assert tokens(Amount(0), "/there").href == "", "nothing leads nowhere"
    assert tokens(None).text == ""
    assert plain_amount("requests", Amount(0, 5, 5)) == ""
    assert plain_amount("requests", Amount(4510, 9, 4)) == 4510
    assert plain_amount("tokens", Amount(0)) == 0


def test_requests_that_nobody_told_are_marked_and_have_no_share(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=tool&measure=requests")
    rows = {row[0]: row[1:] for row in cells_of(page)}
    assert rows["Claude Code"] == [DASH, ""]
    assert rows["Cursor"][1] == "100.0 %"
    assert "+?" not in rows["Cursor"][0]
    assert rows["2 tools"][0] == f"{rows['Cursor'][0]} +? partly counted"
    assert "tokens come without a count of requests" in page
    assert "no count of requests" in page
    days = cells_of(pivot_of(company, f"{RANGE}&rows=day&measure=requests"))
    assert "+? partly counted" in days[-1][1]
    file = company.client.get(f"/export/users.csv?{RANGE}&rows=tool&measure=requests").text
    table = csv.DictReader(io.StringIO(file))
    assert table.fieldnames == ["Tool", "Requests", "Share", "uncountedTokens"]
    claude = next(line for line in table if line["Tool"] == "Claude Code")
    assert (claude["Requests"], claude["Share"]) == ("", "")
    assert int(claude["uncountedTokens"]) > 0
    overview = company.client.get(f"/?{RANGE}").text.split('id="tools"')[1]
    told = CELL.findall(overview.split("Requests")[1].split("</tr>")[0].partition("</th>")[2])
    assert [shown(cell) for cell in told] == [
        rows[name][0] for name in ("Claude Code", "Cursor", "2 tools")
    ]


def test_costs_known_in_part_are_marked_as_in_the_list(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=team&measure=cost")
    foot = [row[1] for row in cells_of(page) if row[0] == "Everything"]
    assert foot[0].endswith("+? partly priced")
    assert "no price; +? partly priced" in page
    listed = cells_of(pivot_of(company, f"{RANGE}&cols=totalCost"))
    assert listed[-1][1] == foot[0]


def test_the_line_of_controls_offers_every_dimension_and_measure(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&by=tool&rows=model&measure=cost")
    shape = page.split('id="shape"')[1].split("</form>")[0]
    for name in ("rows", "measure"):
        options = shape.split(f'name="{name}"')[1].split("</select>")[0]
        expected = [*DIMENSIONS] if name == "rows" else [*MEASURES]
        # Each vendor has one organisation here.
        assert re.findall(r'value="(\w+)"', options) == [
            one for one in expected if one != ORGANIZATION
        ]
    chosen = re.findall(r'value="(\w*)"\s+selected', shape)
    assert chosen == ["model", "tool", "cost"]


def test_the_list_of_people_has_the_line_of_controls(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&tool=cursor")
    shape = page.split('id="shape"')[1].split("</form>")[0]
    assert '<input type="hidden" name="tool" value="cursor">' in shape
    assert re.findall(r'value="(\w*)"\s+selected', shape) == ["person"]
    assert 'name="measure"' not in shape


def test_no_columns_are_called_the_same_on_list_and_pivot(company: Reader) -> None:
    pages = (pivot_of(company, f"{RANGE}{query}") for query in ("", "&rows=model", "&by=tool"))
    shapes = (page.split('id="shape"')[1] for page in pages)
    words = {re.findall(r'<option value="">(.*?)</option>', shape)[0] for shape in shapes}
    assert words == {"Figures"}


@pytest.mark.parametrize("part", PARTS, ids=lambda path: path.name)
def test_a_part_is_one_element_with_an_id_and_is_included(part: Path) -> None:
    source = re.sub(
        r"\{% macro.*?endmacro %\}|\{[%#].*?[%#]\}", "", part.read_text(), flags=re.DOTALL
    )
    opening = re.match(rf'<(\w+)[^>]*\bid="{part.stem.lstrip("_")}"', source.strip())
    assert opening
    assert source.strip().endswith(f"</{opening[1]}>")
    included = f'include "pivot/{part.name}"'
    assert any(included in other.read_text() for other in part.parent.glob("*.html"))


@pytest.mark.parametrize(
    ("dimension", "first", "open_days", "words"),
    [
        ("day", date(2026, 11, 3), set(), ""),
        ("day", date(2026, 11, 12), {date(2026, 11, 12)}, "partial"),
        ("week", date(2026, 11, 2), set(), ""),
        ("week", date(2026, 11, 9), set(), "4 of 7 days"),
        ("week", date(2026, 11, 9), {date(2026, 11, 12)}, "partial"),
        ("month", date(2026, 10, 1), set(), "12 of 31 days"),
        ("month", date(2026, 11, 1), {date(2026, 10, 30)}, "12 of 30 days"),
        ("model", "auto", {date(2026, 11, 12)}, ""),
    ],
)
def test_says_which_periods_are_not_whole(
    dimension: str, first: Any, open_days: set[date], words: str
) -> None:
    scope = Scope(date(2026, 10, 20), date(2026, 11, 12))
    assert not_whole(dimension, first, scope, open_days) == words


def test_marks_rows_and_columns_that_are_not_whole(town: Reader) -> None:
    start, end = LEAP_DAYS
    page = pivot_of(town, f"start={start}&end={end}&rows=tool&by=month")
    assert "Dec 2023 * (12 of 31 days)" in shown(page).replace("\u00a0", " ")
    assert "* Dec 2023: 12 of 31 days" in shown(page)
    assert '<td class="open">' in page
    page = pivot_of(town, f"start={start}&end={end}&rows=month")
    assert page.count('<tr class="open">') == 2
    page = pivot_of(town, "start=2024-01-01&end=2024-02-29&rows=tool&by=month")
    assert 'id="parts"' not in page


def test_days_and_weeks_carry_their_year_when_there_are_several(town: Reader) -> None:
    start, end = LEAP_DAYS
    page = pivot_of(town, f"start={start}&end={end}&rows=tool&by=week")
    assert "25 Dec 2023" in labels_of(page)
    page = pivot_of(town, f"start=2024-01-01&end={end}&rows=tool&by=week")
    assert "1 Jan" in labels_of(page)


def test_a_share_says_both_sides(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=tool")
    assert re.search(r'class="share"><a href="[^"]*" title="[\d,]+ of [\d,]+', page)


@pytest.mark.parametrize(("by", "begins_there"), [("day", True), ("month", True), ("tool", False)])
def test_columns_of_periods_begin_with_the_newest_in_sight(
    company: Reader, by: str, *, begins_there: bool
) -> None:
    page = pivot_of(company, f"{RANGE}&rows=model&by={by}")
    assert ('class="table newest"' in page) == begins_there


def test_a_cell_is_light(company: Reader) -> None:
    page = pivot_of(company, f"{RANGE}&rows=person&by=day&heat=1")
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    cells = body.count("<td")
    assert cells >= 50
    assert len(body.encode()) / cells < 180, "bytes of a cell"
    assert len(re.findall(r"<[a-z]", body)) / cells < 3, "elements of a cell"
