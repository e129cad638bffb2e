"""The columns of the list of people: names as in the API, words as on screen."""

from __future__ import annotations

from typing import NamedTuple

from app.tools import TOOLS
from app.usage import Tool
from app.web.view.figure_words import FIGURE_WORDS


class Column(NamedTuple):
    """A column: its name in query strings, its heading, what it says, and how it is written.

    `kind` chooses the writing of a cell. `width` is about what it takes on screen, in pixels.
    A column without an `order` cannot be sorted by; "asc" or "desc" is what the first click
    on it gives. `figure` is the field of `Figures` in a cell, `tool` the tool whose tokens it is.
    """

    name: str
    label: str
    meaning: str
    kind: str
    width: int
    order: str = "desc"
    figure: str = ""
    tool: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its cells stand at the right, digit below digit."""
        return self.kind not in ("email", "name", "team", "model", "split", "curve")


def _tool_column(tool: Tool) -> Column:
    width = max(80, 29 + 6 * len(tool.label))
    name, meaning = tool.tokens_column, f"Tokens with {tool.label}"
    return Column(name, tool.label, meaning, "tool", width, tool=tool.key)


def _money_column(figure: str) -> Column:
    words = FIGURE_WORDS[figure]
    return Column(words.column, words.label, words.meaning, "money", 95, figure=figure)


COLUMNS = (
    Column("email", "Person", "The person's e-mail address", "email", 190, "asc"),
    Column("name", "Name", "The person's name", "name", 28, "asc"),
    Column("team", "Team", "The person's present team", "team", 90, "asc"),
    Column("totalTokens", "Tokens", "All tokens of the range", "tokens", 80, figure="tokens"),
    _money_column("value_nanos"),
    _money_column("billed_nanos"),
    Column("change", "Change", "Tokens against the days before", "change", 105),
    Column("trend", "Trend", "Tokens over the range", "curve", 90, ""),
    *map(_tool_column, TOOLS),
    Column("tools", "Tools", "Tokens split by tool", "split", 80, ""),
    Column("inputTokens", "Input", "Uncached input tokens", "tokens", 80, figure="input_tokens"),
    Column(
        "cacheWriteTokens",
        "Cache write",
        "Input tokens written to the cache",
        "tokens",
        95,
        figure="cache_write_tokens",
    ),
    Column(
        "cacheReadTokens",
        "Cache read",
        "Input tokens read from the cache",
        "tokens",
        95,
        figure="cache_read_tokens",
    ),
    Column(
        "outputTokens",
        "Output",
        "Tokens written by the model",
        "tokens",
        80,
        figure="output_tokens",
    ),
    Column("cacheShare", "Cache share", "Cache reads as a part of all tokens", "share", 95),
    Column("daysActive", "Active days", "Days with usage in the range", "days", 90),
    Column("avgTokensPerDay", "Per active day", "Tokens per active day", "average", 110),
    Column("topModel", "Top model", "The model with most tokens", "model", 140, "asc"),
    Column("firstActive", "First active", "First day with usage, of all time", "day", 100),
    Column("lastActive", "Last active", "Last day with usage, of all time", "day", 100),
)
BY_NAME = {column.name: column for column in COLUMNS}
ALWAYS = "email"
USUAL = (
    "email",
    "name",
    "team",
    "totalTokens",
    "totalCost",
    "change",
    "trend",
    *(tool.tokens_column for tool in TOOLS),
    "cacheShare",
    "daysActive",
    "topModel",
    "lastActive",
)
"""Shown unless the query string says otherwise, but no name and team where nobody has one."""
EVERY = tuple(BY_NAME)


def chosen_columns(names: list[str]) -> tuple[str, ...]:
    """The known ones of `names`, in the order of the table; the usual ones when none is known."""
    known = tuple(name for name in EVERY if name in names or name == ALWAYS)
    return known if set(names) & set(EVERY) else USUAL
