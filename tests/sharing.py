"""What the workers of one test run share: made by the first that asks, found by the others."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def once(place: Path, make: Callable[[], Made]) -> Made:
    """What `make` gives, called by one process only; `place` is a file in `run_folder`."""
    kept = place.with_suffix(".pickle")
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make()))
        made: Made = pickle.loads(kept.read_bytes())  # noqa: S301 - our own file
    return made
