"""API tokens for scripts: shown once, kept as SHA-256, with scopes, revocable."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from app.access.audit import COMMAND_LINE, record_event
from app.access.digests import sha256
from app.access.touch import touch
from app.database import writing
from app.dates import now_seconds
from app.models import ApiToken
from app.values import clean_text

PREFIX = "aut_"
READ, IMPORT, SYNC = "read", "import", "sync"
SCOPES = (READ, IMPORT, SYNC)
LONGEST_NAME = 80


class BadToken(ValueError):
    """A token that cannot be made; the message says why."""


def make_token(
    name: str, scopes: Collection[str], by: str = COMMAND_LINE, address: str = ""
) -> tuple[str, ApiToken]:
    """The text of a new token, told only here, and its row. Raises `BadToken`.

    `scopes` are some of `SCOPES`; `by` and `address` go to the audit trail.
    """
    name = " ".join(clean_text(name, 1000).split())
    if not name:
        raise BadToken("Give the token a name that says where it is used.")
    if len(name) > LONGEST_NAME:
        raise BadToken(f"The name is longer than {LONGEST_NAME} characters.")
    if not scopes or set(scopes) - set(SCOPES):
        raise BadToken(f"Choose what the token may do: {', '.join(SCOPES)}.")
    text, chosen = PREFIX + secrets.token_urlsafe(32), [one for one in SCOPES if one in scopes]
    with writing():
        token = ApiToken.create(
            name=name,
            digest=sha256(text),
            ending=text[-4:],
            scopes=" ".join(chosen),
            made_at=now_seconds(),
            made_by=by,
        )
        record_event("token made", f"{name}: {', '.join(chosen)}", actor=by, address=address)
    return text, token


def list_tokens() -> list[ApiToken]:
    """All tokens, those in force first, newest first."""
    return list(ApiToken.select().order_by(ApiToken.revoked_at.is_null(False), ApiToken.id.desc()))


def revoke_token(token_id: int, by: str = COMMAND_LINE, address: str = "") -> bool:
    """End a token at once; whether there was one in force with this id."""
    in_force = (ApiToken.id == token_id) & ApiToken.revoked_at.is_null()
    with writing():
        token = ApiToken.get_or_none(in_force)
        if token is None:
            return False
        ApiToken.update(revoked_at=now_seconds(), revoked_by=by).where(in_force).execute()
        record_event("token revoked", token.name, actor=by, address=address)
    return True


def find_token(text: str) -> ApiToken | None:
    """The token in force with this text; notes once a minute that it was used."""
    in_force = (ApiToken.digest == sha256(text)) & ApiToken.revoked_at.is_null()
    token = ApiToken.get_or_none(in_force)
    if token is not None:
        touch(ApiToken.used_at, token)
    return token
