"""The read side: sums per person and day, per person and month, and per day.

They are derived from `usage` and always written in the transaction that changes it. A row
exists for three kinds of slice: everything, one tool, one raw model of a tool.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from peewee import EXCLUDED, Case, Expression, ModelSelect, SelectQuery, Value, fn

from app.models import (
    ALL_SLICE,
    MODEL,
    SUM_COLUMNS,
    TOOL,
    UNATTRIBUTED,
    Actor,
    Partition,
    PersonDay,
    PersonMonth,
    PersonSpan,
    Slice,
    Sums,
    TotalDay,
    Usage,
)

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
PERSON_DAY_FIELDS = (
    PersonDay.slice,
    PersonDay.day,
    PersonDay.person_id,
    *(getattr(PersonDay, name) for name in SUM_COLUMNS),
)


def refresh_day(day: int) -> None:
    """Make every rollup of `day` (YYYYMMDD) agree with its counting usage records."""
    everybody = PersonDay.day == day
    _add_to_months(everybody, sign=-1)
    PersonDay.delete().where(everybody).execute()
    TotalDay.delete().where(TotalDay.day == day).execute()
    _insert_person_days(Usage.partition.in_(_counting_partitions(day)), everybody)
    _add_to_months(everybody, sign=1)
    _drop_empty_months(PersonMonth.month == day // 100)
    _insert_total_day(day)
    _move_spans(day)


def refresh_people(person_ids: Collection[int]) -> None:
    """Make every rollup of these persons agree with usage, after their actors changed.

    `UNATTRIBUTED` may be among them. Totals of days do not change, only who is in them.
    """
    theirs = PersonDay.person_id.in_(list(person_ids))
    _add_to_people_counts(theirs, sign=-1)
    PersonDay.delete().where(theirs).execute()
    PersonMonth.delete().where(PersonMonth.person_id.in_(list(person_ids))).execute()
    _insert_person_days(PERSON.in_(list(person_ids)) & Partition.counts, theirs)
    _add_to_months(theirs, sign=1)
    _add_to_people_counts(theirs, sign=1)
    PersonSpan.delete().where(PersonSpan.person_id.in_(list(person_ids))).execute()
    _add_spans(theirs)


def refresh_everything() -> None:
    """Make all rollups from scratch, from usage."""
    for table in (PersonDay, PersonMonth, PersonSpan, TotalDay):
        table.delete().execute()
    for (day,) in Partition.select(Partition.day).distinct().order_by(Partition.day).tuples():
        refresh_day(day)


def _counting_partitions(day: int) -> ModelSelect:
    return Partition.select(Partition.id).where((Partition.day == day) & Partition.counts)


def _insert_person_days(usage_where: Expression, rollup_where: Expression) -> None:
    """Rows of each model from usage, then of each tool from those, then of everything."""
    models = (
        Usage.select(Usage.model, Usage.day, PERSON, *USAGE_SUMS)
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(usage_where)
        .group_by(Usage.model, Usage.day, PERSON)
    )
    PersonDay.insert_from(models, PERSON_DAY_FIELDS).execute()
    whole = Slice.alias()
    tools = (
        _person_day_sums(whole.id)
        .join(Slice, on=(PersonDay.slice == Slice.id) & (Slice.kind == MODEL))
        .join(whole, on=(whole.tool == Slice.tool) & (whole.kind == TOOL))
        .where(rollup_where)
        .group_by(whole.id, PersonDay.day, PersonDay.person_id)
    )
    PersonDay.insert_from(tools, PERSON_DAY_FIELDS).execute()
    everything = (
        _person_day_sums(Value(ALL_SLICE))
        .join(Slice, on=(PersonDay.slice == Slice.id) & (Slice.kind == TOOL))
        .where(rollup_where)
        .group_by(PersonDay.day, PersonDay.person_id)
    )
    PersonDay.insert_from(everything, PERSON_DAY_FIELDS).execute()


def _person_day_sums(slice_id: Any) -> ModelSelect:
    sums = (fn.SUM(getattr(PersonDay, name)) for name in SUM_COLUMNS)
    return PersonDay.select(slice_id, PersonDay.day, PersonDay.person_id, *sums)


def _add_to_months(where: Expression, *, sign: int) -> None:
    """Add (or with -1 take away) the chosen person days to their months."""
    month = PersonDay.day / 100
    query = (
        PersonDay.select(
            PersonDay.slice,
            PersonDay.person_id,
            month,
            *(fn.SUM(getattr(PersonDay, name) * sign) for name in SUM_COLUMNS),
            fn.COUNT(PersonDay.day) * sign,
        )
        .where(where)
        .group_by(PersonDay.slice, PersonDay.person_id, month)
    )
    _add(PersonMonth, ("slice", "person_id", "month"), (*SUM_COLUMNS, "days"), query)


def _drop_empty_months(where: Expression) -> None:
    PersonMonth.delete().where(where & (PersonMonth.days == 0)).execute()


def _insert_total_day(day: int) -> None:
    query = (
        PersonDay.select(
            PersonDay.slice,
            PersonDay.day,
            *(fn.SUM(getattr(PersonDay, name)) for name in SUM_COLUMNS),
            fn.COUNT(PersonDay.person_id).filter(PersonDay.person_id != UNATTRIBUTED),
        )
        .where(PersonDay.day == day)
        .group_by(PersonDay.slice, PersonDay.day)
    )
    fields = [getattr(TotalDay, name) for name in ("slice", "day", *SUM_COLUMNS, "people")]
    TotalDay.insert_from(query, fields).execute()


def _add_to_people_counts(where: Expression, *, sign: int) -> None:
    query = (
        PersonDay.select(
            PersonDay.slice,
            PersonDay.day,
            *(Value(0) for _ in SUM_COLUMNS),
            fn.COUNT(PersonDay.person_id) * sign,
        )
        .where(where & (PersonDay.person_id != UNATTRIBUTED))
        .group_by(PersonDay.slice, PersonDay.day)
    )
    _add(TotalDay, ("slice", "day"), (*SUM_COLUMNS, "people"), query)


def _move_spans(day: int) -> None:
    """Let the spans of persons begin or end with `day`, or no more, as they used it or not."""
    edge = (PersonSpan.first_day == day) | (PersonSpan.last_day == day)
    theirs = PersonDay.select(PersonDay.person_id).where(_of_all(PersonDay.day == day))
    without = PersonSpan.select(PersonSpan.person_id).where(
        edge & PersonSpan.person_id.not_in(theirs)
    )
    gone = [one for (one,) in without.tuples()]
    if gone:
        PersonSpan.delete().where(PersonSpan.person_id.in_(gone)).execute()
        _add_spans(PersonDay.person_id.in_(gone))
    _add_spans(PersonDay.day == day)


def _add_spans(where: Expression) -> None:
    """Let spans reach the chosen person days, too."""
    edges = (fn.MIN(PersonDay.day), fn.MAX(PersonDay.day))
    query = (
        PersonDay.select(PersonDay.person_id, *edges)
        .where(_of_all(where) & (PersonDay.person_id != UNATTRIBUTED))
        .group_by(PersonDay.person_id)
    )
    fields = (PersonSpan.person_id, PersonSpan.first_day, PersonSpan.last_day)
    earlier = EXCLUDED.first_day < PersonSpan.first_day
    later = EXCLUDED.last_day > PersonSpan.last_day
    first = Case(None, [(earlier, EXCLUDED.first_day)], PersonSpan.first_day)
    last = Case(None, [(later, EXCLUDED.last_day)], PersonSpan.last_day)
    PersonSpan.insert_from(query, fields).on_conflict(
        conflict_target=[PersonSpan.person_id],
        update={PersonSpan.first_day: first, PersonSpan.last_day: last},
        where=earlier | later,
    ).execute()


def _of_all(where: Expression) -> Expression:
    return (PersonDay.slice == ALL_SLICE) & where


def _add(
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
