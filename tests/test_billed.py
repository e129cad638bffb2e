"""What vendors say they bill, beside value: the same in every answer, and unknown is not zero."""

from __future__ import annotations

import csv
import io
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from tests.imported import cost, costs, event, events, put, tokens, usage
from tests.reading import page_of, part, shown, unescaped

KNOWN, PARTLY, UNTOLD, NOTHING = (
    f"{name}@example.com" for name in ("known", "partly", "untold", "nothing")
)
EVENTS = (
    event(user=KNOWN, tokens=100, cost="1.25"),
    event(user=KNOWN, tokens=200, cost="0.75", kind="Included"),
    event(user=PARTLY, tokens=300, cost="0.50"),
    event(user=PARTLY, tokens=400, cost="0.25", kind="Custom"),
    event(user=UNTOLD, tokens=500, cost="2.00", kind="Custom", model="composer-2.5"),
    event(user=NOTHING, tokens=600, cost="3.00", kind="Included"),
)
BILLED = {KNOWN: (1.25, 0), PARTLY: (0.5, 400), UNTOLD: (None, 500), NOTHING: (0.0, 0)}
"""Dollars billed and tokens without such a figure, of each person."""
MILLION = 1_000_000


def fill_bills() -> None:
    """Events that are billed, included and of a kind that tells nothing; a key with its cost
    export, and one without."""
    put(events(*EVENTS))
    put(tokens(usage(key="key-a"), usage(key="key-b")), "tokens.csv")
    put(costs(cost("4.00", key="key-a")), "costs.csv")


FILLED = {"firm": fill_bills}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    database.close()
    return client


def billed(answer: dict[str, Any]) -> tuple[float | None, int]:
    return answer["totalBilled"], answer["unbilledTokens"]


def test_the_json_tells_what_is_billed_and_of_how_much_nobody_told(firm: FlaskClient) -> None:
    def get(path: str) -> Any:
        return firm.get(f"/api/{path}").json

    stats = get("stats")
    assert billed(stats) == (5.75, MILLION + 900)
    assert stats["totalCost"] == 14.75
    assert billed(stats["unattributed"]) == (4.0, MILLION)
    assert billed(get("stats?tool=claude_code")) == (4.0, MILLION)
    assert {row["email"]: billed(row) for row in get("users")} == BILLED
    pivot = get("users/pivot")
    assert {row["email"]: billed(row) for row in pivot["users"]} == BILLED
    assert billed(pivot["totals"]) == (1.75, 900)
    assert {email: billed(get(f"users/{email}")["summary"]) for email in BILLED} == BILLED
    assert billed(get("stats?endDate=2026-11-01")) == (0.0, 0)
    later = "stats?startDate=2026-11-03&endDate=2026-11-03&comparison=true"
    assert billed(get(later)["previousPeriod"]) == billed(stats)


NAMES = ("totalTokens", "totalCost", "totalBilled")
NOVEMBER = "start=2026-11-01&end=2026-11-30"


def file_of(firm: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = firm.get(f"/export/users.csv?{NOVEMBER}&{query}")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_the_list_has_a_column_of_it_that_is_sorted_and_exported(firm: FlaskClient) -> None:
    query = "cols=totalBilled&sort=totalBilled"
    table = page_of(firm, f"/users?{NOVEMBER}&{query}").partition('id="table"')[2]
    rows = [shown(f"<tr{row}") for row in table.split("<tr")[2:]]
    assert [row.split()[-1] for row in rows[:4]] == ["$1.25", "part", "$0.00", "\u2014"]
    assert "$0.50 +? known in part" in rows[1]
    assert ["$1.75 +?" in rows[4], "$4.00 +?" in rows[5], "$5.75 +?" in rows[6]] == [True] * 3
    assert 'title="400 tokens have no billed figure"' in table
    assert 'title="What the vendor says it bills, in US dollars">Billed</a>' in table
    told = [(row["Billed"], row["unbilledTokens"]) for row in file_of(firm, query)]
    assert told == [("1.25", "0"), ("0.50", "400"), ("0.00", "0"), ("", "500"), ("4.00", "1000000")]
    up = firm.get("/api/users/pivot?sortBy=totalBilled&sortDir=asc").json["users"]
    assert [row["email"] for row in up] == [NOTHING, UNTOLD, PARTLY, KNOWN]


def test_the_pivot_measures_it(firm: FlaskClient) -> None:
    page = page_of(firm, f"/users?{NOVEMBER}&rows=tool&measure=billed")
    assert "Billed by tool" in shown(part(page, "heading"))
    assert "\u2014 billed not known; +? known in part." in shown(page)
    told = {
        row["Tool"]: (row["Billed"], row["unbilledTokens"])
        for row in file_of(firm, "rows=tool&measure=billed")
    }
    assert told == {"Claude Code": ("4.00", "1000000"), "Cursor": ("1.75", "900")}
    of_people = file_of(firm, "by=tool&measure=billed")
    assert [row["Total"] for row in of_people] == ["1.25", "0.50", "0.00", "", "4.00"]


def test_the_metadata_of_a_file_names_its_kinds_of_money(firm: FlaskClient) -> None:
    def told(query: str) -> tuple[str, dict[str, str]]:
        found = firm.get(f"/export/users.csv-metadata.json?{NOVEMBER}&{query}").json
        columns = found["tableSchema"]["columns"]
        meanings = {one["titles"]: one.get("dc:description", "") for one in columns}
        return found["moneyKind"], meanings

    listed = ("value", "List-price value in US dollars")
    assert (told("")[0], told("")[1]["Cost"]) == listed
    assert (told("rows=tool&measure=cost")[0], told("rows=tool&measure=cost")[1]["Cost"]) == listed
    assert told("rows=tool&measure=billed")[0] == "billed"
    assert told("cols=totalCost&cols=totalBilled")[0] == "value, billed"
    assert told("cols=totalBilled") == (
        "billed",
        {
            "Person": "The person's e-mail address",
            "Billed": "What the vendor says it bills, in US dollars",
            "unbilledTokens": "",
        },
    )


def test_the_cards_of_cost_tell_what_is_billed_where_it_is_known(firm: FlaskClient) -> None:
    def card(path: str) -> str:
        return shown(page_of(firm, path).split("<dt>Cost</dt>")[1].split('class="curve"')[0])

    assert "List price; $5.75 billed +? known in part" in card(f"/?{NOVEMBER}")
    assert "List price; $0.00 billed <" in card(f"/users/{NOTHING}?{NOVEMBER}")
    assert "List price <" in card(f"/users/{UNTOLD}?{NOVEMBER}")
    page = unescaped(firm, f"/?{NOVEMBER}")
    columns = "".join(f"&cols={name}" for name in ("email", *NAMES))
    assert f'href="/users?{NOVEMBER}&sort=totalBilled{columns}"' in page
    assert page.count('title="List-price value in US dollars"') > 3


def test_the_overview_is_measured_and_ranked_by_it(firm: FlaskClient) -> None:
    page = page_of(firm, f"/?{NOVEMBER}&measure=billed")
    daily = shown(part(page, "daily"))
    assert daily.startswith("Daily billed money Claude Code $4.00 +? known in part Cursor $1.75 +?")
    assert "Claude Code made 69.6 % of the billed money. Busiest: Mon 2 Nov with $5.75." in daily
    people = shown(part(page, "people"))
    places = [people.index(f"{email} ") for email in (KNOWN, PARTLY, NOTHING, UNTOLD)]
    assert places == sorted(places)
    assert f"{UNTOLD} 500 \u2014" in people
    assert f"{NOTHING} 600 $0.00" in people
    assert "Everything 2.00 M $5.75 +?" in people
    models = shown(part(page, "models"))
    assert "Sonnet 4.5 known in part 69.6 % 2.00 M $4.00" in models
    assert "Billed $4.00 +? known in part $1.75 +? known in part $5.75 +?" in shown(
        part(page, "tools")
    )
    navigation = unescape(page).split("<main")[0]
    assert f'href="/users?{NOVEMBER}&sort=totalBilled&cols=email' in navigation


def test_what_nothing_is_known_of_is_no_zero_on_the_overview(firm: FlaskClient) -> None:
    page = page_of(firm, f"/?{NOVEMBER}&measure=billed&by=model&model=composer-2.5")
    for name in ("models", "people", "tools"):
        assert "$0.00" not in shown(part(page, name)), name
    # Days without usage are a known zero.
    page = page_of(firm, f"/?{NOVEMBER}&measure=billed&by=model&model=composer-2.5&table=1")
    assert "Mon 2 Nov \u2014 500 \u2014 1 " in shown(part(page, "daily"))
    assert "The vendor does not say what it bills." in shown(part(page, "daily"))
    assert "Top model \u2014" in shown(part(page, "cards"))
