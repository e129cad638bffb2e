"""The present moment, where sessions, tokens and limits read it."""

from __future__ import annotations

import time


def now_seconds() -> int:
    """The present moment as epoch seconds."""
    return int(time.time())


def now_milliseconds() -> int:
    """The present moment as epoch milliseconds."""
    return time.time_ns() // 1_000_000
