"""What bars answer when somebody points at them: words, amounts, on which side."""

from __future__ import annotations

from datetime import date, timedelta

from app.queries.sums.figures import Figures
from app.web.view.answers import BEFORE, AnswerLine, BarAnswers, Said, answers
from app.web.view.charts import Bar, SeriesStyle, stacked
from tests.tools import CLAUDE_CODE, CURSOR

MONDAY = date(2026, 11, 2)
LEGEND = [(CLAUDE_CODE, 30), (CURSOR, 12)]
CLAUDE = AnswerLine("tool-claude-code", "Claude Code")


def answered(*amounts: dict[str, int], main: str = "tokens", expected: int = 0) -> BarAnswers:
    """BarAnswers of days of which the last one is open; the first has 7 in the days before."""
    bars = [
        Bar(MONDAY + timedelta(place), MONDAY + timedelta(place), each, place == len(amounts) - 1)
        for place, each in enumerate(amounts)
    ]
    ends = {bars[-1].first: expected} if expected else {}
    chart = stacked(bars, [CURSOR, CLAUDE_CODE], ends, {MONDAY: 7})
    said = Said(LEGEND, {}, main, weekly=False, expected=expected)
    return answers(chart, said)


def test_bars_of_the_same_parts_share_their_words() -> None:
    both = {CLAUDE_CODE: 10, CURSOR: 5_000, "tokens": 5_010}
    told = answered(both, both, {CLAUDE_CODE: 1, "tokens": 1}, both)
    assert [one.words for one in told.columns] == [1, 2, 3, 2]
    cursor = AnswerLine("tool-cursor", "Cursor")
    assert told.words == [
        (CLAUDE, cursor, AnswerLine(BEFORE, "Before")),
        (CLAUDE, cursor),
        (CLAUDE,),
    ]
    assert told.columns[0].amounts == ["5,010", "10", "5,000", "7"]
    assert [one.head for one in told.columns[2:]] == [
        "Wed\u00a04\u00a0Nov",
        "Thu\u00a05\u00a0Nov, partial",
    ]


def test_an_answer_is_beside_its_bar_on_the_side_with_more_room() -> None:
    told = answered(*[{CURSOR: 1, "tokens": 1}] * 4)
    assert [(one.strip, one.x, one.back) for one in told.columns] == [
        (0, 25, False),
        (25, 50, False),
        (50, 50, True),
        (75, 75, True),
    ]


def test_a_day_says_what_it_is_expected_to_end_with() -> None:
    told = answered({"tokens": 0}, {CURSOR: 1, "tokens": 1}, expected=2_000)
    assert told.words[1][-1] == AnswerLine("", "Expected")
    assert told.columns[1].amounts[-1] == "2.00\u00a0K"


def test_unknown_money_is_a_dash_and_long_names_are_cut() -> None:
    figures = {"a": Figures(tokens=5, unpriced_tokens=5)}
    bar = Bar(MONDAY, MONDAY, {"value_nanos": 0}, False, figures)
    looks = {"a": SeriesStyle("claude-opus-with-a-long-name", "model-1", {})}
    told = answers(stacked([bar], ["a"]), Said([("a", 0)], looks, "value_nanos", weekly=True))
    assert told.columns[0].amounts == ["\u2014"]
    bar = bar._replace(amounts={"a": 10**9, "value_nanos": 10**9}, figures={})
    told = answers(stacked([bar], ["a"]), Said([("a", 1)], looks, "value_nanos", weekly=True))
    assert told.words == [(AnswerLine("model-1", "claude-opus-with-a-lo…"),)]
    assert told.columns[0].amounts == ["$1.00", "$1.00"]
