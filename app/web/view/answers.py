"""What the bars of a chart answer when somebody points at them: days, parts, the days before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from flask import Flask

from app.web.view import formatting
from app.web.view.charts import Bar, Chart, PlotColumn, SeriesStyle
from app.web.view.figure_words import FIGURE_WORDS

LONGEST_LABEL = 22
BEFORE = "before"
"""The mark of the days before: a line, as in the chart."""


class AnswerLine(NamedTuple):
    """What a line of an answer is about: the style class of its mark ("" for none), its label."""

    mark: str
    label: str


class Answer(NamedTuple):
    """One bar's answer, beside its strip, in percent of the width: at `x`, or left of it (`back`).

    `words`: which of the chart's groups of lines it has, from 1. `head` is the days, `amounts`
    the whole and then what belongs to each line.
    """

    bar: Bar
    strip: float
    x: float
    back: bool
    words: int
    head: str
    amounts: list[str]


class BarAnswers(NamedTuple):
    """All answers of a chart, and the groups of lines that they share: most have the same."""

    words: list[tuple[AnswerLine, ...]]
    columns: list[Answer]


class Said(NamedTuple):
    """What all bars of a chart are told in: `legend` orders the series, `main` is measured."""

    legend: Sequence[tuple[str, int]]
    looks: Mapping[str, SeriesStyle]
    main: str
    weekly: bool
    expected: int = 0


def register(app: Flask) -> None:
    """Let every template call `answers`, told what `Said` holds."""
    app.jinja_env.globals["answers"] = lambda chart, **said: answers(chart, Said(**said))


def answers(chart: Chart, said: Said) -> BarAnswers:
    """What each bar answers."""
    write = formatting.money if said.main in FIGURE_WORDS else formatting.exact
    styles = {series: look(series, said.looks) for series, _ in said.legend}
    places: dict[tuple[AnswerLine, ...], int] = {}
    columns = []
    for column in chart.columns:
        told = [*_parts(column, styles, write), *_beside(column, said, write)]
        words = places.setdefault(tuple(line for line, _ in told), len(places) + 1)
        amounts = [_whole(column.bar, said.main, write), *(amount for _, amount in told)]
        columns.append(_answer(column, words, _head(column.bar, weekly=said.weekly), amounts))
    return BarAnswers(list(places), columns)


def look(series: str, looks: Mapping[str, SeriesStyle]) -> AnswerLine:
    """The mark and the label of a series, which is a tool where its looks are not told."""
    if series in looks:
        return AnswerLine(looks[series].style, _shortened(looks[series].label))
    return AnswerLine(formatting.tool_class(series), _shortened(formatting.tool_label(series)))


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _parts(
    column: PlotColumn, styles: Mapping[str, AnswerLine], write: Callable[[int], str]
) -> list[tuple[AnswerLine, str]]:
    amounts = column.bar.amounts
    return [(line, write(amounts[name])) for name, line in styles.items() if amounts.get(name)]


def _beside(
    column: PlotColumn, said: Said, write: Callable[[int], str]
) -> list[tuple[AnswerLine, str]]:
    """What a day may end with, in short, and what the days before had."""
    found = []
    if column.projected:
        short = write if said.main in FIGURE_WORDS else formatting.compact
        found.append((AnswerLine("", "Expected"), short(said.expected)))
    if column.before is not None:
        found.append((AnswerLine(BEFORE, "Before"), write(column.before)))
    return found


def _whole(bar: Bar, main: str, write: Callable[[int], str]) -> str:
    unknown = main in FIGURE_WORDS and bar.whole.is_unknown(main)
    return formatting.money(None) if unknown else write(bar.amounts[main])


def _head(bar: Bar, *, weekly: bool) -> str:
    days = formatting.days(bar.first, bar.last) if weekly else formatting.weekday(bar.first)
    return f"{days}, partial" if bar.open else days


def _answer(column: PlotColumn, words: int, head: str, amounts: list[str]) -> Answer:
    """Beside the strip: to the right of bars in the left half, to the left of others."""
    back = column.x + column.width / 2 > 50
    beside = column.x if back else round(column.x + column.width, 2)
    return Answer(column.bar, column.x, beside, back, words=words, head=head, amounts=amounts)
