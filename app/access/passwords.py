"""The two passwords: slow to guess, compared in constant time, and never kept."""

from __future__ import annotations

import hashlib
import hmac
import logging
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from app.config import Config

log = logging.getLogger(__name__)

ADMIN, VIEWER = "admin", "viewer"
ROLES = (ADMIN, VIEWER)
BLOCK, LANES = 8, 1
"""With them and 2**14 as cost one try takes about 50 ms and 16 MiB."""
FEWEST_CHARACTERS = 12
WEAK_WORDS = ("secret", "changeme", "change-me", "password", "example", "development")


def role_of(password: str, config: Config, among: Collection[str] = ROLES) -> str | None:
    """ "admin" or "viewer" for a right password of a role in `among`, else None.

    Every role is compared, right or wrong, so that the time tells nothing.
    """
    found, key = None, _slow_key(password, config.secret_key, config.scrypt_cost)
    for role in (VIEWER, ADMIN):
        wanted, tried = fingerprint(role, config), _of_role(role, key)
        right = hmac.compare_digest(wanted or bytes(len(tried)), tried)
        if right and role in among:
            found = role
    return found


def fingerprint(role: str, config: Config) -> bytes | None:
    """What a session of this role is bound to: it changes with the password. None: no password."""
    password = _passwords(config)[role]
    if not password:
        return None
    return _of_role(role, _own_key(password, config.secret_key, config.scrypt_cost))


def protected_roles(config: Config) -> list[str]:
    """The roles whose password is set."""
    return [role for role, password in _passwords(config).items() if password]


def weak_settings(config: Config) -> list[str]:
    """The names of the settings whose secret is easy to guess: short, or a word of examples."""
    secrets = {
        "ADMIN_PASSWORD": config.admin_password,
        "VIEWER_PASSWORD": config.viewer_password,
        "CRON_SECRET": config.cron_secret,
    }
    return [name for name, secret in secrets.items() if secret and is_weak(secret)]


def warn_of_weak_secrets(config: Config) -> None:
    """A line in the log for each secret that is easy to guess, when a server starts."""
    for name in weak_settings(config):
        log.warning("%s is easy to guess: use at least %d characters.", name, FEWEST_CHARACTERS)


def is_weak(secret: str) -> bool:
    """Whether a password or secret that somebody chose is easy to guess."""
    return len(secret) < FEWEST_CHARACTERS or secret.lower() in WEAK_WORDS


def _passwords(config: Config) -> dict[str, str | None]:
    return {ADMIN: config.admin_password, VIEWER: config.viewer_password}


def _slow_key(password: str, secret_key: str, cost: int) -> bytes:
    """32 bytes that take long to compute, so that nobody tries many.

    Sessions keep a fingerprint made of it: who has stolen the database and the signing key can
    try passwords at home, but only some twenty a second.
    """
    # One keyboard writes é as one character, another as two: the same password.
    text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    salt = hmac.digest(secret_key.encode(), b"password", hashlib.sha256)
    return hashlib.scrypt(text, salt=salt, n=cost, r=BLOCK, p=LANES, dklen=32)


_own_key = lru_cache(maxsize=8)(_slow_key)
"""For the passwords that are set, whose keys every request with a session needs; never for tries,
which would stay in memory and tell by their time that they came before."""


def _of_role(role: str, key: bytes) -> bytes:
    return hmac.digest(key, role.encode(), hashlib.sha256)
