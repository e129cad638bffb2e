"""A third tool of a third provider: one new file and one line, and its figures are everywhere."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from tests import commands
from tests.modes import ONE_DATABASE
from tests.scripted import scripted
from tests.upstream import Company, Upstream

pytestmark = pytest.mark.process

DAY = date(2026, 10, 5)
RANGE = f"start={DAY}&end={DAY}"
API_RANGE = f"startDate={DAY}&endDate={DAY}"
THREE = ("claudeCodeTokens", "cursorTokens", "orchardPilotTokens")
STATS = f"/api/stats?{API_RANGE}"
ALONE = f"/api/stats?{API_RANGE}&tool=orchard_pilot"
TRENDS = f"/api/trends?{API_RANGE}"
MODELS = f"/api/models?{API_RANGE}"
USERS = f"/api/users?{API_RANGE}&limit=1000"
SORTED = f"/api/users/pivot?{API_RANGE}&sortBy=orchardPilotTokens&limit=1000"
USER = f"/api/users/{{email}}?{API_RANGE}"
OVERVIEW = f"/?{RANGE}"
LIST = f"/users?{RANGE}&size=250&sort=orchardPilotTokens"
PERSON = f"/users/{{email}}?{RANGE}"
TOOLS = f"/users?{RANGE}&rows=tool"
BY_TOOL = f"/users?{RANGE}&by=tool&size=250"
FILE = f"/export/users.csv?{RANGE}"
FILE_OF_TOOLS = f"/export/users.csv?{RANGE}&rows=tool"
FILE_BY_TOOL = f"/export/users.csv?{RANGE}&by=tool"
PATHS = (
    *(STATS, ALONE, TRENDS, MODELS, USERS, SORTED, USER, "/api/sync"),
    *(OVERVIEW, LIST, PERSON, TOOLS, BY_TOOL, FILE, FILE_OF_TOOLS, FILE_BY_TOOL),
    *("/status", "/settings/connections", "/metrics"),
)
PLACES = re.compile(
    r"^(from app\.providers import anthropic, .*|PROVIDERS: .* = \(anthropic, .*?)(\)?)$",
    re.MULTILINE,
)
"""Where the registry names the providers: one line, and the import that it needs."""
ASK = """
import json, sys
from app import create_app
client = create_app().test_client()
answers = []
for path in json.load(sys.stdin):
    answer = client.get(path)
    # All of it, before the next question: one client is one thread, and a file is still read.
    answers.append([answer.status_code, answer.text])
print(json.dumps(answers))
"""


class Installation(NamedTuple):
    """A copy of the product that knows Orchard, and a database."""

    folder: Path
    settings: dict[str, str]

    def ask(self, *paths: str) -> dict[str, str]:
        """The answers to these addresses."""
        found = subprocess.run(
            [sys.executable, "-c", ASK],
            cwd=self.folder,
            env=commands.environment(self.settings | {"SCHEDULER": "off"}),
            input=json.dumps(paths),
            capture_output=True,
            text=True,
            timeout=commands.SECONDS,
        )
        assert found.returncode == 0, found.stderr
        answers = json.loads(found.stdout)
        assert [status for status, _ in answers] == [200] * len(paths)
        return dict(zip(paths, (text for _, text in answers), strict=True))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of its commands, run to the end."""
        return commands.run(self.settings, *arguments, folder=self.folder)


class Synced(NamedTuple):
    """What an installation answers after one sync; who used Orchard how much; somebody who used
    all three tools, each to another amount."""

    installation: Installation
    answers: dict[str, str]
    tokens: dict[str, int]
    person: dict[str, Any]

    @property
    def total(self) -> int:
        """All tokens of Orchard."""
        return sum(self.tokens.values())

    @property
    def three(self) -> list[int]:
        """The person's tokens by tool."""
        return [self.person[column] for column in THREE]

    def text(self, path: str) -> str:
        """The answer to one of `PATHS`."""
        return self.answers[path.format(email=quote(self.person["email"]))]

    def json(self, path: str) -> Any:
        """The JSON answer to one of `PATHS`."""
        return json.loads(self.text(path))

    def row_of(self, path: str, cell: str) -> dict[str, str]:
        """The one row of an exported file that has such a cell."""
        rows = csv.DictReader(io.StringIO(self.text(path).removeprefix("\ufeff")))
        [found] = [row for row in rows if cell in row.values()]
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with one file and one line more."""
    copy = tmp_path_factory.mktemp("orchard")
    for name in ("app", "migrations", "templates", "static"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(commands.ROOT / name, copy / name, ignore=ignored)
    shutil.copy(commands.ROOT / "wsgi.py", copy)
    shutil.copy(commands.ROOT / "tests" / "orchard.py", copy / "app" / "providers")
    registry = copy / "app" / "providers" / "__init__.py"
    text, found = PLACES.subn(r"\1, orchard\2", registry.read_text())
    assert found == 2
    registry.write_text(text)
    return copy


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def orchard(folder: Path, request: pytest.FixtureRequest) -> Iterator[Synced]:
    """Usage of one day, read from all three providers by one sync, and every answer."""
    with Upstream(Company(ordinary=40)) as upstream, fresh_database(request) as database:
        people = [person for person in upstream.company.people if "@" in person.email]
        emails = [person.email.strip().lower() for person in people]
        tokens = {email: 7_000_001 + 1_003 * number for number, email in enumerate(emails)}
        members = [{"email": one.email, "name": one.name} for one in people]
        harvest = [
            {"day": str(DAY), "email": email, "model": "pippin-2", "cents": 1234}
            | {"input": count - 11, "output": 11}
            for email, count in tokens.items()
        ]
        with scripted({"members": members}, {"harvest": harvest}) as server:
            settings = database | commands.providers(upstream, "anthropic", "cursor")
            settings |= {"ORCHARD_ADMIN_KEY": "an-orchard-key-9999", "ORCHARD_BASE_URL": server.url}
            installation = Installation(folder, settings)
            synced = installation.run("sync", "--from", str(DAY), "--to", str(DAY))
        assert synced.returncode == 0, synced.stderr
        assert "Orchard: ok, 1 of 1 days, 1 changed" in synced.stdout
        person = user_of_all(installation.ask(SORTED)[SORTED])
        assert person["orchardPilotTokens"] == tokens[person["email"]]
        paths = [path.format(email=quote(person["email"])) for path in PATHS]
        yield Synced(installation, installation.ask(*paths), tokens, person)


@contextmanager
def fresh_database(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings of a migrated database for the tests of this file."""
    if request.param == "sqlite":
        path = request.getfixturevalue("tmp_path_factory").mktemp("orchard") / "tracker.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield {"SQLITE_PATH": str(path)}
        return
    server = request.getfixturevalue("postgres_cluster")
    name = server.new_name()
    template = request.getfixturevalue("postgres_template")
    yield {"POSTGRES_URL": server.create_database(name, template)}
    server.drop_database(name)


def user_of_all(answer: str) -> dict[str, Any]:
    """Somebody who used all three tools, each to another amount."""
    people = json.loads(answer)["users"]
    found = next(one for one in people if all(one[column] for column in THREE))
    assert len({found[column] for column in THREE}) == 3
    return found


def test_the_api_tells_the_third_tool_s_own_figures(orchard: Synced) -> None:
    stats = orchard.json(STATS)
    assert stats["orchardPilotTokens"] == orchard.total
    assert sum(stats[column] for column in THREE) == stats["totalTokens"]
    [day] = orchard.json(TRENDS)
    assert day["orchardPilot"] == orchard.total
    assert list(day) == ["date", "claudeCode", "cursor", "orchardPilot", "cost"]
    assert orchard.json(ALONE)["totalTokens"] == orchard.total
    models = {one["model"]: one for one in orchard.json(MODELS)}
    pippin = models["pippin-2"]
    assert (pippin["tool"], pippin["tokens"]) == ("orchard_pilot", orchard.total)


def test_the_api_tells_a_person_s_use_of_the_third_tool(orchard: Synced) -> None:
    listed = {one["email"]: one["orchardPilotTokens"] for one in orchard.json(USERS)}
    assert listed.items() >= orchard.tokens.items()
    pivot = orchard.json(SORTED)
    column = [one["orchardPilotTokens"] for one in pivot["users"]]
    assert column == sorted(column, reverse=True)
    assert pivot["totals"]["orchardPilotTokens"] == orchard.total
    own = orchard.json(USER)
    assert [own["summary"][column] for column in THREE] == orchard.three
    assert [day["orchardPilot"] for day in own["dailyUsage"]] == orchard.three[2:]


def test_the_api_tells_how_the_third_provider_stands(orchard: Synced) -> None:
    answer = orchard.json("/api/sync")
    assert answer["orchardConfigured"] is answer["cursorConfigured"] is True
    assert answer["providers"]["orchard"]["dataThrough"] == str(DAY)
    assert answer["lastRun"]["result"]["orchard"]["success"] is True


def test_what_the_third_provider_told_is_stored_as_verify_expects(orchard: Synced) -> None:
    found = orchard.installation.run("verify")
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_list_shows_the_third_tool_s_own_figures(orchard: Synced) -> None:
    page = orchard.text(LIST)
    rows = page[page.index("<tbody>") :].split("<tr ")
    row = next(row for row in rows if f"<bdi>{orchard.person['email']}</bdi>" in row)
    cells = re.findall(r'tool=\w+" title="([\d,]+) tokens"', row)
    assert cells == [f"{count:,}" for count in orchard.three]
    assert re.search(r'<a id="sort-orchardPilotTokens"[^>]*>Orchard Pilot</a>', page)


@pytest.mark.parametrize("path", [PERSON, BY_TOOL])
def test_a_person_s_figures_of_the_third_tool_are_shown(path: str, orchard: Synced) -> None:
    page = orchard.text(path)
    assert re.search(rf'title="{orchard.three[2]:,}\b', page)
    assert "Orchard Pilot" in page


@pytest.mark.parametrize("path", [OVERVIEW, TOOLS])
def test_the_sum_of_the_third_tool_is_shown(path: str, orchard: Synced) -> None:
    page = orchard.text(path)
    assert re.search(rf'title="{orchard.total:,}\b', page)
    assert "Orchard Pilot" in page


def test_the_third_tool_has_a_mark_a_filter_and_words_for_its_source(orchard: Synced) -> None:
    assert 'class="tool-orchard-pilot"' in orchard.text(OVERVIEW)
    assert 'id="tool-orchard_pilot"' in orchard.text(OVERVIEW)
    assert "Orchard harvest report" in orchard.text(PERSON)


def test_the_files_hold_the_third_tool_s_own_figures(orchard: Synced) -> None:
    headings = ("Claude Code", "Cursor", "Orchard Pilot")
    row = orchard.row_of(FILE, orchard.person["email"])
    assert [int(row[name]) for name in headings] == orchard.three
    crossed = orchard.row_of(FILE_BY_TOOL, orchard.person["email"])
    assert [int(crossed[name]) for name in headings] == orchard.three
    assert str(orchard.total) in orchard.row_of(FILE_OF_TOOLS, "Orchard Pilot").values()


def test_the_third_provider_is_watched_and_set_up_like_the_others(orchard: Synced) -> None:
    assert 'id="standing-orchard">Orchard<' in orchard.text("/status")
    for words in ("Orchard", "ends in <code>9999</code>", 'id="test-orchard"'):
        assert words in orchard.text("/settings/connections")
    assert 'provider="orchard"' in orchard.text("/metrics")
    told = orchard.installation.run("status").stdout
    assert re.search(rf"^Orchard: .*\n  key: ends in 9999\n  data: {DAY} through {DAY}", told, re.M)


# Without settings and usage there is nothing to ask a database for.
@ONE_DATABASE
def test_the_third_provider_is_one_that_can_be_left_out(
    folder: Path, database_settings: dict[str, str]
) -> None:
    installation = Installation(folder, database_settings)
    told = installation.run("sync")
    assert "Orchard: not configured (set ORCHARD_ADMIN_KEY)." in told.stdout
    answers = installation.ask("/", "/settings/connections")
    assert "ORCHARD_ADMIN_KEY=…\n" in answers["/"]
    for name in ("ORCHARD_ADMIN_KEY", "ORCHARD_BASE_URL", "ORCHARD_TEAM"):
        assert f"<code>{name}</code>" in answers["/settings/connections"]
    demo = installation.run("demo", "--people", "2", "--days", "2")
    assert demo.returncode == 0, demo.stderr
