"""Every way to fail, as a JSON sentence for programs and as a page for people."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.access.limiter import TooManyTries
from app.database import FAILURES, OutdatedSchema, refuses_writes
from app.web.request import htmx, paths

log = logging.getLogger(__name__)

PLAIN = "text/plain; charset=utf-8"
SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "That is too large.",
    500: "Something went wrong in here; the server's log has the details.",
}


class BadRequest(Exception):
    """Input that an API call must not have; the message names it."""


class LoginNeeded(Exception):
    """The caller must log in first, as administrator if `admin`; the message may say why."""

    def __init__(self, message: str = "", *, admin: bool = False) -> None:
        who = " as administrator" if admin else ""
        super().__init__(message or f"Sign in{who} first: POST the password to /api/auth.")


class Refused(Exception):
    """What this caller may not do, or not like this; the message says why and what to do."""


def register(app: Flask) -> None:
    """Answer every error in the form that was asked for."""
    app.register_error_handler(BadRequest, lambda error: _answer(400, str(error)))
    app.register_error_handler(LoginNeeded, _login_needed)
    app.register_error_handler(TooManyTries, _too_many)
    app.register_error_handler(Refused, lambda error: _answer(403, str(error)))
    app.register_error_handler(OutdatedSchema, lambda error: _answer(503, str(error)))
    for failure in FAILURES:
        app.register_error_handler(failure, _database_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    answer = make_response(_answer(code, SENTENCES.get(code, error.description or error.name)))
    # Such as Allow of a 405 and Retry-After of a 503.
    answer.headers.extend(
        [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    )
    return answer


def _too_many(error: TooManyTries) -> ResponseReturnValue:
    answer = make_response(_answer(429, str(error)))
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _login_needed(error: LoginNeeded) -> ResponseReturnValue:
    """For programs a sentence, for people the login page: never inside a part of a page."""
    if request.path.startswith("/api/"):
        return jsonify(error=str(error)), 401, {"WWW-Authenticate": "Bearer"}
    if request.path == "/metrics":
        return (
            "Send the header Authorization: Bearer with an API token that may read.",
            401,
            {
                "WWW-Authenticate": "Bearer",
                "Content-Type": PLAIN,
            },
        )
    login = url_for("login.page", next=paths.present_page())
    if request.headers.get("HX-Request") == "true":
        return "Sign in first.", 401, {"HX-Redirect": login, "Content-Type": PLAIN}
    return redirect(login, 303)


def _database_error(error: Exception) -> ResponseReturnValue:
    log.exception("the database failed")
    if refuses_writes(error):
        return _answer(503, "The database takes no writes: POSTGRES_URL leads to a replica.")
    return _answer(503, "The database does not answer. Try again in a moment.")


def _fault(error: Exception) -> ResponseReturnValue:
    log.exception("a request failed")
    return _answer(500, SENTENCES[500])


def _answer(code: int, sentence: str) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(error=sentence), code
    if htmx.wants_part():
        # The page stays as it is; `base.html` sends this to the line for messages.
        return sentence, code, {"Content-Type": PLAIN}
    return render_template("error.html", code=code, sentence=sentence), code
