"""Who an actor is: the rules, the directory they are applied to, and addresses."""

from __future__ import annotations

from app.identity.addresses import BadEmail, checked_email
from app.identity.domain import address_domain
from app.identity.keys import KeyIds, keep_mappings_by_id, key_ids, plain_name
from app.identity.people import aliases, merges, own_email
from app.identity.rules import KnownDirectory
from app.identity.store import (
    Move,
    add_actors,
    forget_idle_actors,
    known_directory,
    moves,
    moves_of_keys,
    name_actors,
    planned_owners,
    resolve_again,
    resolve_everybody,
    resolve_new_actors,
    store_directory,
)

__all__ = (
    "BadEmail", "KeyIds", "KnownDirectory", "Move", "add_actors", "address_domain", "aliases",
    "checked_email", "forget_idle_actors", "keep_mappings_by_id", "key_ids", "known_directory",
    "merges", "moves", "moves_of_keys", "name_actors", "own_email", "plain_name", "planned_owners",
    "resolve_again", "resolve_everybody", "resolve_new_actors", "store_directory",
)  # fmt: skip
