"""Running sums: what every actor's usage adds up to until a day, for any range in four rows.

They are of what counts, and written in the transaction that changes it, as all rollups. What a
day says anew changes its own row, those of later days of its month, and of later months the row
that says what was before them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from peewee import SQL, Expression, fn

from app.bulk import delete_rows, insert_rows
from app.database import database
from app.models import MODEL, RUNNING_FIGURES, Actor, ActorDay, Partition, RunningSum, Slice
from app.packed import kept, pack, read

Series = tuple[int, str]
"""An organisation's id and a tool."""
Key = tuple[int, str, str]
"""A series and a figure."""
Rows = dict[Key, int]
"""A row of numbers (`app.packed`), one for each lane, of each key."""
# Written out: only so do databases find the days of a series by the index of one figure.
IN_INDEX = RunningSum.figure == SQL("'tokens'")
KEY = ("until", "organization_id", "tool", "figure")
LAST_IN_MONTH, LAST_DAY = 31, 99991231


class Changed(NamedTuple):
    """What becomes of the rows until a day: those that are new or other now, and those no more."""

    until: int
    rows: Rows
    gone: list[Key]


def next_lane(organization_id: int) -> int:
    """The first lane of an organisation that is nobody's, as are all after it."""
    mine = Actor.organization == organization_id
    return int(Actor.select(fn.COALESCE(fn.MAX(Actor.lane), -1)).where(mine).scalar()) + 1


def refresh_running(days: Iterable[int], tools: Collection[str]) -> None:
    """Make the running sums of these tools agree with what counts of these days (YYYYMMDD)."""
    for changed in changes(days, tools, Partition.counts):
        until = changed.until
        touched = [(until, *key) for key in {*changed.rows, *changed.gone}]
        delete_rows("running_sum", KEY, touched)
        rows = ((until, *key, kept(row)) for key, row in changed.rows.items())
        insert_rows("running_sum", (*KEY, "sums"), rows)


def changes(days: Iterable[int], tools: Collection[str], counting: Expression) -> Iterator[Changed]:
    """What will be other in the running sums of these tools if of these days `counting` counts.

    A row at a time: of a year of ten thousand people they would take hundreds of megabytes.
    """
    wanted = sorted(set(days))
    if not (wanted and tools):
        return
    models = _series_of_models(tools)
    series = sorted(set(models.values()))
    first = wanted[0] // 100 * 100
    totals = _totals_before(first, series)
    for month in _months(wanted):
        if not series:
            return
        mine = [day for day in wanted if month < day <= month + LAST_IN_MONTH]
        ends = _last_rows(month, mine[0] - 1 if mine else month + LAST_IN_MONTH, series)
        if mine:
            yield from _of_month(mine, tools, partial(sums_of_day, models, counting), ends)
        carried, before = _stored(month, tools), {key: totals.get(key, 0) for key in ends}
        if month > wanted[-1]:
            series = [one for one in series if not _holds(one, carried, before)]
            carried = {key: row for key, row in carried.items() if key[:2] in series}
            before = {key: row for key, row in before.items() if key[:2] in series}
        yield _changed(month, carried, before)
        totals |= {key: before[key] + ends[key] for key in before}


def _of_month(
    wanted: Sequence[int], tools: Collection[str], told: Callable[[int], Rows], ends: Rows
) -> Iterator[Changed]:
    """The rows of a month, from the first of its days on that are told anew.

    `ends` are the last rows before that day, and come to be the last ones of the month.
    """
    stored, more = dict(ends), dict.fromkeys(ends, 0)
    for day in sorted({*wanted, *_untils(wanted[0], wanted[0] // 100 * 100 + LAST_IN_MONTH)}):
        there = rows = _stored(day, tools)
        if day in wanted:
            rows = told(day)
            for key in rows.keys() | there.keys():
                was = there[key] - stored.get(key, 0) if key in there else 0
                more[key] = more.get(key, 0) + rows.get(key, 0) - was
        stored |= there
        rows = {key: stored.get(key, 0) + more.get(key, 0) for key in rows}
        ends |= rows
        yield _changed(day, there, rows)


def _holds(series: Series, carried: Rows, before: Rows) -> bool:
    """Whether a month begins with what is stored: so do all later ones then."""
    keys = [(*series, figure) for figure in RUNNING_FIGURES]
    return keys[0] in carried and all(carried.get(key) == before.get(key) for key in keys)


def _months(wanted: Sequence[int]) -> list[int]:
    """The months of these days, and all later ones with usage, as their days 0."""
    later = _untils(wanted[0], LAST_DAY)
    return sorted({day // 100 * 100 for day in {*wanted, *later}})


def _changed(until: int, stored: Rows, rows: Rows) -> Changed:
    new = {key: row for key, row in rows.items() if stored.get(key) != row}
    return Changed(until, new, sorted(stored.keys() - rows.keys()))


def _series_of_models(tools: Collection[str]) -> dict[int, Series]:
    """Whose the models of these tools are, by the ids of their slices."""
    of_these = (Slice.kind == MODEL) & Slice.tool.in_(list(tools))
    # A model of none cannot be: `verify` names it, and must not fail over it.
    of_these &= Slice.organization.is_null(False)
    query = Slice.select(Slice.id, Slice.organization, Slice.tool).where(of_these)
    return {model: (organization, tool) for model, organization, tool in query.tuples()}


def sums_of_day(models: dict[int, Series], counting: Expression, day: int) -> Rows:
    """What `counting` partitions of a day add up to by actor, of these models."""
    figures = [getattr(ActorDay, name) for name in RUNNING_FIGURES]
    query = (
        ActorDay.select(ActorDay.model, Actor.lane, *figures)
        .join(Partition)
        .switch(ActorDay)
        .join(Actor)
        .where((Partition.day == day) & counting & ActorDay.model.in_([*models, 0]))
    )
    found: dict[Series, list[Sequence[int]]] = {}
    for model, *numbers in database.execute(query).fetchall():
        found.setdefault(models[model], []).append(numbers)
    return {
        (*series, figure): row
        for series, numbers in found.items()
        for figure, row in zip(RUNNING_FIGURES, _rows_of(numbers), strict=True)
    }


def _rows_of(told: Iterable[Sequence[int]]) -> Iterator[int]:
    """A row for each figure, of (lane, *figures); an actor has several models."""
    lanes, *figures = zip(*told, strict=True)
    for numbers in figures:
        if not any(numbers):
            yield 0
            continue
        row = array("q", bytes(8 * (max(lanes) + 1)))
        for lane, number in zip(lanes, numbers, strict=True):
            row[lane] += number
        yield pack(row)


def _rows(until: int, where: Expression) -> Rows:
    columns = (RunningSum.organization, RunningSum.tool, RunningSum.figure, RunningSum.sums)
    query = RunningSum.select(*columns).where((RunningSum.until == until) & where)
    found = database.execute(query).fetchall()
    return {
        (organization, tool, figure): read(bytes(sums))
        for organization, tool, figure, sums in found
    }


def _stored(until: int, tools: Collection[str]) -> Rows:
    return _rows(until, RunningSum.tool.in_(list(tools)))


def _rows_of_series(series: Series, until: int) -> Rows:
    return _rows(until, (RunningSum.organization == series[0]) & (RunningSum.tool == series[1]))


def _untils(first: int, last: int) -> set[int]:
    query = RunningSum.select(RunningSum.until).where(RunningSum.until.between(first, last))
    return {until for (until,) in query.distinct().tuples()}


def _last_rows(after: int, last: int, series: Iterable[Series]) -> Rows:
    """The last row of each key, until a day after one day and not after another."""
    found: Rows = {}
    for one in series:
        until = last_until(one, last)
        if until > after:
            found |= _rows_of_series(one, until)
    return found


def last_until(series: Series, last: int) -> int:
    """Until which day the last row of a series is that reaches no further than one; 0: none."""
    organization, tool = series
    query = RunningSum.select(RunningSum.until).where(
        (RunningSum.until <= last)
        & (RunningSum.organization == organization)
        & (RunningSum.tool == tool)
        & IN_INDEX
    )
    return query.order_by(RunningSum.until.desc()).limit(1).scalar() or 0


def _totals_before(first: int, series: Iterable[Series]) -> Rows:
    """The sums of everything before the first of a month (YYYYMM00)."""
    totals: Rows = {}
    for one in series:
        last = last_until(one, first - 1)
        totals |= _rows_of_series(one, last)
        for key, row in _rows_of_series(one, last // 100 * 100).items():
            totals[key] = totals.get(key, 0) + row
    return totals
