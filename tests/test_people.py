"""The list of people: shows, sorts, searches, pages, looks beside, and always leads on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app.dates import utc_today
from app.queries.people.order import MORE_SORTS
from app.web.people.columns import EVERY
from app.web.view.navigation import person_path
from tests.filled import COMPANY_DAYS, LEAP_DAYS, Reader, fill_people
from tests.office import DOLLAR, store, used
from tests.reading import PART, TEMPLATES, page_of, parts_of, people_in, shown, text_of
from tests.tools import CLAUDE_CODE, CURSOR

EVERY_COLUMN = "&".join(f"cols={name}" for name in EVERY)


def foot(page: str) -> str:
    return shown(page.split("<tfoot>")[1].split("</tfoot>")[0])


def fill_office() -> None:
    """Three people and a key of nobody; today is still open."""
    today = utc_today()
    days = [today - timedelta(back) for back in range(41)]
    store(
        [
            used(days[0], "ada@acme.example", CURSOR, 1_000_000, DOLLAR),
            used(days[1], "ada@acme.example", CURSOR, 40_000_000, 30 * DOLLAR),
            used(days[1], "bob@acme.example", CLAUDE_CODE, 5_000_000, None, "nova"),
            used(days[2], "cleo@else.example", CLAUDE_CODE, 3_000_000, DOLLAR, "claude-opus-5"),
            used(days[2], "", CLAUDE_CODE, 2_000_000, 2 * DOLLAR, "claude-opus-5"),
            used(days[40], "ada@acme.example", CURSOR, 50_000_000, 60 * DOLLAR),
        ],
        open_from=today,
        read_from=today - timedelta(70),
    )


FILLED = {"office": fill_office}


@pytest.fixture
def office(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    database.close()
    return client


def test_shows_everybody_with_most_tokens_first(office: FlaskClient) -> None:
    page = page_of(office, "/users")
    assert people_in(page) == ["ada@acme.example", "bob@acme.example", "cleo@else.example"]
    assert "41.0 M" in shown(page)
    assert "3 people" in foot(page)
    assert foot(page).startswith("3 people 49.0 M")


def test_shows_usage_of_nobody_on_its_own_line(office: FlaskClient) -> None:
    assert "No owner 2.00 M $2.00" in foot(
        page_of(office, "/users?cols=totalTokens&cols=totalCost")
    )
    assert "No owner" not in text_of(office, "/users?tool=cursor")


@pytest.mark.parametrize("filters", ["", "&tool=cursor", "&model=Sonnet+4.5&model=auto"])
def test_everything_is_the_total_that_the_overview_shows(town: Reader, filters: str) -> None:
    start, end = LEAP_DAYS
    page = page_of(town.client, f"/users?start={start}&end={end}{filters}&{EVERY_COLUMN}")
    stats = town.client.get(f"/api/stats?startDate={start}&endDate={end}{filters}").get_json()
    if "No owner" not in foot(page):
        assert 'id="everything"' not in page
        return
    line = page.split('id="everything"')[1].split("</tr>")[0]
    assert f'"{stats["totalTokens"]:,} tokens"' in line


def test_everything_adds_nobody_to_the_people_and_only_then(office: FlaskClient) -> None:
    columns = "cols=totalTokens&cols=totalCost&cols=claudeCodeTokens&cols=cursorTokens"
    stats = office.get("/api/stats?days=30").get_json()
    assert stats["totalTokens"] == 51_000_000
    assert "Everything 51.0 M $34.00 +? partly priced 10.0 M 41.0 M" in foot(
        page_of(office, f"/users?{columns}")
    )
    for query in ("?q=acme", "?tool=cursor"):
        assert 'id="everything"' not in page_of(office, f"/users{query}")


def test_days_before_the_first_record_are_unknown_not_zero(office: FlaskClient) -> None:
    start, end = utc_today() - timedelta(70), utc_today() - timedelta(38)
    page = page_of(office, f"/users?start={start}&end={end}&peek=ada@acme.example")
    assert 'class="change muted" title="The days before are not known">\u2014</td>' in page
    assert re.search(r"Not compared with [^:]*: records begin on \d", shown(page))
    assert "new" not in foot(page)
    rows = office.get(f"/export/users.csv?start={start}&end={end}&cols=change").text
    assert rows.splitlines()[1].rstrip(",") == "ada@acme.example"


def test_never_shows_an_unknown_price_as_free(office: FlaskClient) -> None:
    text = text_of(office, "/users?cols=totalCost")
    assert "bob@acme.example \u2014 not priced" in text
    assert "$0.00" not in text
    assert "partly priced" in foot(page_of(office, "/users?cols=totalCost"))


def test_compares_complete_days_with_as_many_before(office: FlaskClient) -> None:
    page = page_of(office, "/users")
    assert "50,000,000 tokens before, 40,000,000 now" in page
    assert "\u221220 %" in shown(page)
    assert "complete days only" in shown(page)


def test_all_time_compares_nothing(office: FlaskClient) -> None:
    text = text_of(office, "/users?days=all&sort=change")
    assert "Changes compare" not in text
    assert "91.0 M" in text


@pytest.mark.parametrize("column", MORE_SORTS)
def test_every_column_sorts_both_ways_and_says_so(office: FlaskClient, column: str) -> None:
    for direction, words in (("asc", "ascending"), ("desc", "descending")):
        page = page_of(office, f"/users?{EVERY_COLUMN}&sort={column}&dir={direction}")
        assert page.count("aria-sort=") == 1
        heading = page.split(f'aria-sort="{words}"')[1].split("</th>")[0]
        (by,) = (link for link in heading.split("<a ")[1:] if 'class="other"' not in link)
        assert by.startswith(f'id="sort-{column}"')
        assert len(people_in(page)) == 3


def test_page_and_api_name_the_same_people_in_the_same_order(town: Reader) -> None:
    start, end = LEAP_DAYS
    dates = {"startDate": start.isoformat(), "endDate": end.isoformat()}
    for sort in ("email", "totalCost", "inputTokens", "avgTokensPerDay", "lastActive"):
        for direction in ("asc", "desc"):
            rows = town.get("users/pivot", **dates, sortBy=sort, sortDir=direction)["users"]
            page = page_of(
                town.client, f"/users?start={start}&end={end}&sort={sort}&dir={direction}"
            )
            assert people_in(page) == [row["email"] for row in rows]


@pytest.mark.parametrize("filters", ["", "&tool=cursor", "&model=Sonnet+4.5&model=auto"])
def test_the_sums_below_are_those_of_the_api(town: Reader, filters: str) -> None:
    start, end = LEAP_DAYS
    for search in ("", "twin", "a"):
        page = page_of(
            town.client, f"/users?start={start}&end={end}{filters}&q={search}&{EVERY_COLUMN}"
        )
        answer = town.client.get(
            f"/api/users/pivot?startDate={start}&endDate={end}{filters}&search={search}"
        ).json
        if not answer["totalCount"]:
            assert "<tfoot>" not in page
            continue
        line = page.split('class="sum"')[1].split("</tr>")[0]
        wanted = {name: value for name, value in answer["totals"].items() if value}
        for name in ("totalTokens", "inputTokens", "cacheReadTokens", "avgTokensPerDay"):
            assert f'"{wanted.get(name, 0):,} tokens"' in line, (name, search)
        assert f">{answer['totals']['daysActive']:,}</td>" in line


def test_searches_and_says_of_how_many(office: FlaskClient) -> None:
    page = page_of(office, "/users?q=ACME")
    assert people_in(page) == ["ada@acme.example", "bob@acme.example"]
    assert "2 of 3 people" in foot(page)
    assert "No owner" not in foot(page)
    assert 'value="ACME"' in page


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", "josé"])
def test_searches_literally(town: Reader, search: str) -> None:
    found = town.get("users/pivot", search=search)["users"]
    page = page_of(town.client, f"/users?days=all&q={quote(search)}")
    if found:
        assert people_in(page) == [row["email"] for row in found]
    else:
        assert "Nobody matches" in page


def test_a_search_without_a_match_leads_on(office: FlaskClient) -> None:
    page = page_of(office, "/users?q=zz&days=7")
    assert "Nobody matches \u201czz\u201d" in page
    assert re.search(r'href="\?days=7">Clear the search', page)


def test_filters_that_match_nothing_can_be_cleared(office: FlaskClient) -> None:
    page = page_of(office, "/users?days=7&tool=cursor&model=nova")
    assert "Nothing matches these filters" in page
    assert re.search(r'href="\?days=7">Clear filters', page)


def test_a_range_without_usage_leads_to_the_first_data(office: FlaskClient) -> None:
    first = utc_today() - timedelta(days=40)
    page = page_of(office, "/users?start=2020-01-01&end=2020-02-01")
    assert "No usage in these days" in page
    assert f"?start={first}&end={first + timedelta(days=29)}" in page


def test_an_empty_database_leads_to_the_ways_in(client: FlaskClient) -> None:
    assert "Nobody has used anything yet" in text_of(client, "/users")


def test_pages_through_everybody_once(client: FlaskClient, database: Database) -> None:
    database.close()
    fill_people(60)
    seen = []
    for number in (1, 2, 3):
        page = page_of(client, f"/users?size=25&page={number}")
        seen += people_in(page)
        assert ('rel="prev"' in page) == (number > 1)
        assert ('rel="next"' in page) == (number < 3)
        assert 'id="page-after"' in page
        assert "60 people" in foot(page)
    assert len(seen) == len(set(seen)) == 60
    assert people_in(page_of(client, "/users?size=25&page=99")) == seen[50:]


def test_a_page_after_the_last_one_is_the_last_one(office: FlaskClient) -> None:
    response = office.get("/users?page=7", headers=PART)
    assert response.headers["HX-Push-Url"] == "/users"
    assert "bob@acme.example" in response.text


def test_columns_are_chosen_but_never_without_the_email(office: FlaskClient) -> None:
    page = page_of(office, "/users?cols=totalCost")
    heads = re.findall(r'id="sort-(\w+)"', page)
    assert heads == ["email", "totalCost"]
    assert '<input type="hidden" name="cols" value="totalCost">' in page


def test_looks_at_a_person_beside_the_list(office: FlaskClient) -> None:
    page = page_of(office, "/users?peek=bob@acme.example")
    peek = page.split('id="peek"')[1].split("</aside>")[0]
    assert "bob@acme.example" in peek
    assert "2 of 3" in shown(peek)
    assert "nova" in peek
    assert re.search(r'<rect class="model-\d+', peek)
    assert re.search(r'id="walk-before"\s+href="\?peek=ada%40acme.example"\s+data-key="k', peek)
    assert re.search(r'id="walk-after"\s+href="\?peek=cleo%40else.example"\s+data-key="j', peek)
    assert page.count('data-key="Escape"') >= 1
    assert re.search(r'<tr id="person-\d+"\s+aria-current="true">', page)


def test_the_peek_tells_the_figures_of_the_api(town: Reader) -> None:
    start, end = LEAP_DAYS
    for row in town.get("users/pivot", startDate=start, endDate=end)["users"]:
        page = page_of(town.client, f"/users?start={start}&end={end}&peek={quote(row['email'])}")
        peek = page.split('id="peek"')[1].split("</aside>")[0]
        assert f'"{row["totalTokens"]:,} tokens"' in peek
        assert f"Active days {row['daysActive']} " in shown(peek)


def test_a_person_of_another_page_can_be_looked_at(office: FlaskClient) -> None:
    peek = text_of(office, "/users?q=cleo&peek=ada@acme.example")
    assert "not on this page" in peek


@pytest.mark.parametrize("peek", ["nobody@acme.example", "", "%00", "x" * 999])
def test_a_peek_at_nobody_is_no_peek(office: FlaskClient, peek: str) -> None:
    response = office.get(f"/users?peek={peek}", headers=PART)
    assert 'id="peek"' not in response.text
    assert response.headers.get("HX-Push-Url", response.headers.get("HX-Replace-Url")) == "/users"


def test_every_link_keeps_the_range_the_filters_and_the_search(office: FlaskClient) -> None:
    page = page_of(office, "/users?days=7&tool=cursor&q=ada&sort=totalCost")
    table = page.split('id="list"')[1]
    links = [unescape(link) for link in re.findall(r'href="(\?[^"]*)"', table)]
    assert links
    assert all("days=7" in link and "tool=cursor" in link for link in links)
    assert "/users/ada@acme.example?days=7&tool=cursor" in page or not re.search(
        r'href="/users/', page
    )
    assert "/export/users.csv?days=7&tool=cursor&q=ada&sort=totalCost" in page


def test_answers_the_part_for_htmx_and_replaces_the_url_while_typing(office: FlaskClient) -> None:
    current = {"HX-Current-URL": "http://localhost/users?sort=email"}
    typed = office.get("/users?q=a&sort=email&dir=", headers={**PART, **current})
    assert typed.headers["HX-Replace-Url"] == "/users?q=a&sort=email"
    assert "<html" not in typed.text
    chosen = office.get("/users?sort=totalCost", headers={**PART, **current})
    assert chosen.headers["HX-Push-Url"] == "/users?sort=totalCost"


def test_says_what_a_swap_changed(office: FlaskClient) -> None:
    page = page_of(office, "/users?q=acme&sort=totalCost")
    assert 'data-announce="2 of 3\u00a0people, sorted by cost, descending, page 1"' in page


@pytest.mark.parametrize(
    "query",
    [
        "?sort=&dir=&cols=&page=&size=&peek=&q=",
        "?sort=x&dir=y&cols=z&page=-1&size=7&peek=%00&q=%00",
        "?start=0001-01-01&end=9999-12-31&sort=change",
        "?start=9999-12-01&end=9999-12-31&sort=topModel",
        "?start=2026-11-22&end=2026-11-01",
        "?days=36600&sort=cacheShare",
        "?days=all&sort=change&dir=asc",
        "?model=nothing&sort=topModel&q=x",
        "?model=%00&model=%27%22%3Cscript%3E&q=" + "x" * 5000,
        "?q=%27%22%3Cscript%3E&cols=email&cols=email",
        "?page=999999999999999999&size=1000000000000",
        "?rows=person&by=",
        "?rows=nonsense&by=nonsense",
        "?rows=person&by=person&measure=cost",
    ],
)
def test_odd_queries_never_break_the_page(office: FlaskClient, query: str) -> None:
    page = page_of(office, f"/users{query}")
    assert "<h1>" in page
    assert "<script>" not in page
    assert office.get(f"/export/users.csv{query}").status_code == 200


def test_odd_addresses_link_and_render_right(app: Flask, client: FlaskClient) -> None:
    odd = "<b>\"a'&#%?/é@acme.example"
    store([used(utc_today(), odd, CURSOR, 5, DOLLAR)])
    page = page_of(client, f"/users?peek={quote(odd)}")
    assert people_in(page) == [odd]
    assert "<b>&" not in page
    assert 'id="peek"' in page
    with app.test_request_context():
        assert person_path(odd).isascii()
        assert "?" not in person_path(odd)


def test_asks_the_database_only_what_is_shown(
    office: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute = database.execute_sql

    def count(sql: str, *rest: Any) -> Any:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")) and sql != "SELECT 1":
            asked.append(sql)
        return execute(sql, *rest)

    monkeypatch.setattr(database, "execute_sql", count)
    page_of(office, "/users")
    office.get("/users")
    asked.clear()
    page_of(office, "/users?cols=totalTokens")
    few = len(asked)
    asked.clear()
    page_of(office, f"/users?days=365&{EVERY_COLUMN}")
    assert few <= 8
    assert len(asked) <= 14


def test_the_peek_asks_little_more(
    office: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute = database.execute_sql

    def count(sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    page_of(office, "/users")
    monkeypatch.setattr(database, "execute_sql", count)
    page_of(office, "/users")
    without = len(asked)
    asked.clear()
    page_of(office, "/users?peek=ada@acme.example")
    assert len(asked) <= without + 3


@pytest.mark.parametrize("query", ["?rows=model", "?by=month", "?rows=tool&by=person"])
def test_hands_over_to_the_pivot(office: FlaskClient, query: str) -> None:
    assert 'id="sort-totalTokens"' not in page_of(office, f"/users{query}")
    assert "Active days" not in office.get(f"/export/users.csv{query}").text


def test_refuses_to_be_written_to(client: FlaskClient) -> None:
    assert client.post("/users").status_code == 405


def test_the_range_ends_today_in_utc(office: FlaskClient) -> None:
    assert isinstance(utc_today(), date)
    assert f"{utc_today().day} " in text_of(office, "/users?days=7")


@pytest.mark.parametrize("part", parts_of(TEMPLATES / "people"), ids=lambda path: path.name)
def test_a_part_is_one_element_with_an_id_and_is_included(part: Path) -> None:
    source = re.sub(r"\{[%#].*?[%#]\}", "", part.read_text(), flags=re.DOTALL).strip()
    if not source or part.name == "_cells.html":
        return
    opening = re.match(rf'<(\w+)[^>]*\bid="{part.stem.lstrip("_")}"', source)
    assert opening
    assert source.endswith(f"</{opening[1]}>")
    included = f'include "people/{part.name}"'
    assert any(included in other.read_text() for other in part.parent.glob("*.html"))


def test_htmx_that_does_not_say_its_type_gets_the_part(office: Any) -> None:
    plain = office.get("/users", headers={"HX-Request": "true"})
    assert "<html" not in plain.text
    assert plain.text == office.get("/users", headers=PART).text
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in office.get("/users", headers=restored).text


def test_a_row_of_the_list_is_light(company: Reader) -> None:
    page = page_of(company.client, f"/users?start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}")
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    rows = body.count("<tr ")
    assert rows >= 10
    assert len(body.encode()) / rows < 1_800, "bytes of a person"
    assert len(re.findall(r"<[a-z]", body)) / rows < 36, "elements of a person"
