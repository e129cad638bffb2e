"""Sessions on the server's side: they end at logout, at a change of the password, and in time.

The browser holds a random id, the table its SHA-256: a stolen backup opens no session.
"""

from __future__ import annotations

import hmac
import secrets

from app.access.digests import sha256
from app.access.passwords import fingerprint
from app.access.touch import touch
from app.config import Config
from app.database import writing
from app.dates import now_seconds
from app.models import LoginSession
from app.values import clean_text

LONGEST = 7 * 24 * 3600
IDLE = 12 * 3600
"""Seconds after which a session ends, in all and without being used."""


def begin_session(role: str, config: Config, address: str = "") -> str:
    """A new session of a role whose password is set; its id, which is told only here."""
    text, now = secrets.token_urlsafe(32), now_seconds()
    with writing():
        _forget_ended()
        LoginSession.create(
            digest=sha256(text),
            role=role,
            fingerprint=_fingerprint(role, config),
            address=clean_text(address, 64),
            made_at=now,
            seen_at=now,
        )
    return text


def find_session(text: str, config: Config) -> LoginSession | None:
    """The session with this id, unless it has ended; notes once a minute that it was used."""
    found = LoginSession.get_or_none(LoginSession.digest == sha256(text))
    if found is None or not _alive(found, config):
        return None
    touch(LoginSession.seen_at, found)
    return found


def end_session(text: str) -> bool:
    """End the session with this id; whether there was one."""
    with writing():
        return bool(LoginSession.delete().where(LoginSession.digest == sha256(text)).execute())


def _alive(session: LoginSession, config: Config) -> bool:
    now = now_seconds()
    in_time = session.made_at > now - LONGEST and session.seen_at > now - IDLE
    wanted = _fingerprint(session.role, config)
    # "" is of a role whose password is gone: it equals "", and must let nobody in.
    same = hmac.compare_digest(session.fingerprint.encode(), wanted.encode())
    return in_time and same and wanted != ""


def _fingerprint(role: str, config: Config) -> str:
    return (fingerprint(role, config) or b"").hex()


def _forget_ended() -> None:
    now = now_seconds()
    ended = (LoginSession.made_at <= now - LONGEST) | (LoginSession.seen_at <= now - IDLE)
    LoginSession.delete().where(ended).execute()
