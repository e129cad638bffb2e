"""The state of `/import`, as its query string says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from werkzeug.datastructures import MultiDict

from app.web.view.params import parse_number
from app.web.view.state import Paged, parse_page

LAST_FILE = 10**9 - 1
DONE = ("discarded", "sent", "left_out")


@dataclass(frozen=True)
class ImportsView(Paged):
    """A page of the history, and what was just done.

    `discarded` is the number of a file (0: none), `sent` how many files were staged, `left_out`
    how many beside them were no CSV.
    """

    size: int = 25
    discarded: int = 0
    sent: int = 0
    left_out: int = 0
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", *DONE})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        done = [(name, str(getattr(self, name))) for name in DONE if getattr(self, name)]
        return [*done, *super().arguments()]

    def at_rest(self) -> Self:
        """The same page, with nothing just done."""
        return self.changed(**dict.fromkeys(DONE, 0))


def parse_imports_view(args: MultiDict[str, str]) -> ImportsView:
    """The view that a query string asks for; odd values fall back to the default."""
    done = {name: parse_number(args.get(name, ""), 1, LAST_FILE) or 0 for name in DONE}
    return ImportsView(page=parse_page(args), **done)
