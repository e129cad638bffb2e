"""What two exports name differently is counted once: people, models, keys."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.importing import Renamed, undo
from app.models import ImportBatch, ImportedRow, Slice
from app.queries.scope import Scope
from tests.figures import people
from tests.imported import (
    BY,
    DOMAIN,
    counts,
    event,
    events,
    put,
    put_after_preview,
    staged,
    total,
)
from tests.reading import page_of

CASES = Path(__file__).parent / "csv_cases"

pytestmark = pytest.mark.usefixtures("database")


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def who() -> dict[str, int]:
    return {person.email: person.figures.tokens for person in people(Scope()).people}


def test_a_renamed_person_counts_once_under_the_newer_address() -> None:
    put_after_preview(case("18-renamed/cursor-before.csv"))
    found = staged(case("18-renamed/cursor-after.csv"))
    assert found.renamed == (Renamed("ada.lovelace@example.com", "ada.byron@example.com", 1),)
    later = put_after_preview(case("18-renamed/cursor-after.csv"))
    assert (later.renamed, counts(later)) == (found.renamed, (1, 1, 0, 0, 0, 0))
    assert (total(), who()) == ((700, 2 * 10**9), {"ada.byron@example.com": 700})
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert who() == {"ada.lovelace@example.com": 350}


def test_the_preview_names_the_two_addresses(client: FlaskClient) -> None:
    put(case("18-renamed/cursor-before.csv"))
    found = staged(case("18-renamed/cursor-after.csv"))
    page = page_of(client, f"/import/{found.file.id}")
    assert "<bdi>ada.lovelace@example.com</bdi> is now <bdi>ada.byron@example.com</bdi>" in page


@pytest.mark.parametrize("name", ["b-cost-number", "f-model-display", "k-individual"])
@pytest.mark.parametrize("turned", [False, True])
def test_the_same_event_of_two_exports_counts_once(name: str, turned: bool) -> None:
    person = "ada@example.com" if name.startswith("k") else ""
    names = [("a-base", ""), (name, person)]
    for each, whose in names[::-1] if turned else names:
        put_after_preview(case(f"10-same-event-two-exports/{each}.csv"), person=whose)
    assert (total()[0], who()) == (3_340, {"ada@example.com": 3_340})


def test_a_model_that_an_earlier_version_named_otherwise_gets_its_name() -> None:
    put(events(event(model="Claude Sonnet 4.5")))
    Slice.update(name="Claude Sonnet 4.5").where(Slice.model == "Claude Sonnet 4.5").execute()
    put(events(event("2026-11-03T10:00:00.000Z", model="claude-4.5-sonnet")))
    assert {row.name for row in Slice.select().where(Slice.model != "")} == {"Sonnet 4.5"}


def test_any_order_of_renamed_exports_gives_the_same_total() -> None:
    files = [events(event(user=f"{name}@example.com")) for name in ("ann", "bob", "cy")]
    for order in permutations(files):
        done = [put(content).file.id for content in order]
        assert total() == (10, 50_000_000)
        for number in done:
            undo(number, by=BY, email_domain=DOMAIN)


def test_rows_that_an_earlier_version_stored_are_known_again() -> None:
    first = put(events(event(), event("2026-11-02", tokens=3), event(tokens=7)))
    for number, row in enumerate(ImportedRow.select()):
        ImportedRow.update(key_hash=f"e--{number}{row.key_hash[4:]}").where(
            (ImportedRow.batch == first.file.id) & (ImportedRow.sequence == row.sequence)
        ).execute()
    ImportBatch.update(effect="{}").execute()
    later = put_after_preview(
        events(event(user="new@example.com"), event("2026-11-02", tokens=3), event(tokens=8))
    )
    assert counts(later) == (1, 1, 1, 0, 0, 0)
    assert (total()[0], who()) == (28, {"ann@example.com": 18, "new@example.com": 10})
    undo(first.file.id, by=BY, email_domain=DOMAIN)
    assert (total()[0], who()) == (21, {"ann@example.com": 11, "new@example.com": 10})
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (0, 0)


@pytest.mark.parametrize(
    ("user", "left"),
    [
        ("ann@example.com", {"ann@example.com": 10, "bob@example.com": 10}),
        ("cy@example.com", {"ann@example.com": 10, "cy@example.com": 10}),
    ],
)
def test_a_new_name_takes_the_place_of_the_one_that_is_most_like_it(
    user: str, left: dict[str, int]
) -> None:
    """The same person says more than the same model, and that more than the order."""
    ann, bob = event(model="gpt-5.5"), event(user="bob@example.com", model="gpt-5")
    put(events(ann, bob))
    put(events(event(user=user, model="gpt-5")))
    assert who() == left
