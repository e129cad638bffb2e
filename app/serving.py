"""How a server's worker meets its clients: a thread is given to whole requests only.

gunicorn's own threaded worker reads in its threads, of which there are eight: eight clients that
say half a sentence and fall silent stop it for everybody. Here the one loop that waits for all
connections reads, and waits for the end of those that were answered, too.
"""

from __future__ import annotations

import errno
import re
import socket
import time
from collections import deque
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 10.0
"""Within which a request must have come, with its body where that is small."""
STEP_SECONDS = 30.0
"""Within which a client must take a piece of the answer, or send the next of a large upload."""
LINGER_SECONDS = 2.0
MOST_HEAD, MOST_BODY = 64 * 1024, 64 * 1024
MOST_DRAINED = 1024 * 1024
SEND_BUFFER = 1024 * 1024
"""What the kernel may hold for a client that does not read: whole pages, without a thread."""
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,10})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


class Worker(ThreadWorker):
    """gunicorn's threaded worker, which clients cannot keep waiting."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lingering: deque[TConn] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, and wait for its request without a thread."""
        if self.cfg.is_ssl:
            # Its bytes mean nothing before the handshake, which takes a thread.
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                return
            raise
        self._make_room()
        self.nr_conns += 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._await(TConn(self.cfg, client, address, listener.getsockname()))

    def _make_room(self) -> None:
        """Drop who has waited longest: however many connections are idle, a new one is taken."""
        if self.nr_conns < self.worker_connections - 1:
            return
        # First who has an answer already, last who still waits for one.
        for waiting in (self.lingering, self.keepalived_conns, self.pending_conns):
            if waiting:
                self._drop(waiting, waiting[0])
                return

    def _await(self, conn: TConn, received: bytes = b"") -> None:
        """Read a request, from `received` on, until it is whole."""
        conn.received = bytearray(received)
        conn.continued = False
        conn.sock.setblocking(False)
        self._wait(self.pending_conns, conn, REQUEST_SECONDS, self._read)
        self._go_on(conn)

    def _wait(self, waiting: deque[TConn], conn: TConn, seconds: float, then: Any) -> None:
        conn.timeout = time.monotonic() + seconds
        waiting.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(then, conn))

    def _release(self, waiting: deque[TConn], conn: TConn) -> None:
        waiting.remove(conn)
        self.poller.unregister(conn.sock)

    def _drop(self, waiting: deque[TConn], conn: TConn) -> None:
        self._release(waiting, conn)
        self.nr_conns -= 1
        conn.close()

    def _read(self, conn: TConn, client: socket.socket) -> None:
        try:
            data = client.recv(MOST_HEAD)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(self.pending_conns, conn)
            return
        conn.received += data
        self._go_on(conn)

    def _go_on(self, conn: TConn) -> None:
        """Give a whole request to a thread, refuse an endless one; else read on."""
        # Some clients end a body with a line break that is not part of it (RFC 9112, 2.2).
        while conn.received[:1] in (b"\r", b"\n"):
            del conn.received[:1]
        missing = missing_bytes(conn.received)
        if missing and len(conn.received) > MOST_HEAD + MOST_BODY:
            self._release(self.pending_conns, conn)
            _say(conn.sock, TOO_LONG)
            self._linger(conn)
        elif missing:
            if not conn.continued and _expects(conn.received):
                conn.continued = True
                _say(conn.sock, CONTINUE)
        else:
            self._release(self.pending_conns, conn)
            conn.data_ready = True
            conn.init()
            conn.parser.unreader.unread(bytes(conn.received))
            self.enqueue_req(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request on a kept connection begins."""
        self._release(self.keepalived_conns, conn)
        self._await(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Keep the connection for another request, or end it without waiting for the client."""
        try:
            kept = not fs.cancelled() and fs.result() is True
        except Exception:
            kept = False
        if not kept or conn.is_http2:
            self._linger(conn)
        elif ahead := conn.parser.unreader.take_buffered():
            self._await(conn, ahead)
        else:
            conn.sock.setblocking(False)
            seconds = self.cfg.keepalive if self.alive else LINGER_SECONDS
            self._wait(self.keepalived_conns, conn, seconds, self.on_client_socket_readable)

    def _linger(self, conn: TConn) -> None:
        """End our side, and give the client a moment to read before all is cut."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.drained = 0
        self._wait(self.lingering, conn, LINGER_SECONDS, self._drain)

    def _drain(self, conn: TConn, client: socket.socket) -> None:
        try:
            data = client.recv(MOST_HEAD)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > MOST_DRAINED:
            self._drop(self.lingering, conn)

    def murder_pending(self) -> None:
        """Drop whose time is over."""
        now = time.monotonic()
        for waiting in (self.pending_conns, self.lingering):
            while waiting and waiting[0].timeout <= now:
                self._drop(waiting, waiting[0])

    def _cap_keepalive(self, deadline: float) -> None:
        """A worker that stops waits for nobody's next words either."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer within bounds: who does not read, or stops in an upload, is given up."""
        conn.sock.settimeout(STEP_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError as error:
            raise OSError(errno.EPIPE, "the client does not read") from error

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """A body that nobody read is not waited for: the connection ends instead."""
        if not keepalive or _awaits_body(conn):
            return False
        return bool(super()._keepalive_after(conn, keepalive))


def missing_bytes(received: bytes | bytearray) -> int:
    """How many bytes a thread would have to wait for at least; 0 when it can begin.

    Larger bodies, and those in chunks, are read by the view, which looks first who sends them.
    """
    end = received.find(END)
    if end < 0:
        return 1
    # With the line break of the last header, by which the pattern knows a header's end.
    length = LENGTH.search(received, 0, end + 2)
    whole = end + len(END) + (int(length[1]) if length else 0)
    return max(0, whole - len(received)) if whole <= end + MOST_BODY else 0


def _expects(received: bytes | bytearray) -> bool:
    end = received.find(END)
    return end >= 0 and EXPECTS.search(received, 0, end + 2) is not None


def _awaits_body(conn: TConn) -> bool:
    reader = conn.parser.mesg.body.reader
    if isinstance(reader, LengthReader):
        return bool(reader.length > len(conn.parser.unreader.buf.getvalue()))
    return bool(getattr(reader, "parser", None))


def _say(client: socket.socket, line: bytes) -> None:
    try:
        client.send(line)
    except OSError:
        return
