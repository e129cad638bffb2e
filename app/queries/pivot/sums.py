"""The figures of a pivot by any dimensions, each read from the smallest table that knows them.

For "tokens by person, June to 20 August" there are four tables that know. The months of persons
hold June and July in two rows a person; the days of persons hold 81 rows each, of which only
the twenty of August are needed; the totals of days hold 81 rows in all, but know no person. The
days of workspaces know no person either: people by workspace are read from the running sums of
actors, or, where a model is asked for, from what each actor used each day. Distinct counts are the
reason why not everything comes from months: somebody active on 3 June with two models has one
active day, and the rollups of the models count two. People are counted in the bitmaps of days.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL, Expression, ModelSelect, Select, Value, fn

from app.database import database, total
from app.models import (
    ALL_SLICE,
    UNATTRIBUTED,
    Actor,
    ActorDay,
    Partition,
    Person,
    PersonDay,
    PersonMonth,
    TotalDay,
    WorkspaceDay,
)
from app.queries.people.directory import people_found
from app.queries.pivot.active import counted
from app.queries.pivot.dimensions import (
    DIMENSIONS,
    NO_TEAM,
    NOBODYS_TEAM,
    OF_MODELS,
    OF_SLICES,
    PERIODS,
    PERSON,
    TEAM,
    TOOL,
    WORKSPACE,
    PivotQuestion,
    RowSource,
)
from app.queries.pivot.lanes import is_told_by_lanes, summed
from app.queries.pivot.measures import DAYS, PEOPLE, Amount
from app.queries.remembered import remembered
from app.queries.scope import Slices, slices_of
from app.queries.sums.actors import actor_sums
from app.queries.sums.persons import cut, person_sums

BYTES_A_SUM = 400
Sums = dict[tuple[Any, ...], Amount]
Labels = Mapping[int, tuple[str, str]]


def grouped(question: PivotQuestion, dimensions: Sequence[str], *, keep: bool = True) -> Sums:
    """The measure by every combination of keys with usage: {(key, ...): amount}.

    A key is a person's or a team's id, a display model, a tool, the first day of a period, or
    a workspace as (organisation id, external id). Distinct counts are of each combination,
    never added up. Remembered, unless it is not to be kept.
    """
    if _is_of_nothing(question):
        return {}
    return (_grouped if keep else _read)(question, tuple(dimensions))


@remembered(lambda found: BYTES_A_SUM * len(found), days=PivotQuestion.days_asked)
def _grouped(question: PivotQuestion, dimensions: tuple[str, ...]) -> Sums:
    return _read(question, dimensions)


def _read(question: PivotQuestion, dimensions: tuple[str, ...]) -> Sums:
    asked = set(dimensions)
    if not _is_of_workspaces(question, asked) and _counts_people(question, asked):
        return counted(question, dimensions, _labels(question, asked)[0])
    by_actors = _is_of_actors(question, asked) or _sums_everybody(question, asked)
    if by_actors and is_told_by_lanes(question, dimensions):
        return summed(question, dimensions, slices_asked(question).by_model)
    rows = read_rows(_source(question, dimensions), dimensions)
    return {keys: amount for keys, _, amount in rows}


def read_rows(
    source: RowSource, names: Sequence[str], also: Sequence[Any] = ()
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], Amount]]:
    """(keys of the dimensions, values of the expressions `also`, amount) of each group of rows."""
    dimensions = [DIMENSIONS[name] for name in names]
    chosen = [*also]
    readers: dict[int, Callable[[Sequence[Any]], Any]] = {}
    for place in sorted(range(len(names)), key=lambda place: dimensions[place].rank):
        expressions, read = dimensions[place].group(source)
        first, chosen = len(chosen), [*chosen, *expressions]
        readers[place] = _reader(read, first, len(chosen))
    by = [SQL(str(number + 1)) for number in range(len(chosen))]
    query = source.query.select(*chosen, *source.figures).group_by(*by)
    in_order = [readers[place] for place in range(len(names))]
    for row in database.execute(query).fetchall():
        amount = Amount(*row[len(chosen) :])
        yield tuple([read(row) for read in in_order]), row[: len(also)], amount


def _reader(read: Callable[..., Any], first: int, end: int) -> Callable[[Sequence[Any]], Any]:
    """Reads a key from the values `first` to `end` of a row: nearly always from a single one."""
    if end - first == 1:
        return lambda row: read(row[first])
    return lambda row: read(*row[first:end])


def slices_asked(question: PivotQuestion) -> Slices:
    """The slices of the scope, of the models, tools and so on that are asked for."""
    found = slices_of(question.scope)
    for name in OF_MODELS:
        if _narrows(question, name):
            keys = OF_SLICES[name].keys_of(found.by_model)
            asked = {key for key, named in keys.items() if _is_asked(question, name, named)}
            by_model = {key: label for key, label in found.by_model.items() if key in asked}
            by_tool = {key: tool for key, (tool, _) in by_model.items()}
            found = Slices(tuple(by_model), by_tool, by_model)
    if _narrows(question, TOOL):
        by_tool = {
            key: tool for key, tool in found.by_tool.items() if _is_asked(question, TOOL, tool)
        }
        tools = set(by_tool.values())
        by_model = {key: label for key, label in found.by_model.items() if label[0] in tools}
        found = Slices(tuple(by_tool), by_tool, by_model)
    return found


def _keys_asked(question: PivotQuestion, name: str) -> tuple[Sequence[str] | None, Sequence[str]]:
    """The keys of a dimension of slices that are asked for (None: all), and those left out."""
    many = OF_SLICES[name].many
    return getattr(question, many), getattr(question, f"no_{many}")


def _narrows(question: PivotQuestion, name: str) -> bool:
    only, without = _keys_asked(question, name)
    return only is not None or bool(without)


def _is_asked(question: PivotQuestion, name: str, key: str) -> bool:
    only, without = _keys_asked(question, name)
    return (only is None or key in only) and key not in without


def _is_of_nothing(question: PivotQuestion) -> bool:
    """Whether no usage can be meant."""
    start, end = question.scope.bounds()
    nowhere = () in (question.teams, question.workspaces)
    return start > end or nowhere or not slices_asked(question).whole


def _is_of_anybody(question: PivotQuestion) -> bool:
    """Whether usage counts whoever it belongs to."""
    some = question.scope.teams or question.search or question.no_people or question.no_teams
    return not some and question.people is None and question.teams is None


def _of_people(question: PivotQuestion, query: Any, person: Any) -> Any:
    """A query, narrowed to the people that the question and its scope ask for."""
    conditions: list[Any] = []
    for members in (question.scope.members(), _matching(question.search)):
        if members is not None:
            conditions.append(person.in_(members))
    if question.people is not None:
        conditions.append(person.in_(list(question.people)))
    if question.no_people:
        conditions.append(person.not_in(list(question.no_people)))
    if question.teams is not None:
        conditions.append(_in_teams(person, question.teams))
    if question.no_teams:
        conditions.append(~_in_teams(person, question.no_teams))
    return query.where(*conditions) if conditions else query


def _matching(search: str) -> Any:
    """Ids of the persons whom the words find, None without words."""
    found = people_found(search)
    if not found:
        return None if found is None else []
    # Written out: no database takes ten thousand ids when each is a parameter.
    return SQL(f"({', '.join(map(str, found))})")


def _in_teams(person: Any, some: Collection[int]) -> Any:
    members = Person.select(Person.id).where(fn.COALESCE(Person.team, NO_TEAM).in_(list(some)))
    found = person.in_(members)
    return found | (person == UNATTRIBUTED) if NOBODYS_TEAM in some else found


def _is_of_workspaces(question: PivotQuestion, asked: set[str]) -> bool:
    some = question.workspaces is not None or question.no_workspaces
    return WORKSPACE in asked or bool(some)


def _is_of_actors(question: PivotQuestion, asked: set[str]) -> bool:
    """Whether only the actor tells: people or teams by workspace."""
    of_people = asked & {PERSON, TEAM} or not _is_of_anybody(question)
    counts = question.measure.name == PEOPLE
    return _is_of_workspaces(question, asked) and (counts or bool(of_people))


def _sums_everybody(question: PivotQuestion, asked: set[str]) -> bool:
    """Whether it adds up a range by person or team, of more people than a page shows."""
    of_people = asked & {PERSON, TEAM} or not _is_of_anybody(question)
    of_many = question.people is None and not asked & PERIODS.keys()
    return bool(of_people) and of_many and question.measure.adds_up


def _counts_people(question: PivotQuestion, asked: set[str]) -> bool:
    """Whether it counts who was active, or days on which some people were, each together."""
    days_of_some = TEAM in asked or not _is_of_anybody(question)
    name = question.measure.name
    return name == PEOPLE or (name == DAYS and PERSON not in asked and days_of_some)


def _source(question: PivotQuestion, dimensions: Sequence[str]) -> RowSource:
    """The rows of the smallest table which still knows the answer."""
    measure, asked = question.measure.name, set(dimensions)
    periods = asked & PERIODS.keys()
    if _is_of_workspaces(question, asked):
        of_actors = _is_of_actors(question, asked)
        return _from_actors(question) if of_actors else _from_workspaces(question)
    labels, alone = _labels(question, asked)
    if _is_of_anybody(question) and not asked & {PERSON, TEAM}:
        return _from_totals(question, labels)
    if measure == DAYS and not alone:
        return _from_days(question, labels)
    if not all(PERIODS[name].is_of_months for name in periods):
        return _from_days(question, labels)
    read = _from_months if periods else _from_sums
    return read(question, labels, by_slice=not asked.isdisjoint(OF_SLICES))


def _labels(question: PivotQuestion, asked: set[str]) -> tuple[Labels, bool]:
    """The slices to read, and whether every group is one of them.

    Counts of one slice can be read; those of several must be counted.
    """
    slices = slices_asked(question)
    labels: Labels = dict.fromkeys(slices.whole, ("", ""))
    if not asked.isdisjoint(OF_MODELS):
        labels = slices.by_model
    elif TOOL in asked:
        labels = {key: (tool, "") for key, tool in slices.by_tool.items()}
    keys = [OF_SLICES[name].keys_of(labels) for name in OF_SLICES if name in asked]
    groups = {tuple(one[key] for one in keys) for key in labels}
    return labels, len(groups) == len(labels)


def _from_totals(question: PivotQuestion, labels: Labels) -> RowSource:
    within = _is(TotalDay.slice, labels) & question.scope.covers(TotalDay.day)
    figures = _figures(question, TotalDay, day=TotalDay.day)
    query = TotalDay.select().where(within)
    return RowSource(question, query, figures, labels, day=TotalDay.day, slice=TotalDay.slice)


def _from_days(question: PivotQuestion, labels: Labels) -> RowSource:
    person = PersonDay.person_id
    within = _is(PersonDay.slice, labels) & question.scope.covers(PersonDay.day)
    query = _of_people(question, PersonDay.select().where(within), person)
    figures = _figures(question, PersonDay, day=PersonDay.day)
    return RowSource(
        question, query, figures, labels, day=PersonDay.day, slice=PersonDay.slice, person=person
    )


def _from_sums(question: PivotQuestion, labels: Labels, *, by_slice: bool) -> RowSource:
    rows = person_sums(
        question.scope,
        tuple(labels),
        question.measure.columns,
        # Narrowed inside too: the months of a page of people are read, not everybody's.
        people=None if question.people is None else list(question.people),
        by_slice=by_slice,
    ).alias("sums")
    person = rows.c.person_id
    query = _of_people(question, Select([rows], []), person)
    figures = _figures(question, rows.c)
    return RowSource(question, query, figures, labels, slice=rows.c.slice_id, person=person)


def _from_months(question: PivotQuestion, labels: Labels, *, by_slice: bool) -> RowSource:
    """Whole months from their rollup, and the at most two cut ones from days."""
    whole, edges, _ = cut(*question.scope.bounds(), subtracting=False)
    parts = []
    if whole:
        months = PersonMonth.month.between(*whole)
        parts.append(
            _month_rows(question, PersonMonth, PersonMonth.month, PersonMonth.days).where(
                _is(PersonMonth.slice, labels) & months
            )
        )
    if edges:
        stretches = [PersonDay.day.between(first, last) for first, last in edges]
        parts.append(
            _month_rows(question, PersonDay, PersonDay.day / 100, Value(1)).where(
                _is(PersonDay.slice, labels) & reduce(or_, stretches)
            )
        )
    parts = [_of_people(question, part, part.model.person_id) for part in parts]
    rows = (parts[0] if len(parts) == 1 else parts[0].union_all(parts[1])).alias("months")
    figures = _figures(question, rows.c)
    return RowSource(
        question,
        Select([rows], []),
        figures,
        labels,
        month=rows.c.month,
        slice=rows.c.slice_id,
        person=rows.c.person_id,
    )


def _month_rows(question: PivotQuestion, table: Any, month: Any, days: Any) -> ModelSelect:
    sums = [getattr(table, name) for name in question.measure.columns]
    return table.select(
        table.slice.alias("slice_id"), table.person_id, month.alias("month"), *sums,
        days.alias("days"),
    )  # fmt: skip


def _from_workspaces(question: PivotQuestion) -> RowSource:
    """Usage of workspaces, whoever it belongs to."""
    within = question.scope.covers(WorkspaceDay.day)
    query = _of_workspaces(WorkspaceDay.select().where(within), question, WorkspaceDay)
    labels, query = _of_models(query, question, WorkspaceDay.model)
    figures = _figures(question, WorkspaceDay, day=WorkspaceDay.day)
    place = (WorkspaceDay.organization, WorkspaceDay.workspace)
    return RowSource(
        question, query, figures, labels,
        day=WorkspaceDay.day, slice=WorkspaceDay.model, workspace=place,
    )  # fmt: skip


def _from_actors(question: PivotQuestion) -> RowSource:
    """People by workspace: the sums of each actor on each counting day are read."""
    rows = actor_sums(question.scope).join_from(ActorDay, Actor)
    labels, query = _of_models(rows, question, ActorDay.model)
    owner = fn.COALESCE(Actor.person, UNATTRIBUTED)
    query = _of_people(question, _of_workspaces(query, question, Actor), owner)
    figures = _figures(question, ActorDay, people=_count(owner), day=Partition.day)
    place = (Actor.organization, Actor.workspace)
    return RowSource(
        question, query, figures, labels,
        day=Partition.day, slice=ActorDay.model, person=owner, workspace=place,
    )  # fmt: skip


def _of_models(query: ModelSelect, question: PivotQuestion, model: Any) -> tuple[Labels, Any]:
    """The labels of the models that are asked for, and a query narrowed to them."""
    slices = slices_asked(question)
    if slices.whole != (ALL_SLICE,):
        query = query.where(model.in_(list(slices.by_model)))
    return slices.by_model, query


def _of_workspaces(query: ModelSelect, question: PivotQuestion, table: Any) -> ModelSelect:
    def among(places: Sequence[tuple[int, str]]) -> Expression:
        each = [(table.organization == one) & (table.workspace == name) for one, name in places]
        return reduce(or_, each)

    if question.workspaces is not None:
        query = query.where(among(question.workspaces))
    return query.where(~among(question.no_workspaces)) if question.no_workspaces else query


def _is(field: Any, labels: Labels) -> Expression:
    """One slice by equality: planners read a single range of the key then."""
    ids = list(labels)
    return field == ids[0] if len(ids) == 1 else field.in_(ids)


def _count(person: Any) -> Any:
    return fn.COUNT(fn.NULLIF(person, UNATTRIBUTED).distinct())


def _figures(
    question: PivotQuestion, columns: Any, *, people: Any = None, day: Any = None
) -> list[Any]:
    """What to select for a measure; without `day` the days are added up from `columns`."""
    if question.measure.adds_up:
        return [total(getattr(columns, name)) for name in question.measure.columns]
    if question.measure.name == PEOPLE:
        return [people]
    return [total(columns.days) if day is None else fn.COUNT(day.distinct())]
