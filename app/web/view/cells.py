"""Cells of large tables, written once in Python: what a template does for each of thousands."""

from __future__ import annotations

from typing import NamedTuple

from app.queries.sums.figures import Figures
from app.web.view import formatting
from app.web.view.charts import Strip
from app.web.view.figure_words import FIGURE_WORDS


class Cell(NamedTuple):
    """A figure as written, every digit of it, where it leads ("" nowhere), and its class.

    `lacks`: what is not known of it, and in short (`partly`); "" when all of it is. A cell with
    a `curve` (the `d` of a path) or with the `parts` of a bar draws them; its title says them.
    """

    text: str
    title: str = ""
    href: str = ""
    look: str = ""
    lacks: str = ""
    partly: str = ""
    curve: str = ""
    parts: tuple[Strip, ...] = ()


EMPTY = Cell("")
DASH = "\u2014"


def tokens_cell(count: int, href: str) -> Cell:
    """Tokens in short, with every digit on hover."""
    return Cell(formatting.compact(count), f"{formatting.exact(count)} tokens", href)


def money_cell(figures: Figures, figure: str, href: str) -> Cell:
    """Money, named as in `Figures`: nothing known reads as such, never as $0."""
    words, nanos = FIGURE_WORDS[figure], getattr(figures, figure)
    if figures.is_unknown(figure):
        title = words.unknown if words.dash == DASH else ""
        return Cell(words.dash, title, href, "muted")
    cell = Cell(formatting.money(nanos), formatting.exact_money(nanos), href)
    if not figures.is_partial(figure):
        return cell
    lacks = f"{formatting.exact(figures.lacking(figure))} tokens {words.lack}"
    return cell._replace(lacks=lacks, partly=words.partly)
