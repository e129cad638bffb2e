"""A large import is all or nothing to those who look, and keeps nobody from writing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Event

import pytest
from peewee import Database

from app import scheduler
from app.database import database as proxy
from app.identity import resolve_everybody
from app.importing import apply, undo
from app.importing.events import encoded
from app.ledger import bump_data_version, organization_for, preparing, writing_usage
from app.models import ImportedRow, LoginTry, Mapping, Partition, Person, Run, Usage
from app.queries.days.run_log import count_runs
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord
from app.verify import Verifier
from tests import commands
from tests.imported import BY, DOMAIN, event, events, put, staged, sync_day, total
from tests.invented import stored_content
from tests.killed import kill, started
from tests.tools import CURSOR

ROWS = 12_000
"""More than two steps, on one day."""


def one_long_day(rows: int = ROWS) -> bytes:
    return events(
        *(
            event(
                f"2026-11-02T{place // 3600:02d}:{place // 60 % 60:02d}:{place % 60:02d}.000Z",
                f"person-{place % 50}@example.com",
            )
            for place in range(rows)
        )
    )


def prepared_rows() -> int:
    return Usage.select().join(Partition).where(Partition.prepared != 0).count()


class Passing:
    """Somebody who logs in and changes usage all the time, and looks at what counts."""

    def __init__(self) -> None:
        self.between: list[int] = []
        self.seen: set[tuple[int, int, int, int]] = set()
        self._over = Event()

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as pool:
            passing = pool.submit(self._pass)
            try:
                yield
            finally:
                self._over.set()
                passing.result(commands.SECONDS)

    def _pass(self) -> None:
        with proxy.connection_context():
            while not self._over.is_set():
                with writing_usage():
                    LoginTry.create(kind="admin", address="here", at_ms=1)
                    self.between.append(prepared_rows())
                self.seen.add((*total(), Person.select().count(), count_runs()))
                time.sleep(0.001)


def test_others_write_between_its_steps_and_see_nothing_of_it_before_all(
    database: Database,
) -> None:
    put(events(event("2026-11-02T23:59:59.000Z", tokens=7)))
    number = staged(one_long_day()).file.id
    others = Passing()
    with others.meanwhile():
        apply(number, by=BY, email_domain=DOMAIN)
    assert {rows for rows in others.between if 0 < rows < ROWS}
    before = (7, 50_000_000, 1, 1)
    after = (7 + 10 * ROWS, (ROWS + 1) * 50_000_000, 51, 2)
    assert others.seen <= {before, after}
    assert total() == after[:2]

    others = Passing()
    with others.meanwhile():
        undo(number, by=BY, email_domain=DOMAIN)
    assert total() == before[:2]
    assert {seen[:2] for seen in others.seen} <= {before[:2], after[:2]}
    assert prepared_rows() == 0
    assert list(Verifier().differences()) == []


def changing_meanwhile(over: Event, day: date) -> int:
    """Replace the API's word on a day, with usage and without, and change what people are in."""
    rounds = 0
    with proxy.connection_context():
        while not over.is_set():
            for tokens in ((), (5,), (5, 7)):
                sync_day("cursor", day, tokens, allow_empty=True)
            with writing_usage():
                Person.update(name=f"Name {rounds}").execute()
                bump_data_version()
            rounds += 1
            time.sleep(0.01)
    return rounds


def test_what_others_change_meanwhile_counts_as_it_is_when_an_import_comes_to_count(
    database: Database,
) -> None:
    over, days = Event(), [date(2026, 11, number) for number in range(1, 13)]
    rows = [
        event(f"{day}T10:00:{place:02d}.000Z", f"person-{place % 7}@example.com")
        for day in days
        for place in range(30)
    ]
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(changing_meanwhile, over, days[3])
        try:
            number = put(events(*rows)).file.id
            put(events(*rows[:-5], event(f"{days[4]}T11:00:00.000Z", "new@example.com")))
            undo(number, by=BY, email_domain=DOMAIN)
        finally:
            over.set()
        assert others.result(commands.SECONDS)
    assert list(Verifier().differences()) == []


def used(day: date, account: str, key: str = "") -> UsageRecord:
    detail = '{"serviceAccountName":"Robot"}' if key else ""
    return UsageRecord(
        day, RawActor(key, account), CURSOR, "gpt-5.5", Tokens(output=10), 1, 10**9, None,
        PriceStatus.PROVIDER, None, detail,
    )  # fmt: skip


CHANGES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "the usage of the day": lambda: bump_data_version(20261102),
    "the usage of another day": lambda: bump_data_version(20261103),
    "whose everything is": bump_data_version,
    "whose a key is": lambda: Mapping.create(key="Robot", email="bo@example.com", created_at=1),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_rollups_are_right_whatever_changes_between_their_making_and_their_moment(
    database: Database, changed: str
) -> None:
    day, organization = date(2026, 11, 2), organization_for("cursor")
    sync_day("cursor", date(2026, 11, 3), [1])
    first = [used(day, "ann@example.com"), used(day, "Ann@example.com "), used(day, "", "sa_1")]
    for records in (first, first[:1], [], first[1:]):
        run = Run.create(kind="import", status="preparing", start_day=1, end_day=1, started_at=1)
        with preparing(run, DOMAIN) as days:
            days.write(organization, 20261102, map(encoded, records))
            days.finish()
            with days.taking_effect():
                CHANGES[changed]()
                days.take_effect()
                bump_data_version()
        Mapping.delete().execute()
        resolve_everybody(DOMAIN)
        # No file tells of the day.
        wrong = [one for one in Verifier().differences() if one.says != "its files say"]
        assert wrong == []


STATES = {
    "while its rows are read": lambda: ImportedRow.select().count() > 1,
    "while its days get ready": lambda: Partition.select().where(Partition.prepared != 0).exists(),
    "while most is ready": lambda: prepared_rows() > ROWS // 2,
}


@pytest.mark.process
def test_a_kill_at_any_step_leaves_all_or_nothing_and_no_rest(
    database: Database, database_settings: dict[str, str], tmp_path: Path
) -> None:
    put(events(event("2026-11-02T23:59:59.000Z", tokens=7)))
    path = tmp_path / "usage.csv"
    path.write_bytes(one_long_day())
    before, people, runs = stored_content(), Person.select().count(), count_runs()
    for reached in STATES.values():
        with started(database_settings, "import", str(path)) as process:
            deadline = time.monotonic() + commands.SECONDS
            while not reached() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            kill(process)
        assert stored_content() == before
        assert (Person.select().count(), count_runs()) == (people, runs)
    assert prepared_rows() > 0
    scheduler.tidy()
    assert prepared_rows() == 0
    assert stored_content() == before
    answer = commands.run(database_settings, "import", str(path))
    assert answer.returncode == 0, answer.stderr
    assert not Partition.select().where(Partition.prepared != 0).exists()
    assert Partition.select().count() == 1
    assert list(Verifier().differences()) == []
