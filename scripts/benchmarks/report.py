"""What is written of the figures: tables on the screen, and `docs/performance.md`."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmarks.chart import chart
from scripts.benchmarks.figures import Figure, machine
from scripts.benchmarks.pages import PAGES, RIVAL, WHERE_IT_GOES
from scripts.benchmarks.sizes import SIZES
from scripts.benchmarks.tables import COLUMNS, LIMITS, METHOD, NAMES

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUDGETS = {page.name: page.budget for page in PAGES}
Table = dict[str, dict[str, float]]


def show(figures: list[Figure]) -> None:
    """Print every table, columns aligned."""
    for title, rows in tables(figures):
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        print(f"\n{title}")
        for row in rows:
            first, *others = (
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            print("  " + "  ".join((first, *others)))


def write(figures: list[Figure], said: str) -> None:
    """Write the page of the documentation and its chart."""
    (DOCS / "performance.svg").write_text(chart(figures))
    (DOCS / "performance.md").write_text("\n".join(document(figures, said)) + "\n")


def document(figures: list[Figure], said: str) -> Iterator[str]:
    """The lines of `docs/performance.md`."""
    yield "# How fast it is"
    yield ""
    yield f"Written by `scripts/bench --write` on {datetime.now(UTC):%d %B %Y}: {machine()},"
    yield f"Python {platform.python_version()}. {said}".strip()
    yield ""
    yield "![Questions not asked before, beside floor and rival](performance.svg)"
    yield ""
    yield METHOD
    for title, rows in tables(figures):
        yield f"\n## {title}\n"
        yield LIMITS[title.split(",")[0]] + "\n"
        yield from markdown(rows)
    yield "\n## Over budget\n"
    yield from over_budget(figures)


def tables(figures: list[Figure]) -> Iterator[tuple[str, list[list[str]]]]:
    """Every table that has figures: its title, and its rows of cells with the headings first."""
    for part, columns in COLUMNS.items():
        for size in SIZES:
            for engine, name in NAMES.items():
                chosen = [one for one in figures if one[:3] == (size, engine, part)]
                if chosen:
                    yield f"{part.capitalize()}, {told(size)}, {name}", cells(chosen, columns, size)


def told(size: str) -> str:
    """A size in words."""
    company = SIZES[size]
    return f"{size} ({company.people:,} people × {company.days} days)"  # noqa: RUF001


def cells(figures: list[Figure], columns: Iterable[str], size: str) -> list[list[str]]:
    """Headings and rows; a column without any figure is left out."""
    table: Table = {}
    for figure in figures:
        table.setdefault(figure.row, {})[figure.column] = figure.value
    shown = [name for name in columns if any(name in row for row in table.values())]
    of_pages = figures[0].part == "pages"
    extra = ["budget", "rival"] if of_pages else []
    rows = [["", *shown, *extra]]
    for row, values in table.items():
        beside = [str(BUDGETS.get(row, "")), rival(size, row)] if of_pages else []
        rows.append([row, *(number(values.get(name)) for name in shown), *beside])
    return rows


def rival(size: str, row: str) -> str:
    """What the rival took, where it was measured."""
    taken = RIVAL[size].get(row)
    return f"{taken:,}" if taken else ""


def number(value: float | None) -> str:
    """As many digits as tell something."""
    if value is None:
        return ""
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def markdown(rows: list[list[str]]) -> Iterator[str]:
    """A table whose first column is text."""
    headings, *others = rows
    yield f"| {' | '.join(headings)} |"
    yield f"|---|{'---:|' * (len(headings) - 1)}"
    for row in others:
        yield f"| {' | '.join(row)} |"


def over_budget(figures: list[Figure]) -> Iterator[str]:
    """The pages of the largest company whose question not asked before takes longer than it may."""
    late = [
        f"- {one.row}, {NAMES[one.engine]}: {one.value:.0f} ms of {BUDGETS[one.row]}"
        f"{where_it_goes(one.row)}"
        for one in figures
        if one[:1] == ("L",) and one.column == "fresh" and one.value > BUDGETS.get(one.row, 0)
    ]
    measured = any(one.size == "L" and one.column == "fresh" for one in figures)
    yield "Processor milliseconds of a question not asked before, at 10,000 people.\n"
    yield from late or ["- none" if measured else "- not measured at this size"]


def where_it_goes(row: str) -> str:
    """What a page spends its time on, as the longest beginning of its name that is known says."""
    known = max((name for name in WHERE_IT_GOES if row.startswith(name)), key=len, default="")
    return f". It goes into {WHERE_IT_GOES[known]}" if known else ""
