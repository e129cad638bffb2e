"""How the log is written: one safe line an event, as text for people or as JSON for programs."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

OURS = "app"
"""The logger above all of ours."""
TEXT, JSON = "text", "json"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request in hand, "" outside of requests."""


def configure(log_format: str) -> None:
    """Write our log to standard error: "text" or "json", each with a line per request.

    "": warnings and errors only, as plain sentences. Called again, the last call counts.
    """
    logger = logging.getLogger(OURS)
    for handler in [one for one in logger.handlers if isinstance(one, _StandardError)]:
        logger.removeHandler(handler)
    handler = _StandardError()
    handler.setFormatter({TEXT: _Text, JSON: _Json}.get(log_format, _Sentence)())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if log_format else logging.NOTSET)


def escaped(text: str) -> str:
    """`text` on one line: control characters as \\x0a and the like, so that none forges a line."""
    return CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Sentence(logging.Formatter):
    """The message, and below it an indented traceback: a line of ours never begins with blanks."""

    def format(self, record: logging.LogRecord) -> str:
        lines = [self.first_line(record)]
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            lines += [f"  {escaped(line)}" for line in trace]
        return "\n".join(lines)

    def first_line(self, record: logging.LogRecord) -> str:
        """The line without a traceback."""
        return escaped(record.getMessage())


class _Text(_Sentence):
    """Moment, level, message, then what more is known as name=value."""

    def first_line(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {name}={_value(value)}" for name, value in _facts(record).items())
        return f"{_moment(record)} {record.levelname} {super().first_line(record)}{facts}"


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a caller gave with `extra={"facts": ...}`, and the id of the request."""
    facts = dict(getattr(record, "facts", {}))
    if number := request_id.get():
        facts["request"] = number
    return facts


def _value(value: object) -> str:
    text = escaped(str(value))
    return json.dumps(text) if not text or set(text) & set(' "=') else text


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
