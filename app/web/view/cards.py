"""The cards of any page: a figure of a range, how its change is said in words, its curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from app.web.view import charts, formatting
from app.web.view.periods import Comparison

DASH = "\u2014"
NOT_KNOWN = "no earlier data"
"""Instead of a change, where not all of the days before were read."""
Writer = Callable[[int], str]
Measured = TypeVar("Measured")
"""What a page has measured of a range, for its cards to take their figures from."""


class Card(NamedTuple):
    """One figure of the range: as shown, in full, against the days before, and its curve.

    `note` says more of it, "" for nothing. `compared` tells both sides of the change in full.
    `sort`, or `rows` and `measure`, say which view of the people is behind it.
    """

    label: str
    value: str
    full: str
    note: str
    change: str
    compared: str
    spark: str
    sort: str = ""
    rows: str = ""
    measure: str = ""


class Kind(NamedTuple, Generic[Measured]):
    """How a card is made from what was measured, and its curve from the amounts of a bar.

    `says`: what stands in place of the amount that its change compares. `is_unknown`: the figure
    is not known, as `unknown` says, and never shown as a zero. `quiet`: of an unknown figure no
    change is said either.
    """

    label: str
    of: Callable[[Measured], int]
    write: Writer
    full: Callable[[Measured], str]
    of_bar: Callable[[dict[str, int]], int] | None = None
    is_unknown: Callable[[Measured], bool] = lambda _: False
    unknown: str = "No price is known"
    quiet: bool = False
    says: Callable[[Measured], str] | None = None
    note: Callable[[Measured], str] = lambda _: ""
    sort: str = ""
    rows: str = ""
    measure: str = ""


class Sides(NamedTuple, Generic[Measured]):
    """What the cards show, and what their changes compare: `settled` with `before`.

    On 10 November, of a range from 1 to 10 November, the cards show ten days and compare the
    complete nine with nine in October; `compared` says so.
    """

    shown: Measured
    settled: Measured
    before: Measured | None = None
    compared: Comparison | None = None


def cards(
    kinds: Sequence[Kind[Measured]], sides: Sides[Measured], drawn: Sequence[charts.Bar]
) -> list[Card]:
    """The cards of a range, with curves over the complete bars."""
    complete = [bar.amounts for bar in drawn if not bar.open]
    return [_card(kind, sides, complete) for kind in kinds]


def _card(kind: Kind[Measured], sides: Sides[Measured], complete: Sequence[dict[str, int]]) -> Card:
    unknown = kind.is_unknown(sides.shown)
    return Card(
        label=kind.label,
        value=_figure(kind, sides.shown),
        full=kind.unknown if unknown else kind.full(sides.shown),
        note="" if unknown else kind.note(sides.shown),
        change=_change(kind, sides),
        compared=_both_sides(kind, sides),
        spark=charts.curve(list(map(kind.of_bar, complete))) if kind.of_bar else "",
        sort=kind.sort,
        rows=kind.rows,
        measure=kind.measure,
    )


def _figure(kind: Kind[Measured], measured: Measured) -> str:
    if kind.is_unknown(measured):
        return DASH
    return kind.says(measured) if kind.says else kind.write(kind.of(measured))


def _change(kind: Kind[Measured], sides: Sides[Measured]) -> str:
    shown, settled, before, compared = sides
    if before is None or compared is None or (kind.quiet and kind.is_unknown(shown)):
        return ""
    if compared.unknown or kind.is_unknown(before):
        return NOT_KNOWN
    then, was = before_words(compared), kind.of(before)
    if kind.is_unknown(settled):
        return f"{kind.write(was)} {then}"
    change = share_change if kind.write is write_share else formatting.change
    return change_words(change(kind.of(settled), was), then)


def _both_sides(kind: Kind[Measured], sides: Sides[Measured]) -> str:
    """Both sides of a change in full; days that were not all read have no figure."""
    if sides.before is None or sides.compared is None:
        return ""
    now, before, _, unknown = sides.compared
    was = "not known" if unknown else kind.full(sides.before)
    return (
        f"{formatting.days(now.start, now.end)}: {kind.full(sides.settled)}; "
        f"{formatting.days(before.start, before.end)}: {was}"
    )


def before_words(compared: Comparison) -> str:
    """The days that a range is compared with, without the year that both have: "1-29 Oct"."""
    (start, end), now = compared.before[:2], compared.now.end
    if not (start and end and now):
        return formatting.days(start, end)
    return formatting.short_days(start, end, now.year)


def change_words(change: str, then: str) -> str:
    """A change beside the days it is against: "+2.7 % vs 1-29 Oct", "none 1-29 Oct"."""
    if change == formatting.NEW:
        return f"none {then}"
    return f"{change} vs {then}"


def write_share(hundredths: int) -> str:
    """Hundredths of a percent as a percentage: "87.9 %"."""
    return formatting.share(Decimal(hundredths) / 100)


def share_change(now: int, before: int) -> str:
    """The change of a share in percentage points, both in hundredths of a percent."""
    if now == before:
        return formatting.UNCHANGED
    if before == 0:
        return formatting.NEW
    points = abs(Decimal(now - before)) / 100
    coarse = points >= Decimal("0.1") and write_share(now) != write_share(before)
    # Finer than the shares themselves where these are written alike.
    size = f"{points:.1f}" if coarse else f"{points:.2f}"
    return f"{formatting.sign(now - before)}{size}{formatting.SPACE}points"
