"""`flask` that kills itself right after a statement: `python -m tests.dying 40 migrate`."""

import itertools
import os
import signal
import sys
from typing import Any

from flask.cli import main

import wsgi  # noqa: F401 - opens the database
from app.database import database

last, statements = int(sys.argv.pop(1)), itertools.count(1)


def die(_: Any) -> None:
    """End this process when that many statements have run."""
    if next(statements) == last:
        os.kill(os.getpid(), signal.SIGKILL)


database.obj.query_hooks.append(die)
sys.argv[1:1] = ["--app", "wsgi"]
main()
