"""Shared keys on pages: lines under their names that add up to what belongs to nobody."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import writing
from app.directory.mappings import KeyChange, Owner, change_mappings
from app.directory.people import change_person
from app.ledger import bump_data_version
from app.models import Actor, Usage
from app.queries.keys.shared import shared_key_lines, unattributed_lines
from app.queries.people.everybody import everybody, merged
from app.queries.people.rows import MOST_SHARED
from app.queries.scope import Scope
from app.queries.sums.figures import add_up
from app.rollups import refresh_everything
from tests.invented_keys import ANN, CAT, DAYS, DOMAIN, fill_firm
from tests.reading import shown
from tests.tools import CLAUDE_CODE

SCOPES = (
    Scope(),
    Scope(*DAYS[:2]),
    Scope(tools=(CLAUDE_CODE,)),
    Scope(tools=("cursor",)),
    Scope(models=("claude_code-model",)),
    Scope(teams=("Data",)),
)
RANGE = f"start={DAYS[0]}&end={DAYS[-1]}"


def fill_shared() -> None:
    """A small company that shares two keys as "CI" and one as "<b>Lab"."""
    fill_firm()
    share("CI", "key_made", "key_rule")
    share("<b>Lab", "key_named")


FILLED = {"firm": fill_shared}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    return client


def share(label: str, *keys: str) -> None:
    changes = [KeyChange(key, Owner(label=label)) for key in keys]
    change_mappings(changes, by="test", email_domain=DOMAIN)


def foot_of(client: FlaskClient, query: str = "") -> list[str]:
    """The rows below the list, as read."""
    page = client.get(f"/users?{RANGE}&cols=totalTokens&cols=tools{query}")
    assert page.status_code == 200
    foot = page.text.split("<tfoot>")[1].split("</tfoot>")[0]
    rows = re.findall(r"<tr.*?</tr>", foot, re.DOTALL)
    return [shown(row) for row in rows]


@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("most", [0, 1, 9])
def test_the_lines_add_up_to_all_that_is_nobodys(
    firm: FlaskClient, scope: Scope, most: int
) -> None:
    change_person(ANN, name="", team="Data", left="")
    nobody = everybody(scope).unattributed()
    lines = unattributed_lines(scope, nobody, most)
    parts = [*lines.shared, *([lines.others] if lines.others else [])]
    assert add_up([lines.rest, *(part.figures for part in parts)]) == merged(nobody)
    for tool, figures in nobody.items():
        told = sum(part.by_tool.get(tool, 0) for part in parts) + lines.rest_by_tool[tool]
        assert told == figures.tokens
    assert len(lines.shared) <= most + 1


def test_each_name_has_a_line_with_its_keys_in_the_title(firm: FlaskClient) -> None:
    people, farm, lab, rest, everything = foot_of(firm)
    assert people.startswith("1 person 15")
    assert farm.startswith("CI shared 1.20 M Claude Code 100")
    assert lab.startswith("<b>Lab shared 6.00 K")
    assert rest.startswith("No owner 90.0 K")
    assert everything.startswith("Everything ")
    page = firm.get(f"/users?{RANGE}").text
    assert 'title="Used through 2\u00a0shared keys; not in the sum above"' in page
    assert re.search(r'href="/records\?start=[^"]*&shared=CI"', page)
    assert "<b>Lab" not in page


def test_what_is_all_shared_leaves_no_line_without_an_owner(firm: FlaskClient) -> None:
    assert foot_of(firm, "&model=cursor-model")[1:] == []
    share("All", "key_plain")
    assert foot_of(firm)[-2].startswith("No owner 21 ")


def test_a_search_keeps_only_names_that_match(firm: FlaskClient) -> None:
    assert [row.split()[0] for row in foot_of(firm, "&q=cat")] == ["1"]
    nobody, line = foot_of(firm, "&q=lAB")
    assert nobody.startswith("0 of 1 person")
    assert line.startswith("<b>Lab shared 6.00 K")
    assert "Nobody matches" in firm.get(f"/users?{RANGE}&q=nothing").text


def test_a_team_has_no_shared_keys(firm: FlaskClient) -> None:
    change_person(CAT, name="", team="Data", left="")
    assert len(foot_of(firm, "&team=Data")) == 1
    assert shared_key_lines(Scope(teams=("Data",))) == []


def test_many_names_are_summed_up(firm: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SHARED < 10
    share("Third", "key_plain")
    monkeypatch.setattr("app.queries.people.rows.MOST_SHARED", 1)
    rows = foot_of(firm)
    assert rows[2].startswith("2 other shared keys 96.0 K")
    assert len(rows) == 5


def test_the_overview_tells_shared_keys_from_what_has_no_owner(firm: FlaskClient) -> None:
    page = firm.get(f"/?{RANGE}").text
    table = page.split('id="people"')[1].split("</table>")[0]
    plain = shown(table)
    assert "CI (shared) 1.20 M" in plain
    assert "<b>Lab (shared) 6.00 K" in plain
    assert "No owner 90.0 K" in plain
    link = re.search(r'href="([^"]*shared=CI)"', table)
    assert link
    there = firm.get(unescape(link[1])).text
    assert "Records: CI (shared)" in there
    assert 'href="/settings/mappings?q=CI"' in there


def test_the_overview_has_no_notice_when_all_of_nobody_is_shared(firm: FlaskClient) -> None:
    share("Rest", "key_plain")
    assert "has no owner" not in firm.get(f"/?{RANGE}").text
    nameless = Actor.select(Actor.id).where((Actor.key == "") & (Actor.account == ""))
    with writing():
        Usage.delete().where(Usage.actor.in_(nameless)).execute()
        refresh_everything()
        bump_data_version()
    page = firm.get(f"/?{RANGE}").text
    assert "<bdi>CI</bdi> (shared)" in page
    assert "No owner" not in page.split('id="people"')[1].split("</table>")[0]
    assert "has no owner" not in page


def test_a_new_name_shows_at_once(firm: FlaskClient) -> None:
    assert foot_of(firm)[1].startswith("CI ")
    share("Build farm", "key_made", "key_rule")
    assert foot_of(firm)[1].startswith("Build farm ")
