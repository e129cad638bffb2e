"""Answers kept until the data changes: never stale, never of what was rolled back, bounded."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta

import pytest
from peewee import Database

from app.database import database as database_proxy
from app.database import reading, writing
from app.ledger import bump_data_version
from app.queries import remembered as module
from app.queries.people.everybody import activity, everybody
from app.queries.remembered import forget, remembered
from app.queries.scope import Scope, slices_of
from app.queries.sums.days import series_days
from app.queries.sums.ranges import sums_of_ranges
from tests.counting import reads_of
from tests.filled import COMPANY_DAYS, ONE_FILLED, Reader

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
MOST_WARM, MOST_COLD = 9, 34
"""Running sums are asked for where they end, then for two rows of each, and whose their lanes are
for each organization: more questions, which read less."""
PAGES = (
    "/?",
    "/?by=model&measure=cost&",
    "/?team=Platform&",
    "/users?",
    "/users?sort=topModel&q=a&",
    "/users?team=Platform&sort=change&",
    "/users?rows=person&by=model&",
    "/users?rows=workspace&by=month&measure=people&",
    "/users?rows=team&by=week&measure=people&",
    "/export/users.csv?",
    "/api/stats?comparison=true&",
)


asked: list[str] = []
"""What was really asked."""


@remembered(lambda answer: len(answer) - 3)
def told(who: str, answer: str) -> str:
    asked.append(who)
    return answer.ljust(3)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    asked.clear()
    forget()
    yield
    forget()


def test_an_answer_is_kept_until_the_data_changes(database: Database) -> None:
    for _ in range(3):
        assert told("ada", "yes") == "yes"
    assert asked == ["ada"]
    with writing():
        bump_data_version()
    assert told("ada", "yes") == "yes"
    assert asked == ["ada", "ada"]


def test_every_argument_is_a_part_of_the_question(database: Database) -> None:
    assert [told("ada", "yes"), told("ada", "no."), told("bob", "yes")] == ["yes", "no.", "yes"]
    assert told("ada", answer="yes") == "yes"
    assert asked == ["ada", "ada", "bob", "ada"]
    with pytest.raises(TypeError, match="unhashable"):
        told(["ada"], "yes")  # type: ignore[arg-type]


def test_what_a_function_closes_over_cannot_be_forgotten() -> None:
    held = len(asked)
    with pytest.raises(TypeError, match="closure"):
        remembered()(lambda: held)


def test_what_is_rolled_back_was_never_known(database: Database) -> None:
    def write_and_fail() -> None:
        with writing():
            bump_data_version()
            assert told("ada", "yes") == "yes"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with writing():
        bump_data_version()
    assert told("ada", "yes") == "yes"
    assert asked == ["ada", "ada"]


def test_a_reading_remembers_too(database: Database) -> None:
    for _ in range(2):
        with reading():
            assert told("ada", "yes") == "yes"
    assert asked == ["ada"]


def weight_of(who: str) -> int:
    return module.BYTES_AN_ENTRY + module.size_of((who, "yes")) + module.size_of(())


def test_questions_and_answers_never_weigh_more_than_the_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2 * weight_of("two"))
    for who in ("one", "two", "one", "six"):
        told(who, "yes")
    assert asked == ["one", "two", "six"]
    # Of three only two fit: "two" was not used for longest.
    for who in ("one", "six", "two"):
        told(who, "yes")
    assert asked == ["one", "two", "six", "two"]
    for _ in range(2):
        told("long" * 10_000, "yes")
    assert len(asked) == 6


def test_there_are_never_more_answers_than_the_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ANSWERS", 2)
    for who in ("one", "two", "one", "six", "one", "two"):
        told(who, "yes")
    assert asked == ["one", "two", "six", "two"]


@ONE_FILLED
def test_thousands_of_odd_questions_stay_within_the_bound(
    company: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a stranger can ask for: days, words and models that there are not."""
    most = 600_000
    monkeypatch.setattr(module, "MOST_BYTES", most)
    monkeypatch.setattr(module, "MOST_ANSWERS", 10**6)
    with database_proxy.connection_context(), reading():
        ask_oddly(0)
        forget()
        gc.collect()
        tracemalloc.start()
        for number in range(2_500):
            ask_oddly(number)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        (kept,) = module._kept.values()
    assert len(kept.answers) > 250
    assert most * 0.7 < kept.bytes <= most
    assert taken <= most


def ask_oddly(number: int) -> None:
    """Two questions about a model that there is not, and now and then some with large answers."""
    odd = Scope(*COMPANY_DAYS, models=(f"no such model {number} " * (number % 7),))
    assert activity(odd).ids == ()
    if number % 100 == 0:
        known = Scope(COMPANY_DAYS[0], COMPANY_DAYS[1] + timedelta(days=number))
        assert everybody(known).ids
        assert series_days(known, slices_of(known).by_model)
        assert sums_of_ranges([known])


def test_estimates_are_near_what_answers_weigh(company: Reader) -> None:
    for page in PAGES:
        company.client.get(page + RANGE)
    with database_proxy.connection_context():
        (kept,) = module._kept.values()
    assert len(kept.answers) > 20
    for question, weighed in kept.answers.items():
        real = module.size_of(weighed.answer)
        assert weighed.bytes >= 0.7 * real, (question.ask.__name__, weighed.bytes, real)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_a_handful_of_questions(company: Reader, page: str) -> None:
    company.client.get(page + RANGE)
    forget()
    cold = reads_of(company.client, page + RANGE)
    warm = reads_of(company.client, page + RANGE)
    assert len(cold) <= MOST_COLD, cold
    assert len(warm) <= MOST_WARM, warm


def test_a_person_asks_a_handful_of_questions(company: Reader) -> None:
    email = company.get("users", limit=1)[0]["email"]
    cold = reads_of(company.client, f"/users/{email}?{RANGE}")
    warm = reads_of(company.client, f"/users/{email}?{RANGE}")
    assert len(cold) <= MOST_COLD, cold
    assert len(warm) <= MOST_WARM, warm
