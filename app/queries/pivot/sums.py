"""The figures of a pivot by any dimensions, each read from the smallest table that knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL, Case, Expression, ModelSelect, Select, Value, fn

from app.database import database, total
from app.models import (
    ALL_SLICE,
    UNATTRIBUTED,
    Actor,
    Partition,
    PersonDay,
    PersonMonth,
    TotalDay,
    Usage,
)
from app.queries.pivot.dimensions import (
    ADDITIVE,
    COST,
    DAY,
    DAYS,
    MODEL,
    PEOPLE,
    REQUESTS,
    TOKENS,
    WEEK,
    Amount,
    Question,
)
from app.queries.pivot.keys import (
    Keys,
    decoder,
    keys_of,
    models_alone,
    of_people,
    person_keys,
    slice_key,
    with_periods,
)
from app.queries.remembered import remembered
from app.queries.sums.persons import cut, person_sums
from app.rollups import TOKENS as USAGE_TOKENS

COLUMNS = {
    TOKENS: ("tokens",),
    COST: ("value_nanos", "tokens", "unpriced_tokens"),
    REQUESTS: ("requests", "tokens", "uncounted_tokens"),
}
USAGE_COLUMNS: dict[str, tuple[Any, ...]] = {
    TOKENS: (USAGE_TOKENS,),
    COST: (
        Usage.value_nanos,
        USAGE_TOKENS,
        Case(None, [(Usage.value_nanos.is_null(), USAGE_TOKENS)], 0),
    ),
    REQUESTS: (
        Usage.requests,
        USAGE_TOKENS,
        Case(None, [(Usage.requests.is_null(), USAGE_TOKENS)], 0),
    ),
}
BYTES_A_SUM = 400
Sums = dict[tuple[Any, ...], Amount]


def grouped(question: Question, dimensions: Sequence[str]) -> Sums:
    """The measure by every combination of keys with usage: {(key, ...): amount}.

    A key is a person's or a team's id, a display model, a tool, the first day of a period, or
    a workspace as (organisation id, external id). Distinct counts are of each combination,
    never added up. Remembered.
    """
    if not question.slices.whole or _backwards(question):
        return {}
    return _grouped(question, tuple(dimensions))


@remembered(lambda found: BYTES_A_SUM * len(found))
def _grouped(question: Question, dimensions: tuple[str, ...]) -> Sums:
    keys = keys_of(question, dimensions)
    if question.measure == PEOPLE and DAY in dimensions and not keys.one_slice_each:
        alone, shared = models_alone(question)
        if alone and MODEL in dimensions:
            # The days' totals count the people of one slice; only the rest must be counted.
            parts = [question.to(MODEL, names) for names in (alone, shared)]
            return {key: sum_ for part in parts for key, sum_ in grouped(part, dimensions).items()}
    query = _source(question, keys)(question, keys)
    decode = decoder(keys, dimensions)
    return dict(decode(row) for row in database.execute(query).fetchall())


def _backwards(question: Question) -> bool:
    start, end = question.scope.bounds()
    return start > end


def _source(question: Question, keys: Keys) -> Callable[[Question, Keys], Select]:
    """The function that asks the smallest table which still knows the answer."""
    measure, periods = question.measure, keys.periods
    if keys.workspace or question.workspaces is not None or question.no_workspaces:
        return _from_usage
    anybody = question.is_of_anybody and not (keys.person or keys.team)
    if anybody and (measure != PEOPLE or (DAY in periods and keys.one_slice_each)):
        return _from_totals
    if measure == DAYS and not (keys.person and keys.one_slice_each):
        return _from_days
    if DAY in periods or WEEK in periods:
        return _from_days
    return _from_months if periods else _from_sums


def _from_totals(question: Question, keys: Keys) -> Select:
    within = _is(TotalDay.slice, keys.slice_ids) & question.scope.covers(TotalDay.day)
    query = TotalDay.select().where(within)
    query, period = with_periods(query, question, keys, TotalDay.day)
    if question.measure == PEOPLE:
        figures = [total(TotalDay.people)]
    elif question.measure == DAYS:
        figures = [fn.COUNT(TotalDay.day.distinct())]
    else:
        figures = _totals(TotalDay, question.measure)
    return _group(query, [*period, *slice_key(TotalDay.slice, keys)], figures)


def _from_days(question: Question, keys: Keys) -> Select:
    within = _is(PersonDay.slice, keys.slice_ids) & question.scope.covers(PersonDay.day)
    query = PersonDay.select().where(within)
    query = of_people(query, question, PersonDay.person_id)
    query, period = with_periods(query, question, keys, PersonDay.day)
    query, person = person_keys(query, keys, PersonDay.person_id)
    figures = _figures(question.measure, PersonDay, PersonDay.person_id, PersonDay.day)
    return _group(query, [*period, *slice_key(PersonDay.slice, keys), *person], figures)


def _from_sums(question: Question, keys: Keys) -> Select:
    columns = COLUMNS.get(question.measure, ())
    rows = person_sums(
        question.scope,
        keys.slice_ids,
        columns,
        # Narrowed inside too: the months of a page of people are read, not everybody's.
        people=None if question.people is None else list(question.people),
        by_slice=keys.labels is not None,
    ).alias("sums")
    slice_id = rows.c.slice_id if keys.labels is not None else None
    query = of_people(Select([rows], []), question, rows.c.person_id)
    query, person = person_keys(query, keys, rows.c.person_id)
    figures = _figures(question.measure, rows.c, rows.c.person_id, None)
    return _group(query, [*slice_key(slice_id, keys), *person], figures)


def _from_months(question: Question, keys: Keys) -> Select:
    """Whole months from their rollup, and the at most two cut ones from days."""
    columns = COLUMNS.get(question.measure, ())
    whole, edges, _ = cut(*question.scope.bounds(), subtracting=False)
    parts = []
    if whole:
        parts.append(
            _month_rows(PersonMonth, PersonMonth.month, PersonMonth.days, columns).where(
                _is(PersonMonth.slice, keys.slice_ids) & PersonMonth.month.between(*whole)
            )
        )
    if edges:
        stretches = [PersonDay.day.between(first, last) for first, last in edges]
        parts.append(
            _month_rows(PersonDay, PersonDay.day / 100, Value(1), columns).where(
                _is(PersonDay.slice, keys.slice_ids) & reduce(or_, stretches)
            )
        )
    parts = [of_people(part, question, part.model.person_id) for part in parts]
    rows = (parts[0] if len(parts) == 1 else parts[0].union_all(parts[1])).alias("months")
    query, person = person_keys(Select([rows], []), keys, rows.c.person_id)
    figures = _figures(question.measure, rows.c, rows.c.person_id, None)
    return _group(query, [rows.c.month, *slice_key(rows.c.slice_id, keys), *person], figures)


def _month_rows(table: Any, month: Any, days: Any, columns: Sequence[str]) -> ModelSelect:
    sums = [getattr(table, name) for name in columns]
    return table.select(
        table.slice.alias("slice_id"), table.person_id, month.alias("month"), *sums,
        days.alias("days"),
    )  # fmt: skip


def _from_usage(question: Question, keys: Keys) -> Select:
    """Workspaces are only in the records themselves: each counting one of the days is read."""
    query = (
        Usage.select()
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(Partition.counts & question.scope.covers(Partition.day))
    )
    if question.slices.whole != (ALL_SLICE,):
        query = query.where(Usage.model.in_(list(question.slices.by_model)))
    query = _of_workspaces(query, question)
    owner = fn.COALESCE(Actor.person, UNATTRIBUTED)
    query = of_people(query, question, owner)
    query, period = with_periods(query, question, keys, Usage.day)
    query, person = person_keys(query, keys, owner)
    group = [*period, *_model_key(Usage.model, question, keys), *person]
    group += [Actor.organization, Actor.workspace] if keys.workspace else []
    if question.measure in ADDITIVE:
        figures = [total(column) for column in USAGE_COLUMNS[question.measure]]
    else:
        figures = _figures(question.measure, None, owner, Usage.day)
    return _group(query, group, figures)


def _model_key(field: Any, question: Question, keys: Keys) -> list[Any]:
    """As `_slice_key`, where rows are of models only: a tool is the first of its models."""
    if keys.labels is None:
        return []
    models = question.slices.by_model
    if all(key in models for key in keys.labels):
        return slice_key(field, keys)
    first = {tool: key for key, (tool,) in keys.labels.items()}
    return [Case(field, [(key, first[tool]) for key, (tool, _) in models.items()], 0)]


def _of_workspaces(query: ModelSelect, question: Question) -> ModelSelect:
    def among(places: Sequence[tuple[int, str]]) -> Expression:
        each = [(Actor.organization == one) & (Actor.workspace == name) for one, name in places]
        return reduce(or_, each)

    if question.workspaces is not None:
        query = query.where(among(question.workspaces))
    return query.where(~among(question.no_workspaces)) if question.no_workspaces else query


def _is(field: Any, ids: Sequence[int]) -> Expression:
    """One slice by equality: planners read a single range of the key then."""
    return field == ids[0] if len(ids) == 1 else field.in_(list(ids))


def _totals(columns: Any, measure: str) -> list[Any]:
    return [total(getattr(columns, name)) for name in COLUMNS[measure]]


def _figures(measure: str, columns: Any, person: Any, day: Any) -> list[Any]:
    """What to select for a measure; without `day` the days are added up from `columns`."""
    if measure in ADDITIVE:
        return _totals(columns, measure)
    if measure == PEOPLE:
        return [fn.COUNT(fn.NULLIF(person, UNATTRIBUTED).distinct())]
    return [total(columns.days) if day is None else fn.COUNT(day.distinct())]


def _group(query: Any, keys: Sequence[Any], figures: Sequence[Any]) -> Any:
    places = [SQL(str(place + 1)) for place in range(len(keys))]
    return query.select(*keys, *figures).group_by(*places)
