"""The stored names of the tools, written down by themselves: they may never change."""

CLAUDE_CODE = "claude_code"
CURSOR = "cursor"
