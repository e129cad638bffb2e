"""Texts in CSV files that spreadsheets would take for formulas, and how they are kept from it."""

from __future__ import annotations

import re
from functools import lru_cache

# = + - @, then the full-width and the small forms of them, which some spreadsheets take alike.
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_BLANKS = "\\s\\x00-\\x1f\xad\u200b-\u200f\u2060\ufeff"
_PARTED = rf'[;\t\r\n][{_BLANKS}"]*'
AT_START = re.compile(rf"[\t\r\n]|[{_BLANKS}]*{_SIGN}")
INSIDE = re.compile(rf"({_PARTED})(?={_SIGN})")
GUARDED_INSIDE = re.compile(rf"({_PARTED})'(?={_SIGN})")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
SUSPECT = re.compile(rf"[\t\r\n]|{_SIGN}")
"""What every text that needs guarding holds somewhere: most cells do not."""
MOST_TEXTS = 5000
"""How many texts are remembered as they were guarded."""


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before it.

    "=1+1" becomes "'=1+1". Much of Europe parts cells at `;`, and takes what we quote as it is:
    there "x;=1+1" is two cells, of which the second is a formula, so it becomes "x;'=1+1".
    """
    text = INSIDE.sub(r"\1'", text)
    return f"'{text}" if AT_START.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given, where our own file is read again."""
    if text[:1] == "'" and AT_START.match(text[1:]):
        text = text[1:]
    return GUARDED_INSIDE.sub(r"\1", text)


@lru_cache(MOST_TEXTS)
def guarded_text(text: str) -> str:
    """A text as a file may hold it: written numbers such as "-1.50" stay numbers.

    A file says the same of row after row, whose model or whose address it is: a text that was
    looked at is not looked at again.
    """
    return text if not SUSPECT.search(text) or NUMBER.fullmatch(text) else guarded(text)
