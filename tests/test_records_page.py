"""Raw records at `/records`: whose they are, what they add up to, and their CSV file."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database
from werkzeug.datastructures import MultiDict

from app.directory.people import merge_people
from app.queries.records import raw
from app.web.records.view import RecordsView, parse_records_view
from tests.filled import COMPANY_DAYS, Reader
from tests.imported import DOMAIN, event, events, put, tokens, usage
from tests.reading import page_of, part, shown, unescaped

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
TODAY = date(2026, 11, 22)
QUERIES = ("", "&tool=cursor", "&owner=none", "&owner=people&model=Sonnet+4.5", "&team=Platform")


def exported(client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/export/records.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def summed(page: str, name: str) -> str:
    """A sum of the page with every digit, without its unit."""
    found = re.search(r'title="\$?([\d,.]+)', part(page, f"sum-{name}"))
    assert found
    return found[1].replace(",", "")


def view_of(query: str) -> RecordsView:
    pairs = [tuple(part.split("=")) for part in query.split("&")]
    return parse_records_view(MultiDict(pairs), TODAY)


@pytest.mark.parametrize("query", QUERIES)
def test_the_file_holds_every_record_and_the_page_their_sums(
    company: Reader, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "AT_ONCE", 70)
    page = unescaped(company.client, f"/records?{RANGE}{query}")
    rows = exported(company.client, f"{RANGE}{query}")
    assert rows
    assert len(rows) == int(summed(page, "records"))
    assert sum(int(row["Tokens"]) for row in rows) == int(summed(page, "tokens"))
    assert sum(Decimal(row["Cost"] or 0) for row in rows) == Decimal(summed(page, "cost"))
    assert len({row["Day"] for row in rows}) == int(summed(page, "days"))
    assert [row["Day"] for row in rows] == sorted((row["Day"] for row in rows), reverse=True)
    owners = {row["Owner"] for row in rows} - {""}
    assert (len(owners) == int(summed(page, "people"))) if owners else "sum-people" not in page


def test_everything_is_the_total_of_the_overview(company: Reader) -> None:
    rows = exported(company.client, RANGE)
    told = company.get("stats", startDate=str(COMPANY_DAYS[0]), endDate=str(COMPANY_DAYS[1]))
    assert sum(int(row["Tokens"]) for row in rows) == told["totalTokens"]
    assert round(float(sum(Decimal(row["Cost"] or 0) for row in rows)), 6) == told["totalCost"]


def test_a_record_begins_with_its_figures(company: Reader) -> None:
    page = shown(part(unescaped(company.client, f"/records?{RANGE}"), "records"))
    assert "Day and time Model Tokens Cost Billed Requests Input Cache write" in page


def test_the_holders_add_up_and_lead_to_their_records(company: Reader) -> None:
    page = unescaped(company.client, f"/records?{RANGE}&holders=all")
    body = part(page, "holders").split("<tbody>")[1].split("</tbody>")[0]
    figures = re.findall(r'href="(\?[^"]*)"\s+title="([\d,]+) tokens"', body)
    assert len(figures) > 9
    parts = [int(figure.replace(",", "")) for _, figure in figures]
    assert sum(parts) == int(summed(page, "tokens"))
    for link, figure in (figures[0], figures[-1]):
        there = unescaped(company.client, f"/records{link.replace('&holders=all', '')}")
        assert summed(there, "tokens") == figure.replace(",", "")
    few = unescaped(company.client, f"/records?{RANGE}")
    assert re.search(r'id="every-holder"[^>]*>\d+ others', few)


def test_a_record_names_organization_source_run_and_price(company: Reader) -> None:
    page = shown(part(unescaped(company.client, f"/records?{RANGE}&tool=claude_code"), "records"))
    assert re.search(r"Anthropic messages report Read \d+ \w+ \d+ \d\d:\d\d UTC by run 1", page)
    assert re.search(r"Price claude-[a-z0-9-]+ Raw|Price claude-[a-z0-9-]+ since", page)
    assert "Organization Anthropic main" in page
    row = exported(company.client, f"{RANGE}&tool=claude_code")[0]
    assert (row["Organization"], row["Source"]) == ("Anthropic main", "Anthropic messages report")
    assert row["Run"] == "1"


def test_a_record_of_files_names_them(client: FlaskClient, database: Database) -> None:
    put(events(event(model="=1+1")), "team.csv")
    put(events(event("2026-11-02T11:00:00.000Z")), "more.csv")
    put(tokens(usage()), "tokens.csv")
    database.close()
    rows = exported(client, "days=all")
    of_cursor = [row for row in rows if row["Tool"] == "Cursor"]
    assert {row["Files"] for row in of_cursor} == {"#1 team.csv, #2 more.csv"}
    assert "'=1+1" in {row["Raw model"] for row in of_cursor}
    (priced,) = [row for row in rows if row["Files"] == "#3 tokens.csv"]
    assert priced["Price"] == "price table"
    assert priced["Price row"].startswith("claude-sonnet-4-5")
    assert priced["Source"] == "Anthropic export"
    assert "Files #1 team.csv, #2 more.csv" in shown(page_of(client, "/records?days=all"))


def test_the_metadata_says_whose_records_the_file_holds(company: Reader) -> None:
    query = f"?{RANGE}&tool=claude_code&owner=none"
    answer = company.client.get(f"/export/records.csv{query}")
    headings, *rows = csv.reader(io.StringIO(answer.text))
    there = f"/export/records.csv-metadata.json{query}"
    assert f"<{there}>" in answer.headers["Link"]
    assert f'href="{there}"' in unescaped(company.client, f"/records{query}")
    name = f"records_{COMPANY_DAYS[0]}_{COMPANY_DAYS[1]}_claude-code_none.csv"
    assert name in answer.headers["Content-Disposition"]
    told = company.client.get(there).json or {}
    assert told["rows"] == len(rows)
    assert told["filters"] == {
        "tool": ["claude_code"], "model": [], "team": [], "organization": [], "product": [],
        "search": "", "owner": ["none"],
    }  # fmt: skip
    assert [one["titles"] for one in told["tableSchema"]["columns"]] == headings


def test_a_further_address_stands_for_its_person(client: FlaskClient, database: Database) -> None:
    put(events(event(), event("2026-11-02T11:00:00.000Z", user="a.lee@example.com")))
    merge_people("ann@example.com", "a.lee@example.com", email_domain=DOMAIN)
    database.close()
    rows = exported(client, "days=all&person=A.Lee@example.com")
    assert [row["Owner"] for row in rows] == ["ann@example.com"] * 2


@pytest.mark.parametrize(
    "query",
    [
        "owner=bogus",
        "person=nobody@nowhere.example",
        "person=%00",
        "shared=none+such",
        "key=none+such&key=",
        "organization=anthropic:none",
        "organization=%3Cb%3E&workspace=",
        "workspace=none",
        "person=%3Cscript%3Ealert(1)%3C/script%3E",
        "page=9999999&owner=none&days=all",
        "team=Nope",
        "start=2001-01-01&end=2001-01-02",
    ],
)
def test_odd_queries_match_nothing_and_break_nothing(town: Reader, query: str) -> None:
    page = page_of(town.client, f"/records?{query}")
    assert "<script>alert" not in page
    rows = exported(town.client, query)
    assert ('id="empty"' in page) is (rows == [])
    known = query.startswith(("person=%00", "page=", "key="))
    assert known or rows == []


def test_the_query_string_says_only_what_is_chosen() -> None:
    for query in (
        "tool=cursor&owner=none&person=a%40x.example&shared=CI&shared=Lab".replace("%40", "@"),
        "organization=anthropic:main&key=k1&key=&workspace=",
        "holders=all",
    ):
        again = dict.fromkeys(view_of(query).arguments())
        assert list(again) == [tuple(part.split("=")) for part in query.split("&")]
    view = view_of("owner=none&page=3")
    assert view.query(every_holder=True).endswith("owner=none&page=3&holders=all")
    assert view.of_everybody() == "?"


def test_an_empty_database_says_so(client: FlaskClient) -> None:
    assert "No usage yet" in shown(page_of(client, "/records"))
    assert exported(client, "days=all") == []


def test_a_part_is_answered_to_htmx(company: Reader) -> None:
    headers: dict[str, Any] = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = company.client.get(f"/records?{RANGE}&owner=none&page=1", headers=headers)
    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == f"/records?{RANGE}&owner=none"
