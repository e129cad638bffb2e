"""Two real servers: figures are read from the replica, all else asks the primary."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import PeeweeException

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from app.database import has_replica, migrate, on_replica
from app.dates import day_number
from app.doctor import Level, examine
from app.ledger import bump_data_version
from app.models import AuditEvent, Meta, Run
from app.queries import replica as module
from app.queries.sums.ranges import lifetime
from app.web.request.servers import WROTE, from_best_server
from tests.conftest import close
from tests.office import store, used
from tests.postgres import PostgresUnavailable
from tests.reading import text_of
from tests.replicas import Pair, running_pair
from tests.tools import CURSOR

pytestmark = pytest.mark.process

FIRST = date(2026, 8, 1)
STATS = "/api/stats?startDate=2026-08-01&endDate=2026-08-31"
EMAIL = "ada@acme.example"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    yield from a_pair()


def a_pair() -> Iterator[Pair]:
    try:
        with running_pair() as servers:
            yield servers
    except PostgresUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture
def replicated(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on both, with the usage of one day that both hold."""
    monkeypatch.setattr(module, "REST_SECONDS", 0)
    monkeypatch.setattr(module._Rest, "until", 0.0)
    app = create_app(new_database(pair, tmp_path))
    write(1)
    pair.catch_up()
    yield app
    close_both()


def new_database(pair: Pair, root: Path) -> Config:
    name = pair.primary.server.new_name()
    urls = {
        "POSTGRES_URL": pair.primary.server.create_database(name),
        "POSTGRES_READ_URL": pair.replica.server.database_url(name),
    }
    config = read_config({"SECRET_KEY": "a key for tests only", **urls}, root)
    create_app(config)
    with proxy.connection_context():
        migrate()
    pair.catch_up()
    return config


def close_both() -> None:
    if has_replica():
        with suppress(PeeweeException), on_replica():
            proxy.obj.close_idle()
    close(proxy.obj)


def write(days: int) -> None:
    """Store a thousand tokens on each of so many days: then `days` thousand are known."""
    with proxy.connection_context():
        store([used(FIRST + timedelta(day), EMAIL, CURSOR, 1000, 7) for day in range(days)])
        # Days that the page of runs can show.
        Run.update(start_day=day_number(FIRST), end_day=day_number(FIRST)).execute()


def told(client: FlaskClient) -> int:
    """How many thousand tokens are known, as every kind of answer says."""
    tokens = client.get(STATS).json["totalTokens"]
    lines = client.get("/export/records.csv?days=all").text.splitlines()
    assert tokens == 1000 * (len(lines) - 1)
    return tokens // 1000


def condition(app: Flask) -> tuple[Level, str]:
    """What doctor says of the replica."""
    found = examine(app.extensions["tracker_config"], {})
    return next((one.level, one.found) for one in found if one.subject == "replica")


def test_figures_come_from_the_replica_and_say_when_they_are_behind(
    replicated: Flask, pair: Pair
) -> None:
    client = replicated.test_client()
    tag = client.get(STATS).headers["ETag"]
    page = "/?start=2026-08-01&end=2026-08-31"
    assert told(client) == 1
    assert "As of" not in text_of(client, page)
    assert condition(replicated) == (Level.OK, "lacks nothing")
    pair.hold_back()
    for days in (2, 3):
        write(days)
        # The primary knows, and what it remembers is no answer of the replica's.
        with proxy.connection_context():
            assert lifetime().tokens == 1000 * days
        assert told(client) == 1
        assert client.get(STATS, headers={"If-None-Match": tag}).status_code == 304
    assert "As of" in text_of(client, page)
    assert "X-As-Of" in client.get(STATS).headers
    assert "The replica is" in text_of(client, "/status")
    assert condition(replicated)[0] is Level.OK
    pair.catch_up()
    assert told(client) == 3
    assert client.get(STATS, headers={"If-None-Match": tag}).status_code == 200
    assert "As of" not in text_of(client, page)
    assert "X-As-Of" not in client.get(STATS).headers
    assert "replica" not in text_of(client, "/status")


def test_who_just_wrote_reads_the_primary(replicated: Flask, pair: Pair) -> None:
    writer, reader = replicated.test_client(), replicated.test_client()
    pair.hold_back()
    body = {"apiKey": "a key", "email": "bob@acme.example"}
    assert writer.post("/api/mappings", json=body).status_code == 200
    write(2)
    assert (told(writer), told(reader)) == (2, 1)
    assert "As of" not in text_of(writer, "/")
    writer.delete_cookie(WROTE)
    assert told(writer) == 1
    pair.catch_up()


def test_a_replica_too_far_behind_is_not_asked(
    replicated: Flask, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = replicated.test_client()
    pair.hold_back()
    write(2)
    assert told(client) == 1
    monkeypatch.setattr(module, "MOST_LAG_SECONDS", -1)
    assert told(client) == 2
    assert "As of" not in text_of(client, "/")
    assert "The primary answers alone" in text_of(client, "/status")
    level, words = condition(replicated)
    assert level is Level.WARN
    assert "s behind" in words
    pair.catch_up()
    assert condition(replicated)[0] is Level.OK


def test_a_dead_replica_is_done_without(
    replicated: Flask, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = replicated.test_client()
    assert told(client) == 1
    pair.replica.control("stop", "-m", "immediate")
    write(2)
    assert told(client) == 2
    assert "The replica does not answer" in text_of(client, "/status")
    assert condition(replicated) == (
        Level.WARN,
        "does not answer: the primary answers alone",
    )
    monkeypatch.setattr(module, "REST_SECONDS", 3600)
    assert told(client) == 2
    assert module.is_left_alone()
    pair.replica.control("start")
    pair.catch_up()
    monkeypatch.setattr(module._Rest, "until", 0.0)
    pair.hold_back()
    write(3)
    assert told(client) == 2
    pair.catch_up()


def test_a_replica_that_dies_while_it_answers_is_replaced(replicated: Flask, pair: Pair) -> None:
    asked = []

    def answer() -> bool:
        asked.append(proxy.execute_sql("SELECT pg_is_in_recovery()").fetchone()[0])
        if asked[-1]:
            own = proxy.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
            pair.replica.ask(f"SELECT pg_terminate_backend({own}, 60000)")
        return bool(Meta.select().count())

    with replicated.test_request_context("/"), proxy.connection_context():
        assert from_best_server(answer)
    assert asked == [True, False]


def test_a_replica_takes_no_writes(replicated: Flask, pair: Pair, tmp_path: Path) -> None:
    with on_replica(), pytest.raises(PeeweeException, match="read-only"):
        bump_data_version()
    config = replicated.extensions["tracker_config"]
    close_both()
    wrong = replace(config, postgres_url=config.postgres_read_url, postgres_read_url=None)
    client = create_app(wrong).test_client()
    assert told(client) == 1
    answer = client.post("/api/mappings", json={"apiKey": "a key", "email": EMAIL})
    assert answer.status_code == 503
    assert "takes no writes" in answer.json["error"]
    with proxy.connection_context():
        assert not AuditEvent.select().count()
    assert {one.level for one in examine(wrong, {}) if one.found == "read only"} == {Level.FAIL}


def test_a_failover_loses_and_doubles_no_write(tmp_path: Path) -> None:
    for pair in a_pair():
        config = new_database(pair, tmp_path)
        name = str(config.postgres_url).partition("?")[0].rsplit("/", 1)[1]
        hosts = f"{pair.primary.directory},{pair.replica.directory}"
        url = f"postgresql://postgres@/{name}?host={hosts}&target_session_attrs=read-write"
        pair.primary.server.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        pair.primary.server.execute("SELECT pg_reload_conf()")
        fail_over(pair, create_app(replace(config, postgres_url=url)))
        close_both()


def fail_over(pair: Pair, app: Flask) -> None:
    write(1)
    pair.catch_up()
    reader = app.test_client()
    tag = reader.get(STATS).headers["ETag"]
    assert told(reader) == 1
    writer = Writer(app)
    writer.start()
    writer.get_on(3)
    pair.primary.control("stop", "-m", "immediate")
    writer.refused.wait(60)
    pair.replica.control("promote")
    writer.get_on(3)
    writer.stop()
    with proxy.connection_context():
        kept = [one.detail.partition(":")[0] for one in AuditEvent.select()]
    assert len(kept) == len(set(kept))
    assert writer.acknowledged <= set(kept) <= writer.acknowledged | writer.unknown
    assert reader.get(STATS, headers={"If-None-Match": tag}).status_code == 200
    write(2)
    assert told(reader) == 2


class Writer(Thread):
    """Maps one key after the other, each once, and notes what it was told."""

    def __init__(self, app: Flask) -> None:
        super().__init__(daemon=True)
        self.client = app.test_client()
        self.acknowledged: set[str] = set()
        self.unknown: set[str] = set()
        self.refused, self.done, self.went_on = Event(), Event(), Event()

    def run(self) -> None:
        for number in itertools.count():
            key = f"key {number}"
            answer = self.client.post("/api/mappings", json={"apiKey": key, "email": EMAIL})
            if answer.status_code == 200:
                self.acknowledged.add(key)
                self.went_on.set()
            else:
                self.unknown.add(key)
                self.refused.set()
            if self.done.is_set():
                return

    def get_on(self, writes: int) -> None:
        """Return when so many more writes succeeded."""
        for _ in range(writes):
            self.went_on.clear()
            assert self.went_on.wait(60)

    def stop(self) -> None:
        self.done.set()
        self.join(60)
        assert not self.is_alive()
