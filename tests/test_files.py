"""Our files are their owner's alone, and no backup takes the place of what is no backup."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import create_app
from app.backup import BackupFailed, write_backup
from app.config import Config, kept_secret_key
from app.database import database as proxy
from app.database import migrate, writing
from app.doctor import Level, examine
from app.locks import exclusive_lock
from app.models import Team
from tests.conftest import close


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Files are made as on most machines: readable by everybody unless one takes care."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Config]:
    """The settings of a SQLite database in use, in a folder that was not there before."""
    folder = tmp_path / "instance"
    config = Config(sqlite_path=folder / "tracker.db", secret_key=kept_secret_key(folder))
    create_app(config)
    engine = proxy.obj
    with engine.connection_context(), exclusive_lock(engine, "sync"):
        migrate()
        with writing():
            Team.create(name="Platform")
        yield config
    close(engine)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_only_their_owner_can_open_our_files(fresh: Config) -> None:
    folder = fresh.sqlite_path.parent
    write_backup(folder / "backup")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = modes(folder)
    assert {"tracker.db", "tracker.db-wal", "tracker.db-shm", "secret_key", "backup"} <= set(found)
    assert "tracker.db.sync.lock" in found
    assert set(found.values()) == {0o600}, found


def levels(config: Config) -> list[tuple[Level, str, str]]:
    found = [one for one in examine(config, {}) if one.subject == "files"]
    return [(one.level, one.found, one.advice) for one in found]


def test_doctor_names_a_file_that_others_can_open(fresh: Config) -> None:
    path = fresh.sqlite_path
    assert all(str(path) not in told for _, told, _ in levels(fresh))
    path.chmod(0o644)
    wal = path.with_name("tracker.db-wal")
    wal.chmod(0o660)
    found = levels(fresh)
    for one in (path, wal):
        told = (Level.WARN, f"others on this machine can open {one}", f"Run `chmod 600 {one}`.")
        assert told in found


def test_an_existing_database_keeps_the_rights_it_was_given(fresh: Config) -> None:
    """Somebody may let a group read it; the doctor says so, nobody undoes it."""
    fresh.sqlite_path.chmod(0o640)
    # A thread has a connection of its own, so this one is new.
    with ThreadPoolExecutor() as pool:
        pool.submit(proxy.connect).result()
    assert stat.S_IMODE(fresh.sqlite_path.stat().st_mode) == 0o640


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", ["fifo", "socket", "link to a fifo"])
def test_a_backup_never_takes_the_place_of_a_device(kind: str, tmp_path: Path) -> None:
    special, target = tmp_path / "special", tmp_path / "special"
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(special))
    else:
        os.mkfifo(special)
    if kind.startswith("link"):
        target = tmp_path / "link"
        target.symlink_to(special)
    before = special.lstat()
    with pytest.raises(BackupFailed, match="is no file"):
        write_backup(target)
    after = special.lstat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert not list(tmp_path.glob("*.part"))
    assert target.is_symlink() == kind.startswith("link")


@pytest.mark.parametrize(
    "name", ["", "-wal", "-shm", "-journal", ".sync.lock", ".migrate.lock", ".run.lock"]
)
def test_a_backup_never_takes_the_place_of_the_databases_own_files(
    fresh: Config, name: str
) -> None:
    own = Path(f"{fresh.sqlite_path}{name}")
    link = fresh.sqlite_path.parent.parent / "another way"
    link.symlink_to(fresh.sqlite_path.parent)
    targets = [own, link / own.name, own.parent / ".." / own.parent.name / own.name]
    before = own.read_bytes() if own.exists() else None
    for target in targets:
        with pytest.raises(BackupFailed, match="name another file"):
            write_backup(target)
    assert (own.read_bytes() if own.exists() else None) == before


def test_no_link_leads_a_backup_to_the_database(fresh: Config, tmp_path: Path) -> None:
    soft, hard = tmp_path / "soft", tmp_path / "hard"
    soft.symlink_to(fresh.sqlite_path)
    hard.hardlink_to(fresh.sqlite_path)
    for target in (soft, hard):
        with pytest.raises(BackupFailed, match="the database itself"):
            write_backup(target)


def test_a_name_that_only_looks_like_ours_is_taken(fresh: Config, tmp_path: Path) -> None:
    for name in ("tracker.db-wal", "tracker.db", "nightly.lock"):
        assert write_backup(tmp_path / name) > 0
    assert write_backup(fresh.sqlite_path.with_name("tracker.db.backup")) > 0
