"""Who an actor is: the rules, the directory they are applied to, and addresses."""

from __future__ import annotations

from app.identity.addresses import BadEmail, checked_email
from app.identity.rules import KnownDirectory
from app.identity.store import (
    Move,
    aliases,
    ensure_actors,
    known_directory,
    merges,
    moves,
    own_email,
    resolve_again,
    store_directory,
)

__all__ = (
    "BadEmail", "KnownDirectory", "Move", "aliases", "checked_email", "ensure_actors",
    "known_directory", "merges", "moves", "own_email", "resolve_again", "store_directory",
)  # fmt: skip
