"""What happens around every request: the database connection and the security headers."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from app.current import the_config
from app.database import database, require_current_schema
from app.directory.upkeep import keep_up
from app.web.request.assets import FILES

# No inline script and no inline style: what somebody smuggled into a page would not run.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STARTED = "tracker_started"


def register(app: Flask) -> None:
    """Connect before each request, close after it, and set the headers."""
    app.before_request(_connect)
    app.teardown_request(_close)
    app.after_request(_set_headers)


def _connect() -> None:
    # The health check connects by itself: it answers when that fails.
    if request.endpoint not in (*FILES, "health.healthz", "health.readyz"):
        make_ready()


def make_ready() -> None:
    """Connect, and make sure once that schema and owners are current. Raises `OutdatedSchema`."""
    # The pool tries a connection before it hands it out: a server restart kills those it holds.
    database.connect(reuse_if_open=True)
    if not current_app.extensions.get(STARTED):
        require_current_schema()
        keep_up(the_config().email_domain)
        current_app.extensions[STARTED] = True


def _close(_: BaseException | None) -> None:
    if not database.is_closed():
        database.close()


def _set_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint not in FILES:
        # Kept, so that a copy can be confirmed in a 304, but never shown without asking.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        # One address answers with a page or with its part.
        response.vary.update(("HX-Request", "HX-Request-Type", "HX-History-Restore-Request"))
    return response
