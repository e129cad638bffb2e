"""Distinct people of any days, slices and teams are those whom the usage records name.

Whatever happened before: imports and their undo, synced days, mappings made, changed and undone,
people who change teams.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from peewee import Database

from app.bitmaps import bitmap_of, ids_in, packed, times_in, unpacked
from app.directory import mappings
from app.directory.mappings import AUTOMATIC, ChangedSince, KeyChange, Owner, change_mappings
from app.directory.people import change_person
from app.importing import undo
from app.ledger import bump_data_version
from app.models import TABLES, ActiveDay, Meta, Person, PersonDay, Slice
from app.queries.people.everybody import unused_by
from app.queries.pivot.dimensions import DAY, MODEL, MONTH, PERSON, TEAM, TOOL, WEEK
from app.queries.pivot.measures import DAYS as ACTIVE_DAYS
from app.queries.pivot.measures import PEOPLE
from app.queries.pivot.pivot import Shape
from app.queries.scope import Scope, slices_of
from app.queries.sums.active import people_by_day
from app.queries.sums.ranges import lifetime, people_counts
from tests.imported import BY, DOMAIN, event, events, put, sync_day, tokens, usage
from tests.pivots import Record, check, records
from tests.tools import CLAUDE_CODE, CURSOR

DAYS = [date(2026, 10, 30), date(2026, 11, 1), date(2026, 11, 2)]
EMAILS = [f"{name}@example.com" for name in ("ann", "bob", "cy", "dee")]
KEYS = ["claude_code_key_ann_x1", "shared-key", "build"]
MODELS = ["gpt-5.5", "claude-4.5-sonnet-thinking"]
OWNERS = [AUTOMATIC, Owner(label="Builds"), *map(Owner, EMAILS), Owner("new@example.com")]
day, key = st.sampled_from(DAYS), st.sampled_from(KEYS)
SOME = st.lists(st.tuples(day, st.sampled_from(EMAILS), st.sampled_from(MODELS)), min_size=1)
SCOPES = [
    Scope(DAYS[0], DAYS[-1], *filters)
    for filters in (
        (), ((CURSOR,),), ((), ("Sonnet 4.5",)), ((), ("GPT-5.5", "gpt-5.5")), ((), (), ("Reds",)),
        ((CLAUDE_CODE,), (), ("Blues",)), ((), (), ("Reds", "Blues")),
    )
]  # fmt: skip
SHAPES = [
    Shape(MODEL, DAY, PEOPLE), Shape(TEAM, WEEK, PEOPLE), Shape(TOOL, TEAM, PEOPLE),
    Shape(PERSON, MONTH, PEOPLE), Shape(TEAM, MODEL, ACTIVE_DAYS), Shape(DAY, TEAM, ACTIVE_DAYS),
]  # fmt: skip


class Histories(RuleBasedStateMachine):
    """Steps in any order."""

    def __init__(self) -> None:
        super().__init__()
        for table in reversed(TABLES):
            if table is Slice:
                table.delete().where(Slice.id > 1).execute()
            elif table is not Meta:
                table.delete().execute()
        bump_data_version()
        self.applied: list[int] = []
        self.mapped: list[int] = []

    @rule(where=day, counts=st.lists(st.integers(1, 50), max_size=2))
    def sync(self, where: date, counts: list[int]) -> None:
        sync_day("cursor", where, counts, allow_empty=True)

    @rule(rows=SOME)
    def import_events(self, rows: list[tuple[date, str, str]]) -> None:
        lines = (
            event(f"{where}T10:00:{place:02d}.000Z", email, 10 + place, model=model)
            for place, (where, email, model) in enumerate(rows[:50])
        )
        self._keep(put(events(*lines), renamed="different"))

    @rule(where=day, name=key, count=st.integers(1, 3))
    def import_key(self, where: date, name: str, count: int) -> None:
        self._keep(put(tokens(usage(str(where), name, count * 1000)), renamed="different"))

    def _keep(self, done: Any) -> None:
        self.applied += [] if done.note else [done.file.id]

    @precondition(lambda self: self.applied)
    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        place = data.draw(st.integers(0, len(self.applied) - 1))
        undo(self.applied.pop(place), by=BY, email_domain=DOMAIN)

    @rule(name=key, owner=st.sampled_from(OWNERS))
    def map_key(self, name: str, owner: Owner) -> None:
        self.mapped.append(change_mappings([KeyChange(name, owner)], by=BY, email_domain=DOMAIN))

    @precondition(lambda self: self.mapped)
    @rule(data=st.data())
    def undo_mapping(self, data: Any) -> None:
        try:
            mappings.undo(data.draw(st.sampled_from(self.mapped)), by=BY, email_domain=DOMAIN)
        except ChangedSince:
            return

    @rule(email=st.sampled_from(EMAILS), team=st.sampled_from(["Reds", "Blues", ""]))
    def change_team(self, email: str, team: str) -> None:
        if Person.select().where(Person.email == email).exists():
            change_person(email, name="", team=team, left="")

    @invariant()
    def people_are_those_of_the_records(self) -> None:
        found = records()
        for scope in SCOPES:
            mine = [record for record in found if is_in(record, scope)]
            people = {record.person for record in mine} - {0}
            assert people_counts([scope]) == [len(people)]
            by_day = {
                int(f"{where:%Y%m%d}"): {one.person for one in mine if one.day == where} - {0}
                for where in DAYS
            }
            counted = people_by_day(scope, slices_of(scope).whole)
            assert {where: len(some) for where, some in by_day.items() if some} == {
                where: number for where, number in counted.items() if number
            }
            assert not people & {*unused_by(scope).ids}
        assert lifetime().people == len({record.person for record in found} - {0})

    def teardown(self) -> None:
        found = records()
        for scope in (SCOPES[0], SCOPES[4]):
            for shape in SHAPES:
                check(found, scope, shape)
        rows = PersonDay.select(PersonDay.slice, PersonDay.day, PersonDay.person_id).tuples()
        stored = ActiveDay.select(ActiveDay.slice, ActiveDay.day, ActiveDay.people).tuples()
        assert set(rows) == {
            (slice_id, where, person)
            for slice_id, where, people in stored
            for person in ids_in(unpacked(people))
        }


def is_in(record: Record, scope: Scope) -> bool:
    return (
        (not scope.tools or record.tool in scope.tools)
        and (not scope.models or record.model in scope.models or record.raw in scope.models)
        and (not scope.teams or record.team_name in scope.teams)
    )


@pytest.mark.usefixtures("database")
def test_people_are_those_of_the_records_after_any_history(database: Database) -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=max(6, settings.default.max_examples // 20),
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("ids", [[], [0], [1], [7, 8], [0, 3, 9_999], [*range(300)]])
def test_a_bitmap_holds_the_ids_that_were_put_in(ids: list[int]) -> None:
    bitmap = bitmap_of(ids)
    assert ids_in(bitmap) == ids
    assert bitmap.bit_count() == len(ids)
    assert unpacked(packed(bitmap)) == bitmap
    assert len(packed(bitmap)) == (max(ids) // 8 + 1 if ids and max(ids) else min(len(ids), 1))


@given(st.lists(st.sets(st.integers(0, 70)), max_size=40))
def test_bitmaps_tell_in_how_many_of_them_an_id_is(sets: list[set[int]]) -> None:
    found = times_in(map(bitmap_of, sets))
    expected = Counter(number for some in sets for number in some)
    assert {number: times for number, times in enumerate(found) if times} == expected
