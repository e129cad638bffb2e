"""What may be wrong with an installation, found by trying, and what to do about it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from peewee import PeeweeException

from app.access.passwords import FEWEST_CHARACTERS, WEAK_WORDS, is_weak
from app.config import LOOPBACK_HOSTS, ROOT, Config
from app.database import (
    OutdatedSchema,
    database,
    describe,
    has_replica,
    is_postgres,
    pending_migrations,
)
from app.files import FILE_MODE, FOLDER_MODE, open_to_others
from app.identity import address_domain
from app.providers import PROVIDERS, Provider
from app.queries.replica import replica_health
from app.soundness import sqlite_damage
from app.states import RunStatus
from app.upstream import Limits, UpstreamError

FEW_CHARACTERS = 8
LEAST_DISK = 200 * 2**20
LITTLE_DISK = 2 * 2**30
OLDEST_POSTGRES = 12
MOST_SKEW_SECONDS = 300
QUICK = Limits(
    attempts=1,
    connect_timeout=5.0,
    read_timeout=10.0,
    total_deadline=15.0,
    run_deadline=15.0,
)


class Level(StrEnum):
    """How bad a finding is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """One thing that was looked at: what was found and, unless it is fine, what to do."""

    level: Level
    subject: str
    found: str
    advice: str = ""


Findings = Iterator[Finding]


def examine(config: Config, environ: Mapping[str, str]) -> Findings:
    """Look at everything, one finding after the other; `environ` tells HOST. Never raises."""
    yield from _login(config, environ.get("HOST", "127.0.0.1"))
    yield from _secrets(config)
    yield from _database(config)
    yield from _files(config)
    yield from _disk(config)
    for provider in PROVIDERS:
        yield from _provider(config, provider)


def _login(config: Config, host: str) -> Findings:
    local = host in LOOPBACK_HOSTS
    advice = "Set ADMIN_PASSWORD, and VIEWER_PASSWORD to ask readers for a login too."
    if config.admin_password:
        yield _length("ADMIN_PASSWORD", config.admin_password)
    elif config.allow_no_auth:
        found = "open: whoever reaches the port administers (ALLOW_NO_AUTH=1)"
        yield Finding(Level.WARN if local else Level.FAIL, "login", found, advice)
    else:
        found = "no password: this machine alone administers"
        yield Finding(Level.OK if local else Level.WARN, "login", found, "" if local else advice)
    if config.viewer_password:
        yield _length("VIEWER_PASSWORD", config.viewer_password)
    elif not local:
        found = f"everyone who reaches {host} reads everything"
        yield Finding(Level.WARN, "readers", found, "Set VIEWER_PASSWORD, or HOST=127.0.0.1.")
    if config.external_url:
        yield Finding(Level.OK, "EXTERNAL_URL", config.external_url)
    elif not local or config.trusted_proxies or config.allow_no_auth:
        found = "not set: the server answers to any name, also one that leads here from elsewhere"
        advice = "Set EXTERNAL_URL to the address that people open."
        yield Finding(Level.WARN, "EXTERNAL_URL", found, advice)


def _length(name: str, secret: str) -> Finding:
    if not is_weak(secret):
        return Finding(Level.OK, name, "set")
    advice = f"Use at least {FEWEST_CHARACTERS} characters."
    return Finding(Level.WARN, name, "easy to guess", advice)


def _secrets(config: Config) -> Findings:
    key = config.secret_key.lower()
    weak = len(set(key)) < FEW_CHARACTERS or any(word in key for word in WEAK_WORDS)
    advice = "Unset SECRET_KEY to have one made, or set 32 random characters."
    yield (
        Finding(Level.WARN, "SECRET_KEY", "easy to guess", advice)
        if weak
        else Finding(Level.OK, "SECRET_KEY", "set")
    )
    if config.cron_secret:
        yield _length("CRON_SECRET", config.cron_secret)


def _database(config: Config) -> Findings:
    try:
        with database.connection_context():
            yield Finding(Level.OK, "database", f"{describe()} answers")
            schema = list(_guarded("schema", _schema))
            yield from schema
            if all(finding.level is Level.OK for finding in schema):
                yield from _guarded("EMAIL_DOMAIN", partial(_address_domain, config))
            yield from _guarded("database", _postgres_version if is_postgres() else _integrity)
            yield from _guarded("database", _writable)
            if has_replica():
                yield from _guarded("replica", _replica)
    except PeeweeException as error:
        found = " ".join(f"{describe()} does not answer: {error}".split())
        advice = "Check POSTGRES_URL and the server." if is_postgres() else "Check SQLITE_PATH."
        yield Finding(Level.FAIL, "database", found, advice)


def _guarded(subject: str, look: Callable[[], Finding]) -> Findings:
    try:
        yield look()
    except PeeweeException as error:
        found = " ".join(f"{describe()}: {error}".split())
        yield Finding(Level.FAIL, subject, found, "See the database's own log.")


def _schema() -> Finding:
    try:
        pending = pending_migrations()
    except OutdatedSchema as error:
        return Finding(Level.FAIL, "schema", str(error), "Start the newer version.")
    if pending:
        found = f"{len(pending)} migrations are missing, from {pending[0]}"
        return Finding(Level.FAIL, "schema", found, "Run `flask migrate`.")
    return Finding(Level.OK, "schema", "current")


def _address_domain(config: Config) -> Finding:
    """Whose domain keys get that name somebody who is no member."""
    domain = address_domain(config.email_domain)
    return Finding(Level.OK, "EMAIL_DOMAIN", f"{domain.name}: {domain.reason}")


def _integrity() -> Finding:
    damage = sqlite_damage(database.connection(), "quick_check")
    if damage:
        return Finding(Level.FAIL, "database", f"damaged: {damage}", "Restore a backup.")
    return Finding(Level.OK, "database", "its file is sound")


def _postgres_version() -> Finding:
    version = database.connection().server_version // 10_000
    if version >= OLDEST_POSTGRES:
        return Finding(Level.OK, "database", f"PostgreSQL {version}")
    found = f"PostgreSQL {version} is not supported any more"
    return Finding(Level.FAIL, "database", found, f"Use {OLDEST_POSTGRES} or newer.")


def _writable() -> Finding:
    """Take the right to write, write nothing."""
    writable = True
    # To begin it is to take the right to write, on SQLite.
    with database.atomic() as attempt:
        if is_postgres():
            row = database.execute_sql("SHOW transaction_read_only").fetchone()
            writable = row[0] == "off"
        if is_postgres() and writable:
            database.execute_sql("CREATE TEMPORARY TABLE doctor_was_here (id int) ON COMMIT DROP")
        attempt.rollback()
    if writable:
        return Finding(Level.OK, "database", "can be written")
    return Finding(Level.FAIL, "database", "read only", "Point POSTGRES_URL at the primary.")


def _replica() -> Finding:
    found = replica_health()
    if found.asked:
        return Finding(Level.OK, "replica", found.words)
    words = f"{found.words}: the primary answers alone"
    return Finding(Level.WARN, "replica", words, "Check POSTGRES_READ_URL and its server.")


def _files(config: Config) -> Findings:
    """Whether others on this machine can read the data and the secrets."""
    places = [ROOT / ".env", ROOT / "instance", ROOT / "instance" / "secret_key"]
    if not config.postgres_url:
        file = str(config.sqlite_path)
        places += [Path(file + ending) for ending in ("", "-wal", "-shm")]
    opened = [path for path in places if open_to_others(path)]
    for path in opened:
        mode = FOLDER_MODE if path.is_dir() else FILE_MODE
        advice = f"Run `chmod {mode:o} {path}`."
        yield Finding(Level.WARN, "files", f"others on this machine can open {path}", advice)
    if not opened:
        yield Finding(Level.OK, "files", "only their owner can open them")


def _disk(config: Config) -> Findings:
    places = {"temporary files": Path(tempfile.gettempdir())}
    if not config.postgres_url:
        places["database"] = config.sqlite_path.resolve().parent
    for name, folder in places.items():
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            yield Finding(Level.FAIL, "disk", f"{folder} of the {name}: {error.strerror}")
            continue
        level = Level.FAIL if free < LEAST_DISK else Level.OK
        level = Level.WARN if LEAST_DISK <= free < LITTLE_DISK else level
        found = f"{free / 2**30:,.1f} GiB free for the {name}"
        yield Finding(level, "disk", found, "" if level is Level.OK else "Make room.")


def _provider(config: Config, provider: Provider) -> Findings:
    """Ask a provider for its directory, as every sync begins."""
    key = config.provider_key(provider.NAME)
    if not key:
        advice = f"Set {provider.SETTINGS.key} to read from it."
        yield Finding(Level.WARN, provider.LABEL, RunStatus.NOT_CONFIGURED, advice)
        return
    try:
        client = provider.connect(key, config.provider_url(provider.NAME), limits=QUICK)
    except ValueError as error:
        yield Finding(Level.FAIL, provider.LABEL, str(error), "Correct the base URL.")
        return
    try:
        directory = provider.fetch_directory(client)
        found = f"answers: {len(directory.members)} members, {len(directory.keys)} keys"
        yield Finding(Level.OK, provider.LABEL, found)
    except UpstreamError as error:
        yield Finding(Level.FAIL, provider.LABEL, str(error).rstrip("."), "")
    finally:
        client.close()
    skew = client.traffic.clock_skew_seconds
    if skew is not None:
        yield _clock(provider.LABEL, skew)


def _clock(label: str, skew: int) -> Finding:
    if abs(skew) <= MOST_SKEW_SECONDS:
        return Finding(Level.OK, "clock", f"agrees with {label} (to {abs(skew)} s)")
    found = f"{abs(skew):,} s {'behind' if skew > 0 else 'ahead of'} that of {label}"
    return Finding(Level.WARN, "clock", found, "Let this machine's clock be set over the network.")
