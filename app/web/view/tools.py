"""The tools as every page shows them: their order, their parts, the rows of their table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from app.queries.sums.ranges import ModelShare
from app.tools import TOOL_KEYS

STACK = TOOL_KEYS[::-1]
"""Tools from the bottom of a bar to its top; a tool without a place here goes above."""
TOOL_ROWS = (
    ("input_tokens", "Input"),
    ("cache_write_tokens", "Cache write"),
    ("cache_read_tokens", "Cache read"),
    ("output_tokens", "Output"),
    ("tokens", "Tokens"),
)
"""Token parts of `Figures` in the order of the tools table, and their sum."""


def ordered_tools(by_tool: Iterable[str]) -> list[str]:
    """Tools in the order of legends and columns: the top of a bar first."""
    rank = {tool: place for place, tool in enumerate(reversed(STACK))}
    return sorted(by_tool, key=lambda tool: (rank.get(tool, -1), tool))


def tool_parts(by_tool: dict[str, int]) -> list[tuple[str, int]]:
    """Amounts by tool, in the order in which a horizontal bar lays them end to end."""
    return [(tool, by_tool[tool]) for tool in ordered_tools(by_tool)]


def in_several_tools(shares: Sequence[ModelShare]) -> set[str]:
    """The models that several tools used: their shares must be told apart."""
    tools = Counter(share.model for share in shares)
    return {model for model, count in tools.items() if count > 1}
