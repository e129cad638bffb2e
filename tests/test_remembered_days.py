"""A day that is replaced changes the answers about that day, and no others."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import database as database_proxy
from app.dates import day_number
from app.ledger import bump_data_version, organization_for, replace_day
from app.models import Run
from app.queries import remembered as module
from app.queries.remembered import forget, remembered
from app.queries.scope import Scope, its_days
from app.usage import DayUsage
from tests import commands
from tests.counting import statements
from tests.office import store, used
from tests.tools import CLAUDE_CODE, CURSOR

FIRST = date(2026, 8, 1)
SPRING, SUMMER = Scope(date(2026, 3, 1), date(2026, 5, 31)), Scope(FIRST, date(2026, 8, 31))
PEOPLE = [f"{name}@acme.example" for name in ("ada", "bob", "cat")]
MODELS = ("auto", "gpt-5-codex", "claude-sonnet-4-5-20250929", "made-up")
RANGES = ("start=2026-08-01&end=2026-08-31", "start=2026-08-05&end=2026-09-12", "days=365")
PAGES = (
    "/api/stats?startDate=2026-08-03&endDate=2026-08-20&comparison=true",
    "/api/users/pivot?startDate=2026-08-01&endDate=2026-08-31",
    "/api/models?startDate=2026-07-01&endDate=2026-08-31",
    "/api/users?limit=5&model=made-up",
    *(f"/export/users.csv?{days}&cols=topModel,trend,change" for days in RANGES),
    *(f"/export/users.csv?{days}&rows=person&by=month" for days in RANGES),
    *(f"/export/users.csv?{days}&rows=model&by=week&measure=people" for days in RANGES),
    *(f"/export/users.csv?{days}&rows=workspace" for days in RANGES),
)

asked: list[Scope] = []
"""What was really asked."""
CALLERS = 8


@remembered(days=its_days)
def told(scope: Scope, who: str = "") -> str:
    asked.append(scope)
    return who


@remembered()
def told_at_leisure() -> str:
    # Without an end where each works it out alone: then a minute.
    give_up = time.monotonic() + commands.SECONDS
    while [turn.callers for turn in module._turns.values()] != [CALLERS]:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    asked.append(SPRING)
    return "yes"


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    asked.clear()
    forget()
    yield
    forget()


def replace(day: date, tokens: int, email: str = PEOPLE[0], model: str = "auto") -> None:
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    usage = DayUsage(day, [used(day, email, CURSOR, tokens, 5, model)], settled=True)
    replace_day(organization_for("cursor"), "test", usage, run, email_domain="acme.example")


def test_an_answer_outlives_what_did_not_touch_it(database: Database) -> None:
    replace(date(2026, 1, 1), 10)
    for scope in (SPRING, SUMMER):
        told(scope)
    replace(FIRST, 10)
    for scope in (SPRING, SUMMER, SUMMER):
        told(scope)
    assert asked == [SPRING, SUMMER, SUMMER]
    replace(FIRST, 10)
    told(SUMMER)
    assert len(asked) == 3, "an unchanged day changes nothing"
    bump_data_version()
    for scope in (SPRING, SUMMER):
        told(scope)
    assert len(asked) == 5


def test_what_happened_in_between_is_all_caught_up_with(database: Database) -> None:
    replace(date(2026, 1, 1), 10)
    for scope in (SPRING, SUMMER):
        told(scope)
    replace(date(2026, 4, 1), 1)
    replace(date(2026, 12, 1), 1)
    replace(date(2026, 8, 31), 1)
    for scope in (SPRING, SUMMER):
        told(scope)
    assert asked == [SPRING, SUMMER, SPRING, SUMMER]


def test_last_year_is_not_read_again_after_a_day_of_this_one(client: FlaskClient) -> None:
    with database_proxy.connection_context():
        store([used(day, PEOPLE[0], CURSOR, 7, 7) for day in (date(2025, 8, 1), FIRST)])
    page = "/api/users/pivot?startDate=2025-08-01&endDate=2025-08-31"
    before = client.get(page).json
    with database_proxy.connection_context():
        replace(FIRST, 9)
    with statements() as made:
        assert client.get(page).json == before
    assert not [one for one in made if "person_month" in one]


def test_many_who_ask_the_same_wait_for_one(database: Database) -> None:
    def ask(_: int) -> str:
        with database_proxy.connection_context():
            return told_at_leisure()

    with ThreadPoolExecutor(CALLERS) as callers:
        assert set(callers.map(ask, range(CALLERS))) == {"yes"}
    assert len(asked) == 1


def test_what_is_remembered_is_what_is_stored(client: FlaskClient) -> None:
    """After days are written at random every page says what a new process says."""
    dice = random.Random(5)
    with database_proxy.connection_context():
        store([used(FIRST + timedelta(n), PEOPLE[n % 3], CLAUDE_CODE, n, n) for n in range(40)])
    for page in PAGES:
        client.get(page)
    for _ in range(8):
        with database_proxy.connection_context():
            for _ in range(dice.randint(1, 3)):
                day = FIRST + timedelta(dice.randrange(-10, 60))
                replace(day, dice.randrange(1000), dice.choice(PEOPLE), dice.choice(MODELS))
        pages = dice.sample(PAGES, 5)
        kept = {page: client.get(page).data for page in pages}
        forget()
        assert {page: client.get(page).data for page in pages} == kept
        for page in PAGES:
            client.get(page)


def test_a_day_says_when_it_changed_last(database: Database) -> None:
    replace(FIRST, 1)
    replace(FIRST, 2)
    rows = database.execute_sql("SELECT day, version FROM day_version").fetchall()
    versions = database.execute_sql("SELECT data_version, overall_version FROM meta").fetchall()
    assert rows == [(day_number(FIRST), versions[0][0])]
    assert versions[0][1] < versions[0][0]


def test_who_or_what_is_new_changes_any_answer(database: Database) -> None:
    for email, model in ((PEOPLE[0], "auto"), (PEOPLE[1], "auto"), (PEOPLE[1], "gpt-5-codex")):
        told(SPRING)
        asked.clear()
        replace(FIRST, 10, email, model)
        told(SPRING)
        assert asked == [SPRING]
