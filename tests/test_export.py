"""The export of people: what is on screen, all of it, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import database as proxy
from app.dates import utc_today
from app.formulas import guarded
from app.importing import import_file
from app.models import SUM_COLUMNS
from app.queries.people.order import MORE_SORTS
from app.web.people.columns import BY_NAME, EVERY
from app.web.view.csv_files import plain_dollars
from tests.filled import LEAP_DAYS, Reader, fill_people
from tests.office import DOLLAR, store, used
from tests.tools import CURSOR

NUMBERS = (
    "totalTokens",
    "claudeCodeTokens",
    "cursorTokens",
    "inputTokens",
    "outputTokens",
    "cacheReadTokens",
    "cacheWriteTokens",
    "daysActive",
    "avgTokensPerDay",
)
UNPRICED, UNBILLED = "unpricedTokens", "unbilledTokens"
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"tool": CURSOR},
    {"model": ["Sonnet 4.5", "auto"]},
    {"tool": CURSOR, "model": "gpt-5-codex"},
    {"team": "Platform"},
)
RANGES = (None, LEAP_DAYS, (date(2023, 12, 25), date(2024, 1, 20)))


def exported(client: FlaskClient, **query: Any) -> list[dict[str, str]]:
    """The people of an export, by the headings of the screen."""
    return [row for row in every_row(client, **query) if row["Person"] != "No owner"]


def every_row(client: FlaskClient, **query: Any) -> list[dict[str, str]]:
    """All rows of an export, also those of nobody."""
    response = client.get(f"/export/users.csv?{urlencode(query, doseq=True)}")
    assert response.status_code == 200
    assert response.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def label(name: str) -> str:
    return BY_NAME[name].label


def page_range(days: tuple[date, date] | None) -> dict[str, Any]:
    return {"start": days[0], "end": days[1]} if days else {"days": "all"}


def api_rows(reader: Reader, days: tuple[date, date] | None, **query: Any) -> list[dict[str, Any]]:
    dates = {"startDate": days[0].isoformat(), "endDate": days[1].isoformat()} if days else {}
    return reader.get("users/pivot", **dates, **query, limit=1000)["users"]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("days", RANGES, ids=str)
def test_figures_are_those_of_the_api(
    town: Reader, days: tuple[date, date] | None, filters: dict[str, Any]
) -> None:
    found = exported(town.client, **page_range(days), **filters, cols=EVERY)
    wanted = api_rows(town, days, **filters)
    assert [row["Person"] for row in found] == [guarded(row["email"]) for row in wanted]
    for row, api in zip(found, wanted, strict=True):
        for name in NUMBERS:
            assert row[label(name)] == str(api[name]), (api["email"], name)
        for name in ("firstActive", "lastActive"):
            assert row[label(name)] == (api[name] or "")
        assert row["Cost"] == "" or float(row["Cost"]) == api["totalCost"]
        assert (float(row["Billed"]) if row["Billed"] else None) == api["totalBilled"]
        assert row.get(UNBILLED, "0") == str(api["unbilledTokens"])


@pytest.mark.parametrize("sort", MORE_SORTS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_has_the_order_of_the_screen(town: Reader, sort: str, direction: str) -> None:
    query = {**page_range(LEAP_DAYS), "sort": sort, "dir": direction, "cols": EVERY}
    rows = exported(town.client, **query)
    first = town.client.get(f"/users?{urlencode(query, doseq=True)}&size=250").text
    places = [
        first.index(f"<bdi>{row['Person']}</bdi>") for row in rows if "'" not in row["Person"]
    ]
    assert rows
    assert places == sorted(places)
    if BY_NAME[sort].kind not in ("email", "name", "team", "model", "share", "day"):
        values = [float(row[label(sort)] or 0) for row in rows]
        assert values == sorted(values, reverse=direction == "desc")


def test_holds_the_columns_of_the_screen_in_their_order(town: Reader) -> None:
    text = town.client.get("/export/users.csv?cols=totalCost&cols=email&cols=nonsense").text
    assert text.splitlines()[0] == "Person,Cost,unpricedTokens"


def test_holds_everybody_of_every_page(client: FlaskClient, database: Database) -> None:
    database.close()
    fill_people(1203)
    rows = exported(client, page=3, size=25, cols=EVERY, sort="totalTokens")
    assert len(rows) == 1203
    assert [int(row["Tokens"]) for row in rows] == list(range(1202, -1, -1))
    assert rows[0]["Top model"] == "gpt-5-codex"
    assert {row["Active days"] for row in rows} == {"1"}


def test_the_large_path_tells_what_the_small_one_does(
    town: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"days": "90", "cols": EVERY}
    by_id = exported(town.client, **query)
    monkeypatch.setattr("app.queries.people.rows.MOST_IDS", 0)
    assert exported(town.client, **query) == by_id
    assert exported(town.client, **query, q="town") == by_id


def test_searches_like_the_screen(town: Reader) -> None:
    rows = exported(town.client, days="all", q="TWIN")
    assert {row["Person"] for row in rows} == {
        f"twin{mark}1@town.example" for mark in ("", ".", "-", "_")
    }
    assert exported(town.client, days="all", q="nobody at all") == []


def test_an_address_like_a_formula_is_guarded_and_a_negative_number_is_not(
    client: FlaskClient, database: Database
) -> None:
    yesterday = utc_today() - timedelta(1)
    store(
        [
            used(yesterday, "=cmd@acme.example", CURSOR, 10, DOLLAR),
            used(yesterday - timedelta(2), "=cmd@acme.example", CURSOR, 25, DOLLAR),
        ],
        read_from=yesterday - timedelta(3),
    )
    database.close()
    row = exported(client, start=yesterday - timedelta(1), end=yesterday, cols=EVERY)[0]
    assert row["Person"] == "'=cmd@acme.example"
    assert row["Change"] == "-15"


@pytest.mark.parametrize(
    ("nanos", "written"),
    [
        (0, "0.00"),
        (500, "0.00"),
        (1500, "0.000002"),
        (2500, "0.000002"),
        (12_500_000_000, "12.50"),
        (315_000, "0.000315"),
        (999_999_999_500, "1000.00"),
        (-1_500_000_000, "-1.50"),
    ],
)
def test_dollars_are_plain_decimals_of_six_places_at_most(nanos: int, written: str) -> None:
    assert plain_dollars(nanos) == written


def test_an_unknown_price_is_no_zero(client: FlaskClient, database: Database) -> None:
    store([used(utc_today(), "ada@acme.example", CURSOR, 10, None, "nova")])
    database.close()
    assert exported(client)[0]["Cost"] == ""


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("start=2026-10-01&end=2026-10-05", "users_2026-10-01_2026-10-05.csv"),
        (
            "start=2026-10-01&end=2026-10-05&tool=cursor&model=Sonnet 4.5&q=a/../b",
            "users_2026-10-01_2026-10-05_cursor_Sonnet-4.5_a-..-b.csv",
        ),
    ],
)
def test_the_name_of_the_file_says_the_days_and_the_filters(
    company: Reader, query: str, name: str
) -> None:
    header = company.client.get(f"/export/users.csv?{query}").headers["Content-Disposition"]
    assert header == f'attachment; filename="{name}"'


def test_all_time_is_named_by_the_days_with_usage(company: Reader) -> None:
    days = [fact.day for fact in company.facts]
    header = company.client.get("/export/users.csv?days=all").headers["Content-Disposition"]
    assert header.endswith(f'"users_{min(days)}_{max(days)}.csv"')


def test_change_and_cache_share_follow_from_the_api(town: Reader) -> None:
    end = town.today - timedelta(1)
    now, before = (end - timedelta(13), end), (end - timedelta(27), end - timedelta(14))
    earlier = {row["email"]: row["totalTokens"] for row in api_rows(town, before)}
    rows = exported(town.client, **page_range(now), cols=EVERY)
    for row, api in zip(rows, api_rows(town, now), strict=True):
        change = api["totalTokens"] - earlier.get(api["email"], 0)
        assert row["Change"] == str(change), api["email"]
        share = Decimal(100 * api["cacheReadTokens"]) / (api["totalTokens"] or 1)
        assert row["Cache share"] == (str(round(share, 1)) if api["totalTokens"] else "")
        assert sum(map(int, row["Trend"].split())) == api["totalTokens"]


def test_the_top_model_is_the_favourite_of_the_api(town: Reader) -> None:
    rows = exported(town.client, days="all", cols=EVERY)
    favourites = {row["email"]: row["favoriteModel"] for row in town.get("users", limit=1000)}
    assert {row["Person"]: row["Top model"] for row in rows} == favourites


def test_an_empty_database_gives_the_headings_alone(client: FlaskClient) -> None:
    assert client.get("/export/users.csv").text.startswith("Person,Tokens,")
    assert exported(client) == []


def test_a_file_that_nobody_wants_to_the_end_holds_nothing_back(
    town: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.pivot.export.ROWS_AT_ONCE", 2)
    path = "/export/users.csv?days=all&by=day"
    whole = town.client.get(path).text
    dropped = town.client.get(path)
    pieces = iter(dropped.response)
    begun = next(pieces), next(pieces)
    assert proxy.in_transaction()
    dropped.close()
    assert not proxy.in_transaction()
    assert proxy.is_closed()
    assert whole.encode().startswith(b"".join(begun))
    assert town.client.get(path).text == whole


def test_starts_without_a_byte_order_mark(town: Reader) -> None:
    assert town.client.get("/export/users.csv?days=all").data.startswith(b"Person")


def test_refuses_to_be_written_to(client: FlaskClient) -> None:
    assert client.post("/export/users.csv").status_code == 405


def test_every_figure_has_its_column() -> None:
    figures = {column.figure for column in BY_NAME.values() if column.figure}
    assert figures <= set(SUM_COLUMNS)


PARTLY_PRICED = Path(__file__).parent / "csv_cases" / "cursor_partly_priced.csv"
NOVEMBER = {"start": "2026-11-01", "end": "2026-11-30"}


@pytest.fixture
def partly(client: FlaskClient, database: Database) -> FlaskClient:
    """A browser on usage that is priced, priced in part, and not priced."""
    assert import_file(
        io.BytesIO(PARTLY_PRICED.read_bytes()), PARTLY_PRICED.name, by="test", email_domain="x.org"
    )
    database.close()
    return client


def test_partly_priced_is_told_from_wholly_priced(partly: FlaskClient) -> None:
    rows = {row["Person"]: row for row in exported(partly, **NOVEMBER)}
    told = {name.partition("@")[0]: (row["Cost"], row[UNPRICED]) for name, row in rows.items()}
    assert told == {"whole": ("1.00", "0"), "part": ("1.00", "5000000"), "none": ("", "5000000")}


def test_a_pivot_tells_of_each_cell_what_has_no_price(partly: FlaskClient) -> None:
    rows = {row["Person"]: row for row in exported(partly, **NOVEMBER, by="month", measure="cost")}
    part, cell = rows["part@example.com"], f"{UNPRICED}: 2026-11"
    assert (part["Total"], part[UNPRICED], part[cell]) == ("1.00", "5000000", "5000000")
    assert rows["whole@example.com"][cell] == "0"


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_rows_add_up_to_the_total(town: Reader, filters: dict[str, Any]) -> None:
    rows = every_row(town.client, **page_range(LEAP_DAYS), **filters, cols=EVERY)
    days = {"startDate": LEAP_DAYS[0].isoformat(), "endDate": LEAP_DAYS[1].isoformat()}
    stats = town.get("stats", **days, **filters)
    for column, name in (("Tokens", "totalTokens"), ("Cursor", "cursorTokens")):
        assert sum(int(row[column]) for row in rows) == stats[name]
    for column, name in (("Cost", "totalCost"), ("Billed", "totalBilled")):
        money = sum(Decimal(row[column] or 0) for row in rows)
        assert abs(money - Decimal(str(stats[name] or 0))) < Decimal("0.001")
    for name in (UNPRICED, UNBILLED):
        assert sum(int(row.get(name, 0)) for row in rows) == stats[name]


def metadata_of(client: FlaskClient, query: str) -> dict[str, Any]:
    answer = client.get(f"/export/users.csv{query}")
    # All of it, before the next question: one client is one thread, and this file is still read.
    heading, *rows = csv.reader(io.StringIO(answer.text))
    link = re.fullmatch(
        r'<([^>]+)>; rel="describedby"; type="application/csvm\+json"', answer.headers["Link"]
    )
    assert link
    assert link[1] == f"/export/users.csv-metadata.json{query}"
    page = client.get(f"/users{query}").text
    assert f'href="{link[1]}"' in unescape(page)
    found = json.loads(client.get(link[1]).text)
    assert found["url"] == f"users.csv{query}"
    assert [column["titles"] for column in found["tableSchema"]["columns"]] == heading
    assert found["rows"] == len(rows)
    return dict(found)


@pytest.mark.parametrize(
    ("query", "title"),
    [("", "People"), ("rows=team&by=month&measure=cost&", "Cost by team and month")],
)
def test_the_metadata_says_what_the_file_holds(partly: FlaskClient, query: str, title: str) -> None:
    asked = f"?start=2026-11-01&end=2026-11-30&tool=cursor&{query}".rstrip("&")
    found = metadata_of(partly, asked)
    assert found["dc:title"] == title
    assert found["range"] == {"startDate": "2026-11-01", "endDate": "2026-11-30"}
    assert found["filters"] == {
        "tool": ["cursor"], "model": [], "team": [], "organization": [], "product": [],
        "search": "",
    }  # fmt: skip
    assert (found["currency"], found["moneyKind"]) == ("USD", "value")
    assert found["dataThrough"] == "2026-11-03"
    assert "2026-11-30" in found["incompleteDays"]
    assert "2026-11-03" not in found["incompleteDays"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["generatedAt"])


def test_the_metadata_of_nothing_at_all(client: FlaskClient) -> None:
    for query in ("", "?rows=model"):
        found = json.loads(client.get(f"/export/users.csv-metadata.json{query}").text)
        assert (found["rows"], found["dataThrough"], found["incompleteDays"]) == (0, None, [])
