"""Answers kept until what they were made from changes: it is asked for once, by one."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from peewee import Database

from app.database import asked_once, database, is_writing, server_run
from app.models import DayVersion, Meta

MOST_BYTES = 64 * 2**20
"""What all kept questions and answers of one database may weigh together, roughly."""
MOST_ANSWERS = 5000
BYTES_AN_ENTRY = 500
"""What keeping an answer takes beside question and answer themselves."""
ANY_DAY, NO_DAY = (0, 99991231), (1, 0)
P = ParamSpec("P")
Answer = TypeVar("Answer")
Days = tuple[int, int]
"""The first and last day (YYYYMMDD) whose usage an answer depends on."""


class _Question(NamedTuple):
    """A function and all that it is told: whatever an answer may depend on is part of its key."""

    ask: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...]


class _Weighed(NamedTuple):
    answer: Any
    bytes: int
    days: Days


class _Changes(NamedTuple):
    """What changed after a version of the data: all of it, or the usage of some days."""

    overall: bool
    days: list[int]

    def touch(self, days: Days) -> bool:
        """Whether an answer about these days may be another one now."""
        return self.overall or any(days[0] <= day <= days[1] for day in self.days)


class _Kept:
    """The answers that hold at one version of the data, the latest used last; what they weigh.

    The versions are those of one run of a server.
    """

    def __init__(self, server: str = "") -> None:
        self.server = server
        self.version = -1
        self.answers: OrderedDict[_Question, _Weighed] = OrderedDict()
        self.bytes = 0

    def find(self, version: int, question: _Question) -> _Weighed | None:
        if self.version != version or question not in self.answers:
            return None
        self.answers.move_to_end(question)
        return self.answers[question]

    def catch_up(self, version: int, changes: _Changes) -> None:
        """Go on to a later version without the answers that the changes touch."""
        for question, weighed in list(self.answers.items()):
            if changes.touch(weighed.days):
                self._drop(question)
        self.version = version

    def keep(self, version: int, question: _Question, weighed: _Weighed) -> None:
        # A reading that began before the latest write knows an older version: not worth keeping.
        if version != self.version:
            return
        if question in self.answers:
            self._drop(question)
        self.answers[question] = weighed
        self.bytes += weighed.bytes
        while self.bytes > MOST_BYTES or len(self.answers) > MOST_ANSWERS:
            self.bytes -= self.answers.popitem(last=False)[1].bytes

    def _drop(self, question: _Question) -> None:
        self.bytes -= self.answers.pop(question).bytes


class _Turn:
    """Whose turn it is to work out an answer, and how many wait for it or do it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.callers = 0


_lock = Lock()
_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()
_turns: dict[Any, _Turn] = {}


def size_of(value: object) -> int:
    """The bytes of a plain value and of all that it is made of, shared parts counted each time."""
    size = sys.getsizeof(value)
    if isinstance(value, (str, bytes, array)):
        return size
    if isinstance(value, Mapping):
        return size + sum(size_of(key) + size_of(held) for key, held in value.items())
    if isinstance(value, Collection):
        return size + sum(map(size_of, value))
    return size + size_of(vars(value)) if hasattr(value, "__dict__") else size


def any_day(*_: Any, **__: Any) -> Days:
    """The days of an answer that the usage of any day may change."""
    return ANY_DAY


def no_day(*_: Any, **__: Any) -> Days:
    """The days of an answer that no usage changes: who and what there is, not how much."""
    return NO_DAY


def remembered(
    weigh: Callable[[Any], int] = size_of, *, days: Callable[..., Days] = any_day
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Keep what a function answers, for each of its questions, until its data changes.

    A question is the function with all of its arguments, so no part of one can be forgotten:
    `activity(october)` and `activity(november)` are two, and an argument that cannot be a key,
    such as a list, fails at once. The function must be one of a module: what it closes over
    would be a part of the question that no key holds.

    `days` tells from the same arguments the first and last day whose usage the answer depends
    on: a day replaced changes answers about that day, not about last year. Every writing
    transaction raises the version of the data, whichever process it runs in, and says whether
    it changed the usage of a day or anything else; the first question at a new version drops
    what that touches. So no answer outlives the data that it was made from.

    Who asks what somebody else is working out waits for that answer. `weigh` estimates the
    bytes of answers that are too large to be looked through. What was not used for longest goes
    first when there are more than `MOST_ANSWERS`, or when questions and answers together weigh
    more than `MOST_BYTES`.
    """

    def decorate(ask: Callable[P, Answer]) -> Callable[P, Answer]:
        if getattr(ask, "__closure__", None):
            raise TypeError(f"{ask}: an answer that depends on a closure cannot be kept.")

        @wraps(ask)
        def answer(*args: P.args, **kwargs: P.kwargs) -> Answer:
            question = _Question(ask, args, tuple(sorted(kwargs.items())))

            def weighed() -> _Weighed:
                found = ask(*args, **kwargs)
                size = size_of(question.arguments) + size_of(question.named) + weigh(found)
                return _Weighed(found, BYTES_AN_ENTRY + size, days(*args, **kwargs))

            return cast(Answer, _answer(question, weighed))

        return answer

    return decorate


def _answer(question: _Question, work_out: Callable[[], _Weighed]) -> Any:
    # At once, also while writing: an argument that cannot be a key is a mistake in the code.
    hash(question)
    if is_writing():
        # What is written but not committed may never come to be.
        return work_out().answer
    server, version = _data_version()
    kept = _kept_at(server, version)
    with _lock:
        found = kept.find(version, question)
    if found is None:
        with _turn(server, version, question):
            with _lock:
                found = kept.find(version, question)
            # Once more: who had the turn before has most likely kept it.
            if found is None:
                found = work_out()
                with _lock:
                    kept.keep(version, question, found)
    return found.answer


def _kept_at(server: str, version: int) -> _Kept:
    """What is kept of the open database, brought to this version if it is an older one."""
    with _lock:
        kept = _kept.get(database.obj)
        if kept is None or kept.server != server:
            kept = _kept[database.obj] = _Kept(server)
        known = kept.version
    while known < version:
        # Asked without the lock, which a slow database must not hold up for everybody; so somebody
        # else may have caught up meanwhile.
        changes = _changes_since(known)
        with _lock:
            if kept.version == known:
                kept.catch_up(version, changes)
            known = kept.version
    return kept


def _changes_since(version: int) -> _Changes:
    overall = Meta.select(Meta.overall_version).scalar() > version
    changed = DayVersion.select(DayVersion.day).where(DayVersion.version > version)
    return _Changes(overall, [] if overall else [day for (day,) in changed.tuples()])


@contextmanager
def _turn(server: str, version: int, question: _Question) -> Iterator[None]:
    """One at a time of all who ask the same of the same version of the same database."""
    key = (id(database.obj), server, version, question)
    with _lock:
        turn = _turns.setdefault(key, _Turn())
        turn.callers += 1
    try:
        with turn.lock:
            yield
    finally:
        with _lock:
            turn.callers -= 1
            if not turn.callers:
                del _turns[key]


def forget() -> None:
    """Forget every answer, as a new process has none: for measuring what the first one takes."""
    with _lock:
        _kept.clear()


def data_version() -> int:
    """The number of the data's present state."""
    return _data_version()[1]


@asked_once
def _data_version() -> tuple[str, int]:
    """Whose number it is, and the number."""
    server, version = Meta.select(server_run(), Meta.data_version).tuples().get()
    return server, int(version)
