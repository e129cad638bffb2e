"""A small picture of the figures: bars on a scale of powers of ten."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.pages import RIVAL
from scripts.benchmarks.sizes import SIZES
from scripts.benchmarks.tables import NAMES

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 760, 200, 60, 44, 9, 12
LEAST, MOST = 1, 10_000
STYLE = """
text{font:12px system-ui,sans-serif;fill:#334155}
.grid{stroke:#cbd5e1}.floor{fill:#94a3b8}.sqlite{fill:#0e7490}.postgres{fill:#4338ca}.rival{fill:#c2410c}
@media (prefers-color-scheme:dark){text{fill:#cbd5e1}.grid{stroke:#475569}.sqlite{fill:#22d3ee}
.postgres{fill:#a5b4fc}.rival{fill:#fb923c}}
"""
WORDS = {"floor": "floor", **NAMES, "rival": "rival"}
Bars = dict[str, float]


def chart(figures: list[Figure]) -> str:
    """SVG: of the largest company measured, the pages that the rival has, too."""
    measured = [size for size in SIZES if any(one.size == size for one in figures)]
    size = measured[-1] if measured else "S"
    rows = {name: bars(figures, size, name) for name in RIVAL[size]}
    height = TOP + len(rows) * (len(WORDS) * BAR + GAP) + 8
    lines = [*axis(height), *legend(size)]
    for place, (name, found) in enumerate(rows.items()):
        lines += row(name, found, TOP + place * (len(WORDS) * BAR + GAP))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Milliseconds by page"><style>{STYLE}</style>{"".join(lines)}</svg>\n'
    )


def bars(figures: list[Figure], size: str, name: str) -> Bars:
    """Milliseconds by kind: the floor is the higher one of both databases."""
    found: Bars = {"rival": RIVAL[size][name]}
    for one in figures:
        if (one.size, one.part, one.row) == (size, "pages", name):
            if one.column == "fresh":
                found[one.engine] = one.value
            if one.column == "floor":
                found["floor"] = max(found.get("floor", 0), one.value)
    return found


def place_of(value: float) -> float:
    """How far to the right a value stands."""
    share = math.log10(max(value, LEAST) / LEAST) / math.log10(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def axis(height: int) -> Iterator[str]:
    """A line at every power of ten."""
    value = LEAST
    while value <= MOST:
        at = place_of(value)
        yield f'<line class="grid" x1="{at:.0f}" x2="{at:.0f}" y1="{TOP - 6}" y2="{height}"/>'
        yield f'<text x="{at:.0f}" y="{TOP - 10}" text-anchor="middle">{value:,} ms</text>'
        value *= 10


def legend(size: str) -> Iterator[str]:
    """Which colour is what."""
    yield f'<text x="0" y="14">{size}: {SIZES[size].people:,} people</text>'
    for place, (kind, word) in enumerate(WORDS.items()):
        at = LEFT + place * 110
        yield f'<rect class="{kind}" x="{at}" y="5" width="10" height="10"/>'
        yield f'<text x="{at + 15}" y="14">{word}</text>'


def row(name: str, found: Bars, top: int) -> Iterator[str]:
    """The bars of one page, and its name."""
    yield f'<text x="0" y="{top + 2 * BAR + 4}">{escape(name)}</text>'
    for place, kind in enumerate(WORDS):
        if kind in found:
            end, at = place_of(found[kind]), top + place * BAR
            width = max(1.0, end - LEFT)
            yield (
                f'<rect class="{kind}" x="{LEFT}" y="{at}" width="{width:.0f}" '
                f'height="{BAR - 1}"><title>{found[kind]:.0f} ms</title></rect>'
            )
