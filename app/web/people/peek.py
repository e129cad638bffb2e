"""The panel beside the list of people: one person's figures, days, tools and models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from app.dates import days_between
from app.directory.people import person_for_alias
from app.queries.people.people import person_by_email
from app.queries.people.person import PersonDayPoint, PersonModel, person_usage
from app.queries.people.rows import PeopleQuestion, PersonRow, Rows, one_row
from app.queries.sums.figures import Figures, add_up
from app.web.view import charts
from app.web.view.tools import STACK

if TYPE_CHECKING:
    from app.web.people.view import PeopleView

MOST_MODELS = 6
HEIGHT = 72.0
BAR_SHARE = 0.8
COLUMNS = frozenset({"change", "daysActive", "topModel", "firstActive"})


class MiniBar(NamedTuple):
    """A bar of the small chart: percent of the width, pixels from the top."""

    bar: charts.Bar
    x: float
    width: float
    segments: list[charts.Segment]

    @property
    def tokens(self) -> int:
        """All tokens of the bar's days."""
        return sum(self.bar.amounts.values())


class Peek(NamedTuple):
    """What the panel shows, and who stands before and after in the list ("" for nobody).

    `place`: the person's number among all people of the list, None when not on this page.
    """

    row: PersonRow
    models: list[PersonModel]
    other_models: Figures
    other_model_count: int
    bars: list[MiniBar]
    weekly: bool
    place: int | None
    before: str
    after: str


def peek_at(
    view: PeopleView, asked: PeopleQuestion, found: Rows, open_days: set[date]
) -> Peek | None:
    """The person that the view looks at, also by a further e-mail; None for nobody known."""
    known = person_by_email(person_for_alias(view.peek) or view.peek) if view.peek else None
    if known is None:
        return None
    usage = person_usage(asked.scope, known[0])
    rest = [model.figures for model in usage.models[MOST_MODELS:]]
    bars = _bars(asked, usage.days, open_days)
    emails = [row.person.email for row in found.rows]
    place = emails.index(known[1]) if known[1] in emails else None
    after = emails[(-1 if place is None else place) + 1 :]
    return Peek(
        row=_row(asked, found, place, known),
        models=usage.models[:MOST_MODELS],
        other_models=add_up(rest) if rest else Figures(),
        other_model_count=len(rest),
        bars=mini_bars(bars, STACK),
        weekly=any(bar.first != bar.last for bar in bars),
        place=None if place is None else view.offset + place + 1,
        before=emails[place - 1] if place else "",
        after=after[0] if after else "",
    )


def _row(
    asked: PeopleQuestion, found: Rows, place: int | None, known: tuple[int, str]
) -> PersonRow:
    """The row of the list, when the person is on this page: it holds what the panel needs."""
    if place is not None and set(asked.columns) >= COLUMNS:
        return found.rows[place]
    return one_row(asked._replace(columns=COLUMNS), *known)


def _bars(
    asked: PeopleQuestion, days: Sequence[PersonDayPoint], open_days: set[date]
) -> list[charts.Bar]:
    start, end = asked.scope.start, asked.scope.end
    if start is None or end is None:
        return []
    amounts = {
        point.day: {tool: figures.tokens for tool, figures in point.by_tool.items()}
        for point in days
    }
    points = [charts.Point(day, amounts.get(day, {})) for day in days_between(start, end)]
    return charts.bars(points, open_days)


def mini_bars(bars: Sequence[charts.Bar], series: Sequence[str]) -> list[MiniBar]:
    """Stacked bars without axes, the first of `series` at the bottom."""
    highest = max((sum(bar.amounts.values()) for bar in bars), default=0) or 1
    step = 100 / max(len(bars), 1)
    drawn = []
    for index, bar in enumerate(bars):
        x, width = index * step + step * (1 - BAR_SHARE) / 2, step * BAR_SHARE
        drawn.append(MiniBar(bar, round(x, 2), round(width, 2), _segments(bar, series, highest)))
    return drawn


def _segments(bar: charts.Bar, series: Sequence[str], highest: int) -> list[charts.Segment]:
    floor, found = HEIGHT, []
    for name in (*series, *sorted(set(bar.amounts) - set(series))):
        height = bar.amounts.get(name, 0) / highest * (HEIGHT - 2)
        if height > 0:
            found.append(charts.Segment(name, round(floor - height, 2), round(height, 2)))
            floor -= height
    return found
