"""The foot of a pivot: shared keys under their names and what has no owner, below the rows."""

from __future__ import annotations

import csv
import io
import random
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import database as proxy
from app.database import writing
from app.directory.mappings import KeyChange, Owner, change_mappings
from app.directory.people import change_person
from app.ledger import organization_for, replace_day
from app.models import Run
from app.queries.pivot.dimensions import PERSON, TEAM
from app.queries.pivot.measures import COST, DAYS, MEASURES
from app.queries.pivot.pivot import Shape, pivot
from app.queries.scope import Scope
from app.usage import DayUsage, PriceStatus, RawActor, Tokens, UsageRecord
from tests.invented_keys import CAT, DOMAIN
from tests.pivots import check, pairs, records
from tests.reading import page_of, shown
from tests.tools import CLAUDE_CODE, CURSOR

START, END = date(2026, 8, 20), date(2026, 10, 12)
RANGE = f"start={START}&end={END}"
SHARED = {"key_1": "CI", "key_2": "CI", "key_3": "<b>Lab", "key_4": "Nightly farm"}
ACTORS = {
    CLAUDE_CODE: (
        *(RawActor(key=f"key_{number}", workspace="wrk_1") for number in range(1, 6)),
        RawActor(key="key_1", workspace="wrk_2"),
        RawActor(),
        RawActor(account=CAT),
    ),
    CURSOR: (RawActor(account=CAT), RawActor(account="ann@firm.example"), RawActor(key="key_3")),
}
PAIRS = [pair for pair in pairs() if {PERSON, TEAM} & set(pair)]


def fill_shared() -> None:
    """A company whose keys are shared, unmapped, nameless and of people."""
    dice = random.Random(7)
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    with writing():
        for offset in sorted(dice.sample(range((END - START).days + 1), 20)):
            for tool in ACTORS:
                day = START + timedelta(days=offset)
                usage = DayUsage(day, [used(dice, day, tool) for _ in range(6)], settled=True)
                place = organization_for("anthropic" if tool == CLAUDE_CODE else CURSOR)
                replace_day(place, "test", usage, run, email_domain=DOMAIN)
    share(SHARED)
    change_person(CAT, name="", team="Data", left="")


FILLED = {"firm": fill_shared}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    return client


def used(dice: random.Random, day: date, tool: str) -> UsageRecord:
    requests = dice.randrange(9) if tool == CURSOR and dice.random() < 0.7 else None
    nanos = dice.choice((None, dice.randrange(10**10)))
    status = PriceStatus.UNPRICED if nanos is None else PriceStatus.PROVIDER
    tokens = [dice.randrange(1, 5000) for _ in range(5)]
    model = f"{tool}-{dice.choice('abc')}"
    return UsageRecord(
        day, dice.choice(ACTORS[tool]), tool, model, Tokens(*tokens), requests, nanos, nanos, status
    )


def share(names: dict[str, str]) -> None:
    changes = [KeyChange(key, Owner(label=label)) for key, label in names.items()]
    change_mappings(changes, by="test", email_domain=DOMAIN)


def foot_of(client: FlaskClient, query: str) -> list[list[str]]:
    """The rows below the table as read, "" for an empty cell."""
    foot = page_of(client, f"/users?{RANGE}&{query}").split("<tfoot>")[1].split("</tfoot>")[0]
    return [
        [shown(cell) for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr\b.*?</tr>", foot, re.DOTALL)
    ]


def names_of(client: FlaskClient, query: str) -> list[str]:
    return [row[0] for row in foot_of(client, query)]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_line_equals_the_records(
    firm: FlaskClient, monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    found = records()
    assert {record.shared for record in found} == {"", *SHARED.values()}
    for rows, by in PAIRS:
        check(found, Scope(START, END), Shape(rows, by, measure))
    for filters in (((CURSOR,), ()), ((), ("claude_code-a",)), ((), (), ("Data",))):
        check(found, Scope(START, END, *filters), Shape(PERSON, "month", measure))
    monkeypatch.setattr("app.queries.pivot.pivot.MOST_COLUMNS", 1)
    monkeypatch.setattr("app.queries.pivot.pivot.MOST_PERIODS", 2)
    for rows, by in PAIRS:
        check(found, Scope(START, END), Shape(rows, by, measure))


def test_a_search_keeps_the_names_that_match_and_their_columns(firm: FlaskClient) -> None:
    found = records()
    for search in ("CI", "lab", "a", "no such"):
        for by in ("", "tool", "month", "workspace"):
            for measure in MEASURES:
                check(found, Scope(START, END), Shape(PERSON, by, measure, search))


def test_the_words_are_those_of_the_list_of_people(firm: FlaskClient) -> None:
    listed = names_of(firm, "cols=totalTokens")
    assert listed[0] == "2 people"
    assert sorted(listed[1:4]) == ["<b>Lab shared", "CI shared", "Nightly farm shared"]
    assert listed[4:] == ["No owner", "Everything"]
    assert names_of(firm, "by=tool") == listed
    assert names_of(firm, "rows=team") == ["All teams", *listed[1:]]
    assert names_of(firm, "by=tool&q=lab") == ["0 of 2 people", "<b>Lab shared"]
    assert names_of(firm, "cols=totalTokens&q=lab") == ["0 of 2 people", "<b>Lab shared"]
    assert names_of(firm, "by=tool&q=cat") == names_of(firm, "q=cat") == ["1 of 2 people"]
    assert names_of(firm, "by=tool&team=Data") == ["1 person"]
    assert names_of(firm, "rows=model") == ["6 models"]
    page = firm.get(f"/users?{RANGE}&by=tool").text
    assert 'title="Used through 2\u00a0shared keys; not in the sum above"' in page
    assert re.search(r'href="/records\?start=[^"]*&shared=CI"', page)
    assert "<b>Lab" not in page


def test_the_figures_are_those_of_the_list_of_people(firm: FlaskClient) -> None:
    listed = foot_of(firm, "cols=totalTokens&cols=claudeCodeTokens&cols=cursorTokens")
    shown = foot_of(firm, "by=tool&sort=label")
    head = re.findall(r'id="sort-(claude-code|cursor)"', firm.get(f"/users?{RANGE}&by=tool").text)
    assert sorted(head) == ["claude-code", "cursor"]
    turned = 1 if head[0] == "claude-code" else -1
    assert [[row[0], row[3], *row[1:3][::turned]] for row in shown] == [
        [name, total, *(part if part != "0" else "" for part in parts)]
        for name, total, *parts in listed
    ]


def test_many_names_are_summed_up(firm: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    share({"key_5": "Fourth"})
    # What a process asks when it starts is no business of the foot.
    firm.get("/readyz")
    monkeypatch.setattr("app.queries.pivot.footer.MOST_SHARED", 1)
    monkeypatch.setattr("app.queries.people.rows.MOST_SHARED", 1)
    for query in ("", "by=tool", "rows=team&by=month"):
        rows = foot_of(firm, query)
        assert rows[2][0].endswith("other shared keys")
        assert [row[0] for row in rows[3:]] == ["No owner", "Everything"]


def test_how_many_people_share_a_key_is_not_known(firm: FlaskClient) -> None:
    rows = {row[0]: row[1:] for row in foot_of(firm, "by=tool&measure=people")}
    assert {rows["CI shared"][-1], rows["No owner"][-1]} == {"\u2014"}
    assert rows["Everything"] == rows["2 people"]


def test_columns_of_nobody_say_that_shared_keys_are_in_them(firm: FlaskClient) -> None:
    for by in (PERSON, TEAM):
        page = firm.get(f"/users?{RANGE}&rows=model&by={by}").text
        assert "No owner or shared" in page
        file = firm.get(f"/export/users.csv?{RANGE}&rows=model&by={by}").text
        assert "No owner or shared" in file.splitlines()[0]
    share(dict.fromkeys(SHARED, ""))
    page = firm.get(f"/users?{RANGE}&rows=model&by=person").text
    assert "No owner" in page
    assert "or shared" not in page


@pytest.mark.parametrize("query", ["by=tool", "rows=team", "by=month&measure=requests"])
def test_the_file_holds_the_rows_and_what_is_nobodys_but_no_sums(
    firm: FlaskClient, query: str
) -> None:
    page = firm.get(f"/users?{RANGE}&{query}").text
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    answer = firm.get(f"/export/users.csv?{RANGE}&{query}")
    _, *rows = csv.reader(io.StringIO(answer.text))
    people = re.findall(r'scope="row".*?<bdi>(.*?)</bdi>', body, re.DOTALL)
    assert [row[0] for row in rows[: len(people)]] == people
    nobody = {row[0] for row in rows[len(people) :]}
    assert nobody == {"CI (shared)", "<b>Lab (shared)", "Nightly farm (shared)", "No owner"}


@pytest.mark.parametrize(
    "query", ["cols=totalTokens", "rows=team", "by=tool", "by=month&rows=team"]
)
def test_the_file_adds_up_to_everything(firm: FlaskClient, query: str) -> None:
    answer = firm.get(f"/export/users.csv?{RANGE}&{query}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    column = "Total" if "by=" in query else "Tokens"
    stats = firm.get(f"/api/stats?startDate={START}&endDate={END}").json
    assert stats
    assert sum(int(row[column] or 0) for row in rows) == stats["totalTokens"]


@pytest.mark.parametrize(
    "query", ["by=tool", "rows=team&by=month&measure=cost", "by=day", "by=tool&q=ci"]
)
def test_the_foot_asks_the_database_little(
    firm: FlaskClient, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    asked: list[str] = []
    execute = proxy.obj.execute_sql

    def count(sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    share({"key_5": "Fourth"})
    # What a process asks when it starts is no business of the foot.
    firm.get("/readyz")
    monkeypatch.setattr(proxy.obj, "execute_sql", count)
    firm.get(f"/users?{RANGE}&{query}")
    assert not [sql for sql in asked if 'FROM "usage"' in sql]
    of_keys = [sql for sql in asked if 'FROM "actor_day"' in sql]
    assert len(of_keys) == 1, of_keys
    assert len([sql for sql in asked if sql.startswith("SELECT")]) < 30
    asked.clear()
    firm.get(f"/users?{RANGE}&{query}")
    reads = [sql for sql in asked if sql.startswith("SELECT") and sql != "SELECT 1"]
    assert len(reads) <= 5, reads


def test_a_new_name_shows_at_once(firm: FlaskClient) -> None:
    assert "Build" not in names_of(firm, "by=tool")
    share({"key_5": "Build"})
    assert "Build shared" in names_of(firm, "by=tool")


def test_days_of_the_rows_are_counted_anew(firm: FlaskClient) -> None:
    found = records()
    answer = pivot(Scope(START, END, (CLAUDE_CODE,)), Shape(PERSON, "", DAYS))
    days = {one.day for one in found if one.person and one.tool == CLAUDE_CODE}
    assert answer.rows_sum.total
    assert answer.rows_sum.total.value == len(days) < answer.total.value
    assert pivot(Scope(START, END), Shape(PERSON, "", COST)).total.is_partial
