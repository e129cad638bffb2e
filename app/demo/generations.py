"""Which models are in use on a day: generations that take over from each other slowly.

The names are those the vendors send; the days of release are near the true ones.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

_Release = tuple[str, date]

SONNETS: tuple[_Release, ...] = (
    ("claude-sonnet-4-20250514", date(2025, 1, 1)),
    ("claude-sonnet-4-5-20250929", date(2025, 9, 29)),
    ("claude-sonnet-5", date(2026, 4, 21)),
    ("claude-sonnet-5-5", date(2026, 9, 8)),
)
OPUSES: tuple[_Release, ...] = (
    ("claude-opus-4-1-20250805", date(2025, 1, 1)),
    ("claude-opus-4-5-20251101", date(2025, 11, 24)),
    ("claude-opus-4-8", date(2026, 3, 24)),
    ("claude-opus-5", date(2026, 6, 30)),
    ("claude-opus-5-5", date(2026, 9, 29)),
)
HAIKU = "claude-haiku-4-5-20251001"
UNPRICED_MODEL = "claude-nova-9"
UNPRICED_SINCE = date(2026, 10, 19)

_CURSOR_FAMILIES: tuple[tuple[float, tuple[_Release, ...]], ...] = (
    (0.34, (("default", date(2025, 1, 1)),)),
    (0.22, (("composer-1", date(2025, 10, 29)), ("composer-2.5", date(2026, 5, 18)))),
    (0.22, (("gpt-5-codex", date(2025, 1, 1)), ("gpt-5.5-high", date(2026, 4, 24)))),
    (0.15, (("claude-4.5-sonnet-thinking", date(2025, 1, 1)),)),
    (0.07, (("gemini-3-pro", date(2025, 11, 18)),)),
)
_DAYS_TO_TAKE_OVER = 50
_LAST_FAITHFUL = 0.04
"""Share of a model's users who stay with it when its successor has taken over."""


class Mix(NamedTuple):
    """Models, oldest first, and the running sums of their shares."""

    models: tuple[str, ...]
    bounds: tuple[float, ...]

    @classmethod
    def of(cls, shares: Sequence[tuple[str, float]]) -> Mix:
        """A mix of the (model, share) pairs whose share is not nothing."""
        sums: list[float] = []
        used = [(model, share) for model, share in shares if share > 0.001]
        for _, share in used:
            sums.append(share + (sums[-1] if sums else 0.0))
        return cls(tuple(model for model, _ in used), tuple(sums))

    def pick(self, luck: float) -> str:
        """The model at `luck` (0 to 1): the same luck moves on to newer models with time."""
        return self.models[bisect(self.bounds, luck * self.bounds[-1])]


@lru_cache(maxsize=8)
def claude_mix(releases: tuple[_Release, ...], day: date) -> Mix:
    """The generations of one Claude family in use on a day."""
    return Mix.of(_shares(releases, day))


@lru_cache(maxsize=8)
def cursor_mix(day: date) -> Mix:
    """All models in use in Cursor on a day."""
    return Mix.of(
        [
            (model, share * weight)
            for weight, releases in _CURSOR_FAMILIES
            for model, share in _shares(releases, day)
        ]
    )


def _shares(releases: tuple[_Release, ...], day: date) -> list[tuple[str, float]]:
    """A model's share: what its release has won, less what its successors took."""
    shares: list[tuple[str, float]] = []
    left = 1.0
    for model, released in reversed(releases):
        first = model == releases[0][0]
        won = _taken_over(released, day) if not first else float(day >= released)
        shares.append((model, left * won))
        left -= left * won
    return shares[::-1]


def _taken_over(released: date, day: date) -> float:
    age = (day - released).days
    return min(max(age, 0) / _DAYS_TO_TAKE_OVER, 1 - _LAST_FAITHFUL)
