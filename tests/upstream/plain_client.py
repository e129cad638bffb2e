"""Plain questions to the upstream, for the tests of the upstream itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import requests

from tests.upstream.cursor_days import DAY_MS, first_ms
from tests.upstream.server import Upstream

MONDAY, WEDNESDAY, SUNDAY = date(2026, 11, 2), date(2026, 11, 4), date(2026, 11, 8)
GROUPS = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "account_id",
)


def ask(upstream: Upstream, path: str, params: list[tuple[str, str]]) -> requests.Response:
    """A GET of the Anthropic Admin API with good credentials."""
    headers = {"x-api-key": upstream.anthropic_key, "anthropic-version": "2023-06-01"}
    url = f"{upstream.anthropic_url}/v1/organizations/{path}"
    return requests.get(url, params=params, headers=headers, timeout=60)


def report(upstream: Upstream, start: str, end: str, *more: tuple[str, str]) -> requests.Response:
    """The messages usage report, grouped as a tracker needs it."""
    params = [("starting_at", start), ("ending_at", end), *more]
    params += [("group_by[]", name) for name in GROUPS]
    return ask(upstream, "usage_report/messages", params)


def report_pages(upstream: Upstream, *more: tuple[str, str]) -> list[dict[str, Any]]:
    """Every page of the report from MONDAY to SUNDAY."""
    week = ("2026-11-02T00:00:00Z", "2026-11-09T00:00:00Z")
    pages = [report(upstream, *week, *more).json()]
    while pages[-1]["has_more"]:
        token = ("page", pages[-1]["next_page"])
        pages.append(report(upstream, *week, *more, token).json())
    return pages


def events_page(upstream: Upstream, **body: Any) -> requests.Response:
    """One page of Cursor events, from MONDAY to SUNDAY unless the body says else."""
    window = {"startDate": first_ms(MONDAY), "endDate": first_ms(SUNDAY) + DAY_MS - 1}
    url = f"{upstream.cursor_url}/teams/filtered-usage-events"
    return requests.post(url, json=window | body, auth=(upstream.cursor_key, ""), timeout=60)
