"""Files and folders of our own, which only the user who runs the product may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def make_folder(path: Path) -> None:
    """Make a folder, where it is missing, for its owner alone. Raises `OSError`."""
    path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file, where there is none, for its owner alone. Never raises.

    What SQLite puts beside its file gets the same rights. One that exists is not even opened: to
    close it again would free the locks that this process holds on it.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))


def open_to_others(path: Path) -> bool:
    """Whether other users of this machine may read or change what is at `path`."""
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False
