"""`/metrics`: freshness, runs, rows and requests in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from flask import Blueprint, Response

from app.database import reading
from app.dates import utc_now
from app.queries.days.completeness import count_states
from app.queries.days.health import ProviderHealth, provider_health
from app.queries.days.stored import count_suspicious_days, stored_usage
from app.states import RunStatus
from app.web.request.request_log import counted
from app.web.view.frame import configured_providers

blueprint = Blueprint("metrics", __name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[str, Mapping[str, object], float]
"""Suffix of the metric's name, labels, value."""


class Metric(NamedTuple):
    """One metric with its samples."""

    name: str
    kind: str
    help: str
    samples: Iterable[Sample]

    def lines(self) -> Iterator[str]:
        """The metric as Prometheus reads it."""
        yield f"# HELP {self.name} {escaped_help(self.help)}"
        yield f"# TYPE {self.name} {self.kind}"
        for suffix, labels, value in self.samples:
            pairs = ",".join(f'{name}="{escaped(str(text))}"' for name, text in labels.items())
            number = f"{value:.6f}" if isinstance(value, float) else str(value)
            yield f"{self.name}{suffix}{'{' + pairs + '}' if pairs else ''} {number}"


def escaped(text: str) -> str:
    """The value of a label."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def escaped_help(text: str) -> str:
    """The words of a HELP line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


@blueprint.get("/metrics")
def metrics() -> Response:
    """All metrics. Those of requests are of the process that answers."""
    now = utc_now()
    providers = configured_providers()
    with reading():
        health = provider_health(providers, now)
        found = [*_runs(health), *_days([name for name, _, _ in providers], now), *_stored()]
    lines = [line for metric in (*found, *_requests()) for line in metric.lines()]
    return Response("\n".join(lines) + "\n", content_type=CONTENT_TYPE)


def _runs(health: list[ProviderHealth]) -> Iterator[Metric]:
    def gauge(name: str, words: str, values: dict[str, float | None]) -> Metric:
        known = [
            ("", {"provider": key}, value) for key, value in values.items() if value is not None
        ]
        return Metric(f"tracker_{name}", "gauge", words, known)

    last = {one.provider: one.last for one in health}
    yield gauge(
        "provider_configured",
        "1 when the provider has a key.",
        {one.provider: int(one.configured) for one in health},
    )
    yield gauge(
        "data_through_timestamp",
        "Beginning of the newest stored UTC day.",
        {one.provider: _seconds(one.through) for one in health},
    )
    yield gauge(
        "data_read_timestamp",
        "When the provider's data was read last.",
        {one.provider: _seconds(one.fetched_at) for one in health},
    )
    yield gauge(
        "last_run_timestamp",
        "When the newest run ended.",
        {name: _seconds(run.finished_at) if run else None for name, run in last.items()},
    )
    yield gauge(
        "last_run_success",
        "1 when the newest run did everything it was asked for.",
        {name: int(run.status == RunStatus.OK) if run else None for name, run in last.items()},
    )
    yield gauge(
        "last_run_duration_seconds",
        "How long the newest run took.",
        {name: run.seconds if run else None for name, run in last.items()},
    )
    yield gauge(
        "last_good_run_timestamp",
        "When the newest run without failure ended.",
        {one.provider: _seconds(one.last_good_at) for one in health},
    )
    yield gauge(
        "run_in_progress",
        "1 while a run reads the provider.",
        {one.provider: int(one.underway is not None) for one in health},
    )


def _days(providers: list[str], now: datetime) -> Iterator[Metric]:
    samples: list[Sample] = [
        ("", {"provider": provider, "state": state.value}, number)
        for provider, states in count_states(providers, now.date()).items()
        for state, number in states.items()
    ]
    yield Metric("tracker_days", "gauge", "Days by how far they can be trusted.", samples)


def _stored() -> Iterator[Metric]:
    """What the stamps of the counting days add up to."""
    found = stored_usage()
    words = {
        "usage_records": "Usage records that count.",
        "tokens": "Tokens of the records that count.",
        "unpriced_tokens": "Tokens among them whose model has no known price.",
    }
    for name, meaning in words.items():
        samples: list[Sample] = [
            ("", {"provider": one.provider}, getattr(one, name)) for one in found
        ]
        yield Metric(f"tracker_{name}", "gauge", meaning, samples)
    yield Metric(
        "tracker_suspicious_days",
        "gauge",
        "Days that held usage, came back empty and were kept.",
        [("", {}, count_suspicious_days())],
    )


def _requests() -> Iterator[Metric]:
    seen = counted()
    by_status: list[Sample] = [
        ("", {"status": status}, number) for status, number in sorted(seen.by_status.items())
    ]
    words = "Requests answered by this process."
    yield Metric("tracker_http_requests_total", "counter", words, by_status)
    number = sum(seen.by_status.values())
    samples: list[Sample] = [("_sum", {}, seen.seconds), ("_count", {}, number)]
    words = "Seconds that this process took to answer."
    yield Metric("tracker_http_request_duration_seconds", "summary", words, samples)


def _seconds(moment: date | datetime | None) -> float | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, datetime.min.time(), UTC)
    return int(moment.timestamp())
