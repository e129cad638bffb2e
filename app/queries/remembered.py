"""Answers kept until the data changes: what only a write can change is asked once per write."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from threading import Lock
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from peewee import Database

from app.database import asked_once, database, is_writing
from app.models import Meta

MOST_BYTES = 64 * 2**20
"""What all kept questions and answers of one database may weigh together, roughly."""
MOST_ANSWERS = 5000
BYTES_AN_ENTRY = 500
"""What keeping an answer takes beside question and answer themselves."""
P = ParamSpec("P")
Answer = TypeVar("Answer")


class _Question(NamedTuple):
    """A function and all that it is told: whatever an answer may depend on is part of its key."""

    ask: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...]


class _Weighed(NamedTuple):
    answer: Any
    bytes: int


class _Kept:
    """The answers of one version of the data, the latest used last, and what they weigh."""

    def __init__(self) -> None:
        self.version = -1
        self.answers: OrderedDict[_Question, _Weighed] = OrderedDict()
        self.bytes = 0

    def keep(self, version: int, question: _Question, weighed: _Weighed) -> None:
        # A reading that began before the latest write knows an older version: not worth keeping.
        if version < self.version:
            return
        if version > self.version:
            self.version, self.bytes = version, 0
            self.answers.clear()
        if question in self.answers:
            self.bytes -= self.answers.pop(question).bytes
        self.answers[question] = weighed
        self.bytes += weighed.bytes
        while self.bytes > MOST_BYTES or len(self.answers) > MOST_ANSWERS:
            self.bytes -= self.answers.popitem(last=False)[1].bytes


_lock = Lock()
_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


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


def remembered(
    weigh: Callable[[Any], int] = size_of,
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Keep what a function answers, for each of its questions, until the data changes.

    A question is the function with all of its arguments, so no part of one can be forgotten:
    `activity(october)` and `activity(november)` are two, and an argument that cannot be a key,
    such as a list, fails at once. The function must be one of a module: what it closes over
    would be a part of the question that no key holds.

    Every writing transaction raises the version of the data, whichever process it runs in, so
    no answer outlives the data it was made from: a sync that stores a day at version 7 makes
    the first question after it, at version 8, forget everything. `weigh` estimates the bytes
    of answers that are too large to be looked through. What was not used for longest goes
    first when there are more than `MOST_ANSWERS`, or when questions and answers together weigh
    more than `MOST_BYTES`.
    """

    def decorate(ask: Callable[P, Answer]) -> Callable[P, Answer]:
        if getattr(ask, "__closure__", None):
            raise TypeError(f"{ask}: an answer that depends on a closure cannot be kept.")

        @wraps(ask)
        def answer(*args: P.args, **kwargs: P.kwargs) -> Answer:
            question = _Question(ask, args, tuple(sorted(kwargs.items())))
            return _answer(question, lambda: ask(*args, **kwargs), weigh)

        return answer

    return decorate


def _answer(
    question: _Question, ask: Callable[[], Answer], weigh: Callable[[Answer], int]
) -> Answer:
    hash(question)
    if is_writing():
        # What is written but not committed may never come to be.
        return ask()
    version = data_version()
    with _lock:
        kept = _kept.setdefault(database.obj, _Kept())
        if kept.version == version and question in kept.answers:
            kept.answers.move_to_end(question)
            return cast(Answer, kept.answers[question].answer)
    answer = ask()
    size = BYTES_AN_ENTRY + size_of(question.arguments) + size_of(question.named) + weigh(answer)
    with _lock:
        kept.keep(version, question, _Weighed(answer, size))
    return answer


def forget() -> None:
    """Forget every answer, as a new process has none: for measuring what the first one takes."""
    with _lock:
        _kept.clear()


@asked_once
def data_version() -> int:
    """The number of the data's present state."""
    return int(Meta.select(Meta.data_version).scalar())
