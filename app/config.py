"""Settings: read once from the environment into one frozen, typed object."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

from app.files import make_folder
from app.providers import PROVIDERS
from app.providers.settings import ProviderSettings

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
LOG_FORMATS = ("text", "json")
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class ConfigError(Exception):
    """A setting has a bad value; the message is one line that names the variable."""


@dataclass(frozen=True)
class Account:
    """How the account at a provider is reached: without a key it is not.

    `team` is what the account is called on screen, "" when nobody said.
    """

    key: str | None = field(default=None, repr=False)
    base_url: str = ""
    team: str = ""


def _no_accounts() -> dict[str, Account]:
    return {one.NAME: Account(base_url=one.SETTINGS.default_url) for one in PROVIDERS}


@dataclass(frozen=True)
class Config:
    """Every setting of the product. `None` means "not set"; secrets stay out of `repr`.

    `accounts` has an entry for every provider, by its name.
    """

    postgres_url: str | None = field(default=None, repr=False)
    postgres_read_url: str | None = field(default=None, repr=False)
    """A streaming replica of `postgres_url`, which pages and exports of figures are read from."""
    sqlite_path: Path = ROOT / "instance" / "tracker.db"
    accounts: Mapping[str, Account] = field(default_factory=_no_accounts)
    email_domain: str = ""
    """The domain of addresses made from key names, "" for the one that most members share."""
    admin_password: str | None = field(default=None, repr=False)
    allow_no_auth: bool = False
    viewer_password: str | None = field(default=None, repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    secret_key: str = field(default="", repr=False)
    sync_at: time = time(6, 0)
    scheduler: bool = True
    trusted_proxies: int = 0
    external_url: str | None = None
    log_format: str = ""
    max_upload_mb: int = 50
    scrypt_cost: int = 2**14
    """How slow passwords are to guess; no setting: only tests, which sign in often, lower it."""

    def provider_key(self, provider: str) -> str | None:
        """The admin key of a provider by its name, or None when it is not configured."""
        return self.accounts[provider].key

    def provider_team(self, provider: str) -> str:
        """What the account at a provider is called on screen, "" when nobody said."""
        return self.accounts[provider].team

    def provider_url(self, provider: str) -> str:
        """The base URL of a provider by its name."""
        return self.accounts[provider].base_url


def read_config(environ: Mapping[str, str], root: Path = ROOT) -> Config:
    """The settings in `environ`; relative paths count from `root`.

    A secret may come from a file named by `NAME_FILE`. Raises `ConfigError`.
    """
    reader = _SettingsReader(environ, root)
    sqlite_path = root / (reader.text("SQLITE_PATH") or "instance/tracker.db")
    return Config(
        postgres_url=reader.parsed("POSTGRES_URL", _postgres_url),
        postgres_read_url=reader.parsed("POSTGRES_READ_URL", _postgres_url),
        sqlite_path=sqlite_path,
        accounts={one.NAME: _account(reader, one.SETTINGS) for one in PROVIDERS},
        email_domain=reader.parsed("EMAIL_DOMAIN", _domain) or "",
        admin_password=reader.secret("ADMIN_PASSWORD"),
        allow_no_auth=reader.switch("ALLOW_NO_AUTH", default=False),
        viewer_password=reader.secret("VIEWER_PASSWORD"),
        cron_secret=reader.secret("CRON_SECRET"),
        secret_key=reader.parsed("SECRET_KEY", _secret_key) or kept_secret_key(root / "instance"),
        sync_at=reader.parsed("SYNC_AT", _clock_time) or time(6, 0),
        scheduler=reader.switch("SCHEDULER", default=True),
        trusted_proxies=reader.parsed("TRUSTED_PROXIES", _proxy_count) or 0,
        external_url=reader.parsed("EXTERNAL_URL", _own_url),
        log_format=reader.parsed("LOG_FORMAT", _log_format) or "",
        max_upload_mb=reader.parsed("MAX_UPLOAD_MB", _megabytes) or 50,
    )


class _SettingsReader:
    """Looks settings up and turns every fault into one line that names the variable."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self.environ = environ
        self.root = root

    def secret(self, name: str) -> str | None:
        """The value as written (blanks may be part of a password), or its file's content."""
        value, path = self.environ.get(name), self.environ.get(f"{name}_FILE")
        if value and path:
            raise ConfigError(f"{name}: set {name} or {name}_FILE, not both.")
        if path:
            try:
                value = (self.root / path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                raise ConfigError(f"{name}_FILE: cannot read the file: {reason}.") from None
            if not value:
                # Not the same as unset: an empty password would leave a door open.
                raise ConfigError(f"{name}_FILE: the file is empty.")
        return value or None

    def text(self, name: str) -> str | None:
        """The trimmed value, or None when it is empty."""
        return (self.secret(name) or "").strip() or None

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The value put through `parse`, whose ValueError becomes a ConfigError."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except ValueError as error:
            raise ConfigError(f"{name}: {error}") from None

    def switch(self, name: str, *, default: bool) -> bool:
        """An on/off setting."""
        value = (self.text(name) or "").lower()
        if not value:
            return default
        if value not in ("1", "on", "true", "yes", "0", "off", "false", "no"):
            raise ConfigError(f"{name}: must be on or off (1 or 0), not {value!r}.")
        return value in ("1", "on", "true", "yes")


def _account(reader: _SettingsReader, settings: ProviderSettings) -> Account:
    return Account(
        reader.parsed(settings.key, _header_value),
        reader.parsed(settings.base_url, _base_url) or settings.default_url,
        (settings.team and reader.text(settings.team)) or "",
    )


NO_URL = "is not a URL: check its port, and write special characters of a password as %XX."
NO_PARAMETER = "holds a parameter after the ? that PostgreSQL does not know."


def _split(text: str) -> SplitResult:
    """The parts of a URL. The standard library's own errors quote it, and with it a password."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(NO_URL) from None
    return parts


def _postgres_url(text: str) -> str:
    """A URL as libpq takes it: it may name several hosts, each with its port."""
    scheme, divider, rest = text.partition("://")
    place, slash, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    for host in hosts.split(","):
        parts = _split(f"{scheme}{divider}{user}{at}{host}{slash}{path}")
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("must start with postgres:// or postgresql://.")
    if not parts.path.strip("/"):
        raise ValueError("names no database: write postgresql://user:password@host/database.")
    try:
        parse_dsn(text)
    except ProgrammingError as error:
        raise ValueError(NO_URL if "percent" in str(error) else NO_PARAMETER) from None
    return text


def _base_url(text: str) -> str:
    parts = _split(text)
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \\?#")
    if parts.scheme not in ("https", "http") or not parts.hostname or not plain:
        raise ValueError("must be a URL such as https://api.example.com.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("must use https (http is accepted for this machine only).")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password.")
    return text.rstrip("/")


def _own_url(text: str) -> str:
    parts = _split(text)
    bare = f"{parts.scheme}://{parts.netloc}"
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \\@")
    if parts.scheme not in ("https", "http") or not parts.hostname or not plain:
        raise ValueError("must be an address such as https://usage.example.com.")
    if text.lower().rstrip("/") != bare.lower():
        raise ValueError(f"must end after the host, as in {bare}: the product is at its root.")
    return bare.lower()


def _header_value(text: str) -> str:
    text = text.strip().strip("\"'")
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise ValueError("holds blanks or characters that no key has; copy it again.")
    return text


def _domain(text: str) -> str:
    text = text.lower().lstrip("@")
    if not DOMAIN.fullmatch(text):
        raise ValueError(f"must be a domain such as example.com, not {text!r}.")
    return text


def _clock_time(text: str) -> time:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"must be a UTC time such as 06:00, not {text!r}.")
    return time.fromisoformat(text)


def _proxy_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]", text):
        raise ValueError(
            f"must be the number of proxies in front of this server, 0 to 9, not {text!r}."
        )
    return int(text)


def _megabytes(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise ValueError(f"must be a whole number of megabytes from 1 to 9999, not {text!r}.")
    return int(text)


def _log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError(f"must be {' or '.join(LOG_FORMATS)}, not {text!r}.")
    return text


def _secret_key(text: str) -> str:
    if len(text) < 16:
        raise ValueError("must have at least 16 characters; leave it unset to have one made.")
    return text


def kept_secret_key(instance: Path) -> str:
    """The signing key made once and kept in `instance` (mode 0600), shared by all workers."""
    path = instance / "secret_key"
    try:
        make_folder(instance)
        _write_once(path, secrets.token_hex(32))
        return _secret_key(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigError(
            f"SECRET_KEY: not set, and {path} cannot be written ({error.strerror})."
        ) from None
    except ValueError:
        raise ConfigError(
            f"SECRET_KEY: not set, and {path} holds no key. Delete that file to have one made."
        ) from None


def _write_once(path: Path, content: str) -> None:
    """Create `path` whole or not at all: another worker may be doing the same."""
    if path.exists():
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
