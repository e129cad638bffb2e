"""The examples in docs/deploy: their files, settings and commands are those of this version."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "docs" / "deploy").iterdir())
UNIT = ROOT / "docs" / "deploy" / "ai-usage-tracker.service"
KNOWN = set(
    re.findall(r'reader\.\w+\(\s*"([A-Z_]+)"', (ROOT / "app" / "config.py").read_text())
) | {"HOST", "PORT"}
OURS = r"\b([A-Z]+(?:_[A-Z]+)*_(?:URL|PATH|KEY|PASSWORD|SECRET|FORMAT|PROXIES|MB)|SCHEDULER)\b"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_names_only_settings_that_exist(example: Path) -> None:
    named = {name.removesuffix("_FILE") for name in re.findall(OURS, example.read_text())}
    assert named - KNOWN == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_serves_as_the_script_does(example: Path) -> None:
    """The worker class, because others break the clock; no control socket in a home folder."""
    text = example.read_text()
    if "gunicorn wsgi:app" not in text:
        return
    for option in (
        "--worker-class app.serving.Worker",
        "--worker-connections 500",
        "--no-control-socket",
        "--limit-request-line 8190",
        "--forwarded-allow-ips= ",
    ):
        assert option in text
        assert option in (ROOT / "scripts" / "serve").read_text()
    assert "--preload" not in text


def test_the_container_copies_what_is_there() -> None:
    text = (ROOT / "docs" / "deploy" / "Containerfile").read_text()
    copied = [line.split()[1] for line in text.splitlines() if line.startswith("COPY ")]
    copied = [name for name in copied if not name.startswith("--from")]
    assert set(copied) >= {"app", "migrations", "templates", "static", "wsgi.py"}
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd here")
    unit = tmp_path / UNIT.name
    # Its programs must exist for systemd to be content.
    text = re.sub(r"/opt/ai-usage-tracker/\.venv/bin/\w+", "/bin/true", UNIT.read_text())
    unit.write_text(text)
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True)
    assert UNIT.name not in done.stderr
