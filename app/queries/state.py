"""The state of all that pages of figures show, in a few numbers."""

from __future__ import annotations

from typing import NamedTuple

from peewee import fn

from app.database import database, server_run
from app.models import Meta, ProviderRun, Run, Slot
from app.runs import active_run

NEWEST = 3
"""The newest rows of the log and the schedule: older ones are over and stay as they are."""


class ShownState(NamedTuple):
    """What differs whenever the data, or what is known of its freshness, does.

    `numbers` only grow while one server runs; those of another run may count other things.
    """

    server: str
    numbers: tuple[int, ...]


def shown_state() -> ShownState:
    """The present state.

    Read from two small tables: the version of the data, and how far the runs are. A run that
    finds every day unchanged changes no figure, but how fresh they are.
    """
    runs = (
        fn.COALESCE(fn.MAX(ProviderRun.id), 0),
        fn.COALESCE(fn.MAX(ProviderRun.finished_at), 0),
        fn.COALESCE(fn.SUM(ProviderRun.days_done), 0),
        fn.COUNT(ProviderRun.finished_at),
    )
    columns = [ProviderRun.select(one) for one in runs]
    server, *numbers = Meta.select(server_run(), Meta.data_version, *columns).tuples().get()
    return ShownState(server, tuple(map(int, numbers)))


def state_of_runs() -> tuple[object, ...] | None:
    """What differs whenever the log of runs or the schedule does; None while a run is under way.

    Whether its process still lives stands in no table, and each of its moments differs.
    """
    if active_run():
        return None
    newest = (
        table.select().order_by(table.id.desc()).limit(NEWEST) for table in (Run, ProviderRun, Slot)
    )
    ended = Run.select(fn.COUNT(Run.id), fn.COUNT(Run.finished_at))
    return tuple(tuple(database.execute(query).fetchall()) for query in (*newest, ended))
