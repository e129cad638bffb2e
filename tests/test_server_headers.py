"""What the real server believes of the headers that a client on this machine makes up."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import commands
from tests.workers import serving

INVENTED = (
    "SCRIPT_NAME: /evil",
    "Script-Name: /evil",
    "PATH_INFO: /evil",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Protocol: ssl",
    "X-Forwarded-Ssl: on",
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Prefix: /evil",
)


def answer(url: str, *headers: str) -> str:
    """The whole answer to GET / with these lines of headers."""
    place = urlsplit(url)
    lines = ["GET /login HTTP/1.1", f"Host: {place.netloc}", "Connection: close", *headers, "", ""]
    with socket.create_connection((place.hostname or "", place.port or 0), 60) as connection:
        connection.sendall("\r\n".join(lines).encode())
        with connection.makefile("rb") as stream:
            return stream.read().decode()


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_the_server_believes_no_header_of_a_client(
    database_settings: dict[str, str], tmp_path: Path
) -> None:
    served = (commands.ROOT / "scripts" / "serve").read_text()
    options = re.findall(r"--forwarded-\S+", served)
    settings = {**database_settings, "VIEWER_PASSWORD": "a long viewer's password"}
    with serving(settings, tmp_path / "log", 1, *options) as (url, _):
        for header in INVENTED:
            told = answer(url, header)
            assert told.startswith("HTTP/1.1 200"), header
            assert "evil" not in told, header
            assert "Strict-Transport-Security" not in told, header
