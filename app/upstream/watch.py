"""Connections whose every read can be ended: by a deadline, by silence or by the caller."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter

BUFFER = 65_536
STOP_CHECK = 0.2


class Stopped(Exception):
    """The caller asked to stop while an answer was being read."""


class Watch:
    """Ends a read when the caller wants to stop, the line is silent or the time is up."""

    def __init__(
        self, read_timeout: float, total_deadline: float, should_stop: Callable[[], bool]
    ) -> None:
        self._read_timeout = read_timeout
        self._total_deadline = total_deadline
        self._should_stop = should_stop
        self._deadline = 0.0

    @property
    def late(self) -> bool:
        """Whether the request has used up its whole time."""
        return time.monotonic() >= self._deadline

    def start(self) -> None:
        """Begin the time of one request."""
        self._deadline = time.monotonic() + self._total_deadline

    def receive(self, connection: socket.socket, buffer: Any) -> int:
        """Fill `buffer` and return the count of bytes; raise TimeoutError or Stopped."""
        silent_until = time.monotonic() + self._read_timeout
        while True:
            if self._should_stop():
                raise Stopped
            left = min(silent_until, self._deadline) - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            connection.settimeout(min(left, STOP_CHECK))
            try:
                return connection.recv_into(buffer)
            except TimeoutError:
                continue


class WatchedReader(io.RawIOBase):
    """The receiving side of a connection, every read of it under watch.

    A timeout of requests bounds each read alone, so one byte a second passes it for ever, in
    the headers as well as in the body.
    """

    def __init__(self, inner: io.RawIOBase, connection: socket.socket, watch: Watch) -> None:
        self._inner = inner
        self._connection = connection
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        timeout = self._connection.gettimeout()
        try:
            return self._watch.receive(self._connection, buffer)
        finally:
            self._connection.settimeout(timeout)

    def close(self) -> None:
        self._inner.close()
        super().close()


class WatchedAdapter(HTTPAdapter):
    """Opens connections whose answers are read by a `WatchedReader`."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(max_retries=0)
        self._watch = watch

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        # The library opens connections by their class, so ours differs from it in one member.
        plain = type(pool).ConnectionCls
        members = {"response_class": staticmethod(self._open_response)}
        pool.ConnectionCls = type(plain.__name__, (plain,), members)
        return pool

    def _open_response(
        self, connection: socket.socket, *args: Any, **kwargs: Any
    ) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(connection, *args, **kwargs)
        inner: Any = response.fp
        reader = WatchedReader(inner.detach(), connection, self._watch)
        response.fp = io.BufferedReader(reader, BUFFER)
        return response
