"""Two loopback HTTP servers, one for each vendor, with a log of what they were asked."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from tests.upstream import anthropic_api, cursor_api
from tests.upstream.company import Company
from tests.upstream.faults import Action, Exchange, FaultPlan
from tests.upstream.wire import Answer, Request


class RequestSeen(NamedTuple):
    """One request in the log; `status` is what was answered, 0 for a reset connection.

    `params` are the decoded query parameters in order, `body` the decoded JSON or None.
    """

    provider: str
    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    body: Any
    status: int
    headers: Mapping[str, str]


class Upstream:
    """Both vendors' APIs over HTTP for one company, while inside `with`.

    Settings, changeable at any time: `anthropic_key`, `cursor_key`; `page_rows` (most
    result rows on a page of the messages report, a day continues on the next page),
    `list_page_cap` (most objects on a page of a directory list), `cursor_page_cap` (most
    events on a page). None is no cap. `tells_speed`: whether the messages report can be grouped
    by speed. An error inside the server itself answers 500 and
    is raised again when the `with` ends.
    """

    def __init__(self, company: Company | None = None) -> None:
        self.company = company or Company()
        self.anthropic_key = "sk-ant-admin01-invented-key-of-the-company-0001"
        self.cursor_key = "crsr_invented_key_of_the_company_0001"
        self.page_rows: int | None = None
        self.tells_speed = True
        self.list_page_cap: int | None = None
        self.cursor_page_cap: int | None = None
        self.log: list[RequestSeen] = []
        self.anthropic_url = self.cursor_url = ""
        self._faults = FaultPlan()
        self._sent: dict[tuple[str, str], Answer] = {}
        self.broken: list[Exception] = []
        self._servers: list[VendorServer] = []

    def __enter__(self) -> Self:
        anthropic = VendorServer(self, "anthropic", anthropic_api.answer)
        cursor = VendorServer(self, "cursor", cursor_api.answer)
        self._servers = [anthropic, cursor]
        self.anthropic_url, self.cursor_url = anthropic.url, cursor.url
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for server in self._servers:
            server.stop()
        if self.broken and error is None:
            raise self.broken[0]

    def fault(
        self, provider: str, path_part: str, nth: int, action: Action, *, times: int | None = 1
    ) -> None:
        """Spoils the nth request from now (1-based) whose path contains `path_part`.

        `provider`: "anthropic" or "cursor". `action`: "reset", "truncate", "html",
        "repeat_token", "drop_event", an Answer, a (status, headers, body bytes) tuple, or
        a function from Exchange to Answer. `times=None` keeps spoiling for ever.
        """
        self._faults.add(provider, path_part, nth, action, times)

    def clear_faults(self) -> None:
        """From now on every answer is right."""
        self._faults.clear()

    def seen(self, provider: str, path_part: str = "") -> list[RequestSeen]:
        """The logged requests of a provider whose path contains `path_part`."""
        return [one for one in self.log if one.provider == provider and path_part in one.path]

    def respond(self, provider: str, api: Api, request: Request) -> Answer:
        """The answer to send for a request, which is then in the log."""
        try:
            right = api(self, request)
            previous = self._sent.get((provider, request.path))
            answer = self._faults.spoil(Exchange(provider, request, right, previous))
        except Exception as error:
            self.broken.append(error)
            answer = Answer(500, {"error": f"the test server itself failed: {error!r}"})
        self._sent[provider, request.path] = answer
        status = 0 if answer.cut == "reset" else answer.status
        self.log.append(
            RequestSeen(provider, *request[:3], _json(request), status, request.headers)
        )
        return answer


Api = Callable[[Upstream, Request], Answer]


class VendorServer(ThreadingHTTPServer):
    """One vendor on a port of its own, served from a thread until `stop`."""

    daemon_threads = True

    def __init__(self, upstream: Upstream, provider: str, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.provider, self.api = upstream, provider, api
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Closes the port and every connection that a client keeps alive."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else fails the test."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.upstream.broken.append(error)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, sends the answer, keeps the connection open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: VendorServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("content-length") or 0)),
        )
        self._send(self.server.upstream.respond(self.server.provider, self.server.api, request))

    do_POST = do_PUT = do_DELETE = do_GET

    def _send(self, answer: Answer) -> None:
        if answer.cut == "reset":
            self._reset()
            return
        body = answer.body()
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        self.send_response(answer.status)
        for name, value in (headers | dict(answer.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if answer.cut == "truncate":
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def _reset(self) -> None:
        """Closes with a TCP reset: linger of zero seconds, no orderly shutdown."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:
        """The log of the server is `Upstream.log`."""


def _json(request: Request) -> Any:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None
