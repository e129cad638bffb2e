"""What stands below a pivot of people or teams: each name of shared keys, and the rest of nobody.

What is shared is read from the sums of the actors of shared keys; of counts that do not add up
those of everything of nobody are, so that the rest can be counted and not only subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from peewee import ModelSelect, Value

from app.database import total
from app.dates import day_number
from app.models import Actor, ActorDay, Partition
from app.queries.keys.shared import MOST_SHARED, shared_labels
from app.queries.pivot.dimensions import DAY, DIMENSIONS, PivotQuestion, RowSource
from app.queries.pivot.measures import DAYS, Amount, Line, Measure, add, subtract
from app.queries.pivot.sums import read_rows, slices_asked
from app.queries.remembered import remembered
from app.queries.shortened import at_most
from app.queries.sums.actors import actor_sums
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


def shared_columns(question: PivotQuestion, by: str, words: str) -> set[Any]:
    """The columns in which shared keys were used whose names hold the words."""
    return {part.column for part in _shared_like(_parts(question, by), words)}


def _shared_like(parts: Sequence[Part], words: str) -> list[Part]:
    wanted = words.strip().lower()
    return [part for part in parts if part.label and wanted in part.label.lower()]


def footer_lines(
    question: PivotQuestion,
    by: str,
    shown: Sequence[Any],
    unattributed: Line | None,
    words: str = "",
    *,
    every_name: bool = False,
) -> list[FooterLine]:
    """The lines of all that has no owner, `unattributed`: None when there is nothing.

    `shown` are the keys of the columns, which are cut by the dimension `by`. With `words` only
    the names that hold them have a line, and there is no rest. `every_name`: each has a line of
    its own, however many there are.
    """
    if not (unattributed or words):
        return []
    parts, measure = _parts(question, by), question.measure
    shared = _shared_like(parts, words)
    lines = _lines_of(shared, shown, measure, len(shared) if every_name else MOST_SHARED)
    if words or unattributed is None:
        return lines
    rest: FooterLine | None
    if not shared:
        others = unattributed.others if any(unattributed.others) else None
        rest = FooterLine("", (), unattributed.cells, others, unattributed.total)
    elif measure.adds_up:
        rest = _without(unattributed, _line("", shared, shown, measure))
    else:
        unshared = [part for part in parts if not part.label]
        rest = _line("", unshared, shown, measure) if unshared else None
    return [*lines, rest._replace(keys=())] if rest else lines


def _lines_of(
    parts: Sequence[Part], shown: Sequence[Any], measure: Measure, most: int
) -> list[FooterLine]:
    """A line for each name, most first; names beyond the most are one line without a name."""
    named: dict[str, list[Part]] = {}
    for part in parts:
        named.setdefault(part.label, []).append(part)
    lines = [_line(label, group, shown, measure) for label, group in named.items()]
    lines.sort(key=lambda line: (-(line.total.value if line.total else 0), line.label))
    first, others = at_most(lines, most)
    rest = [part for line in others for part in named[line.label]]
    return [*first, _line("", rest, shown, measure)] if rest else [*first]


def _line(label: str, parts: Sequence[Part], shown: Sequence[Any], measure: Measure) -> FooterLine:
    by_column: dict[Any, list[Part]] = {}
    for part in parts:
        by_column.setdefault(part.column, []).append(part)
    others = [part for part in parts if part.column is not None and part.column not in shown]
    return FooterLine(
        label,
        tuple(sorted({part.key for part in parts})),
        [_measured(by_column.get(key, ()), measure) for key in shown],
        _measured(others, measure),
        _measured(parts, measure),
    )


def _measured(parts: Sequence[Part], measure: Measure) -> Amount | None:
    if not parts:
        return None
    if measure.name == DAYS:
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
    rest = subtract(whole, part)
    return rest if any(rest) else None


def _parts(question: PivotQuestion, by: str) -> list[Part]:
    """The usage of shared keys by the columns; for counts also that of other nobodies."""
    if question.scope.teams or not slices_asked(question).whole or not shared_labels():
        return []
    return _read_parts(question, by)


@remembered(lambda found: BYTES_A_PART * (1 + len(found)), days=PivotQuestion.days_asked)
def _read_parts(question: PivotQuestion, by: str) -> list[Part]:
    measure, dimension = question.measure, DIMENSIONS.get(by)
    # All of it is in one column of people or teams, that of nobody; else it is cut by columns.
    column = dimension.unattributed if dimension else None
    names = [by] if dimension and column is None else []
    names += [DAY] if measure.name == DAYS else []
    source = RowSource(
        question,
        _usage_of_nobody(question, shared_only=measure.adds_up),
        [total(getattr(ActorDay, name)) for name in measure.columns] or [Value(0)],
        slices_asked(question).by_model,
        day=Partition.day,
        slice=ActorDay.model,
        workspace=(Actor.organization, Actor.workspace),
    )
    labels, found = shared_labels(), []
    for keys, (key, rule), amount in read_rows(source, names, [Actor.key, Actor.rule]):
        label = labels.get(key, key) if rule == Rule.SHARED else ""
        day = day_number(keys[-1]) if measure.name == DAYS else 0
        found.append(Part(label, key, keys[0] if column is None and by else column, day, amount))
    return found


def _usage_of_nobody(question: PivotQuestion, *, shared_only: bool) -> ModelSelect:
    whose = Actor.rule == Rule.SHARED if shared_only else Actor.person.is_null()
    asked = ActorDay.model.in_(list(slices_asked(question).by_model))
    return actor_sums(question.scope, whose).join_from(ActorDay, Actor).where(asked)
