"""Whose a key that nobody owns may be: never applied by itself, always with the reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from app.database import database
from app.identity import aliases
from app.models import Person
from app.queries.keys.unmapped import UnmappedKey
from app.queries.remembered import no_day, remembered

LONGEST_PHRASE = 4
BYTES_A_PHRASE = 600
SHORTEST_WORD = 3
COMMON_WORDS = frozenset(
    {
        *("admin", "agent", "api", "app", "bot", "build", "claude", "code", "cursor", "data"),
        *("default", "deploy", "dev", "key", "laptop", "machine", "main", "new", "nightly"),
        *("old", "prod", "production", "script", "server", "service", "staging", "support"),
        *("team", "test", "tests", "tool", "work"),
    }
)
"""Words of key names that are no person's, even where somebody's address is that word."""

_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) != "\n"}

Phrase = tuple[str, ...]


class Suggestion(NamedTuple):
    """Whose a key may be, and why that is believed."""

    email: str
    reason: str


def suggestions(keys: Iterable[UnmappedKey]) -> dict[str, Suggestion]:
    """A suggestion for each key that has one: who made it, else whose name it holds."""
    found: dict[str, Suggestion] = {}
    people: dict[Phrase, set[str]] | None = None
    for key in keys:
        if key.suggested_email:
            found[key.key] = Suggestion(key.suggested_email, "creator")
            continue
        people = _people_by_phrase() if people is None else people
        similar = _named_in(key.name or key.key, people)
        if similar:
            found[key.key] = similar
    return found


@remembered(lambda found: BYTES_A_PHRASE * len(found), days=no_day)
def _people_by_phrase() -> dict[Phrase, set[str]]:
    """E-mails of known people by the words of their address and of their name; remembered."""
    further = aliases()
    people = database.execute(Person.select(Person.email, Person.name)).fetchall()
    known = [(email, email.partition("@")[0], name) for email, name in people]
    phrases = _words_of_each({text for _, *texts in known for text in texts})
    found: dict[Phrase, set[str]] = defaultdict(set)
    for email, local, name in known:
        if email not in further:
            found[phrases[local]].add(email)
            found[phrases[name]].add(email)
    found.pop((), None)
    return dict(found)


def _words_of_each(texts: set[str]) -> dict[str, Phrase]:
    """`words` of each text, of tens of thousands at once."""
    plain = [text for text in texts if text.isascii() and "\n" not in text]
    lines = "\n".join(plain).lower().translate(_BLANKS).split("\n")
    found = {text: tuple(line.split()) for text, line in zip(plain, lines, strict=bool(plain))}
    return found | {text: words(text) for text in texts - found.keys()}


def _named_in(name: str, people: dict[Phrase, set[str]]) -> Suggestion | None:
    """The one person whose address or name stands in `name`, the longest phrase first."""
    said = words(name)
    for length in range(min(LONGEST_PHRASE, len(said)), 0, -1):
        for start in range(len(said) - length + 1):
            phrase = said[start : start + length]
            emails = people.get(phrase, set())
            if len(emails) == 1 and not _is_common(phrase):
                return Suggestion(
                    next(iter(emails)), f"its name holds \u201c{' '.join(phrase)}\u201d"
                )
    return None


def _is_common(phrase: Phrase) -> bool:
    return len(phrase) == 1 and (len(phrase[0]) < SHORTEST_WORD or phrase[0] in COMMON_WORDS)


def words(text: str) -> Phrase:
    """The words of a name or an address, in lower case."""
    return tuple(re.findall(r"[^\W_]+", text.lower()))
