"""Databases filled once per run and engine, only read by tests, and all the facts in them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import JOIN, Case

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from app.database import open_database, writing
from app.dates import day_number, day_of, days_between, utc_today
from app.ledger import bump_data_version, organization_for, replace_day
from app.models import Actor, Organization, Partition, Person, Run, Slice, Team, Usage
from app.providers import PROVIDERS
from app.usage import DayUsage, PriceStatus, RawActor, Tokens, UsageRecord
from tests.invented import configured, sync
from tests.sharing import once
from tests.tools import CLAUDE_CODE, CURSOR
from tests.upstream import Company, Truth, Upstream, true_totals

COMPANY_DAYS = (date(2026, 9, 21), date(2026, 10, 11))
LEAP_DAYS = (date(2023, 12, 20), date(2024, 3, 20))
MODELS = (
    (CLAUDE_CODE, "claude-sonnet-4-5-20250929"),
    (CLAUDE_CODE, "claude-sonnet-4-5-20250929[1m]"),
    (CLAUDE_CODE, "claude-opus-4-1-20250805"),
    (CLAUDE_CODE, ""),
    (CURSOR, "claude-4.5-sonnet-thinking"),
    (CURSOR, "default"),
    (CURSOR, "auto"),
    (CURSOR, "gpt-5-codex"),
)
TOWNSPEOPLE = (
    "ada@town.example",
    "100%@town.example",
    "under_score@town.example",
    "back\\slash@town.example",
    "josé@town.example",
    "quiet@town.example",
)
TEAMS = ("Data & AI", "Platform")
TWINS = ("twin.1@town.example", "twin-1@town.example", "twin_1@town.example", "twin1@town.example")
OFFICES = {
    "anthropic:main": CLAUDE_CODE,
    "anthropic:EMEA": CLAUDE_CODE,
    "cursor:main": CURSOR,
    "cursor:EMEA": CURSOR,
}
"""Organisations with people and models in common, and the tool of each."""
NEAR_DAYS = (0, 1, 2, 5, 6, 7, 12, 13, 14, 15, 28, 29, 30, 31, 44, 59, 60, 61, 89, 90, 120)


class Fact(NamedTuple):
    """One stored record: whose, what, tokens (input, write, read, output), nano-dollars of value
    and billed, team, organisation, workspace."""

    day: date
    email: str | None
    tool: str
    raw: str
    model: str
    input: int
    write: int
    read: int
    output: int
    nanos: int | None
    billed: int | None
    team: str | None = None
    organization: str = ""
    workspace: str = ""

    @property
    def tokens(self) -> int:
        """All tokens of the record."""
        return self.input + self.write + self.read + self.output


class Filled(NamedTuple):
    """A filled database: its configuration, the UTC day it was filled on, what it holds."""

    config: Config
    today: date
    facts: list[Fact]
    truth: Truth | None = None


class Reader(NamedTuple):
    """A filled database behind a running application."""

    app: Flask
    client: FlaskClient
    today: date
    facts: list[Fact]
    truth: Truth | None

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a good answer."""
        response = self.client.get(f"/api/{path}", query_string=query)
        assert response.status_code == 200, response.text
        return response.json

    def refused(self, path: str, **query: Any) -> str:
        """The sentence of a 400."""
        response = self.client.get(f"/api/{path}", query_string=query)
        assert response.status_code == 400, response.text
        assert set(response.json) == {"error"}
        return response.json["error"]


def stored_facts() -> list[Fact]:
    """Every usage record, without any rollup."""
    parts = (
        Usage.input_tokens,
        Usage.cache_write_5m_tokens + Usage.cache_write_1h_tokens,
        Usage.cache_read_tokens,
        Usage.output_tokens,
        Usage.value_nanos,
        Usage.billed_nanos,
        Team.name,
        Organization.provider.concat(":").concat(
            Case(None, [(Organization.name == "", "main")], Organization.name)
        ),
        Actor.workspace,
    )
    rows = (
        Usage.select(Usage.day, Person.email, Slice.tool, Slice.model, Slice.name, *parts)
        .join(Actor)
        .join(Person, JOIN.LEFT_OUTER)
        .join(Team, JOIN.LEFT_OUTER)
        .switch(Usage)
        .join(Slice)
        .switch(Usage)
        .join(Partition)
        .join(Organization)
        .tuples()
    )
    return [Fact(day_of(day), *row) for day, *row in rows]


def fill_company(config: Config) -> Truth:
    """Three weeks of the invented company, over HTTP like any sync. Returns the oracle."""
    with Upstream(Company(ordinary=12, heavy=80)) as upstream:
        result = sync(configured(config, upstream), *COMPANY_DAYS)
        assert result.ok
        fill_teams()
        return true_totals(upstream.company, *COMPANY_DAYS)


def fill_town(_: Config) -> None:
    """A few people near today, around a leap day, and in every awkward way."""
    dice, today = random.Random(11), utc_today()
    near = [today - timedelta(days=offset) for offset in NEAR_DAYS]
    span = (LEAP_DAYS[1] - LEAP_DAYS[0]).days
    leap = {date(2024, 2, 29), date(2023, 12, 31), date(2024, 1, 1)}
    leap |= {LEAP_DAYS[0] + timedelta(days=dice.randrange(span)) for _ in range(25)}
    records = [record for day in [*near, *leap] for record in _random_records(dice, day)]
    records += _special_records(today)
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    Person.create(email="idle@town.example")
    by_tool = {provider.TOOL.key: provider.NAME for provider in PROVIDERS}
    with writing():
        for tool in (CLAUDE_CODE, CURSOR):
            for day in sorted({record.day for record in records if record.tool == tool}):
                chosen = [one for one in records if (one.tool, one.day) == (tool, day)]
                usage = DayUsage(day, chosen, settled=True)
                organization = organization_for(by_tool[tool])
                replace_day(organization, "test", usage, run, email_domain="town.example")
            store_empty(organization, days_between(min(leap), today), run)
    fill_teams()


def fill_offices(_: Config, days: int = 75) -> None:
    """Some weeks of people who use the same models in several organisations of both vendors."""
    dice, today = random.Random(23), utc_today()
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    with writing():
        for slug, tool in OFFICES.items():
            provider, label = slug.split(":")
            organization = organization_for(provider, "" if label == "main" else label)
            source = "messages" if tool == CLAUDE_CODE else "events"
            for day in days_between(today - timedelta(days=days), today):
                found = _office_records(dice, day, tool) if dice.random() < 0.6 else []
                usage = DayUsage(day, found, settled=True)
                replace_day(organization, source, usage, run, email_domain="town.example")
    fill_teams()


def _office_records(dice: random.Random, day: date, tool: str) -> list[UsageRecord]:
    places = ("", "wrkspc_1") if tool == CLAUDE_CODE else ("",)
    return [
        one._replace(actor=one.actor._replace(workspace=dice.choice(places)))
        for one in _random_records(dice, day, [model for model in MODELS if model[0] == tool])
    ]


def store_empty(organization: Organization, days: Collection[date], run: Run) -> None:
    """Stamp those of the days that have no stamp yet as read and empty."""
    stamp = {"organization": organization, "source": "test", "run": run, "settled": True}
    stamp |= {"fetched_at": 1, "changed_at": 1}
    rows = [{**stamp, "day": day_number(day)} for day in sorted(days)]
    Partition.insert_many(rows).on_conflict_ignore().execute()


def fill_teams() -> None:
    """Put every third person into each of two teams and leave every third without one."""
    with writing():
        for place, name in enumerate(TEAMS):
            members = [person.id for person in Person.select() if person.id % 3 == place]
            Person.update(team=Team.create(name=name)).where(Person.id.in_(members)).execute()
        bump_data_version()


def fill_people(count: int) -> None:
    """That many people in the open database, number n with n tokens, today."""
    day = utc_today()
    with proxy.connection_context(), writing():
        run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
        records = [
            record(day, f"person-{number}@town.example", *MODELS[7], number, 0, 0, 0, 0)
            for number in range(count)
        ]
        usage = DayUsage(day, records, settled=True)
        replace_day(organization_for(CURSOR), "test", usage, run, email_domain="town.example")


def record(
    day: date, email: str, tool: str, model: str, *parts: int, **changes: Any
) -> UsageRecord:
    """A usage record; `parts` are input, write 5 min, write 1 h, read, output. "" is nobody."""
    nanos = changes.get("nanos", 0)
    status = PriceStatus.UNPRICED if nanos is None else PriceStatus.PROVIDER
    actor = RawActor(account=email) if email else RawActor(key="ci-key")
    billed = changes.get("billed", nanos)
    return UsageRecord(day, actor, tool, model, Tokens(*parts), None, nanos, billed, status)


def _random_records(
    dice: random.Random, day: date, models: Sequence[tuple[str, str]] = MODELS
) -> list[UsageRecord]:
    people = dice.sample(("", *TOWNSPEOPLE[:-1]), dice.randint(1, 5))
    return [
        record(
            day,
            email,
            *dice.choice(models),
            *(dice.randrange(5000) for _ in range(5)),
            nanos=dice.choice((None, 0, dice.randrange(10**10))),
            billed=dice.choice((None, None, 0, dice.randrange(10**10))),
        )
        for email in people
        for _ in range(dice.randint(1, 4))
    ]


def _special_records(today: date) -> list[UsageRecord]:
    """Ties, halves of a micro-dollar, averages of a half, no tokens at all, and a huge one."""
    yesterday, sonnet = today - timedelta(days=1), MODELS[0]
    special = [
        record(today, "quiet@town.example", *MODELS[5], 0, 0, 0, 0, 0, nanos=None),
        record(today, "ada@town.example", *sonnet, 1, 0, 0, 0, 3_000_000_000, nanos=10**13),
        record(yesterday, "ada@town.example", *MODELS[4], 7, 1, 1, 1, 1, nanos=1),
    ]
    for model in (MODELS[6], MODELS[4]):
        special.append(record(today, "undecided@town.example", *model, 5, 0, 0, 0, 0))
    for twin in TWINS:
        special.append(record(today, twin, *MODELS[7], 50, 10, 10, 10, 20, nanos=2500))
        special.append(record(yesterday, twin, *MODELS[7], 1, 0, 0, 0, 0, nanos=None))
    for number, nanos in enumerate((500, 1500, 2500, 2501, 3499, 999_999_999_500)):
        email = f"half-{number}@town.example"
        special.append(record(today, email, *sonnet, 10 + number % 2, 0, 0, 0, 0, nanos=nanos))
        special.append(record(yesterday, email, *sonnet, 9, 0, 0, 0, 0, nanos=0))
    return special


class Filler:
    """Fills databases of one kind, each once in a run, whichever worker first asks for it."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path, engine: str) -> None:
        self._request, self._folder, self._engine = request, folder, engine
        self._filled: dict[str, Filled] = {}

    def __call__(self, name: str, fill: Callable[[Config], Truth | None]) -> Filled:
        """The database of that name."""
        if name not in self._filled:
            self._filled[name] = once(
                self._folder / f"{name}_{self._engine}", lambda: _fill(self._config(name), fill)
            )
        return self._filled[name]

    def _config(self, name: str) -> Config:
        template = self._request.getfixturevalue(f"{self._engine}_template")
        if self._engine == "sqlite":
            settings = {"SQLITE_PATH": str(self._folder / f"{name}.db")}
            shutil.copy(template, settings["SQLITE_PATH"])
        else:
            server = self._request.getfixturevalue("postgres_cluster")
            url = server.create_database(server.shared_name(name), template)
            settings = {"POSTGRES_URL": url}
        return read_config({"SECRET_KEY": "a key for tests only", **settings}, self._folder)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def filled_engine(request: pytest.FixtureRequest) -> str:
    """Runs the tests of filled databases once on each kind of database."""
    return request.param


ONE_FILLED = pytest.mark.parametrize("filled_engine", ["sqlite"], indirect=True)
"""Marks a test of what is made of the same answers: one kind of database will do."""


@pytest.fixture(scope="session")
def filler(request: pytest.FixtureRequest, filled_engine: str, run_folder: Path) -> Filler:
    """Fills databases once in a run."""
    return Filler(request, run_folder, filled_engine)


def _fill(config: Config, fill: Callable[[Config], Truth | None]) -> Filled:
    engine, today = open_database(config), utc_today()
    with engine.connection_context():
        truth = fill(config)
        facts = stored_facts()
    if hasattr(engine, "close_all"):
        engine.close_all()
    return Filled(config, today, facts, truth)


def read_filled(filled: Filled) -> Iterator[Reader]:
    app = create_app(filled.config)
    app.config["TESTING"] = True
    yield Reader(app, app.test_client(), filled.today, filled.facts, filled.truth)
    proxy.close()
    if hasattr(proxy.obj, "close_all"):
        proxy.obj.close_all()


@pytest.fixture
def company(filler: Filler) -> Iterator[Reader]:
    """Three synced weeks of the invented company. Read only."""
    yield from read_filled(filler("company", fill_company))


@pytest.fixture
def town(filler: Filler) -> Iterator[Reader]:
    """A handful of people with awkward usage, today's too. Read only."""
    yield from read_filled(filler(f"town_{day_number(utc_today())}", fill_town))


@pytest.fixture
def offices(filler: Filler) -> Iterator[Reader]:
    """Four organisations of two vendors with the same people and models. Read only."""
    yield from read_filled(filler(f"offices_{day_number(utc_today())}", fill_offices))
