"""Settings: defaults, good and bad values, secrets that stay secret, and where they come from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from pathlib import Path
from threading import Barrier

import pytest

from app import create_app
from app.config import Config, ConfigError, kept_secret_key, read_config
from app.providers import PROVIDERS
from tests import commands

SIGNING = {"SECRET_KEY": "a key for tests only"}
KEYS = [provider.SETTINGS.key for provider in PROVIDERS]
SECRETS = [
    "POSTGRES_URL",
    "POSTGRES_READ_URL",
    *KEYS,
    "ADMIN_PASSWORD",
    "VIEWER_PASSWORD",
    "CRON_SECRET",
    "SECRET_KEY",
]
SEVERAL = "postgresql://me:x%40@a:5432,[::1],b:5433/n?target_session_attrs=read-write"
GOOD = [
    ("SQLITE_PATH", "/data/a.db", "sqlite_path", Path("/data/a.db")),
    ("POSTGRES_URL", "postgres://u:p@host/name", "postgres_url", "postgres://u:p@host/name"),
    ("POSTGRES_URL", "postgresql:///n?host=/run", "postgres_url", "postgresql:///n?host=/run"),
    ("POSTGRES_URL", SEVERAL, "postgres_url", SEVERAL),
    ("POSTGRES_READ_URL", "postgresql://b/n", "postgres_read_url", "postgresql://b/n"),
    ("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-x", "anthropic.key", "sk-ant-admin01-x"),
    ("ANTHROPIC_ADMIN_KEY", "  sk-ant-x\n", "anthropic.key", "sk-ant-x"),
    ("CURSOR_ADMIN_KEY", '"crsr_x"', "cursor.key", "crsr_x"),
    ("CURSOR_ADMIN_KEY", "'crsr_x'\r\n", "cursor.key", "crsr_x"),
    ("CURSOR_TEAM_SLUG", " our team ", "cursor.team", "our team"),
    ("ANTHROPIC_BASE_URL", "https://proxy.test/a/", "anthropic.base_url", "https://proxy.test/a"),
    ("CURSOR_BASE_URL", "http://127.0.0.1:8080", "cursor.base_url", "http://127.0.0.1:8080"),
    ("CURSOR_BASE_URL", "http://[::1]:80", "cursor.base_url", "http://[::1]:80"),
    ("EMAIL_DOMAIN", "@Example.COM", "email_domain", "example.com"),
    ("ADMIN_PASSWORD", " blanks count ", "admin_password", " blanks count "),
    ("VIEWER_PASSWORD", "pässword", "viewer_password", "pässword"),
    ("ALLOW_NO_AUTH", "1", "allow_no_auth", True),
    ("ALLOW_NO_AUTH", "0", "allow_no_auth", False),
    ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
    ("MAX_UPLOAD_MB", "200", "max_upload_mb", 200),
    ("EXTERNAL_URL", "https://usage.example.com", "external_url", "https://usage.example.com"),
    ("EXTERNAL_URL", " HTTPS://Usage.example/ ", "external_url", "https://usage.example"),
    ("EXTERNAL_URL", "http://10.0.0.5:5000", "external_url", "http://10.0.0.5:5000"),
    ("LOG_FORMAT", "json", "log_format", "json"),
    ("CRON_SECRET", "tick", "cron_secret", "tick"),
    ("SECRET_KEY", "0123456789abcdef", "secret_key", "0123456789abcdef"),
    ("SYNC_AT", "00:00", "sync_at", time(0, 0)),
    ("SYNC_AT", "23:59", "sync_at", time(23, 59)),
    ("SCHEDULER", "OFF", "scheduler", False),
    ("SCHEDULER", "on", "scheduler", True),
]
for provider in PROVIDERS:
    values = {"key": "a-key", "base_url": "https://a.test", "team": "our team"}
    GOOD += [
        (name, values[kind], f"{provider.NAME}.{kind}", values[kind])
        for kind in values
        if (name := getattr(provider.SETTINGS, kind))
    ]
BAD = [
    ("POSTGRES_URL", "mysql://host/name"),
    ("POSTGRES_URL", "host=here"),
    ("POSTGRES_URL", "postgresql://host"),
    ("POSTGRES_URL", "postgresql://host:port/name"),
    ("POSTGRES_URL", "postgresql://host:65536/name"),
    ("POSTGRES_URL", "postgresql://one:5432,two:port/name"),
    ("POSTGRES_URL", "postgresql://me:50%@host/name"),
    ("POSTGRES_URL", "postgresql://host/name?sslmod=require"),
    ("POSTGRES_READ_URL", "replica"),
    ("ANTHROPIC_ADMIN_KEY", "two words"),
    ("ANTHROPIC_ADMIN_KEY", '""'),
    ("CURSOR_ADMIN_KEY", "crsr_\nx"),
    ("CURSOR_ADMIN_KEY", "crsr_\u00a0x"),
    ("ANTHROPIC_BASE_URL", "api.anthropic.com"),
    ("ANTHROPIC_BASE_URL", "http://api.anthropic.com"),
    ("ANTHROPIC_BASE_URL", "https://host:99999"),
    ("ANTHROPIC_BASE_URL", "https://host/?key=x"),
    ("CURSOR_BASE_URL", "https://user:pass@host"),
    ("CURSOR_BASE_URL", "https://api cursor.com"),
    ("CURSOR_BASE_URL", "ftp://127.0.0.1"),
    ("EMAIL_DOMAIN", ";;"),
    ("EMAIL_DOMAIN", "localhost"),
    ("EMAIL_DOMAIN", "somebody@example.com"),
    ("EMAIL_DOMAIN", "example.com\nX: y"),
    ("ALLOW_NO_AUTH", "2"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "10"),
    ("TRUSTED_PROXIES", "\u0661"),
    ("SECRET_KEY", "short"),
    ("SYNC_AT", "6:00"),
    ("SYNC_AT", "24:00"),
    ("SYNC_AT", "06:00 Europe/Berlin"),
    ("SCHEDULER", "maybe"),
    ("EXTERNAL_URL", "usage.example.com"),
    ("EXTERNAL_URL", "ftp://usage.example.com"),
    ("EXTERNAL_URL", "https://usage.example.com/tracker"),
    ("EXTERNAL_URL", "https://usage.example.com?a=b"),
    ("EXTERNAL_URL", "https://me:hush@usage.example.com"),
    ("EXTERNAL_URL", "https://usage.example.com:x"),
    ("EXTERNAL_URL", "https://"),
    ("MAX_UPLOAD_MB", "0"),
    ("MAX_UPLOAD_MB", "1.5"),
    ("MAX_UPLOAD_MB", "much"),
]


def found(config: Config, field: str) -> object:
    """A field of the settings, or "provider.field" of an account."""
    provider, _, name = field.rpartition(".")
    return getattr(config.accounts[provider] if provider else config, name)


def refusal(environ: Mapping[str, str], root: Path) -> str:
    """The message that a bad setting gets."""
    with pytest.raises(ConfigError) as refused:
        read_config(environ, root)
    return str(refused.value)


def test_every_setting_has_its_default(tmp_path: Path) -> None:
    config = read_config({}, tmp_path)
    signing = (tmp_path / "instance" / "secret_key").read_text()
    assert config == Config(
        sqlite_path=tmp_path / "instance" / "tracker.db", secret_key=signing.strip()
    )
    assert (config.email_domain, config.sync_at) == ("", time(6, 0))
    assert config.scheduler
    assert not config.allow_no_auth
    assert config.provider_url("anthropic") == "https://api.anthropic.com"
    assert config.provider_url("cursor") == "https://api.cursor.com"
    assert config.provider_key("anthropic") is config.provider_key("cursor") is None


def test_empty_values_are_not_set(tmp_path: Path) -> None:
    blank = {name: "" for setting in commands.SETTINGS for name in (setting, f"{setting}_FILE")}
    assert read_config(blank, tmp_path) == read_config({}, tmp_path)


@pytest.mark.parametrize(("name", "text", "field", "value"), GOOD)
def test_takes_a_good_value(
    name: str, text: str, field: str, value: object, tmp_path: Path
) -> None:
    assert found(read_config(SIGNING | {name: text}, tmp_path), field) == value


@pytest.mark.parametrize(("name", "text"), BAD)
def test_refuses_a_bad_value_in_one_line_that_names_the_variable(
    name: str, text: str, tmp_path: Path
) -> None:
    message = refusal(SIGNING | {name: text}, tmp_path)
    assert message.startswith(f"{name}: ")
    assert message.isprintable()


@pytest.mark.parametrize("text", ["hush hush", "hush\nhush", '"hush" "hush"', "húsh", "hush\x00"])
@pytest.mark.parametrize("name", KEYS)
def test_a_bad_key_is_never_repeated(name: str, text: str, tmp_path: Path) -> None:
    message = refusal(SIGNING | {name: text}, tmp_path)
    assert message.startswith(f"{name}: ")
    assert "sh" not in message.replace(name, "")


@pytest.mark.parametrize("password", ["x[hush]x", "x\u2100hush", "x/hush", "x#hush", "x?hush"])
def test_a_password_that_breaks_a_url_is_never_repeated(password: str, tmp_path: Path) -> None:
    message = refusal({"POSTGRES_URL": f"postgresql://me:{password}@host/name"}, tmp_path)
    assert message.startswith("POSTGRES_URL: ")
    assert "hush" not in message


def test_secrets_stay_out_of_the_representation(tmp_path: Path) -> None:
    shown = repr(
        read_config({name: f"postgresql://me:hush@{name}/x" for name in SECRETS}, tmp_path)
    )
    assert "hush" not in shown
    assert "sync_at" in shown


@pytest.mark.parametrize("name", commands.SETTINGS)
def test_every_setting_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    text, field = next((text, field) for known, text, field, _ in GOOD if known == name)
    (tmp_path / "mounted").write_text(f"{text}\n")
    fallback = {} if name == "SECRET_KEY" else SIGNING
    from_file = read_config(fallback | {f"{name}_FILE": "mounted"}, tmp_path)
    assert found(from_file, field) == found(read_config(fallback | {name: text}, tmp_path), field)


@pytest.mark.parametrize("name", SECRETS)
def test_refuses_a_value_and_a_file_at_once(name: str, tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text("hush")
    both = {name: "hush", f"{name}_FILE": str(tmp_path / "mounted")}
    assert refusal(both, tmp_path) == f"{name}: set {name} or {name}_FILE, not both."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read the file: No such file or directory."),
        (b"\xff\xfe", "cannot read the file: it is not UTF-8 text."),
        (b"\n", "the file is empty."),
    ],
)
def test_a_useless_secret_file_is_a_bad_value(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "mounted"
    if content is not None:
        path.write_bytes(content)
    message = refusal(SIGNING | {"ADMIN_PASSWORD_FILE": str(path)}, tmp_path)
    assert message == f"ADMIN_PASSWORD_FILE: {reason}"


def test_a_relative_database_path_counts_from_the_root(tmp_path: Path) -> None:
    relative = read_config(SIGNING | {"SQLITE_PATH": "data/a.db"}, tmp_path)
    assert relative.sqlite_path == tmp_path / "data" / "a.db"
    absolute = read_config(SIGNING | {"SQLITE_PATH": f"{tmp_path}/b.db"}, Path("elsewhere"))
    assert absolute.sqlite_path == tmp_path / "b.db"


def test_the_signing_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    together = Barrier(8)

    def worker() -> str:
        together.wait()
        return read_config({}, tmp_path).secret_key

    with ThreadPoolExecutor(8) as pool:
        keys = {future.result() for future in [pool.submit(worker) for _ in range(8)]}
    assert keys == {kept_secret_key(tmp_path / "instance")}
    assert len(keys.pop()) == 64
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]
    assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 32])
def test_a_kept_signing_key_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "instance" / "secret_key"
    path.parent.mkdir()
    path.write_bytes(content)
    assert refusal({}, tmp_path) == (
        f"SECRET_KEY: not set, and {path} holds no key. Delete that file to have one made."
    )


def test_a_signing_key_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("in the way")
    assert "cannot be written" in refusal({}, tmp_path)


def test_the_folder_of_the_database_is_made_or_the_start_stops(tmp_path: Path) -> None:
    create_app(Config(sqlite_path=tmp_path / "new" / "folder" / "a.db"))
    assert (tmp_path / "new" / "folder").is_dir()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"^SQLITE_PATH: the folder .* cannot be made"):
        create_app(Config(sqlite_path=tmp_path / "file" / "a.db"))
    with pytest.raises(ConfigError, match=r"^SQLITE_PATH: .* is a folder"):
        create_app(Config(sqlite_path=tmp_path / "new"))


def test_a_replica_needs_a_primary() -> None:
    with pytest.raises(ConfigError, match=r"^POSTGRES_READ_URL: names a replica"):
        create_app(Config(postgres_read_url="postgresql://b/n"))


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "text"), [("EMAIL_DOMAIN", ";;"), ("SQLITE_PATH", "wsgi.py/a.db")]
)
def test_a_bad_value_stops_a_command_with_one_line(name: str, text: str) -> None:
    answer = commands.run({name: text}, "migrate")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(f"Cannot start: {name}: ")


@pytest.mark.process
def test_a_bad_value_stops_the_server_instead_of_restarting_it_for_ever() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0", "--workers", "1"],
        cwd=commands.ROOT,
        env=commands.environment({"EMAIL_DOMAIN": ";;"}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert answer.returncode != 0
    assert answer.stderr.count("Cannot start: EMAIL_DOMAIN: ") == 1
    assert "Traceback" not in answer.stderr


@pytest.fixture
def copy_of_the_project(tmp_path: Path) -> Path:
    """What the product runs from, because a developer's own settings file is none of ours."""
    for name in ("app", "migrations", "templates", "static"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(commands.ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(commands.ROOT / "wsgi.py", tmp_path)
    return tmp_path


@pytest.mark.process
@pytest.mark.parametrize(
    ("environ", "found"), [({}, "file.db"), ({"SQLITE_PATH": "environment.db"}, "environment.db")]
)
def test_the_settings_file_in_the_root_is_read_after_the_environment(
    environ: dict[str, str], found: str, copy_of_the_project: Path
) -> None:
    (copy_of_the_project / ".env").write_text('export SQLITE_PATH="file.db"\n')
    inherited = commands.environment({})
    del inherited["SQLITE_PATH"]
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "migrate"],
        cwd=copy_of_the_project,
        env=inherited | environ,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert [path.name for path in copy_of_the_project.glob("*.db")] == [found]


def test_this_suite_does_not_see_a_developers_settings() -> None:
    assert [name for name in commands.SETTINGS if os.environ.get(name)] == []


def test_the_largest_upload_is_50_megabytes_unless_set(tmp_path: Path) -> None:
    settings = {"SECRET_KEY": "x" * 16}
    assert read_config(settings, tmp_path).max_upload_mb == 50
    assert read_config({**settings, "MAX_UPLOAD_MB": "200"}, tmp_path).max_upload_mb == 200
