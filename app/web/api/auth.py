"""GET, POST and DELETE `/api/auth`: the login of programs."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.web.request import callers, signing
from app.web.request.errors import BadRequest
from app.web.request.guard import may_administer, public

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth")

WANTED = 'Send JSON such as {"password": "…"}.'


@blueprint.get("")
@public
def tell() -> ResponseReturnValue:
    """Whether there is anything to log in to, and whether the caller has, or need not."""
    enabled = callers.login_possible()
    known = not callers.caller().anonymous
    return jsonify(authEnabled=enabled, authenticated=known if enabled else may_administer())


@blueprint.post("")
@public
def sign_in() -> ResponseReturnValue:
    """Begin a session: the cookie is what later calls send."""
    body = request.get_json(silent=True)
    password = body.get("password") if isinstance(body, dict) else None
    if not isinstance(password, str):
        raise BadRequest(WANTED)
    try:
        text = signing.sign_in(password)
    except signing.WrongPassword as error:
        return jsonify(error=str(error)), 401, {"WWW-Authenticate": "Bearer"}
    response = jsonify(success=True)
    signing.keep_session(response, text)
    return response


@blueprint.delete("")
@public
def sign_out() -> ResponseReturnValue:
    """End the session."""
    response = jsonify(success=True)
    signing.sign_out(response)
    return response
