"""The pages that are measured: address, floor, budget, and what the rival took for the same."""

from __future__ import annotations

from typing import NamedTuple

from scripts.benchmarks import floors
from scripts.benchmarks.floors import Floor

ONE = "{person}"
"""Stands in an address for somebody's e-mail."""


class Page(NamedTuple):
    """One address and what is known of it.

    `budget`: milliseconds for a question not asked before, at 10,000 people. `dates` are the
    names of its parameters of first and last day; without any it has no range.
    """

    name: str
    path: str
    floor: Floor
    budget: int
    days: int = 30
    query: str = ""
    dates: tuple[str, str] | None = ("start", "end")


API = ("startDate", "endDate")


def pivot(rows: str, by: str, days: int, more: str = "", floor: Floor = floors.by_time) -> Page:
    """A pivot of the review."""
    words = " ".join(filter(None, more.replace("measure=", "").split("&")))
    name = f"pivot {rows} by {by}{f', {words}' if words else ''}, {days} d"
    query = f"rows={rows}&by={by}{f'&{more}' if more else ''}"
    return Page(name, "/users", floor, 150, days, query)


def pivots() -> list[Page]:
    """Every pivot of the review, for a month and a year."""
    found = []
    for days in (30, 365):
        found += [
            pivot("person", "month", days),
            pivot("team", "model", days, floor=floors.of_models),
            pivot("model", "day", days, floor=floors.totals),
            pivot("person", "day", days),
            pivot("workspace", "month", days, floor=floors.of_actors),
            pivot("model", "week", days, "measure=people", floors.of_models),
        ]
    return found


PAGES = (
    Page("overview, 30 d", "/", floors.overview, 80),
    Page("overview, 365 d", "/", floors.overview, 80, 365),
    Page("overview by model, 365 d", "/", floors.overview, 80, 365, "by=model&measure=cost"),
    Page("people, 30 d", "/users", floors.two_phases, 60),
    Page("people, 365 d", "/users", floors.two_phases, 80, 365),
    Page("people, a search, 365 d", "/users", floors.two_phases, 80, 365, "q=an"),
    Page("people by active days, 365 d", "/users", floors.two_phases, 80, 365, "sort=daysActive"),
    Page("people without usage, 30 d", "/users", floors.two_phases, 80, 30, "usage=none"),
    Page("one person, 365 d", f"/users/{ONE}", floors.person, 25, 365),
    *pivots(),
    Page("settings: keys", "/settings", floors.people, 80, dates=None),
    Page("settings: people", "/settings/people", floors.people, 80, dates=None),
    Page("status", "/status", floors.day_stamps, 80, dates=None),
    Page("records, 30 d", "/records", floors.person, 80),
    Page("JSON stats, 365 d", "/api/stats", floors.totals, 25, 365, dates=API),
    Page("JSON trends, 365 d", "/api/trends", floors.totals, 25, 365, dates=API),
    Page("JSON models, 365 d", "/api/models", floors.totals, 25, 365, dates=API),
    Page("JSON users, 50 rows, 365 d", "/api/users", floors.two_phases, 25, 365, dates=API),
    Page(
        "JSON pivot, 500 rows, 365 d", "/api/users/pivot", floors.two_phases, 25, 365, "limit=500",
        API,
    ),
    Page("JSON one person, 365 d", f"/api/users/{ONE}", floors.person, 25, 365, dates=API),
    Page("CSV of all people, 30 d", "/export/users.csv", floors.everything, 300),
    Page("CSV of all people, 365 d", "/export/users.csv", floors.everything, 300, 365),
)  # fmt: skip

STATEMENTS = "statements that Peewee writes, and the figures of those who are shown"
BY_MODEL = "the months of everybody by model, six times as many rows as of everything"
WHERE_IT_GOES = {
    "overview": f"{STATEMENTS}; rendering; the figures of each day",
    "people": f"{STATEMENTS}; rendering; who is first among everybody",
    "one person": "rendering, and statements that Peewee writes",
    "pivot person": "everybody's months and the days at both edges, cut by the columns",
    "pivot team by model": BY_MODEL,
    "pivot model by week, people": "reading a bitmap of each model and day",
    "settings: keys": "what each suggestion would move",
    "status": "the marks of a year's days, and rendering them",
    "records": "who they are of: a line for everybody, one by one",
    "JSON": f"{STATEMENTS}; who is first among everybody",
    "CSV": f"the top model of everybody: {BY_MODEL}; then writing the rows",
}
"""What a page over its budget spends its time on, by how its name begins, from
profiles and from what it asks."""

RIVAL = {
    "L": {
        "overview, 30 d": 1712,
        "overview, 365 d": 4336,
        "people, 30 d": 682,
        "people, 365 d": 2223,
        "JSON pivot, 500 rows, 365 d": 2223,
        "JSON stats, 365 d": 2189,
        "one person, 365 d": 15,
        "JSON one person, 365 d": 15,
        "CSV of all people, 365 d": 2131,
    },
    "M": {
        "overview, 30 d": 385,
        "people, 30 d": 134,
        "people, 365 d": 587,
        "one person, 365 d": 15,
        "CSV of all people, 365 d": 581,
    },
    "S": {
        "overview, 30 d": 59,
        "people, 30 d": 21,
        "one person, 365 d": 15,
        "CSV of all people, 365 d": 30,
    },
}
"""Abacus in production mode on PostgreSQL, quiet machine, milliseconds, 30 November 2026."""
