"""Model names: the short name people read and the id the price table knows."""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN = "(unknown)"
AUTO = "auto"

_FAMILY = r"(?P<family>opus|sonnet|haiku|fable|mythos|instant)"
_VERSION = r"(?P<major>[1-9][0-9]?)(?:[-.](?P<minor>0|[1-9][0-9]?))?"
_PREFIX = r"(?:(?:us|eu|apac|jp|au|ca|us-gov|global)\.)?(?:anthropic[./])?claude-"
_SUFFIXES = (
    r"(?:[-@][0-9]{8}|[-@]latest|-v[0-9]+(?::[0-9]+)?|\[1m\]|-1m"
    r"|-thinking|-extra-high|-xhigh|-high|-medium|-low|-max|-fast)*"
)
_FAMILY_FIRST = re.compile(f"{_PREFIX}{_FAMILY}-{_VERSION}{_SUFFIXES}")
_VERSION_FIRST = re.compile(f"{_PREFIX}{_VERSION}-{_FAMILY}{_SUFFIXES}")
_PUNCTUATION = str.maketrans(",()", "   ")
_FIRST_MAJOR_WITH_FAMILY_FIRST = 4


def _parts(raw: str) -> tuple[str, int, int] | None:
    """Family, major and minor version of a Claude model name, None for any other name."""
    name = _with_dashes(raw)
    match = _FAMILY_FIRST.fullmatch(name) or _VERSION_FIRST.fullmatch(name)
    if match is None:
        return None
    return match["family"], int(match["major"]), int(match["minor"] or 0)


def _with_dashes(raw: str) -> str:
    """A name as ids are written: "claude-opus-4.8" of "Opus 4.8, Auto", which Cursor chose."""
    words = raw.lower().split()
    if len(words) < 2:
        return "".join(words)
    words = " ".join(words).translate(_PUNCTUATION).split()
    if words[-1:] == ["auto"]:
        words.pop()
    return "claude-" + "-".join(words).removeprefix("claude-")


@lru_cache(maxsize=4096)
def display_name(raw: str) -> str:
    """The short, stable name of a model: "Sonnet 4.5", "auto", "(unknown)" or the name itself.

    Takes every spelling the providers use: Anthropic ids with date, "-latest" or "[1m]",
    cloud ids ("us.anthropic.claude-...-v1:0", "claude-...@20250929"), Cursor's order
    with effort suffixes ("claude-4.5-sonnet-thinking") and display names ("Claude Opus 4.8",
    "Opus 4.8, Auto", "Sonnet 5.5 Thinking"). A name that is no known Claude
    model is only trimmed. Giving it a display name again changes nothing.
    """
    name = raw.strip()
    if not name:
        return UNKNOWN
    if name.lower() in ("default", AUTO):
        return AUTO
    parts = _parts(name)
    if parts is None:
        return name
    family, major, minor = parts
    return f"{family.capitalize()} {major}.{minor}" if minor else f"{family.capitalize()} {major}"


@lru_cache(maxsize=4096)
def claude_id(raw: str) -> str | None:
    """The price table's id of a Claude model ("claude-sonnet-4-5"), None for any other name.

    Anthropic put the version first up to generation 3 ("claude-3-5-sonnet") and the family
    first since generation 4; a minor version 0 is an alias of the bare major version.
    """
    parts = _parts(raw)
    if parts is None:
        return None
    family, major, minor = parts
    version = f"{major}-{minor}" if minor else f"{major}"
    if major >= _FIRST_MAJOR_WITH_FAMILY_FIRST or family == "instant":
        return f"claude-{family}-{version}"
    return f"claude-{version}-{family}"
