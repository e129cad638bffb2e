"""What vendors say they bill, beside value: the same in every answer, and unknown is not zero."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database

from tests.imported import cost, costs, event, events, put, tokens, usage

KNOWN, PARTLY, UNTOLD, NOTHING = (
    f"{name}@example.com" for name in ("known", "partly", "untold", "nothing")
)
EVENTS = (
    event(user=KNOWN, tokens=100, cost="1.25"),
    event(user=KNOWN, tokens=200, cost="0.75", kind="Included"),
    event(user=PARTLY, tokens=300, cost="0.50"),
    event(user=PARTLY, tokens=400, cost="0.25", kind="Custom"),
    event(user=UNTOLD, tokens=500, cost="2.00", kind="Custom"),
    event(user=NOTHING, tokens=600, cost="3.00", kind="Included"),
)
BILLED = {KNOWN: (1.25, 0), PARTLY: (0.5, 400), UNTOLD: (None, 500), NOTHING: (0.0, 0)}
"""Dollars billed and tokens without such a figure, of each person."""
MILLION = 1_000_000


def fill_bills() -> None:
    """Events that are billed, included and of a kind that tells nothing; a key with its cost
    export, and one without."""
    put(events(*EVENTS))
    put(tokens(usage(key="key-a"), usage(key="key-b")), "tokens.csv")
    put(costs(cost("4.00", key="key-a")), "costs.csv")


FILLED = {"firm": fill_bills}


@pytest.fixture
def firm(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    database.close()
    return client


def billed(answer: dict[str, Any]) -> tuple[float | None, int]:
    return answer["totalBilled"], answer["unbilledTokens"]


def test_the_json_tells_what_is_billed_and_of_how_much_nobody_told(firm: FlaskClient) -> None:
    def get(path: str) -> Any:
        return firm.get(f"/api/{path}").json

    stats = get("stats")
    assert billed(stats) == (5.75, MILLION + 900)
    assert stats["totalCost"] == 14.75
    assert billed(stats["unattributed"]) == (4.0, MILLION)
    assert billed(get("stats?tool=claude_code")) == (4.0, MILLION)
    assert {row["email"]: billed(row) for row in get("users")} == BILLED
    pivot = get("users/pivot")
    assert {row["email"]: billed(row) for row in pivot["users"]} == BILLED
    assert billed(pivot["totals"]) == (1.75, 900)
    assert {email: billed(get(f"users/{email}")["summary"]) for email in BILLED} == BILLED
    assert billed(get("stats?endDate=2026-11-01")) == (0.0, 0)
    later = "stats?startDate=2026-11-03&endDate=2026-11-03&comparison=true"
    assert billed(get(later)["previousPeriod"]) == billed(stats)
