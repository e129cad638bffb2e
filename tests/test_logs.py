"""The log: one safe line an event, a line and an id for every request."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, logs
from app.config import Config, ConfigError, read_config
from app.database import database as proxy
from tests.conftest import close

FORGED = "a\r\n2026-01-01 INFO all is well\x1b[31m\u2028end"


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    yield logging.getLogger("app.somewhere")
    logs.configure("")


@pytest.fixture
def loud(config: Config, logger: logging.Logger) -> Iterator[Flask]:
    """The application with LOG_FORMAT=json."""
    app = create_app(replace(config, log_format="json"))
    yield app
    close(proxy.obj)


def json_lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("log_format", ["", "text", "json"])
def test_no_message_forges_a_line(
    log_format: str, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(log_format)
    logger.warning("bad name %s", FORGED, extra={"facts": {"path": FORGED}})
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not set(said[:-1]) & set("\r\x1b\u2028")


@pytest.mark.parametrize("log_format", ["", "text", "json"])
def test_no_exception_forges_a_line(
    log_format: str, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(log_format)
    try:
        raise ValueError(FORGED)
    except ValueError:
        logger.exception("it failed")
    first, *rest = capsys.readouterr().err.splitlines()
    assert "it failed" in first
    assert all(line.startswith("  ") for line in rest)


def test_says_only_warnings_unless_a_format_is_asked_for(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("")
    logger.info("idle words")
    logger.warning("take care")
    assert capsys.readouterr().err == "take care\n"


def test_configured_twice_says_everything_once(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json")
    logs.configure("text")
    logger.info("once", extra={"facts": {"status": 200, "path": "/a b"}})
    said = capsys.readouterr().err
    assert said.count("once") == 1
    assert said.endswith('once status=200 path="/a b"\n')


def test_every_request_has_a_line_with_its_id(
    loud: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = loud.test_client().get("/healthz?secret=hush")
    (line,) = json_lines(capsys)
    assert line["message"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["milliseconds"] >= 0
    assert "hush" not in json.dumps(line)


def test_a_sane_id_is_kept_and_another_is_replaced(client: FlaskClient) -> None:
    kept = client.get("/healthz", headers={"X-Request-Id": "from-proxy.0001"})
    assert kept.headers["X-Request-Id"] == "from-proxy.0001"
    for odd in ("", "short", "x" * 65, "with blank s", "<script>1</script>", "a\u00e9aaaaaaaa"):
        made = client.get("/healthz", headers={"X-Request-Id": odd}).headers["X-Request-Id"]
        assert made != odd
        assert len(made) == 32


def test_an_error_page_shows_the_id(client: FlaskClient) -> None:
    for path in ("/nothing/here", "/api/nothing"):
        answer = client.get(path)
        assert answer.headers["X-Request-Id"]
    page = client.get("/nothing/here")
    assert page.headers["X-Request-Id"] in page.text


def test_lines_of_one_request_share_its_id(loud: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    @loud.get("/fault")
    def fault() -> str:
        raise RuntimeError("out of cheese")

    answer = loud.test_client().get("/fault")
    assert answer.status_code == 500
    lines = json_lines(capsys)
    assert {line["request"] for line in lines} == {answer.headers["X-Request-Id"]}
    assert "out of cheese" in lines[0]["traceback"]
    assert lines[-1]["status"] == 500
    assert "out of cheese" not in answer.text


def test_the_setting_names_itself(tmp_path: Path) -> None:
    settings = {"SECRET_KEY": "a key for tests only"}
    for good in ("text", "json"):
        assert read_config(settings | {"LOG_FORMAT": good}, tmp_path).log_format == good
    assert read_config(settings, tmp_path).log_format == ""
    with pytest.raises(ConfigError, match="LOG_FORMAT"):
        read_config(settings | {"LOG_FORMAT": "xml"}, tmp_path)
