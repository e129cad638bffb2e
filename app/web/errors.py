"""Every way to fail, as a JSON sentence for programs and as a page for people."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from peewee import PeeweeException
from playhouse.pool import MaxConnectionsExceeded
from werkzeug.exceptions import HTTPException

from app.database import OutdatedSchema
from app.web import htmx

log = logging.getLogger(__name__)

SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "That is too large.",
    500: "Something went wrong in here; the server's log has the details.",
}


class BadRequest(Exception):
    """Input that an API call must not have; the message names it."""


def register(app: Flask) -> None:
    """Answer every error in the form that was asked for."""
    app.register_error_handler(BadRequest, lambda error: _answer(400, str(error)))
    app.register_error_handler(OutdatedSchema, lambda error: _answer(503, str(error)))
    app.register_error_handler(PeeweeException, _database_error)
    app.register_error_handler(MaxConnectionsExceeded, _database_error)
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


def _database_error(error: Exception) -> ResponseReturnValue:
    log.exception("the database failed")
    return _answer(503, "The database does not answer. Try again in a moment.")


def _fault(error: Exception) -> ResponseReturnValue:
    log.exception("a request failed")
    return _answer(500, SENTENCES[500])


def _answer(code: int, sentence: str) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(error=sentence), code
    if htmx.wants_part():
        # The page stays as it is; `base.html` sends this to the line for messages.
        return sentence, code, {"Content-Type": "text/plain; charset=utf-8"}
    return render_template("error.html", code=code, sentence=sentence), code
