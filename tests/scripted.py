"""A loopback server that gives a list of JSON answers in order and logs what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request the server received."""

    method: str
    path: str
    params: list[tuple[str, str]]
    body: Any
    headers: Message


@dataclass
class Script:
    """The answers still to give (each sent with 200, 404 when none is left) and the log."""

    answers: list[Any]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    script: Script

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        params = parse_qsl(address.query, keep_blank_values=True)
        sent = json.loads(body) if body else None
        self.script.asked.append(Asked(self.command, address.path, params, sent, self.headers))
        self._answer()

    do_POST = do_GET

    def _answer(self) -> None:
        left = self.script.answers
        self.send_response(200 if left else 404)
        content = left.pop(0) if left else {"error": "the script has no further answer"}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the test output quiet."""


@contextmanager
def scripted(*answers: Any) -> Iterator[Script]:
    """Serve the answers (JSON values, or raw bytes) one by one; yields the script and its log."""
    script = Script(list(answers))
    handler = type("Handler", (_Handler,), {"script": script})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        try:
            yield script
        finally:
            server.shutdown()
