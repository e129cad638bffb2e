"""`organization` filters every read, page and file, as the records of the organisation say."""

from __future__ import annotations

import csv
import io
import random
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from app.database import database as proxy
from app.queries.pivot.dimensions import ORGANIZATION
from app.queries.pivot.measures import MEASURES
from app.queries.pivot.pivot import Shape
from app.queries.remembered import forget
from app.queries.scope import Scope, slices_of
from app.queries.sums.days import series_days
from tests import expected
from tests.asked import facts_of, query_of
from tests.counting import reads_of
from tests.expected import exact, grouped, tokens
from tests.filled import OFFICES, Fact, Reader
from tests.pivots import check, pairs, records
from tests.reading import page_of, shown, unescaped
from tests.tools import CLAUDE_CODE, CURSOR

FILTERS: tuple[dict[str, Any], ...] = (
    {"organization": "anthropic:EMEA"},
    {"organization": "anthropic:main"},
    {"organization": "EMEA"},
    {"organization": ["anthropic:main", "cursor:EMEA"]},
    {"organization": [*OFFICES]},
    {"organization": ["anthropic:main", "anthropic:EMEA"]},
    {"organization": "main", "tool": CURSOR},
    {"organization": "anthropic:EMEA", "tool": CURSOR},
    {"organization": "EMEA", "model": "Sonnet 4.5"},
    {"organization": "anthropic:EMEA", "model": "claude-sonnet-4-5-20250929"},
    {"organization": "main", "team": "Platform"},
    {"organization": ["EMEA", "cursor:main"], "team": "Platform", "model": ["auto", "Opus 4.1"]},
    {"organization": "Nope"},
    {"organization": ["Nope", "cursor:EMEA"]},
    {"organization": "anthropic:Nope"},
    {"product": "Nope"},
)
HOW_FAR = (0, 9, 40, 74)


def asked(reader: Reader, filters: dict[str, Any]) -> list[tuple[date, date, list[Fact]]]:
    """Ranges that end today, and the facts that the filters leave of each."""
    found = []
    for length in HOW_FAR:
        start = reader.today - timedelta(days=length)
        facts = facts_of(reader, start, reader.today, **filters)
        found.append((start, reader.today, [] if "product" in filters else facts))
    return found


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_every_json_read_tells_what_the_records_say(
    offices: Reader, filters: dict[str, Any]
) -> None:
    everything = offices.facts
    for start, end, facts in asked(offices, filters):
        query = query_of(start, end, **filters)
        exact(offices.get("stats", **query), expected.stats(facts))
        exact(offices.get("trends", **query), expected.trends(facts, start, end))
        exact(offices.get("models", **query), expected.models(facts))
        exact(offices.get("users", **query), expected.users(facts, everything))
        found = offices.get("users/pivot", **query)
        exact(found["users"], expected.pivot_rows(facts, everything))
        exact(found["totals"], expected.pivot_totals(facts))
        email = "ada@town.example"
        exact(offices.get(f"users/{email}", **query), expected.person(email, facts, everything))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_days_before_are_of_the_same_organizations(
    offices: Reader, filters: dict[str, Any]
) -> None:
    start, end = offices.today - timedelta(days=9), offices.today
    before = (start - timedelta(days=10), start - timedelta(days=1))
    facts = [] if "product" in filters else facts_of(offices, *before, **filters)
    found = offices.get("stats", **query_of(start, end, **filters), comparison="true")
    exact(found["previousPeriod"], expected.stats(facts))


def test_organizations_add_up_to_everything(offices: Reader) -> None:
    parts = [offices.get("stats", organization=slug) for slug in OFFICES]
    whole = offices.get("stats")
    assert all(part["totalTokens"] for part in parts)
    for name in ("totalTokens", "totalInputTokens", "claudeCodeTokens", "unpricedTokens"):
        assert sum(part[name] for part in parts) == whole[name]
    assert sum(part["totalCost"] for part in parts) == pytest.approx(whole["totalCost"], abs=1e-5)
    assert sum(part["activeUsers"] for part in parts) > whole["activeUsers"]
    exact(offices.get("stats", organization=[*OFFICES]), whole)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_file_of_records_holds_those_of_the_organizations(
    offices: Reader, filters: dict[str, Any]
) -> None:
    start, end, facts = asked(offices, filters)[-1]
    query = {"start": start.isoformat(), "end": end.isoformat(), **filters}
    rows = table_of(offices.client, "/export/records.csv", query)
    assert len(rows) == len(facts)
    assert sum(int(row["Tokens"]) for row in rows) == tokens(facts)
    names = {slug: f"{'Anthropic' if 'anth' in slug else 'Cursor'} {slug.split(':')[1]}"
             for slug in OFFICES}  # fmt: skip
    by_name = grouped(facts, lambda fact: names[fact.organization])
    for name, group in by_name.items():
        own = [row for row in rows if row["Organization"] == name]
        assert sum(int(row["Tokens"]) for row in own) == tokens(group)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_file_of_people_holds_their_usage_in_the_organizations(
    offices: Reader, filters: dict[str, Any]
) -> None:
    start, end, facts = asked(offices, filters)[-1]
    query = {"start": start.isoformat(), "end": end.isoformat(), **filters}
    rows = table_of(offices.client, "/export/users.csv", query)
    nobody = [fact for fact in facts if fact.email is None]
    people = {fact.email for fact in facts} - {None}
    assert len(rows) == len(people) + bool(nobody)
    [total] = {name for name in rows[0] if name.startswith("Tokens")} if rows else {"Tokens"}
    assert sum(int(row[total]) for row in rows) == tokens(facts)
    told = offices.client.get("/export/users.csv-metadata.json", query_string=query).json
    given = filters.get("organization", [])
    assert told["filters"]["organization"] == ([given] if isinstance(given, str) else given)
    assert told["filters"]["product"] == (["Nope"] if "product" in filters else [])
    assert told["rows"] == len(rows)


def table_of(client: FlaskClient, path: str, query: dict[str, Any]) -> list[dict[str, str]]:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("seed", range(3))
def test_any_pivot_equals_the_records(offices: Reader, seed: int) -> None:
    dice = random.Random(seed)
    of_organizations = [pair for pair in pairs() if ORGANIZATION in pair]
    with proxy.connection_context():
        found = records()
        for _ in range(40):
            start = offices.today - timedelta(days=dice.randrange(75))
            names = (*OFFICES, "EMEA", "main", "Nope")
            scope = Scope(
                start,
                offices.today,
                tuple(dice.sample((CLAUDE_CODE, CURSOR), dice.choice((0, 0, 1)))),
                tuple(dice.sample(("Sonnet 4.5", "auto"), dice.choice((0, 0, 1)))),
                tuple(dice.sample(("Platform", "Nobody"), dice.choice((0, 0, 1)))),
                tuple(dice.sample(names, dice.choice((0, 1, 1, 2)))),
            )
            shape = dice.choice(of_organizations if dice.random() < 0.6 else pairs())
            check(found, scope, Shape(*shape, dice.choice(tuple(MEASURES))))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_days_count_each_of_their_people_once(offices: Reader, filters: dict[str, Any]) -> None:
    start, end, facts = asked(offices, filters)[2]
    given = {name: (one,) if isinstance(one, str) else tuple(one) for name, one in filters.items()}
    scope = Scope(start, end, **{f"{name}s": values for name, values in given.items()})
    by_day = grouped(facts, lambda fact: fact.day)
    with proxy.connection_context():
        for one in series_days(scope, slices_of(scope).by_tool):
            people = {fact.email for fact in by_day.get(one.day, [])} - {None}
            assert one.people == len(people), one.day


def test_no_days_or_people_are_counted_that_are_not_told(offices: Reader) -> None:
    for path in ("trends?days=30", "stats?days=30&comparison=true"):
        forget()
        read = reads_of(offices.client, f"/api/{path}&organization=EMEA")
        assert any("total_day" in one for one in read)
        assert not [one for one in read if "DISTINCT" in one]


def test_a_tool_of_which_nothing_is_left_out_is_one_slice(offices: Reader) -> None:
    with proxy.connection_context():
        both = slices_of(Scope(organizations=("anthropic:main", "anthropic:EMEA")))
        assert len(both.whole) == 1
        assert slices_of(Scope(organizations=tuple(OFFICES))).whole == (1,)
        assert len(slices_of(Scope(organizations=("anthropic:EMEA",))).whole) > 1


@pytest.mark.parametrize("path", ["/", "/users", "/users?rows=team", "/users?rows=tool&by=model",
                                  "/records", "/users/ada@town.example"])  # fmt: skip
@pytest.mark.parametrize("kind", ["organization", "product"])
def test_an_unknown_one_matches_nothing_and_says_so(offices: Reader, path: str, kind: str) -> None:
    glue = "&" if "?" in path else "?"
    page = page_of(offices.client, f"{path}{glue}days=30&{kind}=Nope")
    assert f"There is no {kind} \u201cNope\u201d, so nothing matches. Drop it" in shown(page)
    href = re.search(r'so nothing matches. <a href="([^"]+)"', page)
    assert href
    assert "Nope" not in href[1]
    assert "There is no" not in page_of(offices.client, path.partition("?")[0] + href[1])


def test_the_choice_travels_along(offices: Reader) -> None:
    chosen = "organization=anthropic:EMEA&organization=main"
    for path in ("/", "/users", "/users?rows=model&by=organization", "/records",
                 "/users/ada@town.example"):  # fmt: skip
        glue = "&" if "?" in path else "?"
        page = unquote(unescaped(offices.client, f"{path}{glue}days=60&{chosen}"))
        links = re.findall(r'href="([^"#]*[?&]days=60[^"]*)"', page)
        kept = [link for link in links if chosen in link]
        assert len(kept) > 10, path
        # All but those that drop or change the choice itself.
        for link in set(links) - set(kept):
            assert len(re.findall("[?&]organization=", link)) < 2, link


def test_a_page_offers_its_organizations_where_a_vendor_has_several(
    offices: Reader,
) -> None:
    page = unescaped(offices.client, "/?days=60&organization=anthropic:EMEA")
    form = page.split('id="organization-form"')[1].split("</form>")[0]
    assert set(re.findall(r'value="([a-z]+:\w+)"', form)) == set(OFFICES)
    assert re.findall(r'value="([^"]*)"\s+checked', form) == ["anthropic:EMEA"]
    assert "All organizations" in shown(form)
    assert "<span>Anthropic EMEA</span>" in page
    assert 'value="organization"' in unescaped(offices.client, "/users")


def test_a_page_without_several_offers_none(town: Reader) -> None:
    for path in ("/", "/users", "/users?rows=tool"):
        assert "organization" not in unescaped(town.client, path)
    shape = unescaped(town.client, "/users?rows=organization").split('id="shape"')[1]
    assert '<option value="organization" selected>' in shape
    assert 'placeholder="Find an organization"' in unescaped(
        town.client, "/users?rows=organization"
    )


def test_a_figure_of_an_organization_leads_to_the_same_figure(offices: Reader) -> None:
    page = unescaped(offices.client, "/users?days=60&rows=organization&by=model")
    links = set(re.findall(r'href="(/[^"]*organization=[^"]*)" title="([\d,]+)"', page))
    assert len(links) > 8
    for link, figure in sorted(links)[:12]:
        assert f'title="{figure} tokens"' in unescaped(offices.client, link), link


def test_a_workspace_is_one_of_its_organization(offices: Reader) -> None:
    query = {"days": "all", "organization": "anthropic:EMEA", "workspace": "wrkspc_1"}
    facts = [fact for fact in offices.facts
             if (fact.organization, fact.workspace) == ("anthropic:EMEA", "wrkspc_1")]  # fmt: skip
    rows = table_of(offices.client, "/export/records.csv", query)
    assert facts
    assert sum(int(row["Tokens"]) for row in rows) == tokens(facts)
