"""`Server-Timing`: told to whoever develops or measures, and to nobody else."""

from __future__ import annotations

import re

import pytest

from app.queries.remembered import forget
from app.web.request.timing import WANTED
from tests.counting import statements
from tests.filled import Reader

HEADER = "Server-Timing"
TOLD = re.compile(
    r'queries;desc="(\d+)";dur=[\d.]+, rows;desc="(\d+)", render;dur=([\d.]+), total;dur=([\d.]+)'
)


def told(company: Reader, address: str) -> tuple[float, ...]:
    """Queries, rows, milliseconds of rendering and of all."""
    response = company.client.get(address, environ_overrides={WANTED: True})
    assert response.status_code in (200, 304)
    found = TOLD.fullmatch(response.headers[HEADER])
    assert found, response.headers[HEADER]
    return tuple(map(float, found.groups()))


def test_whoever_measures_is_told_what_a_page_took(company: Reader) -> None:
    forget()
    with statements() as made:
        queries, rows, rendering, whole = told(company, "/users?start=2026-09-21&end=2026-10-11")
    assert queries == len(made) > 0
    assert rows > 10
    assert 0 < rendering < whole
    again = told(company, "/users?start=2026-09-21&end=2026-10-11")
    assert again[0] < queries
    assert again[1] < rows


def test_data_is_not_rendered(company: Reader) -> None:
    assert told(company, "/api/stats")[2] == 0


def test_nobody_else_is_told(company: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (WANTED, "Server-Timing"):
        response = company.client.get("/", headers={name: "1"})
        assert HEADER not in response.headers
    monkeypatch.setitem(company.app.config, "DEBUG", True)
    assert TOLD.fullmatch(company.client.get("/").headers[HEADER])
