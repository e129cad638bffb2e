"""Writes that another site makes a browser send: refused by their origin and by a token in forms.

The token is bound to the login, or without one to a random id in a cookie of this browser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import UnsupportedMediaType

from app.current import the_config
from app.web.request import callers
from app.web.request.errors import BadRequest, Refused

FIELD, HEADER = "csrf_token", "X-CSRF-Token"
COOKIE = "ai_tracker_form"
FORM_ID = re.compile(r"[A-Za-z0-9_-]{43}")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
FOREIGN = "Another site sent this request. Nothing was changed."
STALE = (
    "Nothing was changed: this page was made before the present login began or ended. "
    "Reload it and send it again; Back in the browser brings back what was typed."
)
BEARER_INSTEAD = (
    "Nothing was changed: an upload from a script carries an API token, made in Settings under "
    "Access, as the header Authorization: Bearer, not only the cookie of a login."
)
NOT_JSON = "Send this with Content-Type: application/json."
NOT_AN_UPLOAD = "Send this with Content-Type: multipart/form-data."


def register(app: Flask) -> None:
    """Let templates write the token, and browsers keep what it is bound to."""
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.jinja_env.globals["csrf_field"] = lambda: app.jinja_env.get_template(
        "shared/_csrf.html"
    ).module.csrf_field()  # type: ignore[attr-defined]
    app.after_request(_keep_form_id)


def csrf_token() -> str:
    """The token of a form on the present page, for the field `csrf_token`."""
    known = callers.caller().binding
    if not known:
        known = g.form_id = _sent_form_id() or g.get("form_id") or secrets.token_urlsafe(32)
    g.wrote_token = True
    return _token(known)


def wrote_token() -> bool:
    """Whether the answer holds a token, so that it is for this browser alone."""
    return bool(g.get("wrote_token"))


def _token(binding: str) -> str:
    key = the_config().secret_key.encode()
    return hmac.digest(key, f"csrf\0{binding}".encode(), hashlib.sha256).hex()


def _sent_form_id() -> str:
    text = request.cookies.get(COOKIE, "")
    return text if FORM_ID.fullmatch(text) else ""


def _keep_form_id(response: Response) -> Response:
    made = g.get("form_id")
    if made and made != _sent_form_id():
        response.set_cookie(
            COOKIE, made, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
        )
    return response


def check_origin() -> None:
    """Raise `Refused` when a browser says that another site sends this."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site.lower() not in ("same-origin", "none"):
        raise Refused(FOREIGN)
    # A proxy may have changed the Host: a browser that says "same-origin" knows better.
    if site is None and origin is not None and _place(origin) != _own_place(origin):
        raise Refused(FOREIGN)


def _place(origin: str) -> str:
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return ""
    return parts.netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ":80"))


def _own_place(origin: str) -> str:
    scheme = origin.lower().partition(":")[0]
    return request.host.lower().removesuffix(DEFAULT_PORTS.get(scheme, ":80")) or "?"


def check_body(marks: dict[str, Any]) -> None:
    """Raise `Refused` for a write without its proof, 415 for a body the API does not take."""
    upload_limit = marks.get("upload_limit")
    proven = bool(callers.bearer_token()) or bool(marks.get("without_token"))
    if request.path.startswith("/api/"):
        proven = proven or _is_api_body(bool(upload_limit))
    if upload_limit:
        # Only now, when it is known that the caller may send that much.
        request.max_content_length = upload_limit()
    if not proven and not _has_token():
        by_script = upload_limit and request.path.startswith("/api/")
        raise Refused(BEARER_INSTEAD if by_script else STALE)


def _is_api_body(takes_upload: bool) -> bool:
    """Whether no form of another site can have sent this body; 415 for what the API never takes."""
    kind = request.mimetype
    if kind == "application/json" and not takes_upload:
        _check_depth()
        return True
    if takes_upload:
        if kind != "multipart/form-data":
            raise UnsupportedMediaType(NOT_AN_UPLOAD)
        return _is_script()
    if kind or request.content_length:
        raise UnsupportedMediaType(NOT_JSON)
    return True


def _check_depth() -> None:
    """Raise `BadRequest` for JSON that Python's reader gives up on in its own way."""
    try:
        request.get_json(silent=True)
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None


def _is_script() -> bool:
    """Whether no browser sent this: one always says from where, or shows a cookie of ours."""
    marks = ("Origin", "Sec-Fetch-Site", "Referer")
    cookies = (COOKIE, callers.COOKIE)
    return not any(name in request.headers for name in marks) and not any(
        name in request.cookies for name in cookies
    )


def _has_token() -> bool:
    binding = callers.caller().binding or _sent_form_id()
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    # As bytes: of texts only those in ASCII can be compared so.
    wanted = _token(binding).encode()
    return bool(binding) and hmac.compare_digest(sent.encode("utf-8", "replace"), wanted)
