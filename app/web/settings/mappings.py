"""Configured mappings at `/settings/mappings`: search, change, remove, and their history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.current import the_config
from app.database import reading
from app.identity import address_domain
from app.queries.keys.mappings import (
    OwnedKey,
    guesses,
    owned_keys,
    past_changes,
    undoable,
    with_usage,
)
from app.states import Rule
from app.web.request.guard import admin_only
from app.web.request.unchanged import known_on_primary
from app.web.settings.changes import KeysView, answer_write, done_context, intent_of, removal_of
from app.web.settings.common import page_of, parse_list_view, show_list

HISTORY_LINES = 50
RULE_WORDS: dict[str, str] = {
    Rule.MAPPING: "mapped here",
    Rule.SHARED: "shared, mapped here",
    Rule.ACCOUNT: "the member who used it",
    Rule.KEY_OWNER: "bound to this member",
    Rule.KEY_NAME: "by the key's name",
}

blueprint = Blueprint("settings_mappings", __name__)


@blueprint.get("/settings/mappings")
@admin_only
@known_on_primary()
def page() -> Response:
    """Keys with an owner; `show=automatic` has those that nobody had to map."""
    return _page(parse_list_view(KeysView, request.args))


@blueprint.post("/settings/mappings")
@admin_only
def write() -> ResponseReturnValue:
    """Change or remove a mapping, or undo what was just done."""
    return answer_write("settings_mappings.page", _page)


def _page(view: KeysView, error: str = "") -> Response:
    with reading():
        context = _context(view, error)
    return show_list("settings/mappings.html", context, error)


def _context(view: KeysView, error: str) -> dict[str, Any]:
    everything = owned_keys()
    manual = [key for key in everything if key.is_manual]
    automatic = [key for key in everything if not key.is_manual]
    kind = automatic if view.show == "automatic" else manual
    found = [key for key in kind if matches(key, view.search)]
    view, rows, pages = page_of(found, view)
    history = past_changes(HISTORY_LINES)
    return {
        "view": view,
        "rows": with_usage(rows),
        "pages": pages,
        "manual_count": len(manual),
        "automatic_count": len(automatic),
        "rule_words": RULE_WORDS,
        "intent": intent_of(view, error),
        "removal": removal_of(view),
        "history": history,
        "undoable": undoable(change.batch for change in history),
        "email_domain": address_domain(the_config().email_domain),
        "guesses": guesses(),
        "post_url": request.path,
        "announcement": f"{len(found)} mappings",
        **done_context(view),
    }


def matches(key: OwnedKey, words: str) -> bool:
    """Whether a key's name, id, owner or shared name holds the words."""
    return any(words.lower() in text.lower() for text in (key.name, key.key, key.email, key.label))
