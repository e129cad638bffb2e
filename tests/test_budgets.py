"""What pages may cost, as ratios and counts: how busy a machine is changes none of them.

`scripts/bench` tells the times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from app.config import Config
from app.dates import days_between
from app.queries.remembered import forget
from app.web.request.timing import WANTED
from tests.counting import steps_of
from tests.filled import Filler, Reader, read_filled
from tests.office import store, used
from tests.tools import CLAUDE_CODE, CURSOR

FIRST, LAST = date(2025, 6, 3), date(2026, 6, 20)
MONTH = ("2026-04-07", "2026-05-06")
YEAR = ("2025-06-12", "2026-06-11")
"""Neither begins or ends with a month: that is what most ranges are."""
PEOPLE = [f"p{number:02d}@acme.example" for number in range(60)]
EVERY = 5
"""People have usage on every fifth day: more of it takes longer to store and tells no more."""
MOST_TIMES = 2.5
"""How much more work a year may be than a month: read by days, it would be twelve times."""
COLUMNS = "&".join(f"cols={name}" for name in ("email", "totalTokens", "totalCost", "daysActive"))
PAGES = (
    "/?start={}&end={}",
    "/?by=model&measure=cost&start={}&end={}",
    f"/users?{COLUMNS}&start={{}}&end={{}}",
    f"/users?{COLUMNS}&q=p1&sort=totalCost&start={{}}&end={{}}",
    f"/export/users.csv?{COLUMNS}&start={{}}&end={{}}",
    "/api/users/pivot?startDate={}&endDate={}",
)
MOST_ROWS = 5 * 366
"""Of the database for a year: some for each day of the chart, the bitmap of its people, and
those of a list."""
MOST_BYTES = 100_000
"""Of any of these answers before compression."""
# On PostgreSQL it is the planner's business how it reads tables as small as these.
ON_SQLITE = pytest.mark.parametrize("filled_engine", ["sqlite"], indirect=True)


def fill_year(_: Config) -> None:
    """A year of sixty people, each with one of two tools."""
    store([
        used(day, email, (CLAUDE_CODE, CURSOR)[number % 2], number + 1, 7)
        for day in list(days_between(FIRST, LAST))[::EVERY]
        for number, email in enumerate(PEOPLE)
    ])  # fmt: skip


@pytest.fixture
def year(filler: Filler) -> Iterator[Reader]:
    """A year of usage by sixty people. Read only."""
    yield from read_filled(filler("year", fill_year))


@ON_SQLITE
def test_a_year_is_little_more_work_than_a_month(year: Reader) -> None:
    found = {}
    for page in PAGES:
        # What an application does once, such as looking at the schema, is no part of a page.
        year.client.get(page.format(*MONTH))
        month, whole = (fresh(year, page.format(*days)) for days in (MONTH, YEAR))
        found[page] = (round(whole / month, 2), month, whole)
    assert not {page: took for page, took in found.items() if took[0] > MOST_TIMES}, found


@ON_SQLITE
def test_an_answer_asked_again_is_less_than_half_the_work(year: Reader) -> None:
    found = {}
    for page in PAGES:
        first, again = fresh(year, page.format(*YEAR)), steps_of(year.client, page.format(*YEAR))
        found[page] = (round(first / again, 2), first, again)
    assert not {page: took for page, took in found.items() if took[0] < 2}, found


def test_a_page_is_given_what_it_shows_and_not_the_days_of_everybody(year: Reader) -> None:
    assert len(PEOPLE) * 366 / EVERY > MOST_ROWS
    for page in PAGES:
        forget()
        answer = year.client.get(page.format(*YEAR), environ_overrides={WANTED: True})
        rows = re.search(r'rows;desc="(\d+)"', answer.headers["Server-Timing"])
        assert rows
        assert int(rows[1]) < MOST_ROWS, (page, rows[1])
        assert len(answer.data) < MOST_BYTES, (page, len(answer.data))


def fresh(reader: Reader, address: str) -> int:
    """The work of an address that nobody has asked for."""
    forget()
    return steps_of(reader.client, address)
