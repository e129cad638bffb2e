"""Where nothing proves that two names are one, an import asks and counts nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.importing import RenameUnclear, undo
from app.models import ImportBatch, Usage
from tests.imported import (
    BY,
    COSTS_HEADER,
    DOMAIN,
    cost,
    costs,
    put,
    put_after_preview,
    staged,
    tokens,
    total,
    usage,
)
from tests.reading import page_of

CASES = Path(__file__).parent / "csv_cases"
MILLION = 1_000_000
TWO_DAYS = (usage(key="ci-key"), usage("2026-11-03", "ci-key", 7))

pytestmark = pytest.mark.usefixtures("database")


def keys() -> dict[str, int]:
    found: dict[str, int] = {}
    for row in Usage.select():
        name = row.actor.key
        found[name] = found.get(name, 0) + row.input_tokens
    return found


def test_a_key_of_another_name_with_the_same_figures_is_asked_about() -> None:
    put(tokens(*TWO_DAYS), "first.csv")
    with pytest.raises(RenameUnclear) as asked:
        put(tokens(usage(key="CI Key")), "second.csv")
    for words in (
        "ci-key in #1 first.csv",
        "CI Key in this file",
        "1,000,000 tokens",
        "2026-11-02",
    ):
        assert words in str(asked.value)
    assert (total()[0], ImportBatch.select().count()) == (MILLION + 7, 1)


def test_the_same_key_counts_once_by_its_newer_name_on_all_days() -> None:
    put(tokens(*TWO_DAYS))
    later = put(tokens(usage(key="CI Key")), renamed="same")
    assert keys() == {"CI Key": MILLION + 7}
    # It is known now: neither name is asked about again.
    put(tokens(usage(key="ci-key"), usage("2026-11-04", "ci-key", 5)))
    put(tokens(usage("2026-11-04", "CI Key", 6)))
    assert keys() == {"CI Key": MILLION + 7 + 6}
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert keys() == {"ci-key": MILLION + 7 + 5, "CI Key": 6}


def test_different_keys_count_both_and_are_not_asked_about_again() -> None:
    put(tokens(*TWO_DAYS))
    put(tokens(usage(key="CI Key")), renamed="different")
    put(tokens(usage(key="CI Key"), usage("2026-11-05", "CI Key", 9)))
    assert keys() == {"ci-key": MILLION + 7, "CI Key": MILLION + 9}


def test_an_undone_answer_leaves_everything_as_it_was() -> None:
    put(tokens(*TWO_DAYS))
    later = put(tokens(usage(key="CI Key")), renamed="same")
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert keys() == {"ci-key": MILLION + 7}


@pytest.mark.parametrize(
    "rows",
    [
        [usage(key="CI Key", tokens=MILLION + 1)],
        [usage("2026-11-04", "CI Key")],
        [usage(key="CI Key", model="claude-opus-4-6")],
        [usage(key="CI Key"), usage(key="ci-key")],
        [usage(key="")],
    ],
)
def test_other_figures_days_models_and_keys_beside_it_are_no_doubt(rows: list[str]) -> None:
    put(tokens(*TWO_DAYS))
    assert staged(tokens(*rows)).questions == ()
    put(tokens(*rows))


def test_a_renamed_workspace_is_asked_about() -> None:
    put(tokens(usage(workspace="Default")))
    (question,) = staged(tokens(usage(workspace="Main"))).questions
    assert (question.kind, question.before, question.after) == ("workspace", "Default", "Main")
    put(tokens(usage(workspace="Main")), renamed="same")
    assert total()[0] == MILLION
    assert {row.actor.workspace for row in Usage.select()} == {"Main"}


@pytest.mark.parametrize("turned", [False, True])
def test_costs_of_another_key_name_are_asked_about_and_never_add(turned: bool) -> None:
    names = ["tokens", "cost-otherkey"]
    first, second = ((CASES / f"20-cost-and-tokens/{name}.csv").read_bytes() for name in (
        names[::-1] if turned else names
    ))  # fmt: skip
    put_after_preview(first)
    with pytest.raises(RenameUnclear, match="CI Key"):
        put(second)
    put(second, renamed="same")
    assert total() == (MILLION, 5_100_000_000)


def with_id(row: str) -> str:
    return f"{row},apikey_1"


def costs_with_ids(*rows: str) -> bytes:
    return "\n".join((f"{COSTS_HEADER},api_key_id", *map(with_id, rows), "")).encode()


def test_names_of_one_key_id_are_one_key_without_a_question() -> None:
    put_after_preview(tokens(usage(key="ci-key"), usage("2026-11-03", "ci-key")))
    put_after_preview(costs_with_ids(cost("1.00", key="ci-key")))
    later = put_after_preview(costs_with_ids(cost("1.50", key="CI Key")))
    assert total() == (2 * MILLION, 4_500_000_000)
    assert keys() == {"CI Key": 2 * MILLION}
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert (keys(), total()[1]) == ({"ci-key": 2 * MILLION}, 4_000_000_000)


def test_a_name_that_two_ids_had_proves_nothing() -> None:
    other = costs_with_ids(cost("1.00", key="ci-key")).replace(b"apikey_1", b"apikey_2")
    put(costs_with_ids(cost("1.00", key="old")))
    put(other)
    put(costs_with_ids(cost("2.00", "output", key="ci-key")))
    assert {row.actor.key for row in Usage.select()} == {"old", "ci-key"}


def test_two_keys_of_a_day_with_the_same_costs_are_asked_about() -> None:
    put(costs(cost("1.00", key="one")))
    (question,) = staged(costs(cost("1.00", key="two"))).questions
    assert "$1.00 of key one" in question.sentence


def test_the_page_asks_with_both_rows_and_takes_the_answer(client: FlaskClient) -> None:
    put(tokens(*TWO_DAYS), "first.csv")
    number = staged(tokens(usage(key="CI Key"))).file.id
    page = page_of(client, f"/import/{number}")
    assert "key ci-key in #1 first.csv, the same of key CI Key in this file" in page
    assert page.count('name="renamed"') == 2


@pytest.mark.parametrize("answer", ["", "perhaps", "same"])
def test_the_api_refuses_and_takes_the_answer(client: FlaskClient, answer: str) -> None:
    put(tokens(*TWO_DAYS), "first.csv")
    content = tokens(usage(key="CI Key"))
    sent = {"file": (io.BytesIO(content), "b.csv"), "renamed": answer}
    response = client.post("/api/import", data=sent, headers={"Host": "localhost"})
    assert response.status_code == (200 if answer == "same" else 400)
    if not answer:
        assert "key ci-key in #1 first.csv, the same of key CI Key" in response.json["error"]
        assert "renamed=same or renamed=different" in response.json["error"]
    assert total()[0] == MILLION + 7
