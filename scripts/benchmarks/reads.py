"""What pages take: not asked before, remembered, the first after a write, unchanged."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient

from app import create_app
from app.database import database, reading, writing
from app.dates import day_number
from app.versions import bump_data_version
from app.web.request.timing import WANTED
from scripts.benchmarks.figures import Figure, Took, high, median, milliseconds
from scripts.benchmarks.floors import Window
from scripts.benchmarks.pages import ONE, PAGES, Page
from scripts.benchmarks.sizes import Filled
from scripts.benchmarks.tables import COLUMNS

TIMING = re.compile(
    r'queries;desc="(\d+)";dur=([\d.]+), rows;desc="(\d+)", render;dur=([\d.]+), total;dur=([\d.]+)'
)
TODAY = datetime.now(UTC).date()


class Asker:
    """Somebody who asks the application through its WSGI door, and is told what it took."""

    def __init__(self, data: Filled) -> None:
        self.data = data
        self.client: FlaskClient = create_app(data.config).test_client()
        self.shifts = itertools.count(1)
        self.get("/")
        listed = self.client.get("/api/users?limit=1").json
        self.person = quote(listed[0]["email"])
        self.last: Any = None

    def get(self, address: str, **headers: str) -> None:
        """Ask once; the answer stays in `last`, whole."""
        self.last = self.client.get(
            address,
            headers={"Accept-Encoding": "gzip", **headers},
            environ_overrides={WANTED: True},
        )
        self.bytes = len(self.last.data)
        if self.last.status_code not in (200, 304):
            raise SystemExit(f"{address} answered {self.last.status_code}.")

    def window(self, page: Page, back: int = 0) -> Window:
        """A range of a page's length that ended so many days ago, within what there is."""
        length = min(page.days, self.data.size.days) if page.days < 365 else 365
        return Window(TODAY - timedelta(length - 1 + back), TODAY - timedelta(back))

    def address(self, page: Page, window: Window) -> str:
        """The address of a page for a range."""
        dates = zip(page.dates or (), window, strict=False)
        query = "&".join(filter(None, (page.query, *(f"{name}={day}" for name, day in dates))))
        return page.path.replace(ONE, self.person) + (f"?{query}" if query else "")


def measure_pages(data: Filled, repeat: int, only: str = "") -> Iterator[Figure]:
    """Every page in every way."""
    asker = Asker(data)
    for page in PAGES:
        if only in page.name:
            yield from measured(asker, page, repeat)


def measured(asker: Asker, page: Page, repeat: int) -> Iterator[Figure]:
    """One page: the same number of each way to ask, the floor among them."""
    found = {way: [] for way in ("floor", "fresh", "remembered", "after a write", "304")}
    told: list[tuple[float, ...]] = []
    for _ in range(repeat):
        window = asker.window(page, back=1 + next(asker.shifts) % 300)
        address = asker.address(page, window)
        found["floor"].append(milliseconds(partial(floor, page, window)))
        found["fresh"].append(milliseconds(partial(asker.get, address)))
        told.append(spent(asker.last))
        found["remembered"].append(milliseconds(partial(asker.get, address)))
        change(window.last)
        found["after a write"].append(milliseconds(partial(asker.get, address)))
        tag = {"If-None-Match": asker.last.headers.get("ETag", "")}
        whole = asker.bytes
        found["304"].append(milliseconds(partial(asker.get, address, **tag)))
    size, engine = asker.data.size.name, asker.data.engine
    values = summed_up(found, told) | {"KB gzip": whole / 1024, "KB": unpacked(asker, address)}
    for column in COLUMNS["pages"]:
        yield Figure(size, engine, "pages", page.name, column, values[column])


def summed_up(found: dict[str, list[Took]], told: list[tuple[float, ...]]) -> dict[str, float]:
    """The figures of a page: medians of processor milliseconds, and of the clock."""
    values = {way: median(one.cpu for one in took) for way, took in found.items()}
    values["of floor"] = values["fresh"] / max(values["floor"], 0.1)
    values["fresh wall"] = median(one.wall for one in found["fresh"])
    values["p95 wall"] = high(one.wall for one in found["fresh"])
    values["queries"], values["rows"] = (median(one[place] for one in told) for place in (0, 2))
    values["render"] = median(one[3] for one in told)
    return values


def floor(page: Page, window: Window) -> None:
    """The least for a page, in one snapshot as the page has it."""
    with database.connection_context(), reading():
        page.floor(window)


def spent(response: Any) -> tuple[float, ...]:
    """What an answer says of itself: queries, their milliseconds, rows, rendering, all."""
    found = TIMING.fullmatch(response.headers["Server-Timing"])
    assert found
    return tuple(map(float, found.groups()))


def unpacked(asker: Asker, address: str) -> float:
    """Kilobytes of an answer before compression."""
    return len(asker.client.get(address).data) / 1024


def change(day: date) -> None:
    """Make a day's usage count as changed, as a sync does that replaced it."""
    with database.connection_context(), writing():
        bump_data_version(day_number(day))
