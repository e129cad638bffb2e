"""Keeps the team that a browser calls its own, for next time."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from app.web.request.guard import public, without_token
from app.web.request.paths import local_path
from app.web.view.mine import COOKIE
from app.web.view.params import LONGEST_TEXT

ONE_YEAR = 365 * 24 * 3600

blueprint = Blueprint("mine", __name__)


@blueprint.post("/my-team")
@public
@without_token
def keep() -> ResponseReturnValue:
    """Keep the team, none for "", and go back to the page it was chosen on."""
    response = redirect(local_path(request.form.get("next", "")), 303)
    team = request.form.get("team", "")[:LONGEST_TEXT]
    age = ONE_YEAR if team else 0
    response.set_cookie(COOKIE, team, max_age=age, samesite="Lax", secure=request.is_secure)
    return response
