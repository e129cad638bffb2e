"""Any interleaving of syncs, imports, re-imports and undos ends with the totals of an oracle.

The oracle knows only what was synced and which files are applied, in their order, and the
rules; it shares no code with the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from peewee import JOIN, Database

from app.database import database as proxy
from app.importing import Preview, apply, preview, undo
from app.models import MODEL as MODEL_SLICE
from app.models import TABLES, Actor, Meta, Person, PersonDay, Slice, Usage
from app.rollups import refresh_everything
from tests.imported import (
    BY,
    DOMAIN,
    cost,
    costs,
    event,
    events,
    figures_of,
    put,
    staged,
    sync_day,
    tokens,
    usage,
)
from tests.invented import rollup_content

DAYS = ["2026-11-01", "2026-11-02"]
PEOPLE = ["ann@example.com", "bob@example.com"]
KEYS = {"claude_code_key_ann_x1": "ann@example.com", "shared-key": ""}
DIFFERENT = "different"
"""The answer where two keys happen to tell the same figures."""
GPT, SONNET = "gpt-5.5", "Sonnet 4.5"
Cell = tuple[str, str, str]
"""Day, e-mail ("": nobody) and display name of the model."""
Cells = dict[Cell, tuple[int, int]]
"""Tokens and value in nano-dollars."""

day = st.sampled_from(DAYS)


class Event(NamedTuple):
    """An event of Cursor; all that tells two of them apart is the second.

    `cents` 0: the file says "Included". Half of the events are of a model with a list price.
    """

    day: str
    second: int
    cents: int

    @property
    def person(self) -> str:
        return PEOPLE[self.second % 2]

    @property
    def tokens(self) -> int:
        return 100 + self.second

    def row(self) -> str:
        at = f"{self.day}T10:00:{self.second:02d}.000Z"
        cost = f"{self.cents / 100:.2f}" if self.cents else "Included"
        model = "claude-4.5-sonnet-thinking" if self.model == SONNET else "gpt-5.5"
        return event(at, self.person, self.tokens, cost, model=model)

    @property
    def model(self) -> str:
        return SONNET if self.second < 2 else GPT

    @property
    def value(self) -> int:
        """All its tokens are output, at $15 a million."""
        if self.cents:
            return self.cents * 10**7
        return self.tokens * 15_000 if self.model == SONNET else 0


class KeyDay(NamedTuple):
    """Some tokens of a key."""

    day: str
    key: str
    tokens: int

    def row(self) -> str:
        return usage(self.day, self.key, self.tokens)


class Money(NamedTuple):
    """Some money of a key."""

    day: str
    key: str
    kind: str
    cents: int

    def row(self) -> str:
        return cost(f"{self.cents / 100:.2f}", self.kind, self.day, self.key)


class File(NamedTuple):
    """The rows of one file, all of one kind."""

    rows: tuple[Any, ...]

    def content(self) -> bytes:
        header = {Event: events, KeyDay: tokens, Money: costs}[type(self.rows[0])]
        return header(*(row.row() for row in self.rows))


def files_of(rows: Any) -> Any:
    return st.lists(rows, min_size=1, max_size=6).map(lambda found: File(tuple(found)))


def event_files() -> Any:
    """An export tells one cost of an event; a later one may tell another."""
    rows = st.builds(Event, day, st.integers(0, 3), st.just(0))
    return st.tuples(files_of(rows), st.integers(0, 3)).map(
        lambda found: File(tuple(row._replace(cents=found[1]) for row in found[0].rows))
    )


key = st.sampled_from(list(KEYS))
FILES = st.one_of(
    event_files(),
    files_of(st.builds(KeyDay, day, key, st.integers(1, 3).map(lambda n: n * 1000))),
    files_of(
        st.builds(Money, day, key, st.sampled_from(["output", "input_no_cache"]), st.integers(1, 9))
    ),
)


class Oracle:
    """What must count."""

    def __init__(self) -> None:
        self.api: dict[tuple[str, str], list[int]] = {}
        self.files: list[File] = []

    def cells(self) -> Cells:
        """Every cell that is not empty."""
        found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
        for where in DAYS:
            for provider, imported in (("cursor", self.events), ("anthropic", self.claude)):
                covered = self.api.get((provider, where))
                of_api = [(("api@example.com", GPT), n, 10**9) for n in covered or ()]
                for (email, model), count, value in of_api or imported(where):
                    found[where, email, model][0] += count
                    found[where, email, model][1] += value
        return {cell: (sums[0], sums[1]) for cell, sums in found.items() if any(sums)}

    def rows(self, kind: type, where: str) -> list[list[Any]]:
        """The rows of a day, file by file."""
        return [
            [row for row in file.rows if isinstance(row, kind) and row.day == where]
            for file in self.files
        ]

    def events(self, where: str) -> list[tuple[tuple[str, str], int, int]]:
        """As often as in the file with most, with money as often as in the file with most money.

        Of them those of the last file, then earlier.
        """
        found = []
        for second in range(4):
            of_files = [
                [row for row in rows if row.second == second] for rows in self.rows(Event, where)
            ]
            told = [rows for rows in of_files if any(row.cents for row in rows)]
            chosen: list[Event] = []
            for files in (told, of_files):
                most = max(map(len, files), default=0)
                for rows in reversed(files):
                    more = list((Counter(rows) - Counter(chosen)).elements())
                    chosen += more[: most - len(chosen)]
            found += [((row.person, row.model), row.tokens, row.value) for row in chosen]
        return found

    def claude(self, where: str) -> list[tuple[tuple[str, str], int, int]]:
        """The last file with a key has its tokens; money replaces $3 a million where it is."""
        found = []
        for name, email in KEYS.items():
            count = self.last_sum(KeyDay, where, lambda row: row.key == name)  # noqa: B023
            money = [
                self.last_sum(Money, where, lambda row: (row.key, row.kind) == (name, kind))  # noqa: B023
                for kind in ("output", "input_no_cache")
            ]
            value = sum(money) * 10**7 if any(money) else count * 3000
            found.append(((email, SONNET), count, value))
        return found

    def last_sum(self, kind: type, where: str, mine: Any) -> int:
        """The sum of the rows that are mine in the last file that has any."""
        of_files = [list(filter(mine, rows)) for rows in self.rows(kind, where)]
        last = next((rows for rows in reversed(of_files) if rows), [])
        return sum(row[-1] for row in last)


def stored_cells() -> Cells:
    """What the rollups say."""
    rows = (
        PersonDay.select(
            PersonDay.day, Person.email, Slice.name, PersonDay.tokens, PersonDay.value_nanos
        )
        .join(Slice, on=PersonDay.slice == Slice.id)
        .switch(PersonDay)
        .join(Person, JOIN.LEFT_OUTER, on=PersonDay.person_id == Person.id)
        .where(Slice.kind == MODEL_SLICE)
        .tuples()
    )
    cells: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for number, email, model, count, value in rows:
        cell = cells[
            str(date(number // 10000, number // 100 % 100, number % 100)), email or "", model
        ]
        cell[0] += count
        cell[1] += value
    return {cell: (sums[0], sums[1]) for cell, sums in cells.items() if any(sums)}


def empty_database() -> None:
    with proxy.atomic():
        for table in reversed(TABLES):
            if table is Slice:
                table.delete().where(Slice.id > 1).execute()
            elif table is not Meta:
                table.delete().execute()


class Histories(RuleBasedStateMachine):
    """Steps in any order."""

    def __init__(self) -> None:
        super().__init__()
        empty_database()
        self.oracle = Oracle()
        self.applied: list[tuple[int, File]] = []
        self.seen: list[File] = []
        self.waiting: list[tuple[int, File]] = []

    @rule(
        provider=st.sampled_from(["cursor", "anthropic"]),
        where=day,
        counts=st.lists(st.integers(1, 50), max_size=2),
    )
    def sync(self, provider: str, where: str, counts: list[int]) -> None:
        sync_day(provider, date.fromisoformat(where), counts, allow_empty=True)
        self.oracle.api[provider, where] = counts

    @rule(file=FILES)
    def import_at_once(self, file: File) -> None:
        self._done(put(file.content(), renamed=DIFFERENT), file)

    @rule(file=FILES)
    def stage(self, file: File) -> None:
        found = staged(file.content())
        if not found.note:
            self.waiting.append((found.file.id, file))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def apply(self, data: Any) -> None:
        batch, file = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        foreseen = preview(batch, email_domain=DOMAIN)
        done = apply(batch, renamed=DIFFERENT, by=BY, email_domain=DOMAIN)
        if not done.note:
            assert figures_of(done) == figures_of(foreseen)
        self._done(done, file)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def import_again(self, data: Any) -> None:
        file = data.draw(st.sampled_from(self.seen))
        known = file in self.oracle.files
        done = put(file.content(), renamed=DIFFERENT)
        assert bool(done.note) == known
        self._done(done, file)

    @precondition(lambda self: self.applied)
    @rule(data=st.data())
    def undo(self, data: Any) -> None:
        place = data.draw(st.integers(0, len(self.applied) - 1))
        batch, _ = self.applied.pop(place)
        del self.oracle.files[place]
        undo(batch, by=BY, email_domain=DOMAIN)

    def _done(self, done: Preview, file: File) -> None:
        batch = done.file
        assert batch.rows == batch.good_rows == len(file.rows)
        if done.note:
            assert done.records_unchanged == len(file.rows)
            return
        assert batch.new + batch.changed + batch.unchanged + batch.covered == len(file.rows)
        self.applied.append((batch.id, file))
        self.oracle.files.append(file)
        self.seen.append(file)

    @invariant()
    def counts_what_the_rules_say(self) -> None:
        assert stored_cells() == self.oracle.cells()

    def teardown(self) -> None:
        found = rollup_content()
        with proxy.atomic():
            refresh_everything()
        assert found == rollup_content()
        for batch, _ in self.applied:
            undo(batch, by=BY, email_domain=DOMAIN)
        self.oracle.files.clear()
        assert stored_cells() == self.oracle.cells()
        if self.applied:
            idle = Actor.id.not_in(Usage.select(Usage.actor))
            assert not Actor.select().where(idle).exists()


@pytest.mark.usefixtures("database")
def test_any_history_ends_with_the_totals_of_the_oracle(database: Database) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=max(10, settings.default.max_examples // 20),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
