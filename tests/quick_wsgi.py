"""The application as servers find it, with a clock that looks every second."""

from app import scheduler

scheduler.CHECK_SECONDS = 1
scheduler.FIRST_CHECK_SECONDS = (0.0, 0.3)

from wsgi import app  # noqa: E402, F401 - only now, because it starts the clock
