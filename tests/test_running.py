"""Running sums: after any history, any range of them is what the records add up to."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from peewee import Database

from app.database import writing
from app.dates import day_number
from app.directory.mappings import KeyChange, change_mappings, owner_named
from app.ledger import organization_for, replace_day
from app.models import RUNNING_FIGURES, Actor, Partition, Person, Run, RunningSum, Usage
from app.queries.scope import Scope
from app.queries.sums.running import running_sums
from app.rollups import TOKENS, refresh_everything
from app.usage import DayUsage
from app.verify import Verifier, repair
from tests.filled import record
from tests.imported import event, events, put
from tests.invented import rollup_content
from tests.tools import CLAUDE_CODE, CURSOR

FIRST = date(2026, 9, 10)
DAYS = [FIRST + timedelta(days=step) for step in range(100)]
PLACES = (("anthropic", "", CLAUDE_CODE), ("anthropic", "EU", CLAUDE_CODE), ("cursor", "", CURSOR))
STEPS = 40
FIGURES = ("tokens", "value_nanos", "uncounted_tokens", "records")


@pytest.fixture
def run(database: Database) -> Run:
    return Run.create(kind="sync", status="running", start_day=1, end_day=1, started_at=1)


def replace(run: Run, dice: random.Random, days: Sequence[date] = DAYS) -> None:
    """Some day of some source says something else, or that nothing was used."""
    provider, name, tool = dice.choice(PLACES)
    day = dice.choice(days)
    records = [
        record(
            day, dice.choice(("", "ann@x.example", "bo@x.example", "cy@x.example")), tool,
            dice.choice(("one", "two")),
            *(dice.randrange(10 ** dice.choice((1, 6, 10))) for _ in range(5)),
            nanos=dice.choice((None, 0, -5, dice.randrange(10**12))),
        )
        for _ in range(dice.choice((0, 1, 2, 8)))
    ]  # fmt: skip
    replace_day(
        organization_for(provider, name), "events", DayUsage(day, records, settled=True), run,
        email_domain="x.example", allow_empty=True,
    )  # fmt: skip


def assert_made_anew_they_are_the_same() -> None:
    found = rollup_content()
    with writing() as attempt:
        refresh_everything()
        anew = rollup_content()
        attempt.rollback()
    assert anew == found


def told_by_records(scope: Scope) -> dict[str, dict[int, int]]:
    """The sums of `FIGURES` of each person with any, by the records themselves."""
    sums: dict[str, dict[int, int]] = {figure: defaultdict(int) for figure in FIGURES}
    rows = Usage.select(Actor.person, TOKENS, Usage.value_nanos, Usage.requests)
    rows = rows.join(Actor).switch(Usage).join(Partition).where(Partition.counts)
    for person, tokens, nanos, requests in rows.where(scope.covers(Usage.day)).tuples():
        uncounted = tokens if requests is None else 0
        for figure, number in zip(FIGURES, (tokens, nanos or 0, uncounted, 1), strict=True):
            sums[figure][person or 0] += number
    return {figure: {key: n for key, n in found.items() if n} for figure, found in sums.items()}


def read(scope: Scope, tools: Sequence[str] = ()) -> dict[str, dict[int, int]]:
    return {
        figure: {person: number for person, number in enumerate(numbers) if number}
        for figure, numbers in running_sums(scope, FIGURES, tools).items()
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_any_range_after_any_history_is_what_the_records_say(run: Run, seed: int) -> None:
    dice = random.Random(seed)
    for step in range(STEPS):
        replace(run, dice)
        if step % 10 == 9:
            assert_made_anew_they_are_the_same()
        if step == STEPS // 2:
            anns = KeyChange("ci-key", owner_named("ann@x.example"))
            change_mappings([anns], by="", email_domain="x.example")
    edges = [None, date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), *dice.sample(DAYS, 6)]
    for start in edges:
        for end in edges:
            if start is None or end is None or start <= end:
                scope = Scope(start, end)
                assert read(scope) == told_by_records(scope)


def test_they_are_cut_by_tool_and_organization(run: Run) -> None:
    dice = random.Random(3)
    for _ in range(20):
        replace(run, dice, DAYS[:40])
    scope = Scope(DAYS[5], DAYS[30])
    parts = [
        Scope(DAYS[5], DAYS[30], organizations=(name,))
        for name in ("anthropic:main", "anthropic:EU", "cursor:main")
    ]
    for figure, whole in read(scope).items():
        added: dict[int, int] = defaultdict(int)
        for part in parts:
            for person, number in read(part)[figure].items():
                added[person] += number
        assert {person: number for person, number in added.items() if number} == whole
    assert read(scope._replace(tools=(CURSOR,))) == read(parts[2]) == read(scope, [CURSOR])
    assert read(scope._replace(tools=("none",))) == {figure: {} for figure in FIGURES}


def test_an_import_and_its_undoing_move_them(run: Run) -> None:
    replace(run, random.Random(4), DAYS[:1])
    before = rollup_content()
    put(events(event(tokens=30), event("2026-11-03T10:00:00.000Z", "bo@example.com", 5)))
    bo = Person.get(Person.email == "bo@example.com")
    assert running_sums(Scope(end=date(2026, 11, 3)), ["tokens"])["tokens"][bo.id] == 5
    assert_made_anew_they_are_the_same()
    assert rollup_content() != before


def test_a_row_of_a_day_is_a_number_for_each_figure_and_series(run: Run) -> None:
    while not RunningSum.select().exists():
        replace(run, random.Random(1), DAYS[:1])
    untils = {until for (until,) in RunningSum.select(RunningSum.until).tuples()}
    assert untils == {20260900, day_number(FIRST)}
    assert RunningSum.select().count() == len(untils) * len(RUNNING_FIGURES)


DAMAGE = {
    "a wrong number": lambda: RunningSum.update(sums=b"\x01\x01"),
    "bytes that are none": lambda: RunningSum.update(sums=b"\x09odd"),
    "zeros at the end": lambda: RunningSum.update(sums=b"\x02\x00\x00"),
    "a missing row": lambda: RunningSum.delete().where(RunningSum.figure == "requests"),
    "missing rows": lambda: RunningSum.delete(),
    "a day too many": lambda: RunningSum.update(until=20200101).where(
        RunningSum.figure == "requests", RunningSum.until == day_number(FIRST)
    ),
    "a lost lane": lambda: Actor.update(lane=-1).where(Actor.lane == 0),
    "lanes of others": lambda: Actor.update(lane=Actor.lane + 7),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_differs_is_named_and_mended(run: Run, what: str) -> None:
    organization = organization_for("cursor")
    day = DAYS[0]
    records = [
        record(day, email, CURSOR, "one", 5, 0, 0, 0, number)._replace(requests=3)
        for number, email in enumerate(("ann@x.example", "bo@x.example"))
    ]
    replace_day(
        organization, "events", DayUsage(day, records, settled=True), run, email_domain="x.example"
    )
    assert list(Verifier("x.example").differences()) == []
    DAMAGE[what]().execute()
    found = {(one.table, one.column) for one in Verifier("x.example").differences()}
    assert found & {("running_sum", "sums"), ("running_sum", "row"), ("actor", "lane")}
    repair("x.example")
    assert list(Verifier("x.example").differences()) == []
    assert not Actor.select().where(Actor.lane < 0).exists()


def test_an_actor_has_a_lane_of_its_own_in_its_organization(run: Run) -> None:
    for provider, emails in (("cursor", "ab"), ("anthropic", "c"), ("cursor", "bd")):
        day = DAYS[len(emails)]
        tool = CURSOR if provider == "cursor" else CLAUDE_CODE
        records = [record(day, f"{one}@x.example", tool, "one", 1, 0, 0, 0, 0) for one in emails]
        usage = DayUsage(day, records, settled=True)
        replace_day(organization_for(provider), "events", usage, run, email_domain="x.example")
    lanes = dict(Actor.select(Actor.account, Actor.lane).tuples())
    assert lanes == {
        f"{one}@x.example": place for one, place in zip("acbd", (0, 0, 1, 2), strict=True)
    }
