"""The read side agrees with the bare records, over any range, however it is cut."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database

from app.database import database as proxy
from app.dates import day_number, days_between
from app.ledger import organization_for, replace_day
from app.models import Run
from app.queries.days.freshness import known_span
from app.queries.keys.unmapped import unmapped_keys
from app.queries.people.order import tokens_per_day
from app.queries.people.people import people_totals
from app.queries.scope import FIRST_DAY, LAST_DAY, Scope, known_models
from app.queries.sums.days import SERIES_COLUMNS
from app.queries.sums.figures import add_up
from app.queries.sums.persons import cut
from app.queries.sums.ranges import percentage
from app.usage import NANOS_PER_DOLLAR, DayUsage
from app.values import MAX_DOLLARS, MAX_TOKENS
from tests.expected import chosen, grouped, tokens
from tests.figures import active_people, daily, models, people, totals
from tests.filled import TEAMS, Reader, record
from tests.tools import CLAUDE_CODE, CURSOR

FILTERS = (
    Scope(),
    Scope(tools=(CURSOR,)),
    Scope(tools=(CLAUDE_CODE, CURSOR)),
    Scope(models=("Sonnet 4.5",)),
    Scope(models=("auto", "claude-opus-4-1-20250805")),
    Scope(tools=(CURSOR,), models=("Sonnet 4.5", "gpt-5-codex")),
    Scope(models=("nothing",)),
    Scope(teams=("Platform",)),
    Scope(teams=TEAMS, tools=(CURSOR,)),
    Scope(teams=("Data & AI",), models=("Sonnet 4.5", "gpt-5-codex")),
    Scope(teams=("Nobody",)),
)
EDGES = (
    (date(2024, 2, 29), date(2024, 2, 29)),
    (date(2024, 2, 28), date(2024, 3, 1)),
    (date(2024, 2, 1), date(2024, 2, 29)),
    (date(2024, 1, 31), date(2024, 2, 29)),
    (date(2023, 12, 31), date(2024, 1, 1)),
    (date(2023, 12, 1), date(2024, 1, 31)),
    (date(2023, 12, 16), date(2024, 1, 15)),
    (date(2023, 12, 15), date(2024, 1, 16)),
    (date(2023, 12, 15), date(2024, 3, 15)),
    (date(2023, 12, 16), date(2024, 3, 16)),
    (date(2024, 1, 1), date(2024, 12, 31)),
    (date(2023, 11, 30), date(2024, 3, 31)),
    (None, date(2024, 1, 15)),
    (None, date(2024, 2, 29)),
    (date(2024, 1, 16), None),
    (date(2024, 3, 1), None),
    (date.min, date.max),
    (date.min, date(2024, 2, 10)),
    (date(2024, 2, 10), date.max),
    (None, None),
)


def odd_ranges(today: date, filters: Scope) -> list[tuple[date | None, date | None]]:
    """The edges, and ranges around the days with usage, drawn for these filters alone."""
    dice = random.Random(FILTERS.index(filters))
    around = [date(2023, 12, 10) + timedelta(days=number) for number in range(110)]
    around += [today - timedelta(days=number) for number in range(130)]
    drawn = [sorted((dice.choice(around), dice.choice(around))) for _ in range(8)]
    return [*EDGES, *((first, last) for first, last in drawn)]


@pytest.fixture
def ledger(town: Reader) -> Iterator[Reader]:
    """The town with its database connected."""
    with proxy.connection_context():
        yield town


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_sums_per_person_are_those_of_the_records(ledger: Reader, filters: Scope) -> None:
    for start, end in odd_ranges(ledger.today, filters):
        facts = chosen(ledger.facts, start, end, filters.tools, filters.models, filters.teams)
        by_email = grouped(facts, lambda fact: fact.email)
        nobody = by_email.pop(None, [])
        scope = filters._replace(start=start, end=end)
        page = people(scope, limit=1000)
        assert {one.email: one.figures.tokens for one in page.people} == {
            email: tokens(group) for email, group in by_email.items()
        }, scope
        assert {one.email: one.days for one in page.people} == {
            email: len({fact.day for fact in group}) for email, group in by_email.items()
        }, scope
        found = totals(scope)
        assert (page.total_count, active_people(scope)) == (len(by_email), len(by_email))
        assert found.unattributed.tokens == tokens(nobody)
        assert people_totals(scope).figures == found.figures.minus(found.unattributed)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_every_question_adds_up_to_the_same(ledger: Reader, filters: Scope) -> None:
    for start, end in odd_ranges(ledger.today, filters):
        if start == date.min or end == date.max:
            continue
        facts = chosen(ledger.facts, start, end, filters.tools, filters.models, filters.teams)
        scope = filters._replace(start=start, end=end)
        whole = totals(scope).figures
        assert whole.tokens == tokens(facts)
        assert whole.value_nanos == sum(fact.nanos or 0 for fact in facts)
        assert whole.unpriced_tokens == tokens([fact for fact in facts if fact.nanos is None])
        assert whole.billed_nanos == sum(fact.billed or 0 for fact in facts)
        assert whole.unbilled_tokens == tokens([fact for fact in facts if fact.billed is None])
        assert sum(share.figures.tokens for share in models(scope)) == whole.tokens
        by_days = add_up(point.figures for point in daily(scope))
        for name in SERIES_COLUMNS:
            assert getattr(by_days, name) == getattr(whole, name), name
        nobody = totals(scope).unattributed
        assert sum(key.figures.tokens for key in unmapped_keys(scope)) == nobody.tokens


def test_days_count_each_of_their_people_once(ledger: Reader) -> None:
    start = ledger.today - timedelta(days=20)
    for filters in FILTERS:
        for point in daily(filters._replace(start=start, end=ledger.today)):
            facts = chosen(
                ledger.facts, point.day, point.day, filters.tools, filters.models, filters.teams
            )
            assert point.people == len({fact.email for fact in facts} - {None}), point.day


def test_everything_is_an_int_on_both_databases(ledger: Reader) -> None:
    scope = Scope(date(2024, 1, 10), ledger.today)
    found, page = totals(scope), people(scope)
    figures = [found.figures, found.unattributed, people_totals(scope, "town").figures]
    figures += [one.figures for one in page.people] + [share.figures for share in models(scope)]
    assert {type(value) for sums in figures for value in sums} == {int}
    assert {type(one.days) for one in page.people} | {type(page.total_count)} == {int}


def test_knows_the_span_and_the_models(ledger: Reader) -> None:
    days = [fact.day for fact in ledger.facts]
    assert known_span() == (min(days), max(days))
    assert set(known_models()) == {(fact.tool, fact.model) for fact in ledger.facts}


def test_an_unknown_sort_is_most_tokens_first(ledger: Reader) -> None:
    unknown = people(Scope(), sort="tokens; DROP TABLE person", descending=False)
    assert unknown == people(Scope())


def test_favorites_are_merged_by_display_name(ledger: Reader) -> None:
    for one in people(Scope(), columns=("topModel",)).people:
        own = [fact for fact in ledger.facts if fact.email == one.email]
        sums = {model: tokens(group) for model, group in grouped(own, lambda f: f.model).items()}
        assert one.favorite_model == min(sums, key=lambda model: (-sums[model], model))


days_of_four_years = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def covered(
    start: date, end: date, first: int, last: int, *, subtracting: bool = True
) -> dict[int, int]:
    """How often the cut of a range counts each day from `start` - 40 to `end` + 40."""
    whole = cut(first, last, subtracting=subtracting)
    assert subtracting or not whole.minus
    counts = {}
    margin = timedelta(days=40)
    for day in map(day_number, days_between(start - margin, end + margin)):
        months = whole.months
        count = 1 if months and months[0] <= day // 100 <= months[1] else 0
        count += sum(1 for one, other in whole.plus if one <= day <= other)
        count -= sum(1 for one, other in whole.minus if one <= day <= other)
        counts[day] = count
    return counts


@given(days_of_four_years, days_of_four_years, st.booleans())
def test_a_cut_counts_each_day_of_the_range_once_and_no_other(
    one: date, other: date, subtracting: bool
) -> None:
    start, end = min(one, other), max(one, other)
    first, last = day_number(start), day_number(end)
    for day, count in covered(start, end, first, last, subtracting=subtracting).items():
        assert count == (first <= day <= last)


@given(days_of_four_years)
def test_a_cut_of_an_open_range_is_open(day: date) -> None:
    number = day_number(day)
    for other, count in covered(day, day, FIRST_DAY, number).items():
        assert count == (other <= number)
    for other, count in covered(day, day, number, LAST_DAY).items():
        assert count == (number <= other)


@given(days_of_four_years, days_of_four_years)
def test_a_cut_reads_at_most_half_a_month_at_each_edge(one: date, other: date) -> None:
    start, end = min(one, other), max(one, other)
    if (start.year, start.month) == (end.year, end.month):
        return
    whole = cut(day_number(start), day_number(end))
    stretches = whole.plus + whole.minus
    assert len(stretches) <= 2
    assert all(last % 100 - first % 100 <= 15 for first, last in stretches)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 0, "0.0"), (0, 5, "0.0"), (5, 5, "100.0"), (1, 3, "33.3"), (2, 3, "66.7"),
     (5, 10_000, "0.0"), (15, 10_000, "0.2"), (25, 10_000, "0.2"), (1, 10**15, "0.0"),
     (10**15 - 1, 10**15, "100.0")],
)  # fmt: skip
def test_percentages_have_one_decimal_half_even(part: int, whole: int, percent: str) -> None:
    assert str(percentage(part, whole)) == percent


@pytest.mark.parametrize(
    ("count", "days", "average"),
    [
        (0, 0, 0),
        (7, 0, 0),
        (7, 2, 4),
        (5, 2, 2),
        (10, 3, 3),
        (11, 3, 4),
        (10**18 + 1, 2, 5 * 10**17),
    ],
)
def test_tokens_per_day_are_rounded_half_even(count: int, days: int, average: int) -> None:
    assert tokens_per_day(count, days) == average


def test_the_largest_records_have_a_sum(database: Database) -> None:
    """A record beyond these bounds is refused where it comes in, and named."""
    day, most = date(2026, 11, 2), MAX_DOLLARS * NANOS_PER_DOLLAR
    run = Run.create(kind="test", status="ok", start_day=1, end_day=1, started_at=1)
    records = [
        record(day, f"{number}@x.example", CURSOR, "auto", MAX_TOKENS, 0, 0, 0, 0, nanos=most)
        for number in range(100)
    ]
    usage = DayUsage(day, records, settled=True)
    replace_day(organization_for("cursor"), "events", usage, run, email_domain="x.example")
    found = totals(Scope(day, day)).figures
    assert (found.tokens, found.value_nanos) == (100 * MAX_TOKENS, 100 * most)
