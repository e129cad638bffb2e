"""The state of the overview: range and filters, and what its chart shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from app.queries.people.order import FIGURE_SORTS
from app.queries.pivot import measures as pivot
from app.queries.pivot.measures import TOKENS
from app.web.view.charted import Charted, asks_for_table

TOOL, MODEL = "tool", "model"
MEASURES = tuple((name, pivot.MEASURES[name].label) for name in (TOKENS, *pivot.MONEY))
CUTS = ((TOOL, "By tool"), (MODEL, "By model"))


@dataclass(frozen=True)
class DashboardView(Charted):
    """A view with the chart's measure (of `MEASURES`) and what its bars are made of."""

    measure: str = TOKENS
    by: str = TOOL

    @property
    def figure(self) -> str:
        """Which of `Figures` is measured."""
        return pivot.MEASURES[self.measure].figure

    @property
    def sort(self) -> str:
        """The column of people that is measured."""
        return next(name for name, figure in FIGURE_SORTS.items() if figure == self.figure)

    def arguments(self) -> list[tuple[str, str]]:
        """The canonical query: no empty and no default parameters."""
        pairs = super().arguments()
        if self.measure != TOKENS:
            pairs.append(("measure", self.measure))
        if self.by != TOOL:
            pairs.append(("by", self.by))
        return pairs


def parse_dashboard(args: MultiDict[str, str], today: date) -> DashboardView:
    """The view that the query string asks for; odd values fall back to the default."""
    return DashboardView.with_range_of(
        args,
        today,
        table=asks_for_table(args),
        measure=_known(args.get("measure", ""), MEASURES),
        by=_known(args.get("by", ""), CUTS),
    )


def _known(value: str, choices: tuple[tuple[str, str], ...]) -> str:
    names = [name for name, _ in choices]
    return value if value in names else names[0]
