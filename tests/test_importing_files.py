"""The life of a file: staged, previewed, applied or refused, told in the history."""

from __future__ import annotations

import json
from datetime import date

import pytest
from flask.testing import FlaskClient

from app.importing import (
    ImportRefused,
    NoSuchImport,
    RenameUnclear,
    RowsRejected,
    UnreadableExport,
    WrongKind,
    apply,
    discard,
    history,
    history_count,
    preview,
    rejected_rows,
    undo,
)
from app.importing.staging import STALE_SECONDS
from app.importing.stored import keep_rejected
from app.models import (
    DayChange,
    ImportBatch,
    ImportedRow,
    Meta,
    RejectedRow,
    Run,
)
from app.queries.scope import Scope
from app.states import BatchStatus
from tests.figures import people
from tests.imported import (
    BY,
    CSV_FILES,
    DOMAIN,
    counts,
    event,
    events,
    figures_of,
    put,
    staged,
    tokens,
    total,
    worth,
)
from tests.invented import stored_content
from tests.reading import text_of

DAY = date(2026, 11, 2)
BAD = event(tokens=5).replace("2026-11-02", "2026-13-02")

pytestmark = pytest.mark.usefixtures("database")


def test_the_same_file_again_changes_nothing_and_says_so() -> None:
    content = events(event(tokens=10), event(tokens=20))
    done = put(content)
    version, before = Meta.get().data_version, stored_content()
    for again in (put(content, "other-name.csv"), staged(content)):
        day = done.file.applied_at.date()
        assert again.note == (
            f"This file was already imported on {day} as #{done.file.id}; nothing was changed."
        )
        assert not again.can_apply
        assert (again.records_imported, again.records_unchanged, again.records_skipped) == (0, 2, 0)
    assert (Meta.get().data_version, stored_content()) == (version, before)
    assert ImportBatch.select().count() == 1


@pytest.mark.parametrize(
    "name", ["cursor_04_individual_2025-08_to_2026-03", "cursor_01_v1_2025-02"]
)
def test_the_same_file_of_another_person_is_asked_about_and_never_adds(name: str) -> None:
    content = (CSV_FILES / f"{name}.csv").read_bytes()
    first = put(content, person="ann@example.com")
    before = total()
    for answer in ("", "different"):
        with pytest.raises(RenameUnclear, match=r"ann@example\.com .* of bob@example\.com"):
            put(content, person=" BOB@example.com ", renamed=answer)
        assert (total(), ImportBatch.select().count()) == (before, 1)
    (question,) = staged(content, person="bob@example.com").questions
    assert (question.before, question.after) == ("ann@example.com", "bob@example.com")
    done = put(content, person="bob@example.com", renamed="same")
    assert (worth(done.before), worth(done.after), total()) == (before, before, before)
    assert [person.email for person in people(Scope()).people] == ["bob@example.com"]
    assert put(content, person="bob@example.com").note
    undo(done.file.id, by=BY, email_domain=DOMAIN)
    assert [person.email for person in people(Scope()).people] == ["ann@example.com"]
    undo(first.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (0, 0)


def test_an_undone_file_can_be_imported_again() -> None:
    content = events(event(tokens=10))
    undo(put(content).file.id, by=BY, email_domain=DOMAIN)
    assert counts(put(content)) == (1, 0, 0, 0, 0, 0)
    assert total()[0] == 10


@pytest.mark.parametrize("content", [b"", b"\n\n", events(), tokens()])
def test_a_file_without_rows_changes_nothing(content: bytes) -> None:
    for found in (put(content), staged(content)):
        assert found.note == "The file holds no rows, so nothing was changed."
        assert (found.file.id, found.file.rows, found.can_apply) == (0, 0, False)
    assert ImportBatch.select().count() == Run.select().count() == 0


def test_a_file_with_nothing_to_count_changes_nothing() -> None:
    found = put(events(event(tokens=0, cost="", kind="Errored, Not Charged")))
    assert found.note == "The file holds nothing to count, so nothing was changed."
    assert (found.records_skipped, found.file.skipped) == (1, 1)
    assert [number for _, number in found.skipped_reasons] == [1]
    assert ImportBatch.select().count() == 0


def test_a_bad_row_keeps_the_whole_file_out() -> None:
    with pytest.raises(RowsRejected) as refused:
        put(events(event(tokens=10), BAD))
    assert str(refused.value) == (
        "usage.csv: 1 of 2 rows cannot be read, so nothing was imported. "
        "Correct them, or import only the good rows."
    )
    assert [row.line for row in refused.value.rows] == [3]
    assert total() == (0, 0)
    assert ImportBatch.select().count() == RejectedRow.select().count() == 0


def test_the_good_rows_can_be_chosen() -> None:
    done = put(events(event(tokens=10), BAD, event(tokens=20)), partial=True)
    assert counts(done) == (2, 0, 0, 0, 0, 1)
    assert done.file.partial
    assert total()[0] == 30
    (row,) = rejected_rows(done.file.id)
    assert (row.line, row.value) == (3, "2026-13-02T10:00:00.000Z")
    assert history()[0].rejected == 1


def test_a_preview_of_bad_rows_waits_for_the_choice() -> None:
    found = staged(events(event(tokens=10), BAD))
    assert found.can_apply
    with pytest.raises(RowsRejected):
        apply(found.file.id, by=BY, email_domain=DOMAIN)
    assert total() == (0, 0)
    apply(found.file.id, partial=True, by=BY, email_domain=DOMAIN)
    assert total()[0] == 10


def test_no_good_row_is_no_import() -> None:
    found = staged(events(BAD))
    assert not found.can_apply
    with pytest.raises(RowsRejected, match="No row is good"):
        apply(found.file.id, partial=True, by=BY, email_domain=DOMAIN)
    with pytest.raises(RowsRejected, match="No row is good"):
        put(events(BAD), partial=True)


def test_a_staged_file_counts_nothing_until_it_is_applied() -> None:
    put(events(event(tokens=10)))
    version, before = Meta.get().data_version, stored_content()
    found = staged(events(event(tokens=10), event(tokens=20)))
    assert counts(found) == (1, 0, 1, 0, 0, 0)
    assert (worth(found.before), worth(found.after)) == ((10, 50_000_000), (30, 100_000_000))
    assert (Meta.get().data_version, stored_content()) == (version, before)
    assert [batch.rows for batch in history()] == [1]
    discard(found.file.id)
    with pytest.raises(NoSuchImport, match=f"There is no import #{found.file.id}"):
        apply(found.file.id, by=BY, email_domain=DOMAIN)
    assert ImportedRow.select().count() == 1


def test_a_preview_that_is_looked_at_again_knows_what_came_between() -> None:
    found = staged(events(event(tokens=10), event(tokens=20)))
    assert figures_of(preview(found.file.id, email_domain=DOMAIN)) == figures_of(found)
    put(events(event(tokens=20)))
    now = preview(found.file.id, email_domain=DOMAIN)
    assert counts(now) == (1, 0, 1, 0, 0, 0)
    done = apply(found.file.id, by=BY, email_domain=DOMAIN)
    assert figures_of(done) == figures_of(now)
    later = preview(found.file.id, email_domain=DOMAIN)
    assert (counts(later), later.before, later.after) == (counts(done), done.before, done.after)


def test_a_preview_says_who_and_what_is_in_the_file() -> None:
    put(events(event(user="ann@example.com")))
    found = staged(
        events(
            event(user="Ann@Example.com", tokens=1),
            event(user="zoe@example.com", tokens=2),
            event(user="robot", tokens=3, cost=""),
        )
    )
    assert found.people == ("ann@example.com", "zoe@example.com")
    assert found.unknown_people == ("zoe@example.com",)
    assert [(key.key, key.figures.tokens) for key in found.unattributed] == [("robot", 3)]
    assert found.unmapped_keys == ["robot"]
    assert [(model.model, model.tokens) for model in found.unpriced] == [("gpt-5.5", 3)]
    assert (found.file.first_day, found.file.last_day, found.file.days) == (DAY, DAY, 1)


def test_an_import_is_told_in_the_log_and_the_history() -> None:
    done = put(events(event(tokens=10)), r"C:\files\team-usage.csv")
    later = put(events(event("2026-11-05T10:00:00.000Z", tokens=7)))
    undo(done.file.id, by="somebody", email_domain=DOMAIN)
    first, second = history()
    assert (first.id, first.status) == (later.file.id, BatchStatus.APPLIED)
    assert (second.file_name, second.status) == ("team-usage.csv", BatchStatus.UNDONE)
    assert (second.made_by, second.applied_by, second.undone_by) == (BY, BY, "somebody")
    assert history_count() == 2
    assert [run.kind for run in Run.select().order_by(Run.id)] == [
        "import",
        "import",
        "undo import",
    ]
    changes = DayChange.select().order_by(DayChange.id)
    assert [(change.tokens_before, change.tokens_after) for change in changes] == [
        (0, 10),
        (0, 7),
        (10, 0),
    ]


def test_an_import_of_an_earlier_version_that_kept_its_counts_twice_is_read() -> None:
    done = put(events(event(), event(tokens=20)))
    effect = json.loads(ImportBatch.get().effect)
    earlier = effect | {"new": 2, "changed": 0, "unchanged": 0, "covered": 0}
    ImportBatch.update(effect=json.dumps(earlier)).execute()
    later = preview(done.file.id, email_domain=DOMAIN)
    assert (later.file.new, later.after) == (2, done.after)


def test_what_is_not_applied_cannot_be_undone_and_nothing_twice() -> None:
    found = staged(events(event(tokens=10)))
    with pytest.raises(NoSuchImport, match="is staged already"):
        undo(found.file.id, by=BY, email_domain=DOMAIN)
    done = apply(found.file.id, by=BY, email_domain=DOMAIN)
    with pytest.raises(NoSuchImport, match="is applied already"):
        apply(done.file.id, by=BY, email_domain=DOMAIN)
    undo(done.file.id, by=BY, email_domain=DOMAIN)
    with pytest.raises(NoSuchImport, match="is undone already"):
        undo(done.file.id, by=BY, email_domain=DOMAIN)
    discard(done.file.id)
    assert history_count() == 1


@pytest.mark.parametrize("text", ["\\N", "1\r2", 'a"b', "é\t", ""])
def test_a_rejected_cell_is_kept_as_it_was(text: str) -> None:
    keep_rejected([(staged(events(event())).file.id, 1, 2, text, f"no number: {text}")])
    (row,) = RejectedRow.select()
    assert (row.value, row.message) == (text, f"no number: {text}")


def test_files_that_nobody_applied_are_forgotten_after_a_day() -> None:
    old, new = staged(events(event(tokens=10))), staged(events(event(tokens=20)))
    ImportBatch.update(made_at=ImportBatch.made_at - STALE_SECONDS - 60).where(
        ImportBatch.id == old.file.id
    ).execute()
    put(events(event(tokens=30)))
    with pytest.raises(NoSuchImport, match="forgotten"):
        preview(old.file.id, email_domain=DOMAIN)
    assert preview(new.file.id, email_domain=DOMAIN).can_apply
    assert ImportedRow.select().count() == 2


def test_says_that_the_file_is_another_kind() -> None:
    with pytest.raises(WrongKind, match=r"Cursor usage events \(cursor_events\), not 'claude_"):
        put(events(event()), kind="claude_tokens")
    assert put(events(event()), kind="cursor_events").records_imported == 1


def test_asks_for_the_person_of_an_export_without_users() -> None:
    content = (CSV_FILES / "cursor_04_individual_2025-08_to_2026-03.csv").read_bytes()
    with pytest.raises(UnreadableExport, match="e-mail"):
        put(content)
    with pytest.raises(ImportRefused, match=r"name@example\.com"):
        put(content, person="nobody")
    assert ImportBatch.select().count() == 0


def test_a_file_with_users_does_not_need_the_person() -> None:
    put(events(event(user="ann@example.com")), person="boss@example.com")
    assert [person.email for person in people(Scope()).people] == ["ann@example.com"]
    assert history()[0].person == ""


def test_a_file_of_an_earlier_version_shows_no_price_as_none(client: FlaskClient) -> None:
    """Its facts and effect do not say which tokens have no price."""
    key = "Cloud worker"
    put(events(event(user=key, tokens=3, cost="", kind="Included", model="mystery-9")), "old.csv")
    batch = ImportBatch.get()
    facts, effect = json.loads(batch.facts), json.loads(batch.effect)
    for name in ("days", "actors"):
        said = facts[name]
        facts[name] = [[day, sums[:3]] for day, sums in said] if name == "days" else [
            each[:-1] for each in said
        ]  # fmt: skip
    del effect["unpriced_before"], effect["unpriced_after"]
    ImportBatch.update(facts=json.dumps(facts), effect=json.dumps(effect)).execute()
    found = preview(batch.id, email_domain=DOMAIN)
    assert found.after.not_priced
    assert [owner.figures.not_priced for owner in found.unattributed] == [True]
    page = text_of(client, f"/import/{batch.id}")
    # Before it there was nothing, which cost nothing.
    assert "Cost not priced $0.00 \u2014 \u2014" in page
