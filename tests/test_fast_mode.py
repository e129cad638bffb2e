"""Usage in fast mode costs twice: it is told apart, or it is said that it can't be."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from peewee import Database

from app.config import Config
from app.importing import import_file
from app.models import ProviderRun
from app.providers import anthropic
from app.queries.scope import Scope
from app.web.settings.connections import try_out
from tests.figures import totals
from tests.invented import configured, sync
from tests.reading import text_of
from tests.upstream import Company, Row, Upstream
from tests.upstream.directory import Key

DAY = date(2026, 11, 6)
FAST_KEY = "apikey_1"
FAST = Row(
    DAY,
    api_key_id=FAST_KEY,
    model="claude-opus-5",
    speed="fast",
    uncached_input_tokens=1_000_000,
    output_tokens=100_000,
)
FILE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed\n"
    "2026-11-06,claude-opus-5,ci-key,Default,standard,\u2264 200k,"
    "1000000,0,0,0,100000,0,global,fast\n"
)
DOLLARS = 10**9
UNSEEN = "Fast mode cannot be seen"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A company that used fast mode once."""
    with Upstream(Company(first_day=DAY, last_day=DAY)) as running:
        running.company.clear(DAY)
        running.company.keys.append(Key(FAST_KEY, "ci-key", None))
        running.company.add_row(FAST)
        yield running


def value() -> int:
    return totals(Scope(start=DAY, end=DAY)).figures.value_nanos


def test_fast_mode_is_worth_the_same_by_api_by_file_and_by_both(
    database: Database, config: Config, upstream: Upstream
) -> None:
    import_file(io.BytesIO(FILE.encode()), "tokens.csv", by="test", email_domain="x.example")
    assert value() == 15 * DOLLARS
    assert sync(configured(config, upstream), DAY, DAY).ok
    assert value() == 15 * DOLLARS
    assert ProviderRun.select().where(ProviderRun.unseen != "").count() == 0


def test_where_speed_is_refused_every_page_says_so(
    database: Database,
    app: Flask,
    client: FlaskClient,
    runner: FlaskCliRunner,
    config: Config,
    upstream: Upstream,
) -> None:
    upstream.tells_speed = False
    here = configured(config, upstream)
    assert sync(here, DAY, DAY).ok
    assert value() == 7_500_000_000
    assert f"{UNSEEN}: the report refuses to group by speed" in text_of(client, "/status")
    assert f"  unseen: {UNSEEN}" in runner.invoke(args=["status"]).output
    assert UNSEEN in try_out(anthropic, here).sentence
    upstream.tells_speed = True
    assert sync(here, DAY, DAY).ok
    assert value() == 15 * DOLLARS
    assert UNSEEN not in text_of(client, "/status")


def test_a_request_that_is_refused_whatever_it_asks_fails(
    database: Database, config: Config, upstream: Upstream
) -> None:
    body = b'{"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}'
    upstream.fault("anthropic", "usage_report", nth=1, action=(400, {}, body), times=2)
    result = sync(configured(config, upstream), DAY, DAY)
    assert not result.ok
    assert "answered 400" in result.parts["anthropic"].error
