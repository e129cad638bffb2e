"""Who is known of the people in the list: names, teams, further e-mails."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database
from werkzeug.test import TestResponse

from app.dates import utc_today
from app.directory.people import change_person, merge_people
from app.queries.people.directory import listed_people
from tests.office import DOLLAR, store, used
from tests.reading import page_of, people_in, shown, text_of
from tests.tools import CLAUDE_CODE, CURSOR

ADA, BOB, CLEO, DORA = (f"{name}@acme.example" for name in ("ada", "bob", "cleo", "dora"))


def fill_known() -> None:
    """Ada (Growth, once "lovelace@old.example"), Bob (Data, no name), Cleo (no team) and Dora
    (Growth), who used nothing for sixty days."""
    today = utc_today()
    store(
        [
            used(today - timedelta(1), ADA, CURSOR, 3000, DOLLAR),
            used(today - timedelta(1), BOB, CLAUDE_CODE, 4000, DOLLAR),
            used(today - timedelta(2), CLEO, CLAUDE_CODE, 5000, DOLLAR),
            used(today - timedelta(60), DORA, CURSOR, 9000, DOLLAR),
            used(today - timedelta(2), "", CLAUDE_CODE, 700, DOLLAR),
        ]
    )
    for email, name, team in (
        (ADA, "Zoe Ada Okafor", "Growth"),
        (BOB, "", "Data"),
        (CLEO, "Cléo Ünal", ""),
        (DORA, "dora Lee", "Growth"),
    ):
        change_person(email, name=name, team=team, left="")
    merge_people(ADA, "lovelace@old.example", email_domain="acme.example")


FILLED = {"known": fill_known}


@pytest.fixture
def known(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    database.close()
    return client


def rows_of(client: FlaskClient, query: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"/export/users.csv{query}").text)))


def of_api(client: FlaskClient, path: str, search: str) -> list[str]:
    found: Any = client.get(path, query_string={"search": search, "days": 30}).json
    return [row["email"] for row in (found if isinstance(found, list) else found["users"])]


def test_names_and_teams_are_shown_where_anybody_has_one(known: FlaskClient) -> None:
    page = page_of(known, "/users")
    text = shown(page.split('id="table"')[1])
    assert "Zoe Ada Okafor ada@acme.example" in text
    assert 'title="Only Growth"' in page
    assert f"{BOB} Data" in text
    assert list(rows_of(known, "")[0])[:4] == ["Person", "Name", "Team", "Tokens"]
    for email in (ADA, BOB, CLEO, DORA):
        change_person(email, name="", team="", left="")
    page = page_of(known, "/users")
    assert 'id="sort-name"' not in page
    assert 'id="sort-team"' not in page
    assert "Name" not in rows_of(known, "")[0]
    assert "Name" in rows_of(known, "?cols=name")[0]


def test_sorts_by_name_and_team_with_those_who_have_none_last(known: FlaskClient) -> None:
    for sort, wanted in (("name", [CLEO, ADA, BOB]), ("team", [BOB, ADA, CLEO])):
        page = page_of(known, f"/users?sort={sort}")
        assert people_in(page) == wanted
        assert people_in(page_of(known, f"/users?sort={sort}&dir=desc")) == wanted[::-1]
        exported = rows_of(known, f"?cols=name,team&sort={sort}")
        assert [row["Person"] for row in exported][:3] == wanted
    assert exported[1] == {"Person": ADA, "Name": "Zoe Ada Okafor", "Team": "Growth"}
    assert exported[3] == {"Person": "No owner", "Name": "", "Team": ""}


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("OKAFOR", [ADA]),
        ("cléo ü", [CLEO]),
        ("growth", [ADA]),
        ("data", [BOB]),
        ("Lovelace@OLD", [ADA]),
        ("acme", [CLEO, BOB, ADA]),
        ("growthdora", []),
        ("%", []),
    ],
)
def test_one_search_finds_by_name_team_and_every_email(
    known: FlaskClient, search: str, wanted: list[str]
) -> None:
    query = {"q": search}
    assert of_api(known, "/api/users", search) == wanted
    assert of_api(known, "/api/users/pivot", search) == wanted
    assert people_in(page_of(known, "/users", query)) == wanted
    assert {one.email for one in listed_people(search)} - {DORA} == set(wanted)
    pivot = page_of(known, "/users", {**query, "rows": "person", "by": "tool"})
    assert [email for email in (CLEO, BOB, ADA) if email in pivot] == wanted


def test_a_search_without_a_match_says_where_it_looked(known: FlaskClient) -> None:
    assert "has these letters in name, team or e-mail" in text_of(known, "/users?q=zz")


def test_lists_who_is_known_and_used_nothing(known: FlaskClient) -> None:
    assert "1 without usage" in text_of(known, "/users")
    page = page_of(known, "/users?usage=none")
    assert people_in(page) == [DORA]
    text = shown(page)
    assert "1 person without usage" in text
    assert "No owner" not in text.split("1 person without usage")[1]
    assert f'"{9000:,} tokens' not in page
    assert 'title="Show who used it"' in page
    assert '"0 tokens"' in page.split("<tfoot>")[1]
    (row,) = rows_of(known, "?usage=none")
    assert (row["Person"], row["Name"], row["Tokens"]) == (DORA, "dora Lee", "0")
    assert row["Last active"] == (utc_today() - timedelta(60)).isoformat()
    told = known.get("/export/users.csv-metadata.json?usage=none").text
    assert "People without usage" in told
    assert known.get("/api/users?days=30&usage=none").json == known.get("/api/users?days=30").json


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ("&tool=cursor", [BOB, CLEO, DORA]),
        ("&tool=cursor&team=Growth", [DORA]),
        ("&tool=cursor&size=25&page=9&sort=email&dir=desc", [DORA, CLEO, BOB]),
        ("&tool=cursor&q=data", [BOB]),
        ("&days=90&tool=claude_code", [ADA, DORA]),
        (f"&start=2001-01-01&end=2001-02-01&sort=name&peek={ADA}", [CLEO, DORA, ADA, BOB]),
    ],
)
def test_without_usage_means_in_the_range_and_under_the_filters(
    known: FlaskClient, filters: str, wanted: list[str]
) -> None:
    assert people_in(page_of(known, f"/users?usage=none{filters}")) == wanted
    assert [row["Person"] for row in rows_of(known, f"?usage=none{filters}")] == wanted


def test_nobody_without_usage_leads_on(known: FlaskClient) -> None:
    page = page_of(known, "/users?usage=none&days=90")
    assert "Everybody used something" in page
    assert 'href="?days=90">Show who used it' in page
    assert "Nobody matches" in page_of(known, "/users?usage=none&q=zz")
    assert "without usage in" in text_of(known, "/users?usage=none&q=zz")
    assert "Nothing matches these filters" in page_of(known, "/users?usage=none&team=Nope")
    assert "without usage" not in text_of(known, "/users?days=90")


def keep_team(client: FlaskClient, team: str) -> TestResponse:
    return client.post("/my-team", data={"team": team, "next": "/users?days=90"})


def test_my_team_is_kept_and_goes_first_in_any_order(known: FlaskClient) -> None:
    answer = keep_team(known, "Growth")
    assert (answer.status_code, answer.location) == (303, "/users?days=90")
    page = page_of(known, "/users?days=90")
    assert people_in(page) == [DORA, ADA, CLEO, BOB]
    assert "4 people, Growth first" in shown(page)
    assert page.count('class="mine"') == 2 + 1
    assert re.search(r"<option selected>Growth</option>", page)
    assert people_in(page_of(known, "/users?days=90&sort=email&dir=desc")) == [DORA, ADA, CLEO, BOB]
    assert people_in(page_of(known, "/users?days=90&sort=totalTokens&dir=asc"))[:2] == [ADA, DORA]
    assert [row["Person"] for row in rows_of(known, "?days=90")][:4] == [DORA, ADA, CLEO, BOB]
    assert of_api(known, "/api/users", "") == [CLEO, BOB, ADA]


def test_my_team_is_the_first_row_of_the_pivot_of_teams(known: FlaskClient) -> None:
    query = "rows=team&measure=tokens&sort=total&dir=asc&days=30"
    assert teams_in(page_of(known, f"/users?{query}")) == ["Growth", "Data", "No team"]
    keep_team(known, "Data")
    page = page_of(known, f"/users?{query}")
    assert teams_in(page) == ["Data", "Growth", "No team"]
    assert "Data mine" in shown(page)
    assert "All teams, Data first" in shown(page)
    exported = known.get(f"/export/users.csv?{query}").text.splitlines()
    assert exported[1].startswith("Data,")
    assert "Data first" not in text_of(known, "/users?rows=model")


@pytest.mark.parametrize("team", ["", "Nope", "x" * 999, 'a"b;c=é\r\n'])
def test_no_team_or_an_odd_one_changes_no_order(known: FlaskClient, team: str) -> None:
    keep_team(known, "Growth")
    assert keep_team(known, team).status_code == 303
    page = page_of(known, "/users")
    assert people_in(page) == [CLEO, BOB, ADA]
    assert "first" not in shown(page.split('id="count"')[1].split("</p>")[0])


def test_a_filter_by_my_team_alone_says_nothing_of_it(known: FlaskClient) -> None:
    keep_team(known, "Growth")
    assert "Growth first" not in text_of(known, "/users?team=Growth")
    assert "Growth first" in text_of(known, "/users?team=Growth&team=Data")


def teams_in(page: str) -> list[str]:
    return re.findall(r"<bdi>([^<]*)</bdi>", page.split("<tbody>")[1].split("</tbody>")[0])
