"""The cards say a figure, what it was before, and never make up a change."""

from __future__ import annotations

from datetime import date

import pytest

from app.queries.sums.figures import Figures
from app.queries.sums.ranges import RangeSums
from app.web.dashboard.cards import KINDS, cache_share, measured, per_day, per_person
from app.web.view.cards import Sides, cards, points_words
from app.web.view.charts import Bar
from tests.tools import CURSOR

FIRST = date(2026, 11, 1)
USED = Figures(tokens=1_000, cache_read_tokens=875, value_nanos=3 * 10**9)
NOBODY = Figures(tokens=100)


def test_averages_leave_out_what_would_bend_them() -> None:
    basis = measured(RangeSums({(CURSOR, "auto"): USED}, NOBODY), 4, 700, 7)
    assert per_person(basis) == 225
    assert per_day(basis) == 100
    assert cache_share(basis) == 8_750


def test_nothing_averages_to_nothing() -> None:
    basis = measured(RangeSums({}, Figures()), 0, 0, 0)
    assert (per_person(basis), per_day(basis), cache_share(basis)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (8_750, 8_720, "87.2 % before, up 0.3 points"),
        (8_720, 8_750, "87.5 % before, down 0.3 points"),
        (8_721, 8_720, "87.2 % before, up 0.01 points"),
        (8_835, 8_834, "88.3 % before, up 0.01 points"),
        (8_834, 8_826, "88.3 % before, up 0.08 points"),
        (8_720, 8_720, "87.2 % before, unchanged"),
        (8_720, 0, "0.0 % before, new"),
        (0, 0, "0.0 % before, unchanged"),
    ],
)
def test_a_share_changes_by_points(now: int, before: int, words: str) -> None:
    assert points_words(now, before).replace("\u00a0", " ") == words


def test_a_card_says_both_values_and_what_is_behind_it() -> None:
    now = measured(RangeSums({(CURSOR, "auto"): USED}, Figures()), 4, 1_000, 10)
    amounts = {"total": 10, "cost": 5, "people": 1, "cache": 2}
    bars = [Bar(FIRST, FIRST, amounts, False), Bar(FIRST, FIRST, amounts, True)]
    found = {
        card.label: card for card in cards(KINDS, Sides(now, now, now._replace(tokens=500)), bars)
    }
    assert found["Tokens"].change.replace("\u00a0", " ") == "500 before, up 100 %"
    assert found["Cost"].sort == "totalCost"
    assert found["Tokens per day"].rows == "day"
    assert all(card.spark.count(",") == 2 for card in found.values())


def test_without_days_before_there_is_no_change() -> None:
    now = measured(RangeSums({(CURSOR, "auto"): USED}, Figures()), 4, 1_000, 10)
    assert [card.change for card in cards(KINDS, Sides(now, now), [])] == [""] * 6
