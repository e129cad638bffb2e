"""The state of a page with a chart, whose figures are also there as a table."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from app.web.view.state import View


@dataclass(frozen=True)
class Charted(View):
    """A view with a chart. `table`: what the chart shows stands below it as a table, too.

    Few ask for it, and it is as long as the rest of the page.
    """

    table: bool = False

    def arguments(self) -> list[tuple[str, str]]:
        """Range, filters and whether there is a table."""
        pairs = super().arguments()
        return [*pairs, ("table", "1")] if self.table else pairs


def asks_for_table(args: MultiDict[str, str]) -> bool:
    """Whether a query string asks for the table; odd values ask for none."""
    return args.get("table") == "1"
