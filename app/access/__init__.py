"""Who may come in: passwords, sessions, API tokens, the limit of tries, the audit trail."""

from __future__ import annotations

from app.access.audit import list_events, record_event
from app.access.passwords import ADMIN, FEWEST_CHARACTERS, ROLES, VIEWER, weak_settings
from app.access.tokens import SCOPES, BadToken, list_tokens, make_token, revoke_token

__all__ = (
    "ADMIN", "FEWEST_CHARACTERS", "ROLES", "SCOPES", "VIEWER", "BadToken", "list_events",
    "list_tokens", "make_token", "record_event", "revoke_token", "weak_settings",
)  # fmt: skip
