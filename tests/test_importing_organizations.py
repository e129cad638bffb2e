"""Whose file it is: only its own organisation's API covers it, whichever came first."""

from __future__ import annotations

import io
from datetime import date

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from app.identity import store_directory
from app.importing import ImportRefused, give, history, look_again, preview, undo
from app.importing.stored import forget_unused
from app.ledger import ensure_models, organization_for
from app.models import ImportBatch, Organization, Run, Slice
from app.usage import Directory, ListedKey, ListedMember
from tests.import_browser import Importer
from tests.imported import (
    BY,
    CSV_FILES,
    DOMAIN,
    counts,
    event,
    events,
    put,
    put_after_preview,
    staged,
    sync_day,
    tokens,
    total,
    usage,
)
from tests.reading import page_of, text_of

DAY = date(2026, 11, 3)
AT = "2026-11-03T12:00:00.000Z"
API = 1_000
TEAM_B = b"""\
Date,User,Cloud Agent ID,Automation ID,Kind,Model,Max Mode,Input (w/ Cache Write),\
Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost
2026-11-03T12:00:00.000Z,robin@other.example,,,On-Demand,gpt-5,No,0,100,200,50,350,1.00
"""
CONTRACTOR = b"""\
Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,\
Output Tokens,Total Tokens,Cost
2026-11-03T12:00:00.000Z,Included,gpt-5,No,0,100,200,50,350,1.00
"""
OWN = events(event(AT, "Ada@example.com", 350))
CASES = {
    "team": (TEAM_B, "", "other_example"),
    "contractor": (CONTRACTOR, "cy@free.example", "free_example"),
    "own": (OWN, "", "main"),
}

pytestmark = pytest.mark.usefixtures("database")


def sync(count: int = API, *members: str) -> None:
    """What a sync of Cursor does: the directory, a day, and a second look at the files."""
    listed = [
        ListedMember(f"user_{number}", email, "")
        for number, email in enumerate(("ada@example.com", *members))
    ]
    store_directory(organization_for("cursor"), Directory(tuple(listed), (), ()))
    sync_day("cursor", DAY, [count])
    look_again("cursor", email_domain=DOMAIN)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("file_first", [True, False])
def test_only_what_the_api_could_have_told_is_covered(case: str, file_first: bool) -> None:
    content, person, label = CASES[case]
    if not file_first:
        sync()
    put_after_preview(content, person=person)
    if file_first:
        assert total()[0] == 350
        sync()
    beside = 0 if label == "main" else 350
    assert total()[0] == API + beside
    (file,) = history()
    assert file.organization == label
    assert (file.new, file.covered) == ((0, 1) if label == "main" and not file_first else (1, 0))
    if beside:
        assert file.owner_reason.startswith(
            "Nobody in this file is a member of Cursor main; it counts beside it, as "
        )
    assert put(content, person=person).note.endswith("nothing was changed.")
    assert total()[0] == API + beside
    undo(file.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == API


def test_the_files_of_two_strangers_both_count() -> None:
    sync()
    put(TEAM_B)
    put(CONTRACTOR, person="cy@free.example")
    assert total()[0] == API + 700


def test_a_sync_moves_a_file_once_and_says_so() -> None:
    put(TEAM_B)
    sync()
    moved = history()[0]
    assert moved.owner_reason.endswith("as other_example. Moved from main after a sync.")
    sync()
    assert history()[0] == moved


def test_the_status_names_a_moved_file_until_it_is_undone(client: FlaskClient) -> None:
    put(TEAM_B, "b.csv")
    assert 'id="moved"' not in page_of(client, "/status")
    sync()
    Run.update(start_day=20261102, end_day=20261102).execute()
    said = text_of(client, "/status")
    assert "1 imported file moved to another organization by a sync: #1 b.csv" in said
    assert "now counts for Cursor other_example ( run 3 )." in said
    assert "import moved" in said
    undo(history()[0].id, by=BY, email_domain=DOMAIN)
    assert 'id="moved"' not in page_of(client, "/status")


def test_a_newcomer_comes_home_when_the_directory_lists_them() -> None:
    sync()
    put(TEAM_B)
    assert total()[0] == API + 350
    sync(API, "robin@other.example")
    assert history()[0].organization == "main"
    assert total()[0] == API


def test_who_left_the_directory_is_known_by_their_usage() -> None:
    sync()
    put(events(event(AT, "api@example.com", 350)))
    assert total()[0] == API


def test_a_file_with_some_members_is_the_organisations() -> None:
    sync()
    done = put(events(event(AT, "ada@example.com", 5), event(AT, "new@example.com", 6)))
    assert done.file.organization == "main"
    assert done.file.owner_reason == (
        "Cursor main knows 1 of the 2 names in this file. 1 name that its API cannot tell of "
        "(1 row, 6 tokens) counts beside it, as example_com."
    )
    assert counts(done)[3] == 1
    assert total()[0] == API + 6


def test_the_team_in_the_name_is_the_label_and_its_people_are_known_then() -> None:
    sync()
    assert put(TEAM_B, "team-usage-events-1234-2026-11-03.csv").file.organization == "1234"
    later = put(events(event("2026-11-03T13:00:00.000Z", "robin@other.example", 7)))
    assert later.file.organization == "1234"
    assert later.file.owner_reason == "Cursor 1234 knows 1 of the 1 name in this file."
    assert total()[0] == API + 357


@pytest.mark.parametrize("key", ["build", "key_1", "claude_code_key_ada_abcd"])
def test_a_key_tells_whose_a_console_file_is(key: str) -> None:
    organization = organization_for("anthropic")
    ada, build = ListedMember("u", "ada@example.com", ""), ListedKey("key_1", "build")
    store_directory(organization, Directory((ada,), (build,), ()))
    assert staged(tokens(usage(key=key))).file.organization == "main"
    assert staged(tokens(usage(key="")), "b.csv").file.organization == "main"
    assert staged(tokens(usage(key="theirs")), "c.csv").file.organization == "files"


def test_whoever_says_it_is_believed() -> None:
    sync()
    own = put(OWN, organization="LABS")
    assert (own.file.organization, own.file.owner_reason) == ("LABS", "")
    assert total()[0] == API + 350
    again = put(OWN, organization="main")
    assert again.note.endswith("It counts for LABS: undo it before you give it to main.")
    theirs = put(TEAM_B, organization="cursor:Main")
    assert (theirs.file.organization, theirs.file.covered) == ("main", 1)
    sync()
    assert total()[0] == API + 350
    more = put(events(event(AT, "zoe@example.com", 9)), organization="labs")
    assert more.file.organization == "LABS"


@pytest.mark.parametrize("label", ["demo", "two words", "x" * 41, "anthropic:main", "cursor:"])
def test_what_cannot_be_a_label_is_refused(label: str) -> None:
    with pytest.raises(ImportRefused):
        put(TEAM_B, organization=label)
    assert ImportBatch.select().count() == 0
    assert not Organization.select().where(Organization.name != "").exists()


def test_a_preview_can_be_given_to_another() -> None:
    sync()
    found = staged(TEAM_B)
    assert (found.file.organization, found.after.tokens) == ("other_example", 350)
    give(found.file.id, "main")
    changed = preview(found.file.id, email_domain=DOMAIN)
    assert (changed.file.organization, changed.file.covered) == ("main", 1)
    give(found.file.id, "")
    assert preview(found.file.id, email_domain=DOMAIN).file.organization == "other_example"


def test_a_label_goes_with_the_file_that_made_it(runner: FlaskCliRunner) -> None:
    sync()
    path = CSV_FILES / "cursor_05_team_2025-2026.csv"
    answer = runner.invoke(args=["import", "--dry-run", "--organization", "LABS", str(path)])
    assert answer.exit_code == 0, answer.output
    assert "\n  Belongs to LABS.\n" in answer.output
    assert not Organization.select().where(Organization.name == "LABS").exists()


def test_the_command_says_the_guess(runner: FlaskCliRunner) -> None:
    sync()
    path = CSV_FILES / "cursor_05_team_2025-2026.csv"
    answer = runner.invoke(args=["import", str(path)])
    assert (
        ". Nobody in this file is a member of Cursor main; it counts beside it, as "
        in answer.output
    )


def test_the_api_takes_and_tells_it(client: FlaskClient) -> None:
    sync()
    for label, told in (("", "other_example"), ("LABS", "other_example")):
        fields = {"file": (io.BytesIO(TEAM_B), "b.csv"), "organization": label}
        answer = client.post("/api/import", data=fields)
        assert answer.status_code == 200
        assert answer.json["organization"] == told
        assert answer.json["organizationReason"].startswith("Nobody in this file is a member of")
    fields = {"file": (io.BytesIO(OWN), "own.csv"), "organization": "two words"}
    assert client.post("/api/import", data=fields).status_code == 400


def test_the_page_says_the_guess_and_lets_it_be_changed(client: FlaskClient) -> None:
    sync()
    importer = Importer(client)
    number = importer.stage(TEAM_B)
    page = importer.read(f"/import/{number}")
    assert "Nobody in this file is a member of Cursor main; it counts beside it" in page
    assert importer.act(number, "give", organization="two words").status_code == 422
    importer.done(number, "give", organization="LABS")
    importer.done(number, "import")
    assert "organisation LABS" in importer.read(f"/import/{number}")
    assert "LABS" in importer.read("/import")


def test_a_label_that_nothing_has_any_more_goes_with_its_models() -> None:
    labs = organization_for("cursor", "LABS")
    ensure_models(labs, {("cursor", "gpt-5")})
    forget_unused(labs)
    assert Organization.get_or_none(Organization.name == "LABS") is None
    assert Slice.get_or_none(Slice.model == "gpt-5") is None
