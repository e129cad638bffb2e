"""Access at `/settings/tokens`: API tokens for scripts, and the audit trail."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.access import (
    FEWEST_CHARACTERS,
    SCOPES,
    BadToken,
    list_events,
    list_tokens,
    make_token,
    revoke_token,
    weak_settings,
)
from app.access.tokens import IMPORT, READ, SYNC
from app.current import the_config
from app.database import reading
from app.dates import moment, utc_now
from app.web.request.guard import admin_only, current_user_label
from app.web.settings.common import MOST_ACTS, back_to, show
from app.web.view.params import parse_number

EVENTS = 50
SCOPE_WORDS = {
    READ: "read all figures",
    IMPORT: "import CSV files",
    SYNC: "start a sync",
}

blueprint = Blueprint("settings_tokens", __name__)


@blueprint.get("/settings/tokens")
@admin_only
def page() -> Response:
    """Tokens and the latest events."""
    return _page()


@blueprint.post("/settings/tokens")
@admin_only
def write() -> ResponseReturnValue:
    """Make a token, whose text is on the answer and nowhere else, or revoke one."""
    address = request.remote_addr or ""
    if request.form.get("act") == "revoke":
        number = parse_number(request.form.get("token", ""), 1, MOST_ACTS)
        if not number or not revoke_token(number, by=current_user_label(), address=address):
            return _page(error="There is no such token, or it was revoked already.")
        return back_to("settings_tokens.page", "")
    name, scopes = request.form.get("name", ""), request.form.getlist("scope")
    try:
        text, _ = make_token(name, scopes, by=current_user_label(), address=address)
    except BadToken as error:
        return _page(error=str(error), typed_name=name, typed_scopes=scopes)
    return _page(made=text)


def _page(
    *, made: str = "", error: str = "", typed_name: str = "", typed_scopes: list[str] | None = None
) -> Response:
    with reading():
        tokens, events = list_tokens(), list_events(EVENTS)
    response = show(
        "settings/tokens.html",
        "",
        status=422 if error else 200,
        tokens=tokens,
        events=events,
        made=made,
        error=error,
        typed_name=typed_name,
        typed_scopes=["read"] if typed_scopes is None else typed_scopes,
        scopes=[(scope, SCOPE_WORDS.get(scope, scope)) for scope in SCOPES],
        weak=weak_settings(the_config()),
        fewest=FEWEST_CHARACTERS,
        moment=moment,
        now=utc_now(),
        post_url=request.path,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
