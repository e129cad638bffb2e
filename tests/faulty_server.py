"""A real loopback HTTP server that answers as told: well, slowly, cut short, reset or endlessly.

    with FaultyServer([Answer(status=503), json_answer({"data": []})]) as server:
        requests.get(server.url + "/v1/x")
    assert [seen.method for seen in server.seen] == ["GET"]

Each request takes the next answer of the script; after its end the last one repeats.
"""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPMessage, parse_headers
from typing import Any

STEP = 0.002


@dataclass(frozen=True)
class Answer:
    """One scripted answer; times in seconds.

    `delay` passes before the first byte. `drip` sends the body, and `drip_head` the head, one
    byte at a time with that pause. `cut` closes the connection after so many bytes of the body,
    with a reset instead of an end when `reset` is set. `framing` is "length", "chunked" or
    "close" (the body ends with the connection); `length` is a false Content-Length.
    `keep` leaves the connection open for the next request.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b'{"data": []}'
    delay: float = 0.0
    drip: float = 0.0
    drip_head: float = 0.0
    cut: int | None = None
    reset: bool = False
    framing: str = "length"
    length: int | None = None
    keep: bool = False

    @property
    def head(self) -> bytes:
        """The status line and the headers."""
        lines = [f"HTTP/1.1 {self.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.framing == "length":
            length = len(self.body) if self.length is None else self.length
            lines.append(f"Content-Length: {length}")
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        lines.append(f"Connection: {'keep-alive' if self.keep else 'close'}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def sent_body(self) -> bytes:
        """The bytes that follow the head, framed and cut."""
        framed = _chunked(self.body) if self.framing == "chunked" else self.body
        return framed if self.cut is None else framed[: self.cut]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: HTTPMessage
    body: bytes
    at: float
    connection: int


@dataclass
class FaultyServer:
    """Serves `script` on 127.0.0.1; `seen` is the log of requests, `url` the base address."""

    script: Sequence[Answer]
    tls: ssl.SSLContext | None = None
    on_request: Callable[[], None] = lambda: None
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> FaultyServer:
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.faulty = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(STEP,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def next_answer(self) -> Answer:
        """The answer to the request seen last."""
        return self.script[min(len(self.seen), len(self.script)) - 1]


def json_answer(value: Any, **rest: Any) -> Answer:
    """An answer whose body is `value` as JSON."""
    return Answer(body=json.dumps(value).encode(), **rest)


def gzip_answer(body: bytes, **rest: Any) -> Answer:
    """An answer with a compressed body."""
    return Answer(body=gzip.compress(body), headers=[("Content-Encoding", "gzip")], **rest)


def gzip_bomb(mebibytes: int) -> Answer:
    """An answer that is about a thousand times larger once decompressed."""
    packer = zlib.compressobj(wbits=31)
    parts = [packer.compress(b" " * 2**20) for _ in range(mebibytes)]
    return Answer(body=b"".join([*parts, packer.flush()]), headers=[("Content-Encoding", "gzip")])


def redirect(location: str, status: int = 302) -> Answer:
    """An answer that sends the client elsewhere."""
    return Answer(status=status, headers=[("Location", location)], body=b"")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    allow_reuse_address = True
    faulty: FaultyServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up in the middle are what is tested."""


class _Conversation(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        faulty = self.server.faulty
        faulty.connections += 1
        self.number = faulty.connections
        self.request.settimeout(5)
        if faulty.tls:
            self.request = faulty.tls.wrap_socket(self.request, server_side=True)
        with self.request, self.request.makefile("rb") as reader:
            while self._answer_one(reader):
                pass

    def _answer_one(self, reader: Any) -> bool:
        faulty = self.server.faulty
        request_line = reader.readline().decode().split()
        if not request_line:
            return False
        headers = parse_headers(reader)
        body = reader.read(int(headers.get("Content-Length", 0)))
        method, target, _ = request_line
        faulty.seen.append(Seen(method, target, headers, body, time.monotonic(), self.number))
        faulty.on_request()
        answer = faulty.next_answer()
        self._send(answer)
        return answer.keep and answer.cut is None

    def _send(self, answer: Answer) -> None:
        self.server.faulty.closing.wait(answer.delay)
        self._trickle(answer.head, answer.drip_head)
        self._trickle(answer.sent_body, answer.drip)
        if answer.reset:
            time.sleep(0.02)  # so that what was sent is read before the reset drops it
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _trickle(self, data: bytes, pause: float) -> None:
        if not pause:
            self.request.sendall(data)
            return
        for position in range(len(data)):
            self.request.sendall(data[position : position + 1])
            if self.server.faulty.closing.wait(pause):
                return


def _chunked(body: bytes, size: int = 65_536) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
