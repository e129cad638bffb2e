"""Signing in and out: what the login page and `/api/auth` share."""

from __future__ import annotations

from flask import Response, request

from app import access
from app.access.audit import LOGIN_FAILED
from app.access.limiter import begin_try, succeed
from app.access.passwords import ADMIN, ROLES, protected_roles, role_of
from app.access.sessions import LONGEST, begin_session, end_session
from app.current import the_config
from app.database import writing
from app.web.request import callers
from app.web.request.guard import record_event


class WrongPassword(Exception):
    """The password is none of those that are set; the message says so."""


def sign_in(password: str) -> str:
    """Begin a session; its id, for `keep_session`. Any session of this browser ends.

    Raises `WrongPassword`, and `app.access.limiter.TooManyTries` before the password is read.
    """
    config, address = the_config(), request.remote_addr or ""
    if not callers.login_possible():
        raise WrongPassword("No password is set here, so there is nothing to sign in to.")
    attempt = begin_try(address, protected_roles(config))
    role = role_of(password, config, attempt.allowed)
    if role is None:
        record_event(LOGIN_FAILED)
        raise attempt.refused or WrongPassword("That is not the password.")
    with writing():
        succeed(attempt, role, ROLES if role == ADMIN else ())
        end_session(callers.cookie_secret())
        text = begin_session(role, config, address)
        access.record_event("login", actor=role, address=address)
    return text


def keep_session(response: Response, text: str) -> None:
    """Give the browser the id of its session, "" to take it away."""
    response.set_cookie(
        callers.COOKIE,
        text,
        max_age=LONGEST if text else 0,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def sign_out(response: Response) -> None:
    """End the session of this browser, and make it forget the id and what it has kept."""
    with writing():
        if end_session(callers.cookie_secret()):
            record_event("logout")
    keep_session(response, "")
    response.headers["Clear-Site-Data"] = '"cache"'
