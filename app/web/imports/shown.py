"""What the page of one import shows: counts in cards, days in a chart, what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import url_for

from app.importing import FileDay, ImportedFile, Preview, UnattributedKey, days_of, undo_preview
from app.states import BatchStatus
from app.tools import TOOL_OF_PROVIDER
from app.web.view import charts, formatting
from app.web.view.charts import TOTAL, VALUE, SeriesStyle

SHOWN_NAMES = 12
"""At most this many people, keys and models are named; the rest is a number."""
SHOWN_REJECTED = 50
MOST_DAYS = 1000
"""A file with more days than this shows the last ones only."""
LONGEST_FILLED = 731
"""In at most this many days a day without rows gets its empty place in the chart."""
COUNTED, COVERED = "counted", "covered"
Covered = Mapping[date, tuple[int, int] | None]
"""Tokens and value of the rows that the API covers, by day; None: all of that day."""


class RowCount(NamedTuple):
    """How many rows of the file are of one sort, and a few words about them."""

    label: str
    rows: int
    words: str
    warns: bool = False


class DayChart(NamedTuple):
    """The chart of a file's days; `main` is the measure, `left_out` how many days it lacks."""

    chart: charts.Chart
    weekly: bool
    main: str
    legend: list[tuple[str, int]]
    looks: dict[str, SeriesStyle]
    finding: str
    left_out: int


def context_of(found: Preview) -> dict[str, Any]:
    """All that the templates of one import need. Raises `NoSuchImport`."""
    file = found.file
    days = days_of(file.id)
    applied = file.status is BatchStatus.APPLIED
    return {
        "found": found,
        "file": file,
        "tool": TOOL_OF_PROVIDER.get(file.provider, ""),
        "cards": cards_of(found),
        "days": day_chart(days, covered_of(found), TOOL_OF_PROVIDER.get(file.provider, "")),
        "undoing": undo_preview(file.id) if applied else None,
        "behind": figures_url(file),
        "named_keys": [owner for owner in found.unattributed if owner.key],
        "nameless": _nameless(found.unattributed),
        "shown_names": SHOWN_NAMES,
        "rejected": found.rejected_rows[:SHOWN_REJECTED],
    }


def _nameless(owners: Sequence[UnattributedKey]) -> UnattributedKey | None:
    return next((owner for owner in owners if not owner.key), None)


def page_of(found: Preview) -> str:
    """The page of an import; `again` there says that it was imported before."""
    return url_for("one_import.page", number=found.file.id, again=1 if found.note else None)


def figures_url(file: ImportedFile) -> str:
    """The overview of the file's days and tool, "" when it has none."""
    if not (file.first_day and file.last_day):
        return ""
    query = {"start": file.first_day.isoformat(), "end": file.last_day.isoformat()}
    if tool := TOOL_OF_PROVIDER.get(file.provider):
        query["tool"] = tool
    return f"{url_for('dashboard.page')}?{urlencode(query)}"


def cards_of(found: Preview) -> list[RowCount]:
    """The rows of the file by what becomes of them; together they are all its rows."""
    file = found.file
    covered = ""
    if file.covered:
        days = formatting.count_of(len(found.covered_days), "day")
        covered = f"{days}, {formatting.compact(found.covered_tokens)} tokens"
    reasons = found.skipped_reasons
    skipped = reasons[0][0] if reasons else "no tokens, no cost"
    return [
        RowCount("New", file.new, "not seen before"),
        RowCount("Changed", file.changed, "newer figures of known rows"),
        RowCount("Already known", file.unchanged, "from an earlier import"),
        RowCount("Covered by the API", file.covered, covered or "counted once, never twice"),
        RowCount("Nothing to count", file.skipped, skipped),
        RowCount("Rejected", file.rejected, "cannot be read", warns=file.rejected > 0),
    ]


def covered_of(found: Preview) -> Covered:
    """What of each day the API covers: all of it where a file of earlier versions tells no more."""
    if not found.covered_amounts:
        return dict.fromkeys(found.covered_days)
    return dict(zip(found.covered_days, found.covered_amounts, strict=True))


def day_chart(days: Sequence[FileDay], covered: Covered, tool: str) -> DayChart | None:
    """The days of a file, what of them the API covers apart; None for one without good rows."""
    if not days:
        return None
    main = TOTAL if any(day.tokens for day in days) else VALUE
    kept = days[-MOST_DAYS:]
    points = [_point(day, covered, main) for day in _filled(kept)]
    # Whole as they are: a week of which the file has a part is no week still to come.
    bars = [bar._replace(open=False) for bar in charts.bars(points, set())]
    sums = {name: sum(bar.amounts.get(name, 0) for bar in bars) for name in (COUNTED, COVERED)}
    legend = [(name, amount) for name, amount in sums.items() if amount] or [(COUNTED, 0)]
    return DayChart(
        chart=charts.stacked(bars, (COUNTED, COVERED)),
        weekly=len(points) > charts.LONGEST_DAILY_RANGE,
        main=main,
        legend=legend,
        looks={
            COUNTED: SeriesStyle("From the file", formatting.tool_class(tool), {}),
            COVERED: SeriesStyle("Covered by the API", "tool-other", {}),
        },
        finding=_finding(kept, main),
        left_out=len(days) - len(kept),
    )


def _filled(days: Sequence[FileDay]) -> list[FileDay]:
    """The days with those between them, unless they lie years apart."""
    length = (days[-1].day - days[0].day).days + 1
    if length > LONGEST_FILLED:
        return list(days)
    known = {day.day: day for day in days}
    dates = [days[0].day + timedelta(days=number) for number in range(length)]
    return [known.get(day, FileDay(day, 0, 0, 0)) for day in dates]


def _point(day: FileDay, covered: Covered, main: str) -> charts.Point:
    # A chart has no place below zero, for credits say.
    whole = max(0, _amount(day, main))
    told = covered.get(day.day, (0, 0))
    part = whole if told is None else min(whole, max(0, told[0 if main == TOTAL else 1]))
    return charts.Point(day.day, {COUNTED: whole - part, COVERED: part, main: whole})


def _amount(day: FileDay, main: str) -> int:
    return day.tokens if main == TOTAL else day.value_nanos


def _finding(days: Sequence[FileDay], main: str) -> str:
    busiest = max(days, key=lambda day: _amount(day, main))
    write = formatting.compact if main == TOTAL else formatting.money
    return f"Busiest: {formatting.weekday(busiest.day)} with {write(_amount(busiest, main))}."
