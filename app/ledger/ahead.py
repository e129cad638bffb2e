"""Rollups made before what they are of counts, so that the moment in which it does is short.

They are made in one look at the database and kept in temporary tables: only rows that will be
other than they are. When they come to count they are moved into place, if nothing that they are
made of has changed meanwhile; else they are made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from peewee import JOIN, Case, Expression, Select, Value, fn

from app.bitmaps import packed, unpacked
from app.bulk import delete_rows, insert_rows
from app.database import analyse_new, aside, database
from app.identity import planned_owners
from app.models import (
    ALL_SLICE,
    SUM_COLUMNS,
    TOOL,
    UNATTRIBUTED,
    ActiveDay,
    Actor,
    DayVersion,
    Meta,
    Organization,
    Partition,
    PersonDay,
    PersonMonth,
    Slice,
    Sums,
    TotalDay,
    WorkspaceDay,
)
from app.models.ahead import (
    AHEAD_TABLES,
    CountingPartition,
    EmptiedDay,
    Gone,
    NewActiveDay,
    NewActor,
    NewDay,
    NewPersonDay,
    NewPersonMonth,
    NewTotalDay,
    NewWorkspaceDay,
)
from app.rollups import (
    PERSON_DAY_FIELDS,
    WORKSPACE_DAY_FIELDS,
    RollupSlices,
    active_days,
    add_sums,
    drop_empty_months,
    refresh_spans,
    replace_active_days,
    sums_of_actors,
    tools_of,
    who_was_active,
)
from app.running import refresh_running
from app.states import Source

DAYS = NewDay.select(NewDay.day)
OWNER = fn.COALESCE(NewActor.owner, Actor.person, UNATTRIBUTED)
KEY = ("slice_id", "day", "person_id")


class _Versions(NamedTuple):
    """Of the data, and of all that is no usage of a day."""

    data: int
    overall: int

    @classmethod
    def now(cls) -> _Versions:
        return cls(*Meta.select(Meta.data_version, Meta.overall_version).tuples().get())


class RollupsAhead:
    """The rollups of days for when their prepared partitions count. Needs `AHEAD_TABLES`."""

    def __init__(self) -> None:
        self._as_of = _Versions(-1, -1)
        self._days: set[int] = set()
        self._organizations: set[int] = set()
        self._slices = RollupSlices([], [], [], [])

    def make(self, partitions: Mapping[tuple[int, int], int], email_domain: str) -> None:
        """Make them for these partitions, by organisation and day (YYYYMMDD), beside the others."""
        with aside():
            for table in AHEAD_TABLES:
                table.delete().execute()
            self._as_of = _Versions.now()
            self._organizations = {organization for organization, _ in partitions}
            self._choose(partitions)
            if self._days:
                self._slices = RollupSlices.of(tools_of(self._mine))
                insert_rows("new_actor", ("actor_id", "owner"), [*self._owners(email_domain)])
                analyse_new(NewDay, CountingPartition, NewActor)
                _make_person_days(self._slices)
                _make_sums_of_them()
                _make_active_days()
                self._make_workspace_days()
                analyse_new(NewPersonMonth, NewTotalDay)

    @property
    def _mine(self) -> Expression:
        return Partition.organization.in_(self._organizations) & Partition.day.in_(DAYS)

    def _choose(self, partitions: Mapping[tuple[int, int], int]) -> None:
        """Find the days on which what counts changes, and what will count of them."""
        days = {day for _, day in partitions}
        stored: dict[tuple[int, int], list[Partition]] = {}
        insert_rows("new_day", ("day",), ((day,) for day in days))
        for one in Partition.select().where(self._mine & (Partition.prepared == 0)):
            stored.setdefault((one.organization_id, one.day), []).append(one)
        covered = {place for place, found in stored.items() if _is_covered(found)}
        moving = {place: number for place, number in partitions.items() if place not in covered}
        replaced = {
            one.id for place in moving for one in stored.get(place, ()) if _is_imported(one)
        }
        self._days = {day for _, day in moving}
        NewDay.delete().where(NewDay.day.not_in(self._days)).execute()
        others = Partition.select(Partition.id).where(Partition.day.in_(DAYS) & Partition.counts)
        staying = {number for (number,) in others.tuples()} - replaced
        counting = staying | set(moving.values())
        insert_rows("counting_partition", ("partition_id",), ((number,) for number in counting))

    def _owners(self, email_domain: str) -> Iterable[tuple[int, int]]:
        for organization in Organization.select().where(Organization.id.in_(self._organizations)):
            yield from planned_owners(organization, email_domain).items()

    def _make_workspace_days(self) -> None:
        query = sums_of_actors(self._slices, Partition.organization, Actor.workspace)
        mine = Partition.organization.in_(self._organizations)
        fields = [getattr(NewWorkspaceDay, f.column_name) for f in WORKSPACE_DAY_FIELDS]
        NewWorkspaceDay.insert_from(query.where(_will_count() & mine), fields).execute()

    def hold(self) -> bool:
        """Whether nothing that they are made of has changed since."""
        if _Versions.now().overall != self._as_of.overall:
            return False
        changed = DayVersion.select(DayVersion.day).where(DayVersion.version > self._as_of.data)
        return not self._days & {day for (day,) in changed.tuples()}

    def are_of(self, days: Collection[int]) -> bool:
        """Whether they are of these days, and of the owners that actors have."""
        return self._days == set(days) and not _other_owners()

    def move_into_place(self) -> None:
        """Let them be the rollups: what they were made for counts from now on."""
        _add(PersonMonth, NewPersonMonth)
        drop_empty_months()
        _add(TotalDay, NewTotalDay)
        _move_active_days()
        _move_person_days()
        theirs = WorkspaceDay.day.in_(DAYS) & WorkspaceDay.model.in_(self._slices.models)
        ours = WorkspaceDay.organization.in_(self._organizations)
        WorkspaceDay.delete().where(theirs & ours).execute()
        columns = [getattr(NewWorkspaceDay, f.column_name) for f in WORKSPACE_DAY_FIELDS]
        WorkspaceDay.insert_from(NewWorkspaceDay.select(*columns), WORKSPACE_DAY_FIELDS).execute()
        refresh_spans(_people())
        refresh_running(self._days, self._slices.names)


def _is_imported(partition: Partition) -> bool:
    return bool(partition.source == Source.IMPORTED)


def _is_covered(sources: Iterable[Partition]) -> bool:
    return any(one.records > 0 and not _is_imported(one) for one in sources)


def _will_count() -> Expression:
    return Partition.id.in_(CountingPartition.select(CountingPartition.partition_id))


def _make_person_days(slices: RollupSlices) -> None:
    """Every row of these slices, then without those that are as they will be."""
    models = sums_of_actors(slices, OWNER).join_from(
        Actor, NewActor, JOIN.LEFT_OUTER, on=(NewActor.actor_id == Actor.id)
    )
    _insert_person_days(models.where(_will_count()))
    analyse_new(NewPersonDay)
    whole = Slice.alias()
    tools = (
        NewPersonDay.select(whole.id, NewPersonDay.day, NewPersonDay.person_id, *_summed())
        .join(Slice, on=(NewPersonDay.slice_id == Slice.id))
        .join(whole, on=(whole.tool == Slice.tool) & (whole.kind == TOOL))
        .where(NewPersonDay.slice_id.in_(slices.models))
        .group_by(whole.id, NewPersonDay.day, NewPersonDay.person_id)
    )
    _insert_person_days(tools)
    _insert_person_days(_everything(slices))
    stored = PersonDay.day.in_(DAYS) & PersonDay.slice.in_(slices.changing)
    kept = NewPersonDay.select(NewPersonDay.day).where(_same_key())
    gone = PersonDay.select(
        *(getattr(PersonDay, name) for name in KEY),
        *(Value(0) for _ in SUM_COLUMNS),
        Value(Gone.ALONE.value),
    )
    _insert_person_days(gone.where(stored & ~fn.EXISTS(kept)), NewPersonDay.gone)
    _find_emptied_days()
    same = _same_key()
    for name in SUM_COLUMNS:
        same &= getattr(PersonDay, name) == getattr(NewPersonDay, name)
    unchanged = PersonDay.select(PersonDay.day).where(same)
    NewPersonDay.delete().where((NewPersonDay.gone == Gone.NO) & fn.EXISTS(unchanged)).execute()


def _find_emptied_days() -> None:
    """While all rows of the days are there: of which slices none will be left."""
    day = (NewPersonDay.slice_id, NewPersonDay.day)
    emptied = NewPersonDay.select(*day).group_by(*day).having(fn.MIN(NewPersonDay.gone) > Gone.NO)
    EmptiedDay.insert_from(emptied, [EmptiedDay.slice_id, EmptiedDay.day]).execute()
    there = (EmptiedDay.slice_id == NewPersonDay.slice_id) & (EmptiedDay.day == NewPersonDay.day)
    with_all = fn.EXISTS(EmptiedDay.select(EmptiedDay.day).where(there))
    NewPersonDay.update(gone=Gone.WITH_ALL).where(with_all).execute()


def _everything(slices: RollupSlices) -> Select:
    """Rows of everything: of the tools that change, and of those that stay as they are."""
    columns = ("day", "person_id", *SUM_COLUMNS)
    changing = NewPersonDay.select(*(getattr(NewPersonDay, name) for name in columns)).where(
        NewPersonDay.slice_id.in_(slices.tools)
    )
    staying = PersonDay.select(*(getattr(PersonDay, name) for name in columns)).where(
        PersonDay.day.in_(DAYS) & PersonDay.slice.in_([*set(slices.every_tool) - {*slices.tools}])
    )
    both = changing.union_all(staying).alias("both")
    sums = (fn.SUM(getattr(both.c, name)) for name in SUM_COLUMNS)
    query = Select([both], [Value(ALL_SLICE), both.c.day, both.c.person_id, *sums])
    return query.group_by(both.c.day, both.c.person_id)


def _insert_person_days(query: Any, *more: Any) -> None:
    fields = [getattr(NewPersonDay, name) for name in (*KEY, *SUM_COLUMNS)]
    NewPersonDay.insert_from(query, [*fields, *more]).execute()


def _summed() -> list[Any]:
    return [fn.SUM(getattr(NewPersonDay, name)) for name in SUM_COLUMNS]


def _same_key() -> Expression:
    same = PersonDay.slice == NewPersonDay.slice_id
    return (
        same & (PersonDay.day == NewPersonDay.day) & (PersonDay.person_id == NewPersonDay.person_id)
    )


def _make_sums_of_them() -> None:
    """By how much months and totals of days will be other than they are."""
    more = [
        fn.SUM(getattr(NewPersonDay, name) - fn.COALESCE(getattr(PersonDay, name), 0))
        for name in SUM_COLUMNS
    ]
    rows = Case(None, [(NewPersonDay.gone > Gone.NO, -1), (PersonDay.day.is_null(), 1)], 0)
    slice_id, day, person = (getattr(NewPersonDay, name) for name in KEY)
    month = day / 100
    for table, keys, count in (
        (NewPersonMonth, (slice_id, person, month), [fn.SUM(rows)]),
        (NewTotalDay, (slice_id, day), []),
    ):
        query = NewPersonDay.select(*keys, *count, *more)
        query = query.join(PersonDay, JOIN.LEFT_OUTER, on=_same_key()).group_by(*keys)
        names = [*table._meta.primary_key.field_names, *_counts(table), *SUM_COLUMNS]
        table.insert_from(query, [getattr(table, name) for name in names]).execute()


def _counts(table: type[Sums]) -> list[str]:
    """The columns that count."""
    return ["days"] if "days" in table._meta.fields else []


def _make_active_days() -> None:
    """Who will be active, of those who have an id already."""
    person, known = NewPersonDay.person_id, NewPersonDay.person_id >= UNATTRIBUTED
    come = who_was_active(NewPersonDay, person, known & (NewPersonDay.gone == Gone.NO))
    go = who_was_active(NewPersonDay, person, known & (NewPersonDay.gone > Gone.NO))
    stored = active_days(ActiveDay.day.in_(DAYS))
    rows = (
        (*place, packed(stored.get(place, 0) & ~go.get(place, 0) | come.get(place, 0)))
        for place in come | go
    )
    insert_rows("new_active_day", ("slice_id", "day", "people"), rows)


def _move_active_days() -> None:
    new = NewPersonDay.person_id < UNATTRIBUTED
    come = who_was_active(NewPersonDay, _person_of(NewPersonDay), new)
    made = {(key, day): unpacked(people) for key, day, people in _rows(NewActiveDay.select())}
    stored = active_days(ActiveDay.day.in_(DAYS)) if come else {}
    replace_active_days(
        {place: made.get(place, stored.get(place, 0)) | come.get(place, 0) for place in made | come}
    )


def _other_owners() -> bool:
    """Whether actors have turned out to be of others than was planned."""
    first = Actor.alias()
    whose = fn.COALESCE(Actor.person, UNATTRIBUTED)
    named = first.select(first.person).where(first.id == 0 - NewActor.owner)
    wanted = Case(None, [(NewActor.owner < 0, fn.COALESCE(named, -1))], NewActor.owner)
    query = NewActor.select().join(Actor, on=(Actor.id == NewActor.actor_id))
    return bool(query.where(whose != wanted).exists())


def _person_of(table: Any) -> Any:
    """The person of a row, who may have been new when it was made."""
    first = Actor.select(Actor.person).where(Actor.id == 0 - table.person_id)
    return Case(None, [(table.person_id < 0, first)], table.person_id)


def _move_person_days() -> None:
    keys = [getattr(NewPersonDay, name) for name in KEY]
    # By each key: with all of them in a subquery a row was left standing on SQLite 3.40.
    for table in ("person_day", "total_day"):
        delete_rows(table, KEY[:2], _rows(EmptiedDay.select(EmptiedDay.slice_id, EmptiedDay.day)))
    alone = NewPersonDay.select(*keys).where(NewPersonDay.gone == Gone.ALONE)
    delete_rows("person_day", KEY, _rows(alone))
    keys[-1] = _person_of(NewPersonDay)
    sums = [getattr(NewPersonDay, name) for name in SUM_COLUMNS]
    rows = NewPersonDay.select(*keys, *sums).where(NewPersonDay.gone == Gone.NO)
    PersonDay.insert_from(rows, PERSON_DAY_FIELDS).on_conflict(
        conflict_target=[PersonDay.slice, PersonDay.day, PersonDay.person_id],
        preserve=[getattr(PersonDay, name) for name in SUM_COLUMNS],
    ).execute()


def _add(table: type[Sums], new: Any) -> None:
    """Add what was made to the rows of a rollup."""
    key = table._meta.primary_key.field_names
    whose = {"slice": new.slice_id, "person_id": _person_of(new) if "person_id" in key else None}
    keys = [whose.get(name) or getattr(new, name) for name in key]
    figures = (*SUM_COLUMNS, *_counts(table))
    # SQLite cannot tell ON CONFLICT from a join without a WHERE before it.
    query = new.select(*keys, *(getattr(new, name) for name in figures)).where(Value(True))
    add_sums(table, key, figures, query)


def _rows(query: Any) -> list[tuple[Any, ...]]:
    return list(database.execute(query).fetchall())


def _people() -> set[int]:
    """Those whose days are other than they were."""
    changed = NewPersonDay.select(_person_of(NewPersonDay)).where(
        NewPersonDay.slice_id == ALL_SLICE
    )
    return {person for (person,) in changed.distinct().tuples()} - {UNATTRIBUTED}
