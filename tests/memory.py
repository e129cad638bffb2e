"""Files of a test run in memory: none of them outlives the run, and a disk would be waited for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER = Path("/dev/shm")  # noqa: S108 - those who write there make private folders in it
ROOM = 2 * 2**30
"""Bytes free, several times what a run takes: containers often have only 64 MB there."""


def in_memory() -> str | None:
    """The folder of files in memory, None where there is none or too little room in it."""
    if not os.access(FOLDER, os.W_OK) or shutil.disk_usage(FOLDER).free < ROOM:
        return None
    return str(FOLDER)
