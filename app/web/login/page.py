"""The pages `/login` and `/logout`."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.access.limiter import TooManyTries
from app.current import the_config
from app.web.request import callers, paths, signing
from app.web.request.guard import public

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
@public
def page() -> ResponseReturnValue:
    """The form, or the way on for those who have nothing left to sign in to."""
    caller = callers.caller()
    if caller.admin or (caller.role and not the_config().admin_password):
        return redirect(paths.return_path(request.args.get("next", "")), 303)
    return _form(request.args.get("next", ""))


@blueprint.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Begin a session and go where the caller wanted to; else the form with the reason."""
    wanted = request.form.get("next", "")
    try:
        text = signing.sign_in(request.form.get("password", ""))
    except signing.WrongPassword as error:
        return _form(wanted, str(error)), 401
    except TooManyTries as error:
        return _form(wanted, str(error)), 429, {"Retry-After": str(error.seconds)}
    response = _on(paths.return_path(wanted))
    signing.keep_session(response, text)
    return response


@blueprint.get("/logout")
@public
def leave() -> ResponseReturnValue:
    """A button that signs out: following a link must not."""
    return render_template("login/leave.html")


@blueprint.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End the session and go to a page that needs none."""
    response = _on("/login" if the_config().viewer_password else "/")
    signing.sign_out(response)
    return response


def _form(wanted: str, error: str = "") -> Response:
    config = the_config()
    return make_response(
        render_template(
            "login/page.html",
            next=paths.return_path(wanted),
            error=error,
            admin_password=bool(config.admin_password),
            viewer_password=bool(config.viewer_password),
        )
    )


def _on(path: str) -> Response:
    return make_response(redirect(path, 303))
