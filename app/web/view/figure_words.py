"""What figures that not all usage has are called, and how it is said that they are not known."""

from __future__ import annotations

from typing import NamedTuple


class FigureWords(NamedTuple):
    """The words of a figure: its label and meaning, and what is said where it is not known.

    Of all usage: `dash` in its place, and `unknown`. Of a part of it: `partly`, and what so many
    tokens `lack`. `heading` is the column of these tokens in an export. Of money alone: its kind
    there (`money`), its `column` among people and its `measure`, as addresses name them.
    """

    label: str
    meaning: str
    dash: str
    unknown: str
    lack: str
    partly: str
    legend: str
    heading: str
    money: str = ""
    column: str = ""
    measure: str = ""


FIGURE_WORDS = {
    "value_nanos": FigureWords(
        label="Cost",
        meaning="List-price value in US dollars",
        dash="\u2014 not priced",
        unknown="No price is known for this usage",
        lack="have no price",
        partly="partly priced",
        legend="\u2014 no price; +? partly priced.",
        heading="unpricedTokens",
        money="value",
        column="totalCost",
        measure="cost",
    ),
    "billed_nanos": FigureWords(
        label="Billed",
        meaning="What the vendor says it bills, in US dollars",
        dash="\u2014",
        unknown="The vendor does not say what it bills",
        lack="have no billed figure",
        partly="known in part",
        legend="\u2014 billed not known; +? known in part.",
        heading="unbilledTokens",
        money="billed",
        column="totalBilled",
        measure="billed",
    ),
    "requests": FigureWords(
        label="Requests",
        meaning="Requests to the models",
        dash="\u2014",
        unknown="The provider tells no requests for this usage",
        lack="come without a count of requests",
        partly="partly counted",
        legend="\u2014 no count of requests; +? partly counted.",
        heading="uncountedTokens",
    ),
}
"""By the name of the figure in `Figures`."""
