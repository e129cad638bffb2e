"""Answers kept until the data changes: for the few questions that must look at every person."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from peewee import Database

from app.database import asked_once, database
from app.models import Meta

MOST_ANSWERS = 256
Answer = TypeVar("Answer")

_lock = Lock()
_answers: WeakKeyDictionary[Database, OrderedDict[Hashable, Any]] = WeakKeyDictionary()


def remembered(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """The answer to a question, asked anew whenever the version of the data has changed.

    Every writing transaction raises the version, whichever process it runs in, so that no
    answer outlives the data it was made from. Kept are the latest 256 answers per database.
    """
    key = (data_version(), question)
    with _lock:
        answers = _answers.setdefault(database.obj, OrderedDict())
        if key in answers:
            answers.move_to_end(key)
            return cast(Answer, answers[key])
    answer = ask()
    with _lock:
        answers[key] = answer
        if len(answers) > MOST_ANSWERS:
            answers.popitem(last=False)
    return answer


@asked_once
def data_version() -> int:
    """The number of the data's present state."""
    return int(Meta.select(Meta.data_version).scalar())
