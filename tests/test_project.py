"""The project's own promises: its locks, its commands, its README and its settings."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.config import read_config
from app.providers import PROVIDERS, Provider
from app.states import BatchStatus, Failure, Rule, RunKind, RunStatus, SlotStatus, Source
from app.web.request.assets import STYLES, joined_styles

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": ["build", "server"],
    "requirements-dev.lock": ["build", "server", "dev"],
}
SCRIPTS = ["scripts/serve", "scripts/test", "scripts/lock", ".ci/run"]


LOCK_LINE = re.compile(
    r"#.*"
    r"|[a-z0-9][a-z0-9._-]*==[0-9][^ /]*( ; [^/\\]+)? \\"
    r"|    --hash=sha256:[0-9a-f]{64}( \\)?"
)


class _Asked(dict[str, str]):
    """An environment without any setting, which keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(SECRET_KEY="a key for tests only")
        self.names: list[str] = []

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.append(name)
        return super().get(name, default)


def settings_read() -> list[str]:
    """Every variable that the code reads, as it reads them."""
    asked = _Asked()
    read_config(asked, ROOT)
    return [name for name in asked.names if not name.endswith("_FILE")]


def lock_lines(name: str) -> list[str]:
    return (ROOT / name).read_text().splitlines()


def locked_versions(name: str) -> dict[str, str]:
    pins = [line.split()[0] for line in lock_lines(name) if "==" in line and line[0].isalnum()]
    return {
        canonicalize_name(package): version for package, version in (p.split("==") for p in pins)
    }


def wanted_requirements(extras: list[str]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][e] for e in extras)]
    return [Requirement(line) for group in groups for line in group]


def run_script(script: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / script, *arguments],
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_only_packages_and_hashes(lock: str) -> None:
    odd = [line for line in lock_lines(lock) if not LOCK_LINE.fullmatch(line)]
    assert odd == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_in_its_comments(lock: str) -> None:
    comments = " ".join(line for line in lock_lines(lock) if line.startswith("#"))
    assert not re.search(r"://|--(find-links|index|extra-index)|(^|\s)/", comments)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    packages = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.M)[1:]
    assert [text for text in packages if "--hash=sha256:" not in text] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_the_project(lock: str) -> None:
    locked = locked_versions(lock)
    unsatisfied = [
        str(requirement)
        for requirement in wanted_requirements(LOCKS[lock])
        if locked.get(canonicalize_name(requirement.name), "0") not in requirement.specifier
    ]
    assert unsatisfied == [], f"run scripts/lock to bring {lock} up to date"


def test_both_locks_agree() -> None:
    assert (
        locked_versions("requirements.lock").items()
        <= locked_versions("requirements-dev.lock").items()
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_executable(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.parametrize("script", ["scripts/serve", "scripts/lock", ".ci/run"])
def test_a_script_refuses_an_unknown_option(script: str) -> None:
    answer = run_script(script, "--nonsense")
    assert answer.returncode == 2
    assert "usage: " + script in answer.stderr


def test_serve_tells_its_options() -> None:
    answer = run_script("scripts/serve", "--help")
    assert answer.returncode == 0
    assert "--demo" in answer.stdout


@pytest.mark.parametrize("port", ["web", "0", "65536", "-1", "50 00"])
def test_serve_refuses_a_bad_port(port: str) -> None:
    answer = run_script("scripts/serve", PORT=port)
    assert answer.returncode == 2
    assert f'PORT is "{port}"' in answer.stderr


def test_serve_says_that_the_port_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        answer = run_script("scripts/serve", PORT=port, HOST="127.0.0.1")
    assert answer.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in answer.stderr


def test_the_readme_starts_with_the_two_commands() -> None:
    assert readme_commands()[:2] == ["scripts/serve --demo", "scripts/test"]


def test_the_readme_explains_the_settings_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| .+ \| .+ \|$", (ROOT / "README.md").read_text(), re.M)
    assert sorted(rows) == sorted(settings_read())


def test_the_example_settings_are_the_settings() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert sorted(names) == sorted(settings_read())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_example_and_the_readme_name_the_address_of_a_provider(provider: Provider) -> None:
    name, url = provider.SETTINGS.base_url, provider.SETTINGS.default_url
    assert f"#{name}={url}\n" in (ROOT / ".env.example").read_text()
    assert f"| `{name}` | `{url}` |" in (ROOT / "README.md").read_text()


WORDS_OF_STATES = {
    word
    for kind in (Source, BatchStatus, RunKind, RunStatus, Failure, Rule, SlotStatus)
    for word in kind
}
COMPARED_WITH_A_STATE = re.compile(rf"[!=]= ?[\"']({'|'.join(WORDS_OF_STATES)})[\"']")
SQLITES_OWN_OK = "app/soundness.py"


def test_a_state_is_compared_by_its_name() -> None:
    code = [*(ROOT / "app").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    retyped = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in code
        for line in path.read_text().splitlines()
        if COMPARED_WITH_A_STATE.search(line) and path != ROOT / SQLITES_OWN_OK
    ]
    assert retyped == []


def test_every_stylesheet_is_served(client: FlaskClient) -> None:
    """In one answer, whatever its name, in the order of their layers, and kept by browsers."""
    names = {path.stem for path in (ROOT / "static" / "css").glob("*.css")}
    assert names == set(STYLES)
    address = re.search(r'rel="stylesheet" href="([^"]+)"', client.get("/").text)
    assert address
    answer = client.get(address[1])
    assert answer.mimetype == "text/css"
    assert answer.text == joined_styles(ROOT / "static")
    assert answer.text.count("@layer reset, tokens, base, layout, components, utilities;") == 1
    assert "immutable" in answer.headers["Cache-Control"]
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(address[1], headers=tag).status_code == 304


def test_the_benchmark_is_one_of_this_program() -> None:
    """It measures from within, and stands in no check of types."""
    told = subprocess.run(
        [sys.executable, "scripts/bench", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert "--results" in told.stdout


MOST_BY_POSITION = 6


def test_a_call_with_many_arguments_names_them() -> None:
    """Columns of a query are a list: `select` takes as many as it likes."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and len(node.args) > MOST_BY_POSITION
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "select")
    ]
    assert calls == []


SAME_BY_DESIGN = {"Table"}


def test_a_class_has_a_name_of_its_own() -> None:
    """One word, one thing: who reads a name knows which class is meant."""
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in shared.items() if name not in SAME_BY_DESIGN} == {}
