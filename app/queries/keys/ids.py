"""The id behind what a key is called, for pages: remembered."""

from __future__ import annotations

from app.identity import KeyIds, key_ids
from app.queries.remembered import remembered


@remembered()
def known_key_ids() -> KeyIds:
    """`key_ids`, until the data changes: usage can bring new names."""
    return key_ids()
