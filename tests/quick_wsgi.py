"""The application as servers find it, with a clock that looks all the time and tells of it."""

import os

from apscheduler.events import EVENT_JOB_EXECUTED

from app import scheduler

scheduler.CHECK_SECONDS = 0.25
scheduler.FIRST_CHECK_SECONDS = (0.0, 0.3)

import wsgi  # noqa: E402 - only now, because it starts the clock

app = wsgi.app


def tell(what: str) -> None:
    """A line for the test: this process, and "look" or "no clock"."""
    with open(os.environ["TEST_LOOKS"], "a") as looks:
        looks.write(f"{os.getpid()} {what}\n")


if wsgi.clock is None:
    tell("no clock")
else:
    wsgi.clock.add_listener(lambda _: tell("look"), EVENT_JOB_EXECUTED)
