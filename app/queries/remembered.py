"""Answers kept until the data changes: what only a write can change is asked once per write."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, NamedTuple, TypeVar, cast
from weakref import WeakKeyDictionary

from peewee import Database

from app.database import asked_once, database, is_writing
from app.models import Meta

MOST_BYTES = 64 * 2**20
"""What all kept answers of one database may weigh together, roughly."""
A_FEW_FIGURES = 4096
Answer = TypeVar("Answer")


class _Kept:
    """The answers of one version of the data, the latest used last, and what they weigh."""

    def __init__(self) -> None:
        self.version = -1
        self.answers: OrderedDict[Hashable, _Weighed] = OrderedDict()
        self.bytes = 0


class _Weighed(NamedTuple):
    answer: Any
    bytes: int


_lock = Lock()
_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


def remembered(
    question: Hashable,
    ask: Callable[[], Answer],
    weigh: Callable[[Answer], int] = lambda _: A_FEW_FIGURES,
) -> Answer:
    """The answer to a question, asked anew whenever the version of the data has changed.

    Every writing transaction raises the version, whichever process it runs in, so that no
    answer outlives the data it was made from. `weigh` says about how many bytes an answer
    holds: when all of them are over `MOST_BYTES`, those not used for longest are dropped.
    """
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
    with _lock:
        _keep(kept, version, question, _Weighed(answer, weigh(answer)))
    return answer


def _keep(kept: _Kept, version: int, question: Hashable, weighed: _Weighed) -> None:
    # A reading that began before the latest write knows an older version: not worth keeping.
    if version < kept.version:
        return
    if version > kept.version:
        kept.version, kept.bytes = version, 0
        kept.answers.clear()
    if question in kept.answers:
        kept.bytes -= kept.answers.pop(question).bytes
    kept.answers[question] = weighed
    kept.bytes += weighed.bytes
    while kept.bytes > MOST_BYTES:
        kept.bytes -= kept.answers.popitem(last=False)[1].bytes


def forget() -> None:
    """Forget every answer, as a new process has none: for measuring what the first one takes."""
    with _lock:
        _kept.clear()


@asked_once
def data_version() -> int:
    """The number of the data's present state."""
    return int(Meta.select(Meta.data_version).scalar())
