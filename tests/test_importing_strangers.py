"""Files of mixed people: covered is only what an API could have told, strangers count beside."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from peewee import Database

from app.identity import store_directory
from app.importing import apply, days_of, discard, give, history, look_again, preview, undo
from app.ledger import organization_for, replace_day
from app.models import ImportBatch, Organization, Run
from app.queries.scope import Scope
from app.usage import (
    DayUsage,
    Directory,
    ListedKey,
    ListedMember,
    PriceStatus,
    RawActor,
    Tokens,
    UsageRecord,
)
from app.verify import Verifier
from app.web.imports.shown import covered_of, day_chart
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
    tokens,
    total,
    usage,
)
from tests.tools import CLAUDE_CODE, CURSOR

DAY, NEXT = date(2026, 11, 3), date(2026, 11, 4)
AT, LATER = "2026-11-03T12:00:00.000Z", "2026-11-04T09:30:00.500Z"
ADA, BO, ROBIN = "ada@example.com", "bo@example.com", "robin@other.example"
API = 1_000
MIXED = events(event(AT, ADA, 350), event(AT, ROBIN, 350), event(LATER, ROBIN, 7))
ROBINS = events(event(AT, ROBIN, 350), event("2026-11-03T13:00:00.000Z", ROBIN, 20))

pytestmark = pytest.mark.usefixtures("database")


def told(name: str, amount: int, day: date = DAY, at_ms: int | None = None) -> UsageRecord:
    """A record of Cursor's API."""
    return UsageRecord(
        day, RawActor(account=name), CURSOR, "gpt-5.5", Tokens(output=amount), 1, 10**9, None,
        PriceStatus.PROVIDER, at_ms,
    )  # fmt: skip


def sync(
    *records: UsageRecord,
    days: tuple[date, ...] = (DAY,),
    members: tuple[str, ...] = (ADA,),
    label: str = "",
) -> None:
    """What a sync of a Cursor team does, at the end a second look at the files."""
    organization = organization_for("cursor", label)
    listed = [ListedMember(f"user_{email}", email, "") for email in members]
    store_directory(organization, Directory(tuple(listed), (), ()))
    run = Run.create(kind="sync", status="ok", start_day=1, end_day=1, started_at=1)
    for day in days:
        mine = [record for record in records or (told(ADA, API),) if record.day == day]
        usage_of_day = DayUsage(day, mine, settled=True)
        replace_day(organization, "events", usage_of_day, run, email_domain=DOMAIN)
    look_again("cursor", email_domain=DOMAIN)


def by_person() -> dict[str, int]:
    """The tokens that count, by e-mail address."""
    return {one.email: one.figures.tokens for one in people(Scope()).people}


def damage() -> list[str]:
    """What `flask verify` would say."""
    return [str(each) for each in Verifier().differences()]


@pytest.mark.parametrize("file_first", [True, False])
def test_strangers_in_a_file_of_members_count_beside(file_first: bool) -> None:
    if not file_first:
        sync()
    put_after_preview(MIXED)
    if file_first:
        assert by_person() == {ADA: 350, ROBIN: 357}
        sync()
    assert by_person() == {ADA: API, ROBIN: 357}
    (file,) = history()
    assert file.organization == "main"
    assert file.owner_reason.startswith(
        "Cursor main knows 1 of the 2 names in this file. 1 name that its API cannot tell of "
        "(2 rows, 357 tokens) counts beside it, as other_example."
    )
    assert put(MIXED).note.endswith("nothing was changed.")
    sync()
    assert history()[0] == file
    assert damage() == []


def test_a_preview_says_who_counts_beside_and_what_is_covered() -> None:
    sync()
    found = staged(MIXED)
    assert counts(found) == (2, 0, 0, 1, 0, 0)
    assert (found.covered_days, found.covered_tokens) == ((DAY,), 350)
    chart = day_chart(days_of(found.file.id), covered_of(found), CURSOR)
    assert chart
    assert chart.legend == [("counted", 357), ("covered", 350)]
    both = [[part.series for part in column.segments] for column in chart.chart.columns]
    assert ["counted", "covered"] in both
    assert (found.before.tokens, found.after.tokens) == (API, API + 357)
    assert "counts beside it, as other_example." in found.file.owner_reason
    discard(found.file.id)
    assert not Organization.select().where(Organization.name == "other_example").exists()


def test_it_can_be_undone_and_done_again() -> None:
    sync()
    for _ in range(2):
        number = put(MIXED).file.id
        assert by_person() == {ADA: API, ROBIN: 357}
        done = undo(number, by=BY, email_domain=DOMAIN)
        assert (done.before.tokens, done.after.tokens) == (API + 357, API)
        assert by_person() == {ADA: API}
        assert damage() == []


@pytest.mark.parametrize("order", list(permutations((MIXED, ROBINS))))
@pytest.mark.parametrize("file_first", [True, False])
def test_what_two_files_tell_of_a_stranger_counts_once(
    order: tuple[bytes, ...], file_first: bool
) -> None:
    if not file_first:
        sync()
    _, last = [put_after_preview(content).file.id for content in order]
    sync()
    assert by_person() == {ADA: API, ROBIN: 377}
    assert damage() == []
    undo(last, by=BY, email_domain=DOMAIN)
    assert by_person() == {ADA: API, ROBIN: 357 if order[0] is MIXED else 370}
    assert damage() == []


@pytest.mark.parametrize("file_first", [True, False])
def test_members_of_two_teams_are_covered_each_by_their_own(file_first: bool) -> None:
    content = events(event(AT, ADA, 350), event(AT, ROBIN, 90), event(AT, "zoe@third.example", 8))
    if file_first:
        put(content)
    sync()
    sync(told(ROBIN, 500), members=(ROBIN,), label="LABS")
    if not file_first:
        put(content)
    assert by_person() == {ADA: API, ROBIN: 500, "zoe@third.example": 8}
    assert damage() == []


def test_who_is_listed_later_comes_home() -> None:
    sync()
    put(MIXED)
    sync(told(ADA, API), told(ROBIN, 40), members=(ADA, ROBIN))
    # The 4th is no day of the API yet.
    assert by_person() == {ADA: API, ROBIN: 47}
    assert "beside" not in history()[0].owner_reason
    assert damage() == []


def test_usage_of_people_who_left_stays_until_the_api_tells_of_its_days() -> None:
    sync()
    left = events(event(AT, ADA, 350), event(LATER, BO, 60))
    assert counts(put(left)) == (1, 0, 0, 1, 0, 0)
    assert "beside" not in history()[0].owner_reason
    sync(told(ADA, API), told(BO, 65, NEXT), days=(DAY, NEXT))
    assert by_person() == {ADA: API, BO: 65}


def test_a_file_keeps_its_place_when_strangers_are_parted_from_it() -> None:
    """The newer of two files that differ counts, also after the older one was parted."""
    put(tokens(usage("2026-11-05", "ci", 10), usage("2026-11-03", "theirs", 3)), "a.csv")
    put(tokens(usage("2026-11-05", "ci", 12)), "b.csv")
    organization = organization_for("anthropic")
    store_directory(organization, Directory((), (ListedKey("key_1", "ci"),), ()))
    record = UsageRecord(
        DAY, RawActor(key="key_1"), CLAUDE_CODE, "claude-opus-5", Tokens(output=9), 1, 1, None,
        PriceStatus.TABLE,
    )  # fmt: skip
    run = Run.create(kind="sync", status="ok", start_day=1, end_day=1, started_at=1)
    replace_day(
        organization, "messages", DayUsage(DAY, [record], settled=True), run, email_domain=DOMAIN
    )
    assert [file.file_name for file in look_again("anthropic", email_domain=DOMAIN)] == ["a.csv"]
    assert total()[0] == 9 + 3 + 12
    assert [file.file_name for file in history()] == ["b.csv", "a.csv"]
    assert damage() == []


def test_usage_that_the_api_tells_under_another_name_is_no_strangers() -> None:
    millisecond = 1_793_707_200_000
    assert date.fromtimestamp(millisecond / 1000) == DAY
    sync(told("ada.byron@example.com", 350, at_ms=millisecond), told(BO, 5), members=(BO,))
    at = "2026-11-03T12:00:00.000Z"
    put(events(event(at, "ada.lovelace@example.com", 350), event(at, BO, 5)))
    assert by_person() == {"ada.byron@example.com": 350, BO: 5}


def test_a_key_that_the_api_tells_under_another_name_is_no_strangers() -> None:
    organization = organization_for("anthropic")
    store_directory(organization, Directory((), (ListedKey("key_1", "ci"),), ()))
    record = UsageRecord(
        DAY, RawActor(key="key_9"), CLAUDE_CODE, "claude-sonnet-4-5-20250929", Tokens(input=40),
        1, 1, None, PriceStatus.TABLE,
    )  # fmt: skip
    run = Run.create(kind="sync", status="ok", start_day=1, end_day=1, started_at=1)
    replace_day(
        organization, "messages", DayUsage(DAY, [record], settled=True), run, email_domain=DOMAIN
    )
    day = DAY.isoformat()
    put(tokens(usage(day, "ci", 1), usage(day, "renamed", 40), usage(day, "theirs", 41)))
    assert total()[0] == 40 + 41


def test_whose_a_whole_file_is_may_be_said(database: Database) -> None:
    sync()
    found = staged(MIXED)
    give(found.file.id, "main")
    changed = preview(found.file.id, email_domain=DOMAIN)
    assert changed.file.covered == 2
    give(found.file.id, "")
    apply(found.file.id, by=BY, email_domain=DOMAIN)
    assert by_person() == {ADA: API, ROBIN: 357}
    # Of whom a file of main was said to be, another file tells in main.
    put(events(event(AT, "new@example.com", 6)), organization="main")
    put(events(event(AT, ADA, 1), event(AT, "new@example.com", 6)), "c.csv")
    assert by_person() == {ADA: API, ROBIN: 357}
    assert ImportBatch.select().count() == 3


def test_damaged_facts_of_a_parted_file_are_named() -> None:
    sync()
    put(MIXED)
    ImportBatch.update(facts='{"beside": 7}').execute()
    assert [one for one in damage() if "import_batch" in one and "facts" in one]
