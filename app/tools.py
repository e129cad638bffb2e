"""The tools that usage is counted for, as providers declare them, in the order of the screen."""

from __future__ import annotations

from app.providers import PROVIDERS
from app.usage import Tool

TOOLS: tuple[Tool, ...] = tuple(dict.fromkeys(provider.TOOL for provider in PROVIDERS))
TOOL_KEYS = tuple(tool.key for tool in TOOLS)
TOOL_OF_PROVIDER = {provider.NAME: provider.TOOL.key for provider in PROVIDERS}

_LABELS = {tool.key: tool.label for tool in TOOLS}


def tool_label(key: str) -> str:
    """The name of a tool on screen; an unknown tool shows its own name."""
    return _LABELS.get(key, key)
