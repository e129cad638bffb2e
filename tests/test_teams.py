"""Teams: figures of their members alone, the filter on every page, and the pivot by team."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import database as proxy
from app.dates import utc_today
from app.demo.teams import TEAMS as INVENTED
from app.demo.teams import store_teams, team_of
from app.ledger import bump_data_version
from app.models import Meta, Person, Team
from app.queries.keys.unmapped import unmapped_keys
from app.queries.people.rows import PeopleQuestion, footer, people_rows
from app.queries.scope import Scope
from app.queries.sums.ranges import people_counts, sums_of_ranges
from tests.expected import chosen, grouped, tokens
from tests.figures import daily
from tests.filled import TEAMS, Reader
from tests.office import store, used
from tests.reading import shown
from tests.tools import CURSOR

COLUMNS = ("totalTokens", "change", "trend", "topModel", "daysActive")


@pytest.fixture
def ledger(town: Reader) -> Iterator[Reader]:
    """The town with its database connected."""
    with proxy.connection_context():
        yield town


def scopes(reader: Reader) -> list[Scope]:
    """Two ranges, each for one team, for both, and for one and a tool."""
    near = Scope(reader.today - timedelta(days=29), reader.today)
    far = Scope(reader.today - timedelta(days=121), reader.today - timedelta(days=3))
    filters: tuple[dict[str, Any], ...] = (
        {"teams": ("Platform",)},
        {"teams": TEAMS},
        {"teams": ("Data & AI",), "tools": ("cursor",)},
    )
    return [scope._replace(**one) for scope in (near, far) for one in filters]


def test_the_overview_counts_members_alone(ledger: Reader) -> None:
    for scope in scopes(ledger):
        facts = chosen(ledger.facts, *scope)
        (whole,) = sums_of_ranges([scope])
        assert whole.figures.tokens == tokens(facts)
        assert whole.figures.value_nanos == sum(fact.nanos or 0 for fact in facts)
        assert not any(whole.unattributed)
        assert people_counts([scope]) == [len({fact.email for fact in facts})]
        by_day = grouped(facts, lambda fact: fact.day)
        for day in daily(scope):
            assert day.figures.tokens == tokens(by_day.get(day.day, []))
        assert unmapped_keys(scope) == []


def test_the_list_of_people_holds_members_alone(ledger: Reader) -> None:
    for scope in scopes(ledger):
        facts, before = chosen(ledger.facts, *scope), scope.previous(ledger.today)
        assert before
        earlier = chosen(ledger.facts, *before)
        asked = PeopleQuestion(
            scope, COLUMNS, compared=(scope, before),
            curve=[(scope.start, scope.end)],
        )  # fmt: skip
        found = people_rows(asked)
        assert {row.person.email for row in found.rows} == {fact.email for fact in facts}
        for row in found.rows:
            own = [fact for fact in facts if fact.email == row.person.email]
            old = [fact for fact in earlier if fact.email == row.person.email]
            assert row.compared == (tokens(own), tokens(old))
            assert sum(row.trend) == row.person.figures.tokens == tokens(own)
        below = footer(asked)
        assert below.people.figures.tokens == tokens(facts)
        assert not any(below.unattributed)


@pytest.mark.parametrize("path", ["/", "/users", "/users?by=model", "/users?rows=team"])
def test_every_page_offers_the_teams_and_keeps_the_chosen(town: Reader, path: str) -> None:
    glue = "&" if "?" in path else "?"
    page = town.client.get(f"{path}{glue}team=Platform&days=90").text
    form = page.split('id="team-form"')[1].split("</form>")[0]
    assert [unescape(name) for name in re.findall(r'value="([^"]*)"\s*(?:checked)?>', form)][
        -len(TEAMS) :
    ] == list(TEAMS)
    assert re.search(r'value="Platform"\s+checked', form)
    assert 'id="clear"' in page
    assert "team=Platform" in page.split('id="days-7"')[1].split(">")[0]


def test_chips_take_one_of_several_teams_away(town: Reader) -> None:
    page = town.client.get("/users", query_string={"team": TEAMS}).text
    chips = page.split('id="chips"')[1].split("</ul>")[0]
    assert re.findall(r'href="([^"]*)"', chips) == ["?team=Platform", "?team=Data+%26+AI"]


@pytest.mark.parametrize("path", ["/", "/users", "/users?rows=model", "/export/users.csv"])
def test_an_odd_team_is_no_error_and_no_markup(town: Reader, path: str) -> None:
    glue = "&" if "?" in path else "?"
    odd = town.client.get(f"{path}{glue}team=Nobody%27s+%3Cteam%3E&team=%00")
    assert odd.status_code == 200
    assert "<team" not in odd.text


def test_the_page_of_a_person_shows_all_of_theirs_and_leads_back(town: Reader) -> None:
    plain = town.client.get("/users/ada@town.example?days=90").text
    page = town.client.get("/users/ada@town.example?days=90&team=Platform").text
    assert shown(page.split('id="cards"')[1].split('id="daily"')[0]) == shown(
        plain.split('id="cards"')[1].split('id="daily"')[0]
    )
    assert "team=Platform" in page
    assert 'id="team-form"' not in page


def test_the_pivot_by_team_links_to_the_team_and_names_the_rest(town: Reader) -> None:
    page = town.client.get("/users?rows=team&days=90").text
    table = page.split('id="table"')[1].split("</table>")[0]
    assert "team=Platform" in table
    assert "No team" in shown(table)
    assert "No owner" in shown(table)
    assert "team=No" not in table
    assert "All teams" in shown(table)


def test_a_filtered_export_is_named_after_its_team(town: Reader) -> None:
    name = town.client.get("/export/users.csv?team=Platform").headers["Content-Disposition"]
    assert name.endswith('_Platform.csv"')


def test_a_changed_team_shows_at_once(
    client: FlaskClient, database: Database, ledger_of_two: None
) -> None:
    def emails() -> list[str]:
        rows = client.get("/api/users?team=Platform").json
        return [row["email"] for row in rows]

    assert emails() == []
    store_in("Platform", "ada@acme.example")
    assert emails() == ["ada@acme.example"]
    store_in("Platform", "bob@acme.example")
    assert sorted(emails()) == ["ada@acme.example", "bob@acme.example"]


@pytest.fixture
def ledger_of_two(database: Database) -> None:
    """Two people with usage today."""
    store([used(utc_today(), f"{name}@acme.example", CURSOR, 5, 7) for name in ("ada", "bob")])


def store_in(name: str, email: str) -> None:
    team, _ = Team.get_or_create(name=name)
    Person.update(team=team).where(Person.email == email).execute()
    bump_data_version()


def test_invented_people_have_repeatable_teams(database: Database) -> None:
    emails = [f"person-{number}@acme.example" for number in range(400)]
    Person.insert_many([{"email": email} for email in emails]).execute()
    store_teams(emails, seed=1)
    found = dict(Person.select(Person.email, Team.name).join(Team).tuples())
    assert set(found.values()) == {name for name, _ in INVENTED}
    assert 0 < len(emails) - len(found) < 60
    assert found == {email: team_of(email, 1) for email in emails if team_of(email, 1)}
    version = Meta.get().data_version
    store_teams(emails, seed=1)
    assert Meta.get().data_version == version
