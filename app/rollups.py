"""The read side: sums per person and day or month, per workspace and day, and per day, and who was
active on each day.

They are derived from `usage` by way of its sums per actor and partition, and always written in
the transaction that changes what counts. A row exists for three kinds of slice: everything, one
tool, one raw model of a tool and organisation; of workspaces, which are few, for models alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from peewee import EXCLUDED, SQL, Case, Expression, Field, ModelSelect, SelectQuery, Value, fn

from app.bitmaps import bitmap_of, packed, unpacked
from app.bulk import delete_rows, insert_rows
from app.database import database, listed
from app.models import (
    ALL_SLICE,
    MODEL,
    SUM_COLUMNS,
    TOOL,
    UNATTRIBUTED,
    ActiveDay,
    Actor,
    ActorDay,
    Partition,
    Person,
    PersonDay,
    PersonMonth,
    PersonSpan,
    RunningSum,
    Slice,
    Sums,
    TotalDay,
    Usage,
    WorkspaceDay,
)
from app.running import next_lane, refresh_running

Bitmaps = dict[tuple[int, int], int]
"""Who used a slice on a day, as bitmaps of ids, by (slice id, day)."""
DAYS_AT_ONCE = 400
"""How many days one statement names: databases bound the number of values in it."""
PERSON = fn.COALESCE(Actor.person, UNATTRIBUTED)
TOKENS = (
    Usage.input_tokens
    + Usage.cache_write_5m_tokens
    + Usage.cache_write_1h_tokens
    + Usage.cache_read_tokens
    + Usage.output_tokens
)
USAGE_SUMS = (
    fn.SUM(TOKENS),
    fn.SUM(Usage.input_tokens),
    fn.SUM(Usage.cache_write_5m_tokens + Usage.cache_write_1h_tokens),
    fn.SUM(Usage.cache_read_tokens),
    fn.SUM(Usage.output_tokens),
    fn.COALESCE(fn.SUM(Usage.requests), 0),
    fn.COALESCE(fn.SUM(Usage.value_nanos), 0),
    fn.COALESCE(fn.SUM(Usage.billed_nanos), 0),
    # COALESCE: a day of only priced records has no unpriced sum at all.
    fn.COALESCE(fn.SUM(TOKENS).filter(Usage.value_nanos.is_null()), 0),
    fn.COALESCE(fn.SUM(TOKENS).filter(Usage.billed_nanos.is_null()), 0),
    fn.COALESCE(fn.SUM(TOKENS).filter(Usage.requests.is_null()), 0),
)
ACTOR_DAY_FIELDS = (
    ActorDay.partition,
    ActorDay.actor,
    ActorDay.model,
    ActorDay.records,
    *(getattr(ActorDay, name) for name in SUM_COLUMNS),
)
PERSON_DAY_FIELDS = (
    PersonDay.slice,
    PersonDay.day,
    PersonDay.person_id,
    *(getattr(PersonDay, name) for name in SUM_COLUMNS),
)
WORKSPACE_DAY_FIELDS = (
    WorkspaceDay.model,
    WorkspaceDay.day,
    WorkspaceDay.organization,
    WorkspaceDay.workspace,
    *(getattr(WorkspaceDay, name) for name in SUM_COLUMNS),
)


def sum_up(partition: Partition) -> None:
    """Make the sums of a partition's actors agree with its usage records."""
    ActorDay.delete().where(ActorDay.partition == partition).execute()
    keys = (Usage.partition, Usage.actor, Usage.model)
    sums = (
        Usage.select(*keys, fn.COUNT(Usage.sequence), *USAGE_SUMS)
        .where(Usage.partition == partition)
        .group_by(*keys)
    )
    ActorDay.insert_from(sums, ACTOR_DAY_FIELDS).execute()


def tools_of(partitions: Expression) -> set[str]:
    """Keys of the tools that stored records of these partitions are of."""
    models = ActorDay.select(ActorDay.model).join(Partition).where(partitions).distinct()
    return {tool for (tool,) in Slice.select(Slice.tool).where(Slice.id.in_(models)).tuples()}


def refresh_days(days: Collection[int], tools: Collection[str] | None = None) -> None:
    """Make every rollup of these days (YYYYMMDD) agree with what counts of them.

    Given `tools`, what counts of all others is as it was.
    """
    slices = RollupSlices.of(tools)
    wanted = sorted(set(days))
    for start in range(0, len(wanted), DAYS_AT_ONCE):
        _refresh_days(wanted[start : start + DAYS_AT_ONCE], slices)


class RollupSlices(NamedTuple):
    """Ids of slices: the models and tools whose rollups are made again, and every tool there is.

    `names` are those of the tools whose rollups are made again.
    """

    models: list[int]
    tools: list[int]
    every_tool: list[int]
    names: list[str]

    @classmethod
    def of(cls, tools: Collection[str] | None) -> RollupSlices:
        """The slices of these tools (None: of all)."""
        stored = list(Slice.select(Slice.id, Slice.kind, Slice.tool).tuples())
        mine = [each for each in stored if tools is None or each[2] in tools]
        names = [tool for _, kind, tool in mine if kind == TOOL]
        return cls(_ids(mine, MODEL), _ids(mine, TOOL), _ids(stored, TOOL), names)

    @property
    def changing(self) -> list[int]:
        """All whose rollups are made again, that of everything among them."""
        return [ALL_SLICE, *self.tools, *self.models]


def _ids(slices: Iterable[tuple[int, str, str]], kind: str) -> list[int]:
    return [number for number, its_kind, _ in slices if its_kind == kind]


def _refresh_days(days: list[int], slices: RollupSlices) -> None:
    within = PersonDay.day.in_(days)
    changing = within & PersonDay.slice.in_(slices.changing)
    # Months are not summed up again, for which thirty days of everybody would have to be read:
    # what these days were is taken away before it is deleted, what they are is added.
    _add_to_months(changing, sign=-1, one_day=len(days) == 1)
    PersonDay.delete().where(changing).execute()
    for table in (TotalDay, ActiveDay):
        table.delete().where(table.day.in_(days) & table.slice.in_(slices.changing)).execute()
    _insert_person_days(Partition.day.in_(days) & Partition.counts, within, slices)
    _add_to_months(changing, sign=1, one_day=len(days) == 1)
    drop_empty_months()
    _insert_total_days(changing)
    add_active_days(who_was_active(PersonDay, PersonDay.person_id, changing))
    _replace_workspace_days(days, slices)
    _move_spans(days)
    refresh_running(days, slices.names)


def refresh_people(person_ids: Collection[int]) -> None:
    """Make every rollup of these persons agree with usage, after their actors changed.

    `UNATTRIBUTED` may be among them. Totals of days do not change, only who is in them.
    """
    theirs = PersonDay.person_id.in_(list(person_ids))
    before = who_was_active(PersonDay, PersonDay.person_id, theirs)
    PersonDay.delete().where(theirs).execute()
    PersonMonth.delete().where(PersonMonth.person_id.in_(list(person_ids))).execute()
    _insert_person_days(
        PERSON.in_(list(person_ids)) & Partition.counts, theirs, RollupSlices.of(None)
    )
    _add_to_months(theirs, sign=1)
    _change_active_days(before, who_was_active(PersonDay, PersonDay.person_id, theirs))
    PersonSpan.delete().where(PersonSpan.person_id.in_(list(person_ids))).execute()
    _add_spans(theirs)


def refresh_everything() -> None:
    """Make all rollups from scratch, from usage."""
    for table in (
        ActorDay, PersonDay, PersonMonth, PersonSpan, TotalDay, ActiveDay, WorkspaceDay, RunningSum,
    ):  # fmt: skip
        table.delete().execute()
    _mend_lanes()
    for partition in list(Partition.select().order_by(Partition.id)):
        sum_up(partition)
    refresh_days([day for (day,) in Partition.select(Partition.day).distinct().tuples()])


def _mend_lanes() -> None:
    """Give actors a lane that only another program can have taken it from."""
    lost = Actor.select(Actor.id, Actor.organization).where(Actor.lane < 0)
    for actor_id, organization in list(lost.tuples()):
        Actor.update(lane=next_lane(organization)).where(Actor.id == actor_id).execute()


def _insert_person_days(counting: Expression, within: Expression, slices: RollupSlices) -> None:
    """Rows of each model from the actors', then of each tool from those, then of everything."""
    models = sums_of_actors(slices, PERSON).where(counting)
    PersonDay.insert_from(models, PERSON_DAY_FIELDS).execute()
    whole = Slice.alias()
    tools = (
        _person_day_sums(whole.id)
        .join(Slice, on=PersonDay.slice == Slice.id)
        .join(whole, on=(whole.tool == Slice.tool) & (whole.kind == TOOL))
        .where(within & PersonDay.slice.in_(slices.models))
        .group_by(whole.id, PersonDay.day, PersonDay.person_id)
    )
    PersonDay.insert_from(tools, PERSON_DAY_FIELDS).execute()
    everything = (
        _person_day_sums(Value(ALL_SLICE))
        .where(within & PersonDay.slice.in_(slices.every_tool))
        .group_by(PersonDay.day, PersonDay.person_id)
    )
    PersonDay.insert_from(everything, PERSON_DAY_FIELDS).execute()


def sums_of_actors(slices: RollupSlices, *owner: Any) -> ModelSelect:
    """Sums of each of the models and day by what an actor or its partition has."""
    keys = (ActorDay.model, Partition.day, *owner)
    sums = (fn.SUM(getattr(ActorDay, name)) for name in SUM_COLUMNS)
    query = ActorDay.select(*keys, *sums).join(Actor).switch(ActorDay).join(Partition)
    return query.where(ActorDay.model.in_(slices.models)).group_by(*keys)


def _person_day_sums(slice_id: Any) -> ModelSelect:
    sums = (fn.SUM(getattr(PersonDay, name)) for name in SUM_COLUMNS)
    return PersonDay.select(slice_id, PersonDay.day, PersonDay.person_id, *sums)


def _add_to_months(where: Expression, *, sign: int, one_day: bool = False) -> None:
    """Add (or with -1 take away) the chosen person days to their months.

    With `one_day` all are of the same day: nothing is to be summed.
    """
    month = PersonDay.day / 100
    figures = [getattr(PersonDay, name) * sign for name in SUM_COLUMNS]
    days: Any = Value(sign)
    if not one_day:
        figures, days = [fn.SUM(figure) for figure in figures], fn.COUNT(PersonDay.day) * sign
    query = PersonDay.select(PersonDay.slice, PersonDay.person_id, month, *figures, days)
    query = query.where(where)
    if not one_day:
        query = query.group_by(PersonDay.slice, PersonDay.person_id, month)
    add_sums(PersonMonth, ("slice", "person_id", "month"), (*SUM_COLUMNS, "days"), query)


def drop_empty_months() -> None:
    # Written out: only so do databases find these rows by the index that holds no others.
    PersonMonth.delete().where(PersonMonth.days == SQL("0")).execute()


def _insert_total_days(where: Expression) -> None:
    query = (
        PersonDay.select(
            PersonDay.slice,
            PersonDay.day,
            *(fn.SUM(getattr(PersonDay, name)) for name in SUM_COLUMNS),
        )
        .where(where)
        .group_by(PersonDay.slice, PersonDay.day)
    )
    fields = [getattr(TotalDay, name) for name in ("slice", "day", *SUM_COLUMNS)]
    TotalDay.insert_from(query, fields).execute()


def _replace_workspace_days(days: list[int], slices: RollupSlices) -> None:
    theirs = WorkspaceDay.day.in_(days) & WorkspaceDay.model.in_(slices.models)
    WorkspaceDay.delete().where(theirs).execute()
    query = sums_of_actors(slices, Partition.organization, Actor.workspace)
    counting = query.where(Partition.day.in_(days) & Partition.counts)
    WorkspaceDay.insert_from(counting, WORKSPACE_DAY_FIELDS).execute()


def who_was_active(table: Any, person: Any, where: Expression) -> Bitmaps:
    """Whom the chosen rows of days are of: the ids are what `person` says."""
    slice_id = table._meta.columns["slice_id"]
    query = table.select(slice_id, table.day, listed(person)).where(where)
    rows = database.execute(query.group_by(slice_id, table.day))
    return {(key, day): bitmap_of(map(int, ids.split(","))) for key, day, ids in rows}


def active_days(where: Expression) -> Bitmaps:
    """What is stored of days."""
    query = ActiveDay.select(ActiveDay.slice, ActiveDay.day, ActiveDay.people).where(where)
    return {(key, day): unpacked(people) for key, day, people in database.execute(query)}


def add_active_days(bitmaps: Bitmaps) -> None:
    """Store days that are not there."""
    rows = ((*place, packed(bitmap)) for place, bitmap in bitmaps.items() if bitmap)
    insert_rows("active_day", ("slice_id", "day", "people"), rows)


def replace_active_days(bitmaps: Bitmaps) -> None:
    """Store days, whether they are there or not; of a day without anybody nothing."""
    delete_rows("active_day", ("slice_id", "day"), bitmaps)
    add_active_days(bitmaps)


def _change_active_days(before: Bitmaps, after: Bitmaps) -> None:
    """Let some persons be active when they are, and no more when they only were."""
    places = [place for place in before | after if before.get(place) != after.get(place)]
    if places:
        days = [day for _, day in places]
        stored = active_days(ActiveDay.day.between(min(days), max(days)))
        replace_active_days(
            {
                place: stored.get(place, 0) & ~before.get(place, 0) | after.get(place, 0)
                for place in places
            }
        )


def _move_spans(days: list[int]) -> None:
    """Let the spans of persons begin or end with these days, or no more, as they used them."""
    without = PersonSpan.select(PersonSpan.person_id).where(
        (PersonSpan.first_day.in_(days) & ~_used(PersonSpan.first_day))
        | (PersonSpan.last_day.in_(days) & ~_used(PersonSpan.last_day))
    )
    gone = [one for (one,) in without.tuples()]
    if gone:
        PersonSpan.delete().where(PersonSpan.person_id.in_(gone)).execute()
        _add_spans(PersonDay.person_id.in_(gone))
    _add_spans(PersonDay.day.in_(days))


def _used(day: Field) -> Expression:
    """Whether the person of a span has usage on the day at its edge."""
    mine = (PersonDay.person_id == PersonSpan.person_id) & (PersonDay.day == day)
    return fn.EXISTS(PersonDay.select(PersonDay.day).where(_of_all(mine)))


def _add_spans(where: Expression) -> None:
    """Let spans reach the chosen person days, too."""
    edges = (fn.MIN(PersonDay.day), fn.MAX(PersonDay.day))
    query = (
        PersonDay.select(PersonDay.person_id, *edges)
        .where(_of_all(where) & (PersonDay.person_id != UNATTRIBUTED))
        .group_by(PersonDay.person_id)
    )
    fields = (PersonSpan.person_id, PersonSpan.first_day, PersonSpan.last_day)
    # Only where a span grows: most days are in the middle of it, and then no row is written.
    earlier = EXCLUDED.first_day < PersonSpan.first_day
    later = EXCLUDED.last_day > PersonSpan.last_day
    first = Case(None, [(earlier, EXCLUDED.first_day)], PersonSpan.first_day)
    last = Case(None, [(later, EXCLUDED.last_day)], PersonSpan.last_day)
    PersonSpan.insert_from(query, fields).on_conflict(
        conflict_target=[PersonSpan.person_id],
        update={PersonSpan.first_day: first, PersonSpan.last_day: last},
        where=earlier | later,
    ).execute()


def refresh_spans(person_ids: Collection[int]) -> None:
    """Make the spans of these persons agree with their days."""
    wanted = sorted(person_ids)
    theirs = _of_all(PersonDay.person_id == Person.id)
    # One edge at a time: so databases find each at an end of the index.
    first = PersonDay.select(fn.MIN(PersonDay.day)).where(theirs)
    last = PersonDay.select(fn.MAX(PersonDay.day)).where(theirs)
    used = fn.EXISTS(PersonDay.select(PersonDay.day).where(theirs))
    fields = (PersonSpan.person_id, PersonSpan.first_day, PersonSpan.last_day)
    for start in range(0, len(wanted), DAYS_AT_ONCE):
        piece = wanted[start : start + DAYS_AT_ONCE]
        PersonSpan.delete().where(PersonSpan.person_id.in_(piece)).execute()
        spans = Person.select(Person.id, first, last).where(Person.id.in_(piece) & used)
        PersonSpan.insert_from(spans, fields).execute()


def _of_all(where: Expression) -> Expression:
    return (PersonDay.slice == ALL_SLICE) & where


def add_sums(
    table: type[Sums], key: tuple[str, ...], figures: tuple[str, ...], query: SelectQuery
) -> None:
    """Add the figures of `query` to the rows of `table`, making rows that are missing."""
    update = {name: getattr(table, name) + getattr(EXCLUDED, name) for name in figures}
    fields = [getattr(table, name) for name in (*key, *figures)]
    (
        table.insert_from(query, fields)
        .on_conflict(
            conflict_target=[getattr(table, name) for name in key],
            update={getattr(table, name): value for name, value in update.items()},
        )
        .execute()
    )
