"""The people of the invented company and their habits, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from string import ascii_letters, ascii_lowercase, digits
from typing import NamedTuple

from app.demo.names import invented_names
from app.demo.rhythm import FOUNDED, HOUR_MS, Today, repeatable_dice

DOMAIN = "acme.example"
_ROLL_OUT = (date(2025, 9, 1).toordinal(), date(2026, 10, 12).toordinal())
_EARLY_SHARE = 0.24
_SECOND_KEY_SHARE = 0.12
_LOOSE_KEY_SHARE = 0.06
_START_HOURS = (5, 6, 7, 7, 8, 8, 9, 13, 14, 15)
_WEEKS_OFF = (1, 7, 8, 14, 15, 16, 22, *range(27, 37), *range(28, 34), 42, 43, 44, 52, 52, 52)
NEVER = date.max.toordinal()


class _Habit(NamedTuple):
    """A way of working: share of people, chance on a weekday, millions of tokens a day."""

    share: float
    chance: float
    claude_millions: float
    cursor_millions: float
    spread: float
    tries_only: bool = False


_HABITS = (
    _Habit(0.13, 0.84, 17.0, 6.0, 0.6),
    _Habit(0.42, 0.58, 7.0, 2.6, 0.65),
    _Habit(0.31, 0.17, 3.0, 0.9, 0.7),
    _Habit(0.14, 0.45, 2.2, 0.6, 0.6, tries_only=True),
)
_TOOLS = ((0.42, True, False), (0.67, False, True), (1.0, True, True))
"""(Running share, uses Claude Code, uses Cursor)."""


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody with habits. Days are ordinals; `joined` counts, `left` does not any more."""

    name: str
    email: str
    anthropic_id: str
    cursor_id: str
    keys: tuple[tuple[str, str], ...]
    """(id, name) of the person's keys of Claude Code."""
    owner_listed: bool
    """Whether the directory says whose keys these are; else only their names tell."""
    uses_claude: bool
    uses_cursor: bool
    chance: float
    claude_millions: float
    cursor_millions: float
    spread: float
    joined: int
    left: int
    weeks_off: frozenset[int]
    starts_ms: int
    """Start of the working day in milliseconds after 00:00 UTC."""
    opus: float
    """Share of Opus in the person's use of Claude."""
    taste: float
    """0 to 1: small is faithful to old models, large is first with new ones."""
    hour_cache: bool
    explorer: bool
    included_days: int
    """Days of a month until the person's share of the Cursor plan is used up."""


def invented_people(count: int, seed: int) -> list[Employee]:
    """This many people. Their habits do not depend on the size of the company."""
    names = invented_names(count, repeatable_dice(seed, "names"))
    return [
        _person(number, name, local, repeatable_dice(seed, "person", number))
        for number, (name, local) in enumerate(names)
    ]


def working_today(
    people: Sequence[Employee], today: Today, dice: random.Random
) -> Iterator[Employee]:
    """Those who use the tool today, in stable order. Draws from `dice` for everybody."""
    for person in people:
        luck = dice.random()
        if (
            luck < person.chance * today.at_work
            and person.joined <= today.ordinal < person.left
            and today.week not in person.weeks_off
        ):
            yield person


def invented_id(prefix: str, dice: random.Random) -> str:
    """An identifier as Anthropic writes them: a prefix, 01 and 22 letters and digits."""
    return f"{prefix}_01{''.join(dice.choices(ascii_letters + digits, k=22))}"


def _person(number: int, name: str, local: str, dice: random.Random) -> Employee:
    habit = _habit(dice.random())
    luck = dice.random()
    _, uses_claude, uses_cursor = next(tools for tools in _TOOLS if luck < tools[0])
    joined, left = _membership(habit, dice)
    return Employee(
        name=name,
        email=f"{local}@{DOMAIN}",
        anthropic_id=invented_id("user", dice),
        cursor_id=invented_id("user", dice),
        keys=_keys(local, dice),
        owner_listed=dice.random() >= _LOOSE_KEY_SHARE,
        uses_claude=uses_claude,
        uses_cursor=uses_cursor,
        chance=habit.chance * dice.uniform(0.75, 1.15),
        claude_millions=habit.claude_millions * dice.uniform(0.6, 1.4),
        cursor_millions=habit.cursor_millions * dice.uniform(0.6, 1.4),
        spread=habit.spread,
        joined=joined,
        left=left,
        weeks_off=frozenset(dice.choices(_WEEKS_OFF, k=6)),
        starts_ms=dice.choice(_START_HOURS) * HOUR_MS + dice.randrange(HOUR_MS // 2),
        opus=dice.choice((0.05, 0.15, 0.3, 0.5, 0.8, 0.95)),
        taste=dice.random(),
        hour_cache=dice.random() < 0.2,
        explorer=number % 40 in (3, 17),
        included_days=dice.choice((6, 9, 14, 20, 31, 31)),
    )


def _habit(luck: float) -> _Habit:
    for habit in _HABITS:
        luck -= habit.share
        if luck < 0:
            return habit
    return _HABITS[-1]


def _membership(habit: _Habit, dice: random.Random) -> tuple[int, int]:
    """First day of use, and the day after the last one."""
    first, last = _ROLL_OUT
    joined = dice.randint(first, last)
    stays = dice.randint(8, 45)
    early = dice.random() < _EARLY_SHARE
    if habit.tries_only:
        return joined, joined + stays
    return (FOUNDED.toordinal() if early else joined), NEVER


def _keys(local: str, dice: random.Random) -> tuple[tuple[str, str], ...]:
    count = 2 if dice.random() < _SECOND_KEY_SHARE else 1
    return tuple(
        (
            invented_id("apikey", dice),
            f"claude_code_key_{local}_{''.join(dice.choices(ascii_lowercase, k=4))}",
        )
        for _ in range(count)
    )
