"""The state of all that pages of figures show, in a few numbers."""

from __future__ import annotations

from peewee import fn

from app.models import Meta, ProviderRun


def shown_state() -> tuple[int, ...]:
    """Numbers that differ whenever the data, or what is known of its freshness, does.

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
    row = Meta.select(Meta.data_version, *columns).tuples().get()
    return tuple(map(int, row))
