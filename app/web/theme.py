"""Light, dark, or as the system says: kept in a cookie, so that no page ever flashes."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from app.web.request.guard import public, without_token
from app.web.request.paths import local_path

THEMES = ("system", "light", "dark")
COOKIE = "theme"
ONE_YEAR = 365 * 24 * 3600

blueprint = Blueprint("theme", __name__)


@blueprint.app_context_processor
def chosen_theme() -> dict[str, object]:
    """The theme of this browser, for the page's root element."""
    theme = request.cookies.get(COOKIE, "")
    return {"theme": theme if theme in THEMES else THEMES[0], "themes": THEMES}


@blueprint.post("/theme")
@public
@without_token
def choose() -> ResponseReturnValue:
    """Keep the chosen theme and go back to the page it was chosen on."""
    response = redirect(local_path(request.form.get("next", "")), 303)
    theme = request.form.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            COOKIE, theme, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure
        )
    return response
