"""`flask import`: what it says, the exit code it ends with, and that no kill leaves half a file."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner
from peewee import Database

from app.database import database as proxy
from app.importing import (
    history,
)
from app.models import ImportBatch, ImportedRow
from app.rollups import refresh_everything
from app.states import BatchStatus
from tests import commands
from tests.imported import CSV_FILES, event, events, put, tokens, total, usage
from tests.invented import rollup_content, stored_content
from tests.killed import kill, started

BAD = event(tokens=5).replace("2026-11-02", "2026-13-02")
INDIVIDUAL = CSV_FILES / "cursor_04_individual_2025-08_to_2026-03.csv"
KILLS, EVENTS = 5, 2_000


def written(folder: Path, content: bytes, name: str = "usage.csv") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_imports_files_and_says_what_counted(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    path = written(tmp_path, events(event(tokens=1_000, user="robot"), event(tokens=2_000)))
    answer = runner.invoke(args=["import", path])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == (
        "usage.csv: Cursor usage events, 2 rows, 2026-11-02 to 2026-11-02 (1 day), 1 person, "
        "3,000 tokens, $0.10\n"
        "  2 new, 0 changed, 0 already known, 0 covered by the API, 0 with nothing to count, "
        "0 rejected\n"
        "  Not known before: ann@example.com\n"
        "  Keys that belong to nobody: robot\n"
        "  Imported as #1: 0 -> 3,000 tokens, $0.00 -> $0.10 in its days.\n"
    )
    assert answer.stderr == ""
    assert total() == (3_000, 100_000_000)


def test_money_that_nobody_knows_is_never_zero(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    unknown = usage(tokens=7, model="claude-nova-9")
    answer = runner.invoke(args=["import", written(tmp_path, tokens(unknown))])
    assert "7 tokens, no known price\n" in answer.stdout
    assert "0 -> 7 tokens, $0.00 -> no known price in its days." in answer.stdout
    answer = runner.invoke(args=["import", written(tmp_path, tokens(unknown, usage()))])
    assert "7 -> 1,000,007 tokens, no known price -> $3.00 partly priced in its" in answer.stdout


def test_the_same_file_again_is_fine(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    path = written(tmp_path, events(event()))
    runner.invoke(args=["import", path])
    answer = runner.invoke(args=["import", path])
    assert answer.exit_code == 0
    assert "as #1; nothing was changed." in answer.stdout


def test_a_dry_run_says_the_same_and_changes_nothing(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    put(events(event(tokens=10)))
    path, before = written(tmp_path, events(event(tokens=10), event(tokens=20))), stored_content()
    dry = runner.invoke(args=["import", "--dry-run", path])
    assert dry.exit_code == 0
    assert "Nothing was changed. The import would change 10 -> 30 tokens" in dry.stdout
    assert stored_content() == before
    assert ImportBatch.select().count() == 1
    done = runner.invoke(args=["import", path])
    assert dry.stdout.splitlines()[:-1] == done.stdout.splitlines()[:-1]


def test_each_file_stands_for_itself(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    paths = [
        written(tmp_path, events(event(tokens=10), BAD), "bad.csv"),
        written(tmp_path, b"\x89PNG\r\n", "picture.csv"),
        written(tmp_path, tokens(usage(tokens=1_000)), "good.csv"),
    ]
    answer = runner.invoke(args=["import", *paths])
    assert answer.exit_code == 1
    assert "  line 3: " in answer.stderr
    assert "Error: bad.csv: 1 of 2 rows cannot be read" in answer.stderr
    assert "Error: picture.csv: The file 'picture.csv' is a PNG picture" in answer.stderr
    assert "2 of 3 files were not imported." in answer.stderr
    assert [batch.file_name for batch in history()] == ["good.csv"]


def test_takes_the_good_rows_when_asked(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    path = written(tmp_path, events(event(tokens=10), BAD))
    assert runner.invoke(args=["import", "--dry-run", path]).exit_code == 1
    assert runner.invoke(args=["import", "--partial", "--dry-run", path]).exit_code == 0
    answer = runner.invoke(args=["import", "--partial", path])
    assert answer.exit_code == 0
    assert "1 new" in answer.stdout
    assert "  line 3: " in answer.stderr
    assert total()[0] == 10


def test_the_person_of_an_export_without_users_can_be_named(
    runner: FlaskCliRunner, database: Database
) -> None:
    answer = runner.invoke(args=["import", str(INDIVIDUAL)])
    assert answer.exit_code == 1
    assert "does not say who used it" in answer.stderr
    answer = runner.invoke(args=["import", "--as", "Ann@Example.com", str(INDIVIDUAL)])
    assert answer.exit_code == 0
    assert history()[0].person == "ann@example.com"


@pytest.mark.parametrize(
    "arguments",
    [[], ["nowhere.csv"], ["."], ["--as", "nobody", str(INDIVIDUAL)], ["--nonsense"]],
)
def test_wrong_use_ends_with_2(runner: FlaskCliRunner, arguments: list[str]) -> None:
    assert runner.invoke(args=["import", *arguments]).exit_code == 2


@pytest.mark.process
def test_reads_standard_input(database: Database, database_settings: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "import", "-"],
        cwd=commands.ROOT,
        env=commands.environment(database_settings),
        input=events(event(tokens=10)),
        capture_output=True,
        timeout=commands.SECONDS,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(b"standard input: Cursor usage events, 1 row,")
    assert total()[0] == 10


@pytest.mark.process
def test_a_kill_at_any_moment_leaves_all_of_a_file_or_nothing(
    database: Database, database_settings: dict[str, str], tmp_path: Path
) -> None:
    put(events(*(event(f"2026-10-{day:02d}T09:00:00.000Z") for day in range(1, 29))))
    path = written(tmp_path, many_events(EVENTS))
    before, chance = stored_content(), random.Random(5)
    for place in range(KILLS):
        with started(database_settings, "import", path) as process:
            deadline = time.monotonic() + commands.SECONDS
            while not ImportedRow.select().count() > 28 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep((place + chance.random()) / KILLS * 0.3)
            kill(process)
        applied = ImportBatch.select().where(ImportBatch.status == BatchStatus.APPLIED).count()
        if applied == 2:
            break
        assert stored_content() == before
        ImportedRow.delete().where(ImportedRow.batch > 1).execute()
    answer = commands.run(database_settings, "import", path)
    assert answer.returncode == 0, answer.stderr
    assert total() == (280 + sum(range(1, EVENTS + 1)), (28 + EVENTS) * 50_000_000)
    found = rollup_content()
    with proxy.atomic():
        refresh_everything()
    assert found == rollup_content()


def many_events(number: int) -> bytes:
    return events(
        *(
            event(f"2026-10-{place % 28 + 1:02d}T10:00:00.{place % 1000:03d}Z", tokens=place)
            for place in range(1, number + 1)
        )
    )


def test_names_in_doubt_are_told_and_an_answer_is_taken(
    runner: FlaskCliRunner, tmp_path: Path, database: Database
) -> None:
    first = written(tmp_path, tokens(usage(key="ci-key")), "first.csv")
    later = written(tmp_path, tokens(usage(key="CI Key")), "later.csv")
    runner.invoke(args=["import", first])
    sentence = "of key ci-key in #1 first.csv, the same of key CI Key in this file."
    for options in ([], ["--dry-run"]):
        answer = runner.invoke(args=["import", later, *options])
        assert answer.exit_code == 1
        assert sentence in answer.output
        assert total()[0] == 1_000_000
    assert runner.invoke(args=["import", later, "--renamed", "perhaps"]).exit_code == 2
    assert runner.invoke(args=["import", later, "--renamed", "same"]).exit_code == 0
    assert total()[0] == 1_000_000
