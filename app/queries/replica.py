"""How the replica stands beside the primary: may it answer, and how old is what it tells."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import NamedTuple

from app.database import FAILURES, database, on_replica
from app.dates import utc_now
from app.queries.state import ShownState, shown_state

MOST_LAG_SECONDS = 30
"""A replica further behind is not asked, nor any by who wrote so short a time ago."""
REST_SECONDS = 10
"""For how long a replica that failed is left alone."""
LAG = """
    SELECT pg_is_in_recovery(),
    EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float
"""


class ReplicaUnfit(Exception):
    """The replica must not answer; the message says why, to be read after "The replica"."""


class ReplicaHealth(NamedTuple):
    """How the replica is, in words to be read after "The replica".

    `asked`: whether figures are read from it; `behind`: whether they are not the newest then.
    """

    words: str
    asked: bool = False
    behind: bool = True


class _Rest:
    """Until when (of the monotonic clock) this process asks no replica."""

    until = 0.0


def leave_alone() -> None:
    """Ask the replica, which failed, nothing for a while: each try may take seconds."""
    _Rest.until = time.monotonic() + REST_SECONDS


def is_left_alone() -> bool:
    """Whether the replica failed a short time ago."""
    return time.monotonic() < _Rest.until


def held_until(newest: ShownState) -> datetime | None:
    """Up to when the replica holds all that was written; None: it lacks nothing of `newest`.

    To be asked inside `on_replica()`, of a state that the primary told before. Raises
    `ReplicaUnfit`.
    """
    here = shown_state()
    follows, seconds = database.execute_sql(LAG).fetchone()
    if not follows and here.server != newest.server:
        raise ReplicaUnfit("follows no primary")
    if all(own >= told for own, told in zip(here.numbers, newest.numbers, strict=True)):
        return None
    if seconds is None or seconds > MOST_LAG_SECONDS:
        raise ReplicaUnfit(_lag_words(seconds))
    return utc_now() - timedelta(seconds=max(0, seconds))


def replica_health() -> ReplicaHealth:
    """How the replica is now. To be asked on the primary, where there is a replica."""
    newest = shown_state()
    try:
        with on_replica():
            until = held_until(newest)
    except ReplicaUnfit as unfit:
        return ReplicaHealth(str(unfit))
    except FAILURES:
        return ReplicaHealth("does not answer")
    if until is None:
        return ReplicaHealth("lacks nothing", asked=True, behind=False)
    return ReplicaHealth(_lag_words((utc_now() - until).total_seconds()), asked=True)


def _lag_words(seconds: float | None) -> str:
    return "is behind" if seconds is None else f"is {seconds:,.0f} s behind"
