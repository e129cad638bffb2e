"""`/metrics`: well formed, and its figures are those of the database."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from flask.testing import FlaskClient

from app import create_app
from app.access import make_token
from app.config import Config
from app.database import database as proxy
from app.dates import day_number
from app.models import Partition, ProviderRun, Usage
from app.web.metrics import Metric
from tests.conftest import close
from tests.filled import Reader
from tests.invented import sync
from tests.upstream import Upstream

MONDAY = date(2026, 10, 5)
LINE = re.compile(
    r"# (HELP|TYPE) [a-z_]+ .+|"
    r'[a-z_]+(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? -?\d+(\.\d+)?'
)


def values(client: FlaskClient) -> dict[str, float]:
    """Every sample, by its name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in (line.rsplit(" ", 1) for line in samples)}


def test_every_line_is_well_formed(town: Reader) -> None:
    answer = town.client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    lines = answer.text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    for line in lines:
        name = re.split(r"[{ ]", line)[0]
        assert line.startswith("#") or re.sub("_(sum|count)$", "", name) in names


def test_an_empty_product_has_metrics(client: FlaskClient) -> None:
    found = values(client)
    assert found['tracker_provider_configured{provider="cursor"}'] == 0
    assert 'tracker_data_through_timestamp{provider="cursor"}' not in found


def test_figures_are_those_of_the_records(live: Config, upstream: Upstream) -> None:
    sync(live, MONDAY, MONDAY + timedelta(days=2))
    found = values(create_app(live).test_client())
    for provider in ("anthropic", "cursor"):
        label = f'{{provider="{provider}"}}'
        stamps = [one for one in Partition.select() if one.organization.provider == provider]
        records = Usage.select().where(Usage.partition.in_([one.id for one in stamps])).count()
        assert found[f"tracker_usage_records{label}"] == records > 0
        assert found[f"tracker_tokens{label}"] == sum(one.tokens for one in stamps)
        unpriced = sum(one.unpriced_tokens for one in stamps)
        assert found[f"tracker_unpriced_tokens{label}"] == unpriced
        assert found[f"tracker_last_run_success{label}"] == 1
        final = f'tracker_days{{provider="{provider}",state="final"}}'
        assert found[final] == len(stamps) == 3
        newest = max(one.day for one in stamps)
        assert newest == day_number(MONDAY + timedelta(days=2))
        through = found[f"tracker_data_through_timestamp{label}"]
        assert through == (MONDAY + timedelta(days=2) - date(1970, 1, 1)).days * 86_400
        run = ProviderRun.get(ProviderRun.provider == provider)
        assert found[f"tracker_last_run_timestamp{label}"] == run.finished_at


def test_a_failed_run_shows(live: Config, upstream: Upstream) -> None:
    upstream.fault("anthropic", "usage_report", 1, (401, {}, b"{}"))
    sync(live, MONDAY, MONDAY)
    found = values(create_app(live).test_client())
    assert found['tracker_last_run_success{provider="anthropic"}'] == 0
    assert found['tracker_last_run_success{provider="cursor"}'] == 1
    assert found['tracker_days{provider="anthropic",state="failed"}'] == 1


def test_requests_are_counted_by_status(client: FlaskClient) -> None:
    before = values(client)
    for _ in range(3):
        client.get("/nothing/here")
    after = values(client)
    missing = 'tracker_http_requests_total{status="404"}'
    assert after[missing] - before.get(missing, 0) == 3
    count = "tracker_http_request_duration_seconds_count"
    assert after[count] - before[count] == 4
    total = "tracker_http_request_duration_seconds_sum"
    assert after[total] > before[total]


def test_a_label_is_escaped() -> None:
    metric = Metric("m", "gauge", "a\\b\nc", [("", {"name": 'a"b\\c\nd'}, 1)])
    assert list(metric.lines()) == [
        "# HELP m a\\\\b\\nc",
        "# TYPE m gauge",
        'm{name="a\\"b\\\\c\\nd"} 1',
    ]


def test_follows_the_viewers_password(config: Config) -> None:
    client = create_app(replace(config, viewer_password="a long password")).test_client()
    refused = client.get("/metrics")
    assert (refused.status_code, refused.mimetype) == (401, "text/plain")
    with proxy.connection_context():
        text, _ = make_token("prometheus", ["read"], "a test")
    bearer = {"Authorization": f"Bearer {text}"}
    assert client.get("/metrics", headers=bearer).status_code == 200
    close(proxy.obj)


def test_rejects_a_wrong_method(client: FlaskClient) -> None:
    assert client.delete("/metrics").status_code in (403, 405)
