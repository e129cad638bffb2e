"""Questions to the JSON reads, and the facts that they are about."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.expected import chosen
from tests.filled import TEAMS, Reader
from tests.tools import CLAUDE_CODE, CURSOR

FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"tool": CURSOR},
    {"tool": [CLAUDE_CODE, CURSOR]},
    {"model": "Sonnet 4.5"},
    {"model": "claude-4.5-sonnet-thinking"},
    {"model": ["Sonnet 4.5", "auto"]},
    {"model": "(unknown)"},
    {"model": ["gpt-5-codex", "claude-sonnet-4-5-20250929[1m]"], "tool": CLAUDE_CODE},
    {"model": "no-such-model"},
    {"tool": CURSOR, "model": "Opus 4.1"},
    {"team": "Platform"},
    {"team": list(TEAMS), "tool": CURSOR},
    {"team": TEAMS[0], "model": ["Sonnet 4.5", "auto"]},
    {"team": "no-such-team"},
)


def query_of(start: date | None, end: date | None, **filters: Any) -> dict[str, Any]:
    days = {"startDate": start, "endDate": end}
    return {name: day.isoformat() for name, day in days.items() if day} | filters


def facts_of(reader: Reader, start: date | None, end: date | None, **filters: Any):
    named = [filters.get(name, ()) for name in ("tool", "model", "team", "organization")]
    names = [[one] if isinstance(one, str) else one for one in named]
    return chosen(reader.facts, start, end, *names)
