"""The cards say a figure and its change, and never make up one."""

from __future__ import annotations

from datetime import date

import pytest

from app.queries.scope import Scope
from app.queries.sums.figures import Figures
from app.queries.sums.ranges import RangeSums
from app.web.dashboard.cards import (
    Measured,
    cache_share,
    cost_per_person,
    kinds,
    measured,
    top_model,
)
from app.web.view.cards import NOT_KNOWN, Card, Sides, cards, share_change
from app.web.view.charts import Bar
from app.web.view.periods import Comparison
from tests.tools import CLAUDE_CODE, CURSOR

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 29)
COMPARED = Comparison(Scope(FIRST, LAST), Scope(date(2026, 10, 1), date(2026, 10, 29)), whole=False)
USED = Figures(tokens=1_000, cache_read_tokens=875, value_nanos=3 * 10**9)
NOBODY = Figures(tokens=100, value_nanos=10**9)


def basis(figures: Figures = USED, people: int = 4, known: int = 8) -> Measured:
    return measured(RangeSums({(CURSOR, "auto"): figures}, Figures()), people, known, "auto")


def made(measure: str, sides: Sides[Measured]) -> dict[str, Card]:
    amounts = {"tokens": 10, "value_nanos": 5, "people": 1}
    bars = [Bar(FIRST, FIRST, amounts, False), Bar(FIRST, FIRST, amounts, True)]
    return {card.label: card for card in cards(kinds(measure), sides, bars)}


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


def test_averages_leave_out_what_belongs_to_nobody() -> None:
    sums = RangeSums({(CURSOR, "auto"): USED}, NOBODY)
    assert cost_per_person(measured(sums, 4, 0, "auto")) == 500_000_000
    assert cache_share(measured(sums, 4, 0, "auto")) == 8_750


def test_nothing_averages_to_nothing() -> None:
    nothing = measured(RangeSums({}, Figures()), 0, 0, "")
    assert (cost_per_person(nothing), cache_share(nothing)) == (0, 0)
    found = made("tokens", Sides(nothing, nothing))
    assert (found["Top model"].value, found["Active people"].note) == ("\u2014", "")


def test_the_top_model_leads_by_what_was_chosen_in_whichever_tools() -> None:
    parts = {
        (CURSOR, "auto"): Figures(tokens=600, value_nanos=1),
        (CURSOR, "opus"): Figures(tokens=350, value_nanos=4),
        (CLAUDE_CODE, "opus"): Figures(tokens=350, value_nanos=5),
    }
    sums = RangeSums(parts, Figures())
    assert top_model(sums, "tokens") == top_model(sums, "value_nanos") == "opus"
    shown = measured(sums, 1, 0, "opus")
    assert plain(made("tokens", Sides(shown, shown))["Top model"].note) == "53.8 % of tokens"
    assert plain(made("cost", Sides(shown, shown))["Top model"].note) == "90.0 % of cost"


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (8_750, 8_720, "+0.3 points"),
        (8_720, 8_750, "\u22120.3 points"),
        (8_721, 8_720, "+0.01 points"),
        (8_835, 8_834, "+0.01 points"),
        (8_834, 8_826, "+0.08 points"),
        (8_720, 8_720, "unchanged"),
        (8_720, 0, "new"),
        (0, 0, "unchanged"),
    ],
)
def test_a_share_changes_by_points(now: int, before: int, words: str) -> None:
    assert plain(share_change(now, before)) == words


def test_a_card_says_its_change_against_which_days_and_what_is_behind_it() -> None:
    half = basis(USED._replace(tokens=500))
    found = made("tokens", Sides(basis(), basis(), half, COMPARED))
    tokens = found["Tokens"]
    assert plain(tokens.change) == "+100 % vs 1\u201329 Oct"
    assert plain(tokens.compared) == (
        "1 \u2013 29 Nov 2026: 1,000 tokens; 1 \u2013 29 Oct 2026: 500 tokens"
    )
    assert plain(found["Cost"].change) == "unchanged vs 1\u201329 Oct"
    assert plain(found["Active people"].note) == "50 % of 8 known"
    assert found["Cost"].sort == "totalCost"
    assert (found["Top model"].value, found["Top model"].rows) == ("auto", "model")
    curves = {label for label, card in found.items() if card.spark}
    assert curves == {"Tokens", "Cost", "Active people", "Cost per person"}
    # One bar is complete: a level line.
    assert found["Tokens"].spark == "M0 4l288 0"


def test_a_card_makes_no_change_up() -> None:
    nothing = measured(RangeSums({}, Figures()), 0, 0, "auto")
    words = made("tokens", Sides(basis(), basis(), nothing, COMPARED))
    assert plain(words["Tokens"].change) == "none 1\u201329 Oct"
    unpriced = basis(Figures(tokens=1_000, unpriced_tokens=1_000))
    words = made("tokens", Sides(basis(), basis(), unpriced, COMPARED))
    assert words["Cost"].change == NOT_KNOWN
    never_read = COMPARED._replace(unknown="never read")
    words = made("tokens", Sides(basis(), basis(), nothing, never_read))
    assert {card.change for card in words.values()} == {NOT_KNOWN}
    assert words["Tokens"].compared.endswith("not known")
    assert {card.change for card in made("tokens", Sides(basis(), basis())).values()} == {""}


def test_six_cards_begin_with_the_measure_that_was_chosen() -> None:
    for measure, first in (("tokens", "Tokens"), ("cost", "Cost")):
        found = list(made(measure, Sides(basis(), basis())))
        assert found[0] == first
        assert len(found) == 6
