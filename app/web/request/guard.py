"""Who may do what: every request passes here before its view, and every write proves its origin.

A view says what it asks for with a decorator; one that says nothing is for readers, and its
writes are for the administrator.

- `@public`: nobody has to log in.
- `@admin_only`: reading it, too, is for the administrator.
- `@token_scope("sync")`: a write that an API token with this scope may do as well.
- `@takes_upload(limit)`: a write that takes multipart bodies of up to `limit()` bytes.
- `@own_credentials`: the view checks a secret of its own; neither login nor CSRF token.
- `@without_token`: a harmless write for which the check of its origin is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import LengthRequired, RequestEntityTooLarge

from app import access
from app.access.audit import TOKEN_REFUSED
from app.access.limiter import TOKEN, begin_try
from app.access.touch import without_waiting
from app.config import Config
from app.current import the_config
from app.web.request import callers, forgery, hosts, paths
from app.web.request.assets import FILES
from app.web.request.callers import Caller
from app.web.request.errors import LoginNeeded, Refused

View = TypeVar("View", bound=Callable[..., Any])

MOST_FROM_STRANGERS = 64 * 1024
"""Bytes of a write for which nobody has to log in."""
SAFE = ("GET", "HEAD", "OPTIONS")
UNGUARDED = (*FILES, "favicon", "health.healthz", "health.readyz")
"""Answered without a look at who asks; all but these need the database."""
NOT_FROM_HERE = (
    "While no administrator's password is set, settings, import, mappings and sync answer only "
    "to this machine itself. There are two ways out: set ADMIN_PASSWORD and sign in, or set "
    "ALLOW_NO_AUTH=1 to open them to everyone who reaches this port."
)
LACKS_SCOPE = "This API token may not do that: its scopes are {scopes}."


def public(view: View) -> View:
    """Nobody has to log in for this view."""
    return _mark(view, public=True)


def admin_only(view: View) -> View:
    """Reading this view is for the administrator, as writing always is."""
    return _mark(view, admin=True)


def token_scope(scope: str) -> Callable[[View], View]:
    """An API token with this scope (`IMPORT` or `SYNC`) may call this view, too."""
    return lambda view: _mark(view, scope=scope)


def takes_upload(limit: Callable[[], int]) -> Callable[[View], View]:
    """This view takes multipart bodies, of up to `limit()` bytes."""
    return lambda view: _mark(view, upload_limit=limit)


def own_credentials(view: View) -> View:
    """This view checks a secret of its own: no login, no CSRF token, whatever the method."""
    return _mark(view, public=True, own_credentials=True)


def without_token(view: View) -> View:
    """This view's writes are harmless: the check of their origin is enough."""
    return _mark(view, without_token=True)


def _mark(view: View, **marks: Any) -> View:
    # On the function itself, so that the order of decorators does not matter.
    view.__dict__.setdefault("guard_marks", {}).update(marks)
    return view


def marks_of(app: Flask, endpoint: str) -> dict[str, Any]:
    """What the view of an endpoint was marked with."""
    marks: dict[str, Any] = getattr(app.view_functions[endpoint], "guard_marks", {})
    return marks


def needs_admin(marks: dict[str, Any], method: str) -> bool:
    """Whether a request of this method to a view with these marks is the administrator's."""
    if marks.get("public"):
        return False
    return bool(marks.get("admin")) or method not in SAFE


def register(app: Flask) -> None:
    """Guard every request of the application; must come after what opens the database."""
    callers.register(app)
    forgery.register(app)
    app.before_request(_guard)
    app.after_request(_keep_private)
    app.jinja_env.globals.update({function.__name__: function for function in FOR_TEMPLATES})


def _guard() -> None:
    # Without a rule the answer is a 404 or 405 anyway.
    if request.endpoint in UNGUARDED:
        return
    callers.recognise()
    if request.url_rule is None or request.endpoint is None:
        return
    marks = marks_of(current_app, request.endpoint)
    if request.method not in SAFE:
        _check_size(marks)
        if not marks.get("own_credentials"):
            forgery.check_origin()
    check_may(marks)
    hosts.check_host()
    if request.method not in SAFE and not marks.get("own_credentials"):
        forgery.check_body(marks)


def _check_size(marks: dict[str, Any]) -> None:
    """Raise before it is read for what a stranger may not send: much, or who knows how much."""
    if not marks.get("public") and not marks.get("without_token"):
        return
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise LengthRequired("Send this with its length, not in chunks.")
    request.max_content_length = MOST_FROM_STRANGERS
    if (request.content_length or 0) > MOST_FROM_STRANGERS:
        raise RequestEntityTooLarge


def check_may(marks: dict[str, Any]) -> None:
    """Raise `LoginNeeded` or `Refused` unless the caller may do what the request asks."""
    if marks.get("public"):
        return
    caller, config = callers.caller(), the_config()
    if callers.bad_token():
        _count_bad_token()
        raise LoginNeeded("This API token is unknown or was revoked.")
    admin = needs_admin(marks, request.method)
    if config.viewer_password and caller.anonymous:
        raise _login_needed(admin=admin and bool(config.admin_password))
    if admin:
        _check_admin(caller, config)
    if caller.scopes is not None and (admin or config.viewer_password):
        _check_scope(caller.scopes, marks)


def _login_needed(*, admin: bool) -> LoginNeeded:
    if callers.bad_cookie_token():
        _count_bad_token()
    return LoginNeeded(admin=admin)


def _count_bad_token() -> None:
    """Write a token that is none down; raises `TooManyTries` when many came from there.

    A token in force is never counted: its 256 random bits cannot be guessed, and no stranger
    shall keep it out.
    """
    with without_waiting():
        begin_try(request.remote_addr or "", [TOKEN])
        record_event(TOKEN_REFUSED)


def _check_admin(caller: Caller, config: Config) -> None:
    if not config.admin_password:
        if not config.allow_no_auth and not hosts.is_local():
            raise Refused(NOT_FROM_HERE)
    elif not caller.admin and caller.scopes is None:
        raise _login_needed(admin=True)


def _check_scope(scopes: frozenset[str], marks: dict[str, Any]) -> None:
    if request.method in SAFE:
        needed = None if marks.get("admin") else "read"
    else:
        needed = marks.get("scope")
    if needed not in scopes:
        raise Refused(LACKS_SCOPE.format(scopes=", ".join(sorted(scopes))))


def may_administer() -> bool:
    """Whether this request's caller may change things (for buttons and links)."""
    caller, config = callers.caller(), the_config()
    if config.admin_password:
        return caller.admin
    if config.viewer_password and caller.anonymous:
        return False
    return config.allow_no_auth or hosts.is_local()


def open_admin() -> bool:
    """Whether the present page is the administrator's and open without a password."""
    if the_config().admin_password or request.endpoint not in current_app.view_functions:
        return False
    marks = marks_of(current_app, str(request.endpoint))
    return needs_admin(marks, request.method) and may_administer()


def current_user_label() -> str:
    """Who asks, in words for the audit trail: "admin", "viewer", 'token "ci"', "no login"."""
    return callers.caller().label


def record_event(action: str, detail: str = "") -> None:
    """Add to the audit trail, with this request's caller and address."""
    access.record_event(
        action, detail, actor=current_user_label(), address=request.remote_addr or ""
    )


def open_to_all() -> bool:
    """Whether everyone who reaches the port is the administrator."""
    config = the_config()
    return config.allow_no_auth and not config.admin_password


FOR_TEMPLATES = (
    callers.caller, callers.login_possible, may_administer, open_admin, open_to_all,
    paths.own_path, paths.present_page,
)  # fmt: skip


def _keep_private(response: Response) -> Response:
    """Answers that depend on the login are for this browser now, not for any cache."""
    if request.endpoint in UNGUARDED:
        return response
    if callers.login_possible() or forgery.wrote_token():
        response.vary.add("Cookie")
    marks = marks_of(current_app, request.endpoint) if request.endpoint else {}
    private = the_config().viewer_password or not callers.caller().anonymous
    if private or forgery.wrote_token() or needs_admin(marks, request.method):
        response.headers["Cache-Control"] = "no-store"
    return response
