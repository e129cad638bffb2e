"""Every figure of a pivot leads to people or records that tell the same figure."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.database import writing
from app.directory.mappings import KeyChange, Owner, change_mappings
from app.directory.people import change_person
from app.ledger import organization_for, replace_day
from app.models import Run
from app.queries.pivot.dimensions import DIMENSIONS, PERSON
from app.queries.pivot.measures import MEASURES
from app.usage import DayUsage, RawActor
from tests.invented_keys import ANN, DOMAIN, fill_firm, usage_of
from tests.reading import shown, unescaped
from tests.tools import CLAUDE_CODE, CURSOR

RANGE = "start=2026-09-28&end=2026-11-04"
SHAPES = [
    (rows, by) for rows, by in product(DIMENSIONS, ("", *DIMENSIONS))
    if rows != by and (rows, by) != (PERSON, "")
]  # fmt: skip
FIGURE = re.compile(r'href="([^"]+)" title="([^"]+)"')
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
ZERO = re.compile(r"(^|>)\$?0(\.00)?(<|$)")
TITLES = re.compile(r'title="([^"]+)"')


def fill_lab() -> None:
    """The small firm with shared keys, a team, a second month, model and workspace, requests."""
    fill_firm()
    changes = [KeyChange(key, Owner(label=label)) for key, label in
               (("key_made", "CI & more"), ("key_named", "Lab"))]  # fmt: skip
    change_mappings(changes, by="test", email_domain=DOMAIN)
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    with writing():
        for day in (date(2026, 9, 30), date(2026, 11, 3)):
            own = [
                usage_of(day, CURSOR, RawActor(account=ANN), 11)._replace(requests=3),
                usage_of(day, CURSOR, RawActor(account=ANN), 13)._replace(model="other model"),
                usage_of(day, CURSOR, RawActor(key="key_cursor"), 17),
            ]
            usage = DayUsage(day, own, settled=True)
            replace_day(organization_for("cursor"), "events", usage, run, email_domain=DOMAIN)
            more = [usage_of(day, CLAUDE_CODE, RawActor(key="key_named"), 19)]
            usage = DayUsage(day, more, settled=True)
            replace_day(organization_for("anthropic"), "messages", usage, run, email_domain=DOMAIN)
    change_person(ANN, name="Ann", team="Data & AI", left="")


FILLED = {"lab": fill_lab}


@pytest.fixture
def lab(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    return client


def table_of(page: str) -> str:
    return page.split('id="table"')[1].split("</table>")[0]


def figures_at(client: FlaskClient, link: str) -> set[str]:
    """Every figure of the sums of a list of people, or of records; "" is one without a price."""
    page = unescaped(client, link)
    if link.startswith("/records"):
        told = page.split('id="sums"')[1].split("</section>")[0]
        counted = []
    else:
        told = table_of(page).split("<tfoot>")[1]
        counted = re.findall(r'id="count" class="count">\s*<b>(.*?)</b>', page)
    unpriced = [""] if "— not priced" in shown(told) else []
    full = TITLES.findall(told)
    return {*full, *(one.removesuffix(" tokens") for one in full), *counted, *unpriced}


def cells_of(client: FlaskClient, rows: str, by: str, measure: str) -> tuple[list[str], list[str]]:
    """The cells of the rows of a pivot, and those of the lines below them."""
    page = unescaped(client, f"/users?{RANGE}&rows={rows}&by={by}&measure={measure}")
    body, foot = table_of(page).split("<tbody>")[1].split("<tfoot>")
    return (CELL.findall(body), CELL.findall(foot))


def test_every_figure_leads_to_the_same_figure_and_never_to_a_pivot(
    lab: FlaskClient, database_engine: str
) -> None:
    told: dict[str, set[str]] = {}
    # A link is the same on both: where one leads is asked of every fourth on the other.
    every = 1 if database_engine == "sqlite" else 4
    for measure, (rows, by) in product(MEASURES, SHAPES):
        body, foot = cells_of(lab, rows, by, measure)
        assert [cell for cell in body if cell and "<a " not in cell and not ZERO.search(cell)] == []
        for link, figure in FIGURE.findall("".join([*body, *foot]))[::every]:
            assert not re.search("[?&](rows|by)=", link)
            there = link.replace("&sort=totalCost", "")
            told[there] = told.get(there) or figures_at(lab, link)
            wanted = "" if figure.startswith("No price") else figure.split(" of ")[0]
            assert wanted in told[there], (rows, by, link)
    assert len(told) > 200 // every, len(told)
