"""The foot of a pivot of people or teams: what they come to, each name of shared keys, the rest.

What is shared is read from the records, by the actors of shared keys; of counts that do not
add up everything of nobody is, so that the rest can be counted and not only subtracted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from peewee import ModelSelect

from app.database import database, total
from app.dates import day_of
from app.models import UNATTRIBUTED, Actor, Partition, Usage
from app.queries.keys.shared import MOST_SHARED, shared_labels
from app.queries.pivot.dimensions import (
    ADDITIVE,
    DAYS,
    MODEL,
    NOBODYS_TEAM,
    NOTHING,
    PEOPLE,
    PERIODS,
    PERSON,
    TEAM,
    TOOL,
    WORKSPACE,
    Amount,
    Question,
    add,
    period_of,
    subtract,
)
from app.queries.pivot.shape import Columns, Line, columns_add_up
from app.queries.pivot.sums import USAGE_COLUMNS, grouped
from app.queries.remembered import remembered
from app.queries.shortened import at_most
from app.states import Rule

BYTES_A_PART = 300


class FooterLine(NamedTuple):
    """A line of usage that belongs to nobody.

    `label` names shared keys and `keys` are theirs; without a label it is of several names,
    and without keys it is the rest: "no owner". `cells` are in the order of the columns.
    """

    label: str
    keys: tuple[str, ...]
    cells: list[Amount | None]
    others: Amount | None
    total: Amount | None


class Part(NamedTuple):
    """Usage of nobody by name ("" is not shared) and key, column, and the day of counted days."""

    label: str
    key: str
    column: Any
    day: int
    amount: Amount


def sum_of_rows(
    question: Question, columns: Columns, whole: Line, nobody: Line | None, has_others: bool
) -> Line:
    """What the rows alone come to: the `whole` without what belongs to nobody."""
    if nobody is None or question.measure == PEOPLE:
        return whole
    if question.measure == DAYS:
        return _days_of_rows(question, columns, has_others)
    return Line(
        None,
        "",
        [subtract(*_known(*cells)) for cells in zip(whole.cells, nobody.cells, strict=True)],
        subtract(whole.others, nobody.others),
        subtract(*_known(whole.total, nobody.total)),
    )


def _known(*amounts: Amount | None) -> list[Amount]:
    return [amount or NOTHING for amount in amounts]


def _days_of_rows(question: Question, columns: Columns, has_others: bool) -> Line:
    """Counted anew: a day of nobody may be a day of somebody too."""
    by, keys = columns
    owned = replace(question, no_people=(UNATTRIBUTED,))
    found = grouped(owned, (by,)) if by else {}
    cells = [found.get((key,), NOTHING) for key in keys]
    total, others = grouped(owned, ()).get((), NOTHING), NOTHING
    if has_others and columns_add_up(question.measure, by):
        others = subtract(total, add(cells))
    elif has_others:
        beyond = owned.without(by, keys)
        beyond = replace(beyond, no_people=tuple({*beyond.no_people, UNATTRIBUTED}))
        others = grouped(beyond, ()).get((), NOTHING)
    return Line(None, "", [*cells], others, total)


def shared_columns(question: Question, by: str, words: str) -> set[Any]:
    """The columns in which shared keys were used whose names hold the words."""
    return {part.column for part in _shared_like(_parts(question, by), words)}


def _shared_like(parts: Sequence[Part], words: str) -> list[Part]:
    wanted = words.strip().lower()
    return [part for part in parts if part.label and wanted in part.label.lower()]


def footer_lines(
    question: Question, columns: Columns, nobody: Line | None, words: str = ""
) -> list[FooterLine]:
    """The lines of `nobody`, which is all that has no owner: None when there is nothing.

    With `words` only the names that hold them have a line, and there is no rest.
    """
    if not (nobody or words):
        return []
    parts = _parts(question, columns.by)
    shared = _shared_like(parts, words)
    lines = _lines_of(shared, columns, question.measure)
    if words or nobody is None:
        return lines
    others = nobody.others if any(nobody.others) else None
    rest: FooterLine | None = FooterLine("", (), nobody.cells, others, nobody.total)
    if shared and question.measure in ADDITIVE:
        rest = _without(nobody, _line("", shared, columns, question.measure))
    elif shared:
        unshared = [part for part in parts if not part.label]
        rest = _line("", unshared, columns, question.measure) if unshared else None
    return [*lines, rest._replace(keys=())] if rest else lines


def _lines_of(parts: Sequence[Part], columns: Columns, measure: str) -> list[FooterLine]:
    """A line for each name, most first; names beyond the most are one line without a name."""
    named: dict[str, list[Part]] = {}
    for part in parts:
        named.setdefault(part.label, []).append(part)
    lines = [_line(label, group, columns, measure) for label, group in named.items()]
    lines.sort(key=lambda line: (-(line.total.value if line.total else 0), line.label))
    shown, others = at_most(lines, MOST_SHARED)
    rest = [part for line in others for part in named[line.label]]
    return [*shown, _line("", rest, columns, measure)] if rest else [*shown]


def _line(label: str, parts: Sequence[Part], columns: Columns, measure: str) -> FooterLine:
    by_column: dict[Any, list[Part]] = {}
    for part in parts:
        by_column.setdefault(part.column, []).append(part)
    others = [part for part in parts if columns.by and part.column not in columns.shown]
    return FooterLine(
        label,
        tuple(sorted({part.key for part in parts})),
        [_measured(by_column.get(key, ()), measure) for key in columns.shown],
        _measured(others, measure),
        _measured(parts, measure),
    )


def _measured(parts: Sequence[Part], measure: str) -> Amount | None:
    if not parts:
        return None
    if measure == DAYS:
        return Amount(len({part.day for part in parts}))
    return add(part.amount for part in parts)


def _without(whole: Line, part: FooterLine) -> FooterLine | None:
    """What is left of an additive line; None when nothing is."""
    rest = FooterLine(
        "",
        (),
        [_less(*cells) for cells in zip(whole.cells, part.cells, strict=True)],
        _less(whole.others, part.others),
        _less(whole.total, part.total),
    )
    return rest if rest.total else None


def _less(whole: Amount | None, part: Amount | None) -> Amount | None:
    rest = subtract(*_known(whole, part))
    return rest if any(rest) else None


def _parts(question: Question, by: str) -> list[Part]:
    """The usage of shared keys by the columns; for counts also that of other nobodies."""
    if question.scope.teams or not question.slices.whole or not shared_labels():
        return []
    return _read_parts(question, by)


@remembered(lambda found: BYTES_A_PART * (1 + len(found)))
def _read_parts(question: Question, by: str) -> list[Part]:
    group, column_of = _grouping(question, by)
    counted = question.measure not in ADDITIVE
    days = [Usage.day] if question.measure == DAYS or by in PERIODS else []
    sums = [] if counted else [total(column) for column in USAGE_COLUMNS[question.measure]]
    keys = [Actor.key, Actor.rule, *days, *group]
    query = _usage_of_nobody(question, shared_only=not counted).select(*keys, *sums)
    labels = shared_labels()
    found = []
    for key, rule, *row in database.execute(query.group_by(*keys)).fetchall():
        label = labels.get(key, key) if rule == Rule.SHARED else ""
        day = row.pop(0) if days else 0
        column = column_of(day, row[: len(group)])
        found.append(Part(label, key, column, day, Amount(*(row[len(group) :] or (0,)))))
    return found


def _usage_of_nobody(question: Question, *, shared_only: bool) -> ModelSelect:
    whose = Actor.rule == Rule.SHARED if shared_only else Actor.person.is_null()
    return (
        Usage.select()
        .join(Actor)
        .switch(Usage)
        .join(Partition)
        .where(
            Usage.actor.in_(Actor.select(Actor.id).where(whose))
            & Partition.counts
            & question.scope.covers(Usage.day)
            & Usage.model.in_(list(question.slices.by_model))
        )
    )


def _grouping(question: Question, by: str) -> tuple[list[Any], Callable[[int, Sequence[Any]], Any]]:
    """What to group by for the columns, and how a day and the values are read as a column."""
    if by in PERIODS:
        return [], lambda day, _: period_of(by, day_of(day))
    if by in (MODEL, TOOL):
        place = 0 if by == TOOL else 1
        return [Usage.model], lambda _, values: question.slices.by_model[values[0]][place]
    if by == WORKSPACE:
        return [Actor.organization, Actor.workspace], lambda _, values: tuple(values)
    nobody = {PERSON: UNATTRIBUTED, TEAM: NOBODYS_TEAM}.get(by)
    return [], lambda _, __: nobody
