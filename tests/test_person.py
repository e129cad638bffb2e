"""The page of one person: every figure is the API's, and every odd address has an answer."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from html import escape, unescape
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app.database import writing
from app.dates import days_between, utc_today
from app.ledger import organization_for, replace_day
from app.models import Person, Run
from app.usage import DayUsage, UsageRecord
from app.web.person.page import MOST_RECORDS
from app.web.view.formatting import full_day
from app.web.view.record_words import detail_parts, price_words, rule_words
from app.web.view.state import DEFAULT_SIZE
from tests.counting import statements
from tests.filled import COMPANY_DAYS, LEAP_DAYS, MODELS, Reader, record, store_empty
from tests.office import PROVIDERS
from tests.reading import PART, page_of, part, shown
from tests.tools import CLAUDE_CODE, CURSOR

MOST_QUERIES = 11
"""Seven of them are the shared heading's and the models' colours."""
ODD_PEOPLE = (
    "o'brien@x.example",
    '"quoted"@x.example',
    "hash#tag@x.example",
    "q?mark=1&b@x.example",
    "100%25@x.example",
    "sla/sh@x.example",
    "<b>bold</b>@x.example",
    "semi;colon@x.example",
    "plus+tag@x.example",
    "back\\slash@x.example",
    "שלום@x.example",
    "漢字-ł@x.example",
    "new\nline\r\nset-cookie: a=b@x.example",
    "tab\t\x7f\x1b@x.example",
    "a\u2028\u202eb@x.example",
)
QUERIES = (
    {"days": "all"},
    {"start": LEAP_DAYS[0].isoformat(), "end": LEAP_DAYS[1].isoformat()},
    {"start": "2023-12-25", "end": "2024-02-29", "tool": CURSOR},
    {"start": "2023-12-25", "end": "2024-02-29", "model": ["Sonnet 4.5", "auto"]},
    {"days": "7"},
    {},
)


def api_query(query: dict[str, object]) -> dict[str, object]:
    """The API's parameters for the same view."""
    if query.get("days") == "all":
        return {name: value for name, value in query.items() if name != "days"}
    names = {"start": "startDate", "end": "endDate"}
    asked = {names.get(name, name): value for name, value in query.items()}
    return asked if {"startDate", "days"} & set(asked) else {"days": "30"} | asked


def get(client: FlaskClient, email: str, **query: object) -> str:
    """The page of a person, which must be a good answer."""
    return page_of(client, f"/users/{quote(email, safe='')}", query)


def card(page: str, label: str) -> tuple[str, str]:
    """(in full, as shown) of a card."""
    found = re.search(
        rf'<dt>{label}</dt>\s*<dd class="figure" title="([^"]*)">\s*(.*?)\s*</dd>', page, re.S
    )
    assert found, label
    return found[1], shown(found[2]).strip()


def money(text: str) -> float:
    """Dollars of "$1,234.500001", rounded half-even to 6 decimals like the API's."""
    if text == "No price is known":
        return 0.0
    return float(round(Fraction(text.lstrip("$").replace(",", "")), 6))


def number(text: str) -> int:
    """The count of "1,234 tokens"."""
    return int(text.split()[0].replace(",", ""))


def check_page(reader: Reader, email: str, query: dict[str, object]) -> None:
    """Cards, facts, models and tools of the page against the API."""
    page = get(reader.client, email, **query)
    path = f"users/{quote(email, safe='')}"
    found, lifetime = reader.get(path, **api_query(query)), reader.get(path)["summary"]
    facts = part(page, "facts")
    assert number(re.search(r'title="([\d,]+) tokens"', facts)[1]) == lifetime["totalTokens"]
    for day in (lifetime["firstActive"], lifetime["lastActive"]):
        assert str(date.fromisoformat(day).year) in facts
    summary = found["summary"]
    if not summary["daysActive"]:
        assert 'id="empty"' in page
        return
    assert number(card(page, "Tokens")[0]) == summary["totalTokens"]
    assert money(card(page, "Cost")[0]) == summary["totalCost"]
    assert int(card(page, "Active days")[0]) == summary["daysActive"]
    average = round(Fraction(summary["totalTokens"], summary["daysActive"]))
    assert number(card(page, "Tokens per active day")[0]) == average
    check_models(page, found["modelBreakdown"])
    tools = part(page, "tools")
    for name in ("input", "output", "cacheRead", "cacheWrite", "total"):
        assert f'"{summary[name + "Tokens"]:,} tokens"' in tools


def check_models(page: str, wanted: list[dict[str, object]]) -> None:
    """The rows of the models are the API's, in its order."""
    body = part(page, "models").split("<tbody>")[1].split("</tbody>")[0]
    rows = body.split("</tr>")[:-1]
    assert len(rows) == len(wanted)
    for row, model in zip(rows, wanted, strict=True):
        assert f">{model['model']}</a>" in unescape(row)
        assert number(re.search(r'title="([\d,]+) tokens">', row)[1]) == model["tokens"]
        cost = re.search(r'title="(\$[\d,.]+)"', row)
        assert money(cost[1]) == model["cost"] if cost else "not priced" in row


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_every_figure_is_the_apis(town: Reader, query: dict[str, object]) -> None:
    for email in {fact.email for fact in town.facts if fact.email}:
        check_page(town, email, query)


def test_every_figure_of_the_company_is_the_apis(company: Reader) -> None:
    query = {"start": COMPANY_DAYS[0].isoformat(), "end": COMPANY_DAYS[1].isoformat()}
    for row in company.get("users", limit=12):
        check_page(company, row["email"], query)


def test_says_where_the_person_stands(company: Reader) -> None:
    rows = company.get("users/pivot", limit=1000)["users"]
    rates = {
        row["email"]: Fraction(row["totalTokens"], row["daysActive"])
        for row in rows
        if row["daysActive"] >= 2
    }
    best = max(rates, key=lambda email: rates[email])
    worst = min(rates, key=lambda email: rates[email])
    below = sum(1 for rate in rates.values() if rate < rates[best])
    words = f"more than {100 * below // len(rates)} % of {len(rates)} active people"
    assert words in shown(part(get(company.client, best, days="all"), "cards"))
    assert f"the least of {len(rates)} active people" in shown(
        part(get(company.client, worst, days="all"), "cards")
    )


def test_the_newest_records_lead_to_all_of_them(company: Reader) -> None:
    mine = Counter(fact.email for fact in company.facts if fact.email)
    email, count = mine.most_common(1)[0]
    records = part(get(company.client, email, days="all"), "records")
    assert records.count("<details>") == MOST_RECORDS < count
    assert f"All {count:,} records" in shown(records).replace("\u00a0", " ")
    days = [fact.day for fact in company.facts if fact.email == email]
    first = re.search(r'<th scope="row">\s*([^<]+?)\s*<', records)
    assert first
    assert first[1] == full_day(max(days))
    everything = re.search(r'id="all-records"[^>]*href="([^"]*)"', records)
    assert everything
    found = sum(
        part(page_of(company.client, unescape(everything[1]) + f"&page={page}"), "records").count(
            "<details>"
        )
        for page in range(1, -(-count // DEFAULT_SIZE) + 1)
    )
    assert found == count


def test_names_the_keys_and_their_rules(company: Reader) -> None:
    rows = company.get("users", limit=1000)
    text = " ".join(shown(part(get(company.client, row["email"]), "keys")) for row in rows)
    for rule in ("member's own account", "bound to the member", "by its name"):
        assert rule in text


def test_records_say_where_they_came_from(company: Reader) -> None:
    text = " ".join(
        shown(part(get(company.client, row["email"], days="all"), "records"))
        for row in company.get("users", limit=20)
    )
    for words in (
        "Anthropic messages report",
        "Cursor usage events",
        "provider's figure",
        "price table",
        "by run 1",
    ):
        assert words in text


def test_htmx_gets_the_inside_of_the_page_and_its_url(town: Reader) -> None:
    response = town.client.get("/users/ada@town.example?days=30&page=1&tool=cursor", headers=PART)
    assert response.status_code == 200
    assert "<html" not in response.text
    assert response.headers["HX-Push-Url"] == "/users/ada@town.example?tool=cursor"
    assert 'id="cards"' in response.text


def test_links_keep_the_view(company: Reader) -> None:
    row = company.get("users", limit=1)[0]
    page = get(company.client, row["email"], days="all", page="2", tool=CURSOR)
    assert 'tool=cursor&table=1#daily"' in page
    assert "page=2" not in page.split('id="main"')[1]


def test_a_day_opens_from_the_table_of_the_chart(town: Reader) -> None:
    today = town.today.isoformat()
    table = get(town.client, "ada@town.example", table="1").split('id="daily-table"')[1]
    assert f'href="?start={today}&end={today}&table=1"' in table


def test_never_shows_unpriced_usage_as_free(town: Reader) -> None:
    page = get(town.client, "quiet@town.example")
    assert "not priced" in shown(part(page, "records"))


@pytest.mark.parametrize(
    "query",
    [
        "?days=abc&start=x&page=-1&tool=none&model=%00",
        "?page=99999999999999999999&days=99999999",
        "?start=0001-01-01&end=9999-12-31",
        "?start=2999-01-01&days=0&page=0",
        "?start=2026-11-31&end=2026-02-30",
        "?days=all&model=nothing",
        "?model=" + "x" * 3000,
        "?page=%ED%A0%80&sort=1&q=%27",
        "?days=36500&page=2",
    ],
)
def test_odd_queries_have_good_answers(town: Reader, query: str) -> None:
    for email in ("ada@town.example", "idle@town.example"):
        response = town.client.get(f"/users/{email}{query}")
        assert response.status_code == 200
        assert response.text.count("<h1") == 1


def test_leads_on_from_an_empty_range(town: Reader) -> None:
    outside = shown(get(town.client, "ada@town.example", start="1999-01-01", end="1999-01-02"))
    assert "No usage in these days" in outside
    assert "Show their days" in outside
    filtered = shown(get(town.client, "ada@town.example", model="nothing"))
    assert "Nothing matches these filters" in filtered
    assert "Clear filters" in filtered
    never = shown(get(town.client, "idle@town.example"))
    assert "no usage of theirs was ever read" in never


def test_addresses_ignore_case(town: Reader) -> None:
    assert "<bdi" in get(town.client, " ADA@Town.Example ")
    assert "josé@town.example" in get(town.client, "Jose\u0301@town.example")


@pytest.mark.parametrize(
    "path", ["nobody@town.example", "ada", "%00", "a/b", "x" * 3000, "%ED%A0%80", "<script>", "%25"]
)
def test_a_person_never_seen_is_a_404_with_a_search(town: Reader, path: str) -> None:
    response = town.client.get(f"/users/{path}")
    assert response.status_code == 404
    assert "was ever seen" in shown(response.text)
    assert "<script>" not in response.text.replace("<script src", "")
    if "/users" in {rule.rule for rule in town.app.url_map.iter_rules()}:
        assert 'name="q"' in response.text.split("<main")[1]


def test_the_404_names_similar_addresses_and_keeps_the_view(town: Reader) -> None:
    page = town.client.get("/users/ada.l@town.example?days=7").text
    assert 'href="/users/ada@town.example?days=7"' in page
    answer = town.client.get("/users/ada.l@town.example", headers=PART)
    assert (answer.status_code, "<" in answer.text) == (404, False)


def test_only_reads(town: Reader) -> None:
    assert town.client.post("/users/ada@town.example").status_code == 405


def test_an_empty_database_knows_nobody(client: FlaskClient) -> None:
    assert client.get("/users/ada@town.example").status_code == 404


def test_a_member_without_any_usage_anywhere(client: FlaskClient, database: Database) -> None:
    Person.create(email="new@x.example", name="New Person")
    database.close()
    assert "No usage yet" in shown(get(client, "new@x.example"))


def test_odd_addresses_link_and_render(app: Flask, client: FlaskClient, database: Database) -> None:
    put([record(utc_today(), email, *MODELS[7], 5, 0, 0, 0, 0) for email in ODD_PEOPLE])
    database.close()
    for email in ODD_PEOPLE:
        with app.test_request_context():
            url = app.url_for("person.page", email=email)
        response = client.get(url)
        assert response.status_code == 200, (email, url)
        heading = response.text.split("<h1>")[1].split("</h1>")[0]
        assert f'<bdi class="address">{email}</bdi>' in unescape(heading)
        assert "<b>bold" not in response.text
        assert card(response.text, "Tokens") == ("5", "5")


def test_odd_addresses_are_addresses_in_every_header(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    put([record(utc_today(), email, *MODELS[7], 5, 0, 0, 0, 0) for email in ODD_PEOPLE])
    database.close()
    for email in ODD_PEOPLE:
        with app.test_request_context():
            url = app.url_for("person.page", email=email)
        for around in ("/", url, f"{url}?days=7"):
            headers = {
                "HX-Request": "true",
                "HX-Request-Type": "partial",
                "HX-Current-URL": f"http://localhost{around}",
            }
            response = client.get(f"{url}?days=7", headers=headers)
            assert response.status_code == 200, (email, response.text)
            assert all(f"{name}{value}".isascii() for name, value in response.headers), email
            assert all(f"{name}{value}".isprintable() for name, value in response.headers), email
            # The address is in the browser already, or goes to its history once.
            kind = "HX-Replace-Url" if around == f"{url}?days=7" else "HX-Push-Url"
            assert urlsplit(response.headers[kind]).path == urlsplit(url).path
        page = client.get(url).text.replace("&#39;", "&#x27;")
        assert f'id="range-form" class="sheet" action="{escape(url)}"' in page


def put(records: list[UsageRecord]) -> None:
    """Store records of one day and tool; the ten weeks before it were read, too."""
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    usage = DayUsage(records[0].day, records, settled=True)
    with writing():
        organization = organization_for(PROVIDERS[records[0].tool])
        replace_day(organization, "test", usage, run, email_domain="x.example")
        store_empty(organization, days_between(usage.day - timedelta(70), usage.day), run)


def test_compares_with_the_days_before(client: FlaskClient, database: Database) -> None:
    today = utc_today()
    for offset, count in ((1, 300), (2, 100), (31, 200), (40, 100)):
        day = today - timedelta(days=offset)
        put([record(day, "ada@x.example", *MODELS[0], count, 0, 0, 0, 0, nanos=10**9)])
    database.close()
    text = shown(part(get(client, "ada@x.example"), "cards"))
    assert "400 +33 % vs" in text
    assert "the only one active on two days" in text
    page = get(client, "ada@x.example")
    assert re.search(r"<text[^>]*>Before</text>", page)
    assert re.search(r"<text[^>]*>200</text>", page)
    assert "Cache share" in text
    assert "vs" not in shown(part(get(client, "ada@x.example", days="all"), "cards"))
    start, end = today - timedelta(days=110), today - timedelta(days=40)
    unknown = part(get(client, "ada@x.example", start=start, end=end), "cards")
    assert shown(unknown).count("no earlier data") == 5
    assert re.search(r"Not compared with [^:]*: records begin on \d", shown(unknown))


def test_the_words_of_a_record() -> None:
    assert detail_parts({"maxMode": True, "kind": "Usage-based", "cloudAgentID": 7}) == [
        ("Cloud agent id", "7"),
        ("Kind", "Usage-based"),
        ("Max mode", "yes"),
    ]
    assert rule_words("mapping") == "mapped by an administrator"
    assert rule_words("a new rule") == "a new rule"
    assert price_words("unpriced") == "not priced"


def test_asks_the_database_a_few_times(company: Reader) -> None:
    email = company.get("users", limit=1)[0]["email"]
    get(company.client, email, days="all")
    with statements() as asked:
        get(company.client, email, start="2026-09-28", end="2026-10-11", tool=CLAUDE_CODE)
    assert len([one for one in asked if "SELECT" in one]) <= MOST_QUERIES
