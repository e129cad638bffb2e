"""Unmapped API keys at `/settings`: whose they may be, what saying so moves, and saying so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.current import the_config
from app.database import reading
from app.directory.mappings import KeyChange, MappingEffect, Owner, effect_of, effects_by_key
from app.queries.keys.suggestions import Suggestion, suggestions
from app.queries.keys.unmapped import UnmappedKey, any_key_used, unmapped_keys
from app.queries.scope import Scope
from app.web.request.guard import admin_only
from app.web.request.unchanged import known_on_primary
from app.web.settings.changes import KeysView, answer_write, done_context, intent_of
from app.web.settings.common import page_of, parse_list_view, show_list

blueprint = Blueprint("settings_keys", __name__)


@blueprint.get("/settings")
@admin_only
@known_on_primary()
def page() -> Response:
    """Keys nobody owns, with their usage of all time."""
    return _page(parse_list_view(KeysView, request.args))


@blueprint.post("/settings")
@admin_only
def write() -> ResponseReturnValue:
    """Assign a key, accept all suggestions, or undo what was just done."""
    return answer_write("settings_keys.page", _page)


def _page(view: KeysView, error: str = "") -> Response:
    with reading():
        context = _context(view, error)
    return show_list("settings/keys.html", context, error)


def _context(view: KeysView, error: str) -> dict[str, Any]:
    everything = unmapped_keys(Scope())
    named = [key for key in everything if key.key]
    ideas = suggestions(named)
    found = [key for key in named if matches(key, ideas.get(key.key), view.search)]
    view, rows, pages = page_of(found, view)
    pairs = _pairs(found, ideas)
    return {
        "view": view,
        "rows": rows,
        "pages": pages,
        "all_count": len(named),
        "nameless": next((key.figures for key in everything if not key.key), None),
        "any_key": bool(named) or any_key_used(),
        "ideas": ideas,
        "effects": effects_by_key(_changes(_pairs(rows, ideas)), the_config().email_domain),
        "pairs": pairs,
        "all_effect": _effect_of_all(pairs) if view.all and pairs else None,
        "intent": intent_of(view, error),
        "post_url": request.path,
        "announcement": f"{len(found)} unmapped keys",
        **done_context(view),
    }


def matches(key: UnmappedKey, idea: Suggestion | None, words: str) -> bool:
    """Whether a key's name, id, workspace or suggestion holds the words."""
    texts = (key.name, key.key, key.workspace, idea.email if idea else "")
    return any(words.lower() in text.lower() for text in texts)


def _pairs(keys: Sequence[UnmappedKey], ideas: dict[str, Suggestion]) -> list[tuple[str, str]]:
    return [(key.key, ideas[key.key].email) for key in keys if key.key in ideas]


def _changes(pairs: list[tuple[str, str]]) -> list[KeyChange]:
    return [KeyChange(key, Owner(email)) for key, email in pairs]


def _effect_of_all(pairs: list[tuple[str, str]]) -> MappingEffect:
    return effect_of(_changes(pairs), the_config().email_domain)
