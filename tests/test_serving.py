"""The real server among clients that fall silent, stammer, or never read: it answers the others."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.serving import MOST_BODY, missing_bytes
from tests import commands
from tests.workers import serving

PATIENCE = 40
"""Seconds within which a server that is not stopped answers, on a busy machine, too."""
HEAD = b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SILENT = (
    b"",
    b"GET / HT",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
    HEAD + FORM + b"Content-Length: 1000\r\n\r\npassword=",
    HEAD + FORM + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n",
    HEAD + FORM + b"Content-Length: 900000\r\n\r\n",
    HEAD + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
    # Answered, but neither read nor ended by the client.
    b"GET /healthz HTTP/1.0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /static/vendor/htmx-4.0.1.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3,
)


class Clients:
    """Connections to one server, all closed at the end."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._place, self._stack = urlsplit(url), stack

    def say(self, *pieces: bytes) -> socket.socket:
        """A new connection on which these pieces were sent."""
        place = (self._place.hostname or "", self._place.port or 0)
        client = self._stack.enter_context(socket.create_connection(place, PATIENCE))
        for piece in pieces:
            client.sendall(piece)
        return client

    def ask(self, *pieces: bytes) -> bytes:
        """The first line of the answer."""
        return first_line(self.say(*pieces))

    def is_well(self) -> bool:
        """Whether the server answers somebody who asks properly."""
        return self.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b"HTTP/1.1 200 OK"


def first_line(client: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n") and (byte := client.recv(1)):
        line += byte
    return line.strip()


def read_until(client: socket.socket, wanted: bytes) -> bytes:
    """All that came up to `wanted`, or to the end."""
    read = b""
    while wanted not in read and (piece := client.recv(10_000)):
        read += piece
    return read


@pytest.fixture(params=["sqlite"])
def database_engine(request: pytest.FixtureRequest) -> str:
    """The server's clients do not reach the database."""
    return request.param


@contextmanager
def served(settings: dict[str, str], folder: Path, *options: str) -> Iterator[Clients]:
    """A server with one worker and the options of `scripts/serve`."""
    command = (commands.ROOT / "scripts" / "serve").read_text()
    own = re.findall(r"--(?:worker-connections|limit|forwarded)\S+ ?[0-9]*", command)
    words = [word for option in own for word in option.split()]
    assert "--worker-class app.serving.Worker" in command
    with serving(settings, folder / "log", 1, *words, *options) as (url, _), ExitStack() as stack:
        yield Clients(url, stack)


@pytest.mark.process
def test_silent_clients_keep_nobody_waiting(
    database_settings: dict[str, str], tmp_path: Path
) -> None:
    settings = {**database_settings, "ADMIN_PASSWORD": "the admin's pässword"}
    with served(settings, tmp_path) as clients:
        for said in SILENT:
            silent = [clients.say(said) for _ in range(20)]
            assert clients.is_well(), said
        assert clients.is_well()
        # In the end they are given up.
        half = clients.say(SILENT[2])
        assert half.recv(100) == b""
        assert len(silent) == 20
    assert (tmp_path / "log").read_text() == ""


@pytest.mark.process
def test_idle_connections_beyond_the_most_make_room(
    database_settings: dict[str, str], tmp_path: Path
) -> None:
    with served(database_settings, tmp_path, "--worker-connections", "30") as clients:
        for said in (b"", SILENT[2], SILENT[-2]):
            for _ in range(60):
                clients.say(said)
            assert clients.is_well(), said


@pytest.mark.process
def test_slow_and_quick_clients_are_understood(
    database_settings: dict[str, str], tmp_path: Path
) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    json = b"Content-Type: application/json\r\n"
    auth = b"POST /api/auth HTTP/1.1\r\nHost: localhost\r\n" + json
    body = b'{"password": "x"}'
    length = b"Content-Length: %d\r\n" % len(body)
    with served(database_settings, tmp_path) as clients:
        assert clients.ask(*(request[at : at + 1] for at in range(len(request)))).endswith(b"OK")
        assert clients.ask(b"\r\n\r\n" + request).endswith(b"OK")
        split = clients.ask(auth + length + b"\r\n", body[:5], body[5:])
        assert split == b"HTTP/1.1 401 UNAUTHORIZED"
        both = clients.say(request + request[:20])
        assert first_line(both).endswith(b"OK")
        both.sendall(request[20:] + auth + length + b"\r\n" + body)
        assert read_until(both, b"HTTP/1.1 401").count(b"HTTP/1.1 ") == 2
        expecting = clients.say(auth + length + b"Expect: 100-continue\r\n\r\n")
        assert first_line(expecting) == b"HTTP/1.1 100 Continue"
        expecting.sendall(body)
        assert b"HTTP/1.1 401" in read_until(expecting, b"HTTP/1.1 401")


@pytest.mark.process
def test_strangers_send_little(database_settings: dict[str, str], tmp_path: Path) -> None:
    settings = {**database_settings, "ADMIN_PASSWORD": "the admin's pässword", "CRON_SECRET": "x"}
    chunked = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with served(settings, tmp_path) as clients:
        paths = (b"/login", b"/logout", b"/api/auth", b"/api/cron/sync", b"/theme", b"/my-team")
        for path in paths:
            start = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
            large = clients.ask(start + b"Content-Length: 70000\r\n\r\n")
            assert large.startswith(b"HTTP/1.1 413"), path
            assert clients.ask(start + chunked).startswith(b"HTTP/1.1 411"), path
        endless = clients.say(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        endless.sendall(b"x" * 3 * MOST_BODY)
        assert first_line(endless) == b"HTTP/1.1 431 Request Header Fields Too Large"


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:3 \r\nA: b\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nA: b\r\n\r\n\r\nContent-Length: 99\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"nonsense\r\n\r\n", True),
    ],
)
def test_a_thread_is_given_to_whole_requests(received: bytes, whole: bool) -> None:
    assert (missing_bytes(received) == 0) is whole
