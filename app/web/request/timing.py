"""Where the time of a request goes, told in `Server-Timing` to whoever develops or measures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Lock
from typing import Any

from flask import (
    Flask,
    Response,
    before_render_template,
    current_app,
    g,
    request,
    template_rendered,
)
from flask.ctx import has_request_context

from app.database import engines

WANTED = "tracker.timing"
"""A key of the WSGI environment, which no header of a client can set, for `scripts/bench`."""
_lock = Lock()


class Spent:
    """What a request has asked the database and rendered so far; seconds.

    Those of queries end with the first row: what sorts or adds up is done then. Those of
    rendering are of this thread's processor, which other requests do not add to.
    """

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.queries = self.rows = 0
        self.asking = self.rendering = self.render_began = 0.0

    def header(self) -> str:
        """The value of `Server-Timing`, whose durations are milliseconds."""
        return ", ".join(
            (
                f'queries;desc="{self.queries}";dur={self.asking * 1000:.1f}',
                f'rows;desc="{self.rows}"',
                f"render;dur={self.rendering * 1000:.1f}",
                f"total;dur={(time.perf_counter() - self.began) * 1000:.1f}",
            )
        )


def register(app: Flask) -> None:
    """Before all other hooks, so that the total covers them. Else nothing is measured."""
    app.before_request(_begin)
    app.after_request(_tell)
    before_render_template.connect(_begin_rendering, app)
    template_rendered.connect(_end_rendering, app)


def _begin() -> None:
    if current_app.debug or request.environ.get(WANTED):
        for engine in engines():
            _watch(engine)
        g.spent = Spent()


def _tell(response: Response) -> Response:
    if "spent" in g:
        response.headers["Server-Timing"] = g.spent.header()
    return response


def _spent() -> Spent | None:
    found: Spent | None = g.get("spent") if has_request_context() else None
    return found


def _begin_rendering(*_: Any, **__: Any) -> None:
    if spent := _spent():
        spent.render_began = time.thread_time()


def _end_rendering(*_: Any, **__: Any) -> None:
    if spent := _spent():
        spent.rendering += time.thread_time() - spent.render_began


def _watch(engine: Any) -> None:
    """Count from now on what is asked of an engine, and the rows that it gives."""
    with _lock:
        if _asked in engine.query_hooks:
            return
        opened = engine.cursor
        engine.cursor = lambda *args, **options: _CountingCursor(opened(*args, **options))
        engine.query_hooks.append(_asked)


def _asked(event: Any) -> None:
    if spent := _spent():
        spent.queries += 1
        spent.asking += event.duration


class _CountingCursor:
    """A cursor of either database that tells the request how many rows it has given."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __iter__(self) -> Iterator[Any]:
        for row in self._cursor:
            _count(1)
            yield row

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        _count(row is not None)
        return row

    def fetchall(self) -> Any:
        rows = self._cursor.fetchall()
        _count(len(rows))
        return rows


def _count(rows: int) -> None:
    if spent := _spent():
        spent.rows += rows
