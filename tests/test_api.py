"""What all JSON reads share: odd input, errors, headers, few queries, a database that goes away."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app import create_app
from app.config import Config, read_config
from app.database import database as proxy
from app.web.request.lifecycle import SECURITY_HEADERS
from tests.conftest import close
from tests.counting import reads_of
from tests.filled import Reader, fill_people
from tests.postgres import PostgresServer

PATHS = ("stats", "trends", "models", "users", "users/pivot", "users/ada@town.example")
CHECKED, PAGING = ("startDate", "endDate", "days"), ("limit", "offset")
FREE = ("tool", "team", "model", "search", "sortBy", "sortDir", "comparison")
ODD_VALUES = (
    "", " ", "\t\r\n", "\0", "a\0b", "0", "-0", "-1", "+7", "007", "7.0", "7e3", "0x10", "1_000",
    "9" * 9, "9" * 10, "9" * 30, "9" * 5000, "-9223372036854775809", "inf", "NaN", "true", "null",
    "None", "undefined", "[]", "{}", '{"$ne": 1}', "2026-10-01", "2026-1-1", "20261001",
    "2026-10-01T00:00:00Z", "2026-W40-1", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01",
    "2026-02-30", "-2026-10-01", "2026\u201110\u201101",
    "\u0662\u0660\u0662\u0666-\u0661\u0660-\u0660\u0661", "\uff17", "²", "Ⅷ", "१४",
    "cursor", "CURSOR", "cursor,claude_code", "claude_code ", "'", '"', "' OR 1=1 --", "%", "%%s",
    "%(x)s", "{0}", "_", "\\", "\\'", "?", ":1", "$1", "*", "../../etc/passwd", "<script>", "é",
    "e\u0301", "İ", "ß", "\u200b", "\u202e", "\ufeff", "\ufffe",
    "🦊", "👨‍👩‍👧", "x" * 10_000, "é" * 3000,
)  # fmt: skip
ODD_QUERIES = (
    "?", "&&&", "=", "==&=", "tool", "tool&model&days&limit", "days[]=7", "startDate[0]=x",
    "tool[$ne]=cursor", "%", "%zz=%zz", "%FF%FE=%FF", "model=%FF%FE%00", "search=%ED%A0%80",
    "tool=%ED%A0%80", "startDate=%ED%BF%BF", "limit=%C0%AF", "days=7&days=x", "days=x&days=7",
    "model=" + "&model=".join(str(number) for number in range(3000)), "a=" * 2000,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_odd_values_are_a_sentence_or_an_answer(
    town: Reader, path: str, filled_engine: str
) -> None:
    # What must be a number or a day is refused, or becomes one, before a database is asked.
    checked = (*CHECKED, *PAGING) if path.startswith("users") else CHECKED
    alone = checked if filled_engine == "sqlite" else ()
    # One reader reads the parameters of all paths: three paths have a third of the values each.
    own = ODD_VALUES[PATHS.index(path) % 3 :: 3]
    for value in ODD_VALUES:
        queries = [{name: value} for name in alone if value in own]
        for query in (dict.fromkeys(FREE, value), *queries):
            response = town.client.get(f"/api/{path}", query_string=query)
            assert response.status_code in (200, 400), (query, response.text)
            if response.status_code == 400:
                assert set(response.json) == {"error"}
                assert response.json["error"].split(":")[0].split()[0] in query
                assert len(response.json["error"]) < 300


@pytest.mark.parametrize("path", PATHS)
def test_odd_query_strings_are_a_sentence_or_an_answer(town: Reader, path: str) -> None:
    for query in ODD_QUERIES:
        response = town.client.get(f"/api/{path}?{query}")
        assert response.status_code in (200, 400), (query, response.text)
        assert response.is_json


def test_odd_emails_are_never_seen(town: Reader) -> None:
    for value in ODD_VALUES:
        response = town.client.get(f"/api/users/{quote(value, safe='')}")
        assert response.status_code in (308, 404), (value, response.text)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
def test_a_wrong_method_is_a_405(town: Reader, method: str) -> None:
    for path in PATHS:
        response = town.client.open(f"/api/{path}", method=method)
        assert response.status_code == 405
        assert response.json == {"error": "This address does not take that method."}
        assert {"GET", "HEAD"} <= set(response.allow)


def test_head_answers_without_a_body(town: Reader) -> None:
    for path in PATHS:
        response = town.client.head(f"/api/{path}")
        assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", "/api/stats/", "/api/users/", "/api/%00"]
)
def test_an_unknown_address_is_a_sentence(town: Reader, path: str) -> None:
    response = town.client.get(path)
    assert response.status_code == 404
    assert response.json == {"error": "There is nothing at this address."}


def test_a_fault_in_here_is_a_sentence_without_details(app: Flask) -> None:
    app.add_url_rule("/api/broken", view_func=lambda: {}["the secret detail"])
    response = app.test_client().get("/api/broken")
    assert response.status_code == 500
    assert response.json == {
        "error": "Something went wrong in here; the server's log has the details."
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/healthz", 200),
        ("/api/stats", 200),
        ("/api/stats?days=x", 400),
        ("/api/nothing", 404),
        ("/nothing", 404),
        ("/static/favicon.svg", 200),
        ("/static/nothing", 404),
        ("/static/../app/config.py", 404),
    ],
)
def test_every_answer_carries_the_security_headers(town: Reader, path: str, status: int) -> None:
    response = town.client.get(path)
    response.close()
    assert response.status_code == status
    assert SECURITY_HEADERS.items() <= dict(response.headers).items()
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers
    if not path.startswith("/static/"):
        assert response.headers["Cache-Control"] == "private, no-cache"


def count_of(client: FlaskClient, path: str) -> int:
    client.get(path)
    return len(reads_of(client, path))


def test_a_read_takes_a_handful_of_queries_however_many_rows(client: FlaskClient) -> None:
    paths = [f"/api/{path}?limit=1000&comparison=true&days=30" for path in PATHS[:-1]]
    paths += [f"{path}&model=gpt-5-codex&model=auto&search=person" for path in paths]
    paths += ["/api/users/person-1@town.example", "/healthz"]
    fill_people(3)
    few = {path: count_of(client, path) for path in paths}
    fill_people(800)
    many = {path: count_of(client, path) for path in paths}
    assert all(many[path] <= few[path] for path in paths), (few, many)
    assert max(few.values()) <= 6, few


def unreachable(settings: dict[str, str], folder: Path) -> FlaskClient:
    config = read_config({"SECRET_KEY": "a key for tests only", **settings}, folder)
    return create_app(config).test_client()


def check_unavailable(client: FlaskClient) -> None:
    for path in PATHS:
        response = client.get(f"/api/{path}")
        assert response.status_code == 503
        assert response.json == {"error": "The database does not answer. Try again in a moment."}
        assert SECURITY_HEADERS.items() <= dict(response.headers).items()
    assert client.get("/").status_code == 503
    with client.get("/static/favicon.svg") as static:
        assert static.status_code == 200
    health = client.get("/healthz")
    assert (health.status_code, health.text) == (503, "The database does not answer.")
    assert health.mimetype == "text/plain"


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_sqlite_file_may_go_away_and_come_back(client: FlaskClient, config: Config) -> None:
    assert client.get("/api/stats").status_code == 200
    path, kept = config.sqlite_path, config.sqlite_path.with_name("kept")
    path.rename(kept)
    path.mkdir()
    check_unavailable(client)
    path.rmdir()
    kept.rename(path)
    assert client.get("/api/stats").status_code == 200
    assert client.get("/healthz").text == "ok"


def test_a_file_that_is_no_database_is_a_503(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    path.write_text("no database at all " * 1000)
    check_unavailable(unreachable({"SQLITE_PATH": str(path)}, tmp_path))
    close(proxy.obj)


def test_postgres_may_go_away_and_come_back(
    postgres_cluster: PostgresServer, postgres_template: str, tmp_path: Path
) -> None:
    name = postgres_cluster.new_name()
    url = postgres_cluster.create_database(name, postgres_template)
    client = unreachable({"POSTGRES_URL": url}, tmp_path)
    assert client.get("/api/stats").status_code == 200
    postgres_cluster.drop_database(name)
    check_unavailable(client)
    postgres_cluster.create_database(name, postgres_template)
    assert client.get("/api/stats").status_code == 200
    assert client.get("/healthz").text == "ok"
    close(proxy.obj)
    postgres_cluster.drop_database(name)


def read_at_once(app: Flask, readers: int) -> list[int]:
    """Statuses of that many reads in as many threads, each on a connection of its own."""
    barrier, statuses = threading.Barrier(readers), []

    def read() -> None:
        with proxy.obj.connection_context():
            barrier.wait(10)
        statuses.append(app.test_client().get("/api/stats").status_code)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_reads_get_over_connections_that_the_server_closed(
    app: Flask, client: FlaskClient, config: Config, postgres_cluster: PostgresServer
) -> None:
    assert read_at_once(app, 6) == [200] * 6
    assert config.postgres_url
    name = config.postgres_url.split("?")[0].rsplit("/", 1)[1]
    for path in ("/api/stats", "/healthz", "/", "/api/users"):
        postgres_cluster.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        )
        assert client.get(path).status_code == 200
    assert read_at_once(app, 6) == [200] * 6


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_too_many_readers_are_told_to_try_again(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    assert client.get("/api/stats").status_code == 200
    database._max_connections, database._wait_timeout = 1, 0.1  # type: ignore[attr-defined]
    busy, done = threading.Event(), threading.Event()

    def hold() -> None:
        with proxy.obj.connection_context():
            busy.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    busy.wait(10)
    answers = [client.get(path).status_code for path in ("/api/stats", "/healthz")]
    done.set()
    thread.join()
    assert answers == [503, 503]
    assert client.get("/api/stats").status_code == 200
