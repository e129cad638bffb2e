"""How templates are compiled: what only their writers need is not sent."""

from __future__ import annotations

import re

from jinja2.ext import Extension

INDENTATION = re.compile(r"(?<=[%#]\}\n)([ \t])[ \t]*|^[ \t]+", re.MULTILINE)
"""The blanks that a line begins with. After a tag of Jinja the first is kept (group 1): the line
break before it is not sent, so that nothing else parts two words."""


class WithoutIndentation(Extension):
    """Compiles templates as if no line were indented: blanks were every sixth byte of a page.

    A browser reads the line break that stays as it read the blanks, except in `pre` and
    `textarea`. The line numbers of errors stay right.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The text of a template without the blanks that lines begin with."""
        return INDENTATION.sub(r"\1", source)
