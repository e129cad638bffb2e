"""What is sent of a template: nothing that only its writers need, and links in few letters."""

from __future__ import annotations

import re
from html.entities import html5

from jinja2.ext import Extension

INDENTATION = re.compile(r"(?<=[%#]\}\n)([ \t])[ \t]*|^[ \t]+", re.MULTILINE)
"""The blanks that a line begins with. After a tag of Jinja the first is kept (group 1): the line
break before it is not sent, so that nothing else parts two words."""

OLD_NAMES = "|".join(name for name in html5 if not name.endswith(";"))
PARAMETER = re.compile(rf"&amp;(?!{OLD_NAMES})(?=[a-z]+=)")
"""What parts the parameters of a link, as it is escaped: "&amp;" in "?a=1&amp;b=2". Before a name
that HTML of old reads as a character ("&copy=") it stays so."""


def with_short_links(html: str) -> str:
    """The same HTML: between parameters the bare sign says the same in a fifth of the letters.

    A page has hundreds of links, and each of them two or three parameters.
    """
    return PARAMETER.sub("&", html)


class WithoutIndentation(Extension):
    """Compiles templates as if no line were indented: blanks were every sixth byte of a page.

    A browser reads the line break that stays as it read the blanks, except in `pre` and
    `textarea`. The line numbers of errors stay right.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The text of a template without the blanks that lines begin with."""
        return INDENTATION.sub(r"\1", source)
