"""Days put into the periods that hold them, by comparing alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import Case, Value


def step_of(day: Any, steps: Sequence[tuple[int, int]]) -> Any:
    """The value of the last step that begins on a day or before it: of the first one for others.

    `steps` are (first day YYYYMMDD, value), in order. Found by halves: of the 53 weeks of a year
    a row is compared with six. A table of them to join would be read again for every row where a
    planner takes it for the smaller side.
    """
    if len(steps) == 1:
        return Value(steps[0][1])
    middle = len(steps) // 2
    halves = step_of(day, steps[:middle]), step_of(day, steps[middle:])
    return Case(None, [(day < steps[middle][0], halves[0])], halves[1])
