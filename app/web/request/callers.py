"""Who asks: a session's cookie, an API token, or nobody known; and from where.

Flask-Login asks `_from_request` once a request; nothing of a caller is in Flask's own session.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Request, g, request
from flask.sessions import SecureCookieSession, SessionInterface
from flask_login import LoginManager, current_user

from app.access.passwords import ADMIN
from app.access.sessions import find_session
from app.access.tokens import PREFIX, find_token
from app.current import the_config

COOKIE = "ai_tracker_auth"
LONGEST_SECRET = 200


@dataclass(frozen=True)
class Caller:
    """Who asks. `role` is "admin", "viewer" or "", `scopes` those of an API token.

    `binding` ties forms to the session or token that they were made for.
    """

    label: str
    role: str = ""
    scopes: frozenset[str] | None = None
    binding: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return not self.role and self.scopes is None

    @property
    def admin(self) -> bool:
        """Whether the caller has logged in with the administrator's password."""
        return self.role == ADMIN

    # The names that Flask-Login asks for.
    is_active = True

    @property
    def is_authenticated(self) -> bool:
        """Whether the caller is known."""
        return not self.anonymous

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known of the caller."""
        return self.anonymous

    def get_id(self) -> str:
        """What tells callers apart."""
        return self.binding


class _NoSession(SessionInterface):
    """Flask's own session stays empty and unsent: ours are kept on the server's side."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        return SecureCookieSession()

    def save_session(self, *_: object) -> None:
        return None


def register(app: Flask) -> None:
    """Let Flask-Login load callers from requests."""
    manager = LoginManager()
    manager.session_protection = None
    manager.anonymous_user = _nobody
    manager.request_loader(_from_request)
    manager.init_app(app, add_context_processor=False)
    # Another program's cookie on the same host would keep our loader from being asked.
    app.config["REMEMBER_COOKIE_NAME"] = "ai_tracker_unused"
    app.session_interface = _NoSession()


def recognise() -> None:
    """Find out who asks. Needs the database when a secret came along."""
    g.caller = current_user._get_current_object()


def caller() -> Caller:
    """Who asks; nobody known while that was not looked up (static files, a failed database)."""
    known: Caller = g.get("caller") or _nobody()
    return known


def _nobody() -> Caller:
    return Caller("visitor" if login_possible() else "no login")


def login_possible() -> bool:
    """Whether any password is set."""
    config = the_config()
    return bool(config.admin_password or config.viewer_password)


def bearer_token() -> str:
    """The API token or session of the Authorization header, or "".

    A browser never sends this header by itself: it proves that no other site wrote the request.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    text = text.strip()
    return text if scheme.lower() == "bearer" and len(text) <= LONGEST_SECRET else ""


def cookie_secret() -> str:
    """What the login cookie holds, or ""."""
    text = request.cookies.get(COOKIE, "")
    return text if len(text) <= LONGEST_SECRET else ""


def bad_token() -> bool:
    """Whether an API token came in the header that is not (or no longer) one."""
    return bearer_token().startswith(PREFIX) and caller().anonymous


def bad_cookie_token() -> bool:
    """Likewise in the cookie."""
    return cookie_secret().startswith(PREFIX) and caller().anonymous


def _from_request(_: Request) -> Caller | None:
    sent = bearer_token()
    found = _known_by(sent)
    # A proxy may send a header of its own; a token of ours that ended is never overlooked.
    return found if found or sent.startswith(PREFIX) else _known_by(cookie_secret())


def _known_by(text: str) -> Caller | None:
    if text.startswith(PREFIX):
        return _of_token(text)
    session = find_session(text, the_config()) if text else None
    return Caller(session.role, session.role, binding=session.digest) if session else None


def _of_token(text: str) -> Caller | None:
    token = find_token(text) if len(text) <= LONGEST_SECRET else None
    if token is None:
        return None
    scopes = frozenset(token.scopes.split())
    return Caller(f'token "{token.name}"', scopes=scopes, binding=token.digest)
