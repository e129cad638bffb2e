"""Our own `flask` commands as processes of their own, cut off from a developer's settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from click.testing import Result
from flask.testing import FlaskCliRunner

from app import create_app
from app.config import Config
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
SECONDS = 300
"""When what should come is given up: no test waits so long but for one that fails."""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that sees `settings` and no other.

    The rest is set to nothing, because a `.env` fills in only what is not set at all.
    """
    blank = {name: "" for setting in SETTINGS for name in (setting, f"{setting}_FILE")}
    flask = {"FLASK_SKIP_DOTENV": "1", "SECRET_KEY": "a key for tests only"}
    return os.environ | blank | flask | dict(settings)


def providers(upstream: Upstream, *names: str) -> dict[str, str]:
    """The settings that point the named providers at the loopback upstream."""
    both = {
        "anthropic": (upstream.anthropic_key, upstream.anthropic_url),
        "cursor": (upstream.cursor_key, upstream.cursor_url),
    }
    settings = {}
    for name in names:
        settings[f"{name.upper()}_ADMIN_KEY"], settings[f"{name.upper()}_BASE_URL"] = both[name]
    return settings


def start(
    settings: Mapping[str, str], *arguments: str, folder: Path = ROOT
) -> subprocess.Popen[str]:
    """Start `flask` with `arguments`; its output is read through pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=folder,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for the end of a started command: exit code and what it still had to say."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        # Else the end of a `with` block waits for it without end.
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(
    settings: Mapping[str, str], *arguments: str, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run `flask` with `arguments` to its end."""
    return finish(start(settings, *arguments, folder=folder))


def run_here(config: Config, *arguments: str) -> Result:
    """Run `flask` with `arguments` in this process, for what is no business of a process."""
    runner: FlaskCliRunner = create_app(config).test_cli_runner()
    return runner.invoke(args=list(arguments))
