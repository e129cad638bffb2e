"""Which keys somebody means: texts as browsers and scripts send them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from app.database import database
from app.identity import key_ids, plain_name
from app.models import Actor, ApiKey, Mapping

LONGEST_KEY = 300
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadKey(ValueError):
    """A text that names no key; the message says why."""


def typed_keys(texts: Sequence[str]) -> list[str]:
    """The ids of the keys that are meant, or their names where no id is listed. Raises `BadKey`.

    What is known may hold any characters, and is also found with other blanks, which browsers and
    people change. What is not known yet may come one day; it is taken as it is, if it can be a key.
    """
    known = _known_keys()
    by_name: dict[str, set[str]] = defaultdict(set)
    for key in known:
        by_name[plain_name(key)].add(key)
    ids = key_ids()
    found = []
    for text in texts:
        alike = by_name.get(plain_name(text), set())
        meant = text if text in known or len(alike) != 1 else next(iter(alike))
        found.append(ids.of(meant if meant in known else _new_key(text)))
    return found


def _known_keys() -> set[str]:
    columns = (Actor.key, ApiKey.external_id, ApiKey.name, Mapping.key)
    queries = (column.model.select(column).distinct() for column in columns)
    return {key for query in queries for (key,) in database.execute(query).fetchall() if key}


def _new_key(text: str) -> str:
    key = text.strip()
    if not key:
        raise BadKey("must be the id or the name of an API key.")
    if len(key) > LONGEST_KEY or _CONTROL.search(key):
        raise BadKey("is too long or holds characters that no key has.")
    return key
