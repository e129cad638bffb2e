"""How a list is cut to its first lines, with one line for all the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def at_most(lines: Sequence[T], most: int) -> tuple[Sequence[T], Sequence[T]]:
    """The lines that are shown, and the others, which are summed up in one.

    Of `most` + 1 lines all are shown: a line for one other would take as much room as that one.
    """
    shown = len(lines) if len(lines) <= most + 1 else most
    return lines[:shown], lines[shown:]
