"""The state of `/import`, as its query string says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from app.web.view.params import parse_number
from app.web.view.state import Paged, parse_page

LAST_FILE = 10**9 - 1


@dataclass(frozen=True)
class ImportsView(Paged):
    """A page of the history, and the number of a file that was just discarded (0: none)."""

    size: int = 25
    discarded: int = 0
    STAYS_ON_PAGE: ClassVar[frozenset[str]] = frozenset({"page", "discarded"})

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        own = [("discarded", str(self.discarded))] if self.discarded else []
        return [*own, *super().arguments()]


def parse_imports_view(args: MultiDict[str, str]) -> ImportsView:
    """The view that a query string asks for; odd values fall back to the default."""
    number = parse_number(args.get("discarded", ""), 1, LAST_FILE)
    return ImportsView(page=parse_page(args), discarded=number or 0)
