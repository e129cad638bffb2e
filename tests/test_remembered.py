"""Answers kept until the data changes: never stale, never of what was rolled back, bounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peewee import Database

from app.database import reading, writing
from app.ledger import bump_data_version
from app.queries import remembered as module
from app.queries.remembered import forget, remembered
from tests.counting import reads_of
from tests.filled import COMPANY_DAYS, Reader

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
MOST_WARM, MOST_COLD = 8, 20
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


@pytest.fixture
def asked(database: Database) -> Iterator[list[str]]:
    """What was really asked, with nothing remembered at the start."""
    forget()
    yield []
    forget()


def answer(asked: list[str], text: str) -> str:
    asked.append(text)
    return text


def test_an_answer_is_kept_until_the_data_changes(asked: list[str]) -> None:
    for _ in range(3):
        assert remembered("who", lambda: answer(asked, "ada")) == "ada"
    assert asked == ["ada"]
    with writing():
        bump_data_version()
    assert remembered("who", lambda: answer(asked, "bob")) == "bob"
    assert asked == ["ada", "bob"]


def test_what_is_rolled_back_was_never_known(asked: list[str]) -> None:
    def write_and_fail() -> None:
        with writing():
            bump_data_version()
            assert remembered("who", lambda: answer(asked, "nobody")) == "nobody"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with writing():
        bump_data_version()
    assert remembered("who", lambda: answer(asked, "ada")) == "ada"


def test_a_reading_remembers_too(asked: list[str]) -> None:
    for _ in range(2):
        with reading():
            assert remembered("who", lambda: answer(asked, "ada")) == "ada"
    assert asked == ["ada"]


def test_kept_answers_never_weigh_more_than_the_most(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)

    def ask(name: str, weight: int) -> None:
        remembered(name, lambda: answer(asked, name), lambda _: weight)

    for name in ("one", "two", "one", "three"):
        ask(name, 40)
    assert asked == ["one", "two", "three"]
    # Of three only two fit: "two" was not used for longest.
    for name in ("one", "three", "two"):
        ask(name, 40)
    assert asked == ["one", "two", "three", "two"]
    for _ in range(2):
        ask("huge", 101)
    assert asked[4:] == ["huge", "huge"]


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
