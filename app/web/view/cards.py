"""The cards of any page: a figure of a range, how its change is said in words, its curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from app.web.view import charts, formatting
from app.web.view.periods import Comparison

DASH = "\u2014"
NOT_KNOWN = "no earlier data"
"""Instead of a change, when all the days before are earlier than the first known day."""
Writer = Callable[[int], str]
Measured = TypeVar("Measured")
"""What a page has measured of a range, for its cards to take their figures from."""


class Card(NamedTuple):
    """One figure of the range: as shown, in full, against the days before, and its curve.

    `compared` tells both sides of the change in full. `sort`, or `rows` and `measure`, say
    which view of the people is behind it.
    """

    label: str
    value: str
    full: str
    change: str
    compared: str
    spark: str
    sort: str = ""
    rows: str = ""
    measure: str = ""


class Kind(NamedTuple, Generic[Measured]):
    """How a card is made from what was measured, and its curve from the amounts of a bar.

    `is_unknown`: the figure is not known, and never shown as a zero. `quiet`: of an unknown
    figure no change is said either.
    """

    label: str
    of: Callable[[Measured], int]
    write: Writer
    full: Callable[[Measured], str]
    of_bar: Callable[[dict[str, int]], int]
    is_unknown: Callable[[Measured], bool] = lambda _: False
    quiet: bool = False
    sort: str = ""
    rows: str = ""
    measure: str = ""


class Sides(NamedTuple, Generic[Measured]):
    """What the cards show, and what their changes compare: `settled` with `before`.

    `known`: whether all of the compared days were read. `until`: the last day of `settled`,
    where the range goes on. On 10 November, of a range from 1 to 10 November, the cards show
    ten days, compare the complete nine with nine in October, and say "to 9 Nov".
    """

    shown: Measured
    settled: Measured
    before: Measured | None = None
    known: bool = True
    until: date | None = None


def sides_of(
    compared: Comparison | None, shown: Measured, settled: Measured, before: Measured | None
) -> Sides[Measured]:
    """What was measured, with what the comparison says of it."""
    if compared is None:
        return Sides(shown, settled, before)
    until = None if compared.whole else compared.now.end
    return Sides(shown, settled, before, not compared.unknown, until)


def cards(
    kinds: Sequence[Kind[Measured]], sides: Sides[Measured], drawn: Sequence[charts.Bar]
) -> list[Card]:
    """The cards of a range, with curves over the complete bars."""
    complete = [bar.amounts for bar in drawn if not bar.open]
    return [_card(kind, sides, [kind.of_bar(bar) for bar in complete]) for kind in kinds]


def _card(kind: Kind[Measured], sides: Sides[Measured], curve: list[int]) -> Card:
    shown, settled, before, known, _ = sides
    compared = ""
    if before is not None:
        compared = compared_words(kind.full(settled), kind.full(before), known=known)
    unknown = kind.is_unknown(shown)
    return Card(
        label=kind.label,
        value=_figure(kind, shown),
        full="No price is known" if unknown else kind.full(shown),
        change=_change(kind, sides),
        compared=compared,
        spark=charts.sparkline(curve),
        sort=kind.sort,
        rows=kind.rows,
        measure=kind.measure,
    )


def _figure(kind: Kind[Measured], measured: Measured) -> str:
    return DASH if kind.is_unknown(measured) else kind.write(kind.of(measured))


def _change(kind: Kind[Measured], sides: Sides[Measured]) -> str:
    shown, settled, before, known, until = sides
    if before is None or (kind.quiet and kind.is_unknown(shown)):
        return ""
    if not known:
        return NOT_KNOWN
    if kind.is_unknown(settled):
        return f"{_figure(kind, before)} before"
    now = kind.of(settled)
    words = until_words(kind.write, kind.of(shown), now, until)
    if kind.write is write_share:
        return words + points_words(now, kind.of(before))
    return words + change_words(kind.write, now, kind.of(before))


def compared_words(now: str, before: str, *, known: bool) -> str:
    """Both sides of a change in full; the days before the first known one have no figure."""
    return f"{now}; before: {before if known else 'nothing is known'}"


def change_words(write: Callable[[int], str], now: int, before: int) -> str:
    """Both the earlier value and the change: "2.81 B before, up 16 %", "0 before, new"."""
    return f"{write(before)} before, {formatting.change(now, before)}"


def until_words(write: Writer, shown: int, compared: int, until: date | None) -> str:
    """The figure that a change compares, up to its last day, where it is not the shown one."""
    if until is None or write(shown) == write(compared):
        return ""
    return f"{write(compared)} to {formatting.day(until)}; "


def write_share(hundredths: int) -> str:
    """Hundredths of a percent as a percentage: "87.9 %"."""
    return formatting.share(Decimal(hundredths) / 100)


def points_words(now: int, before: int) -> str:
    """The earlier share and the change in percentage points, both of hundredths of a percent."""
    if before == 0:
        words = "new" if now else "unchanged"
    else:
        points = abs(Decimal(now - before)) / 100
        coarse = points >= Decimal("0.1") and write_share(now) != write_share(before)
        # Finer than the shares beside it where these are written alike.
        size = f"{points:.1f}" if coarse else f"{points:.2f}"
        direction = "up" if now > before else "down"
        words = f"{direction}{formatting.SPACE}{size}{formatting.SPACE}points"
        words = words if now != before else "unchanged"
    return f"{write_share(before)} before, {words}"
