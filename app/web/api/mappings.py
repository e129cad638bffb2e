"""The JSON API's mappings: whose each API key is, and saying so."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.current import the_config
from app.database import reading, writing
from app.directory.mappings import (
    AUTOMATIC,
    BadOwner,
    KeyChange,
    Owner,
    change_mappings,
    owner_named,
)
from app.directory.typed_keys import BadKey, typed_keys
from app.queries.keys.mappings import OwnedKey, known_emails, owned_keys
from app.queries.keys.unmapped import UnmappedKey, unmapped_keys
from app.queries.scope import Scope
from app.web.api.reads import dollars
from app.web.request.errors import BadRequest
from app.web.request.guard import current_user_label, record_event

blueprint = Blueprint("api_mappings", __name__, url_prefix="/api")


@blueprint.get("/mappings")
def mappings() -> ResponseReturnValue:
    """Keys with an owner, keys without one (figures of all time), and everybody known.

    `source` is "mapping" (an administrator said so), "shared" (nobody's, under a name; its
    e-mail is null) or the automatic rule: "account", "key owner", "key name".
    """
    with reading():
        owned, free, emails = owned_keys(), unmapped_keys(Scope()), known_emails()
    return jsonify(
        mappings=[_owned(key) for key in owned],
        unmapped=[_unmapped(key) for key in free if key.key],
        knownEmails=emails,
    )


def _owned(key: OwnedKey) -> dict[str, Any]:
    return {
        "apiKey": key.key,
        "name": key.label or key.name,
        "email": key.email or None,
        "source": key.rule,
    }


def _unmapped(key: UnmappedKey) -> dict[str, Any]:
    return {
        "apiKey": key.key,
        "name": key.name,
        "totalTokens": key.figures.tokens,
        "totalCost": dollars(key.figures.value_nanos),
        "suggestedEmail": key.suggested_email or None,
    }


@blueprint.post("/mappings")
def assign() -> ResponseReturnValue:
    """Map a key to a person, also one that no usage has named yet."""
    body = _body()
    key = _api_key(body)
    email = body.get("email")
    if not isinstance(email, str):
        raise BadRequest("email: must be an e-mail address such as name@example.com.")
    try:
        owner = owner_named(email)
    except BadOwner as error:
        raise BadRequest(f"email: {error}") from None
    _change(key, owner)
    return jsonify(success=True)


@blueprint.delete("/mappings")
def remove() -> ResponseReturnValue:
    """Forget what was said of a key: it falls back to the automatic rule."""
    key = _api_key(_body())
    if not _change(key, AUTOMATIC):
        return jsonify(error=f"apiKey: nobody has mapped the key {key!r}."), 404
    return jsonify(success=True)


def _change(key: str, owner: Owner) -> int:
    domain = the_config().email_domain
    with writing():
        batch = change_mappings(
            [KeyChange(key, owner)], by=current_user_label(), email_domain=domain
        )
        if batch:
            record_event("mapping changed", f"{key}: {owner.email or 'by the automatic rule'}")
    return batch


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest('The body must be a JSON object such as {"apiKey": "\u2026"}.')
    return body


def _api_key(body: dict[str, Any]) -> str:
    key = body.get("apiKey")
    if not isinstance(key, str):
        raise BadRequest("apiKey: must be the id or the name of an API key.")
    try:
        return typed_keys([key])[0]
    except BadKey as error:
        raise BadRequest(f"apiKey: {error}") from None
