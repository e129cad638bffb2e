"""What a range means on every page: the known days, the complete days, the days before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from app.dates import days_between, same_day_before
from app.providers import PROVIDERS, label_of
from app.queries.days.coverage import Gap, left_out, never_read
from app.queries.days.freshness import ProviderState, unsettled_days
from app.queries.scope import Scope, is_called, organizations
from app.web.view import formatting

MOST_EMPTY_DAYS = 366
"""A range that begins or ends further than this beyond all known days is cut to these."""
MOST_STRETCHES = 2
"""At most this many stretches of days are named; the rest are only counted."""


class Comparison(NamedTuple):
    """The complete part of a range, and the days before it that it is compared with.

    `whole`: all of the range is complete. `unknown`: why nothing can be said of a change, as
    not all of these days were ever read; "" when they were.
    """

    now: Scope
    before: Scope
    whole: bool
    unknown: str = ""


class ViewedRange(NamedTuple):
    """What the range of a view means: the scope with both ends, and the days it covers.

    `open_days` are those of them whose figures are not whole, so they are in no change and in
    no curve.
    """

    scope: Scope
    first: date
    last: date
    open_days: set[date]
    compared: Comparison | None


def viewed_range(
    asked: Scope,
    span: tuple[date, date],
    states: Sequence[ProviderState],
    today: date,
    *,
    rolling: bool,
) -> ViewedRange:
    """The range of a view over records that reach from `span[0]` to `span[1]`.

    `rolling`: it was asked for as "the last N days".
    """
    scope = with_both_ends(asked, span, today)
    first, last = scope.start or span[0], scope.end or span[1]
    open_days = open_days_of(days_between(first, last), scope, states)
    compared = None
    if scope == asked:
        compared = known_comparison(asked, open_days, span[0], today, rolling=rolling)
    return ViewedRange(scope, first, last, open_days, compared)


def with_both_ends(asked: Scope, span: tuple[date, date], today: date) -> Scope:
    """The scope with both ends, whatever its length: as asked, else the first or last known day.

    Only what lies far outside is cut, as nothing is lost by it: a range of a thousand years
    draws no thousand years.
    """
    start, end = asked.start or span[0], asked.end or span[1]
    known = min(span[0], end)
    if asked.start is None or (known - start).days > MOST_EMPTY_DAYS:
        start = known
    known = max(span[1], today, start)
    if (end - known).days > MOST_EMPTY_DAYS:
        end = known
    return asked._replace(start=start, end=end)


def first_days(span: tuple[date, date]) -> tuple[date, date]:
    """The first 30 of the known days: where to go from a range without usage."""
    return span[0], min(span[0] + timedelta(days=29), span[1])


def providers_of(scope: Scope) -> set[str]:
    """The providers that tell of its tools and organisations, all of them without any."""
    tools, named = scope.tools, scope.organizations
    slugs = organizations().values() if named else ()
    owners = {slug.partition(":")[0] for slug in slugs if is_called(slug, named)}
    return {
        provider.NAME
        for provider in PROVIDERS
        if (not tools or provider.TOOL.key in tools) and (not named or provider.NAME in owners)
    }


def open_days_of(days: Iterable[date], scope: Scope, states: Sequence[ProviderState]) -> set[date]:
    """Days of a closed range whose figures are not whole: they may still grow, or a provider was
    never asked for them."""
    open_days = unsettled_days(scope)
    for gap in left_out(scope, providers_of(scope)):
        open_days.update(days_between(gap.start, gap.end))
    return incomplete_days(days, open_days, states, providers_of(scope))


def known_comparison(
    scope: Scope, open_days: set[date], first: date, today: date, *, rolling: bool
) -> Comparison | None:
    """`comparison`, told why it says nothing where days were never read; records begin on
    `first`."""
    compared = comparison(scope, open_days, today, rolling=rolling)
    if compared is None:
        return None
    wanted = providers_of(scope)
    missing = [*never_read(compared.before, wanted), *never_read(compared.now, wanted)]
    if missing and all(gap.end < first for gap in missing):
        return compared._replace(unknown=f"records begin on {formatting.full_day(first)}")
    return compared._replace(unknown=gap_words(missing))


def left_out_words(shown: Scope) -> str:
    """What a provider was never asked for between days that it was, in words likewise."""
    return gap_words(left_out(shown, providers_of(shown)))


def gap_words(gaps: Sequence[Gap]) -> str:
    """Days without a reading in words: "Cursor was never read for 12 days (3 - 14 Oct 2026)"."""
    by_provider: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_provider.setdefault(gap.provider, []).append(gap)
    return "; ".join(
        f"{label_of(name)} was never read for "
        f"{formatting.count_of(sum(gap.days for gap in found), 'day')} ({_stretches(found)})"
        for name, found in by_provider.items()
    )


def _stretches(gaps: Sequence[Gap]) -> str:
    named = [formatting.days(gap.start, gap.end) for gap in gaps[:MOST_STRETCHES]]
    more = len(gaps) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def incomplete_days(
    days: Iterable[date],
    unsettled: set[date],
    states: Sequence[ProviderState],
    wanted: Collection[str],
) -> set[date]:
    """Those of the days whose figures may still grow.

    These are the days a provider may still add to, and the days after the last one that every
    configured one of the `wanted` providers has delivered. Without a configured provider the
    last day of any counts: the figures then come from files or from the demo company.
    """
    live = [state.through for state in states if state.configured and state.provider in wanted]
    reached = min((day for day in live if day), default=None)
    if reached is None:
        reached = max((state.through for state in states if state.through), default=None)
    return {day for day in days if day in unsettled or (reached is not None and day > reached)}


def comparison(
    scope: Scope, open_days: set[date], today: date, *, rolling: bool = False
) -> Comparison | None:
    """What the changes on the cards compare; None when there is nothing to compare.

    The rule: of the range, and of the period before it (`days_before`), the same last days are
    cut off, those that are incomplete in the range. So whole weeks compare the same weekdays,
    months the same days of the month, and no day counts that may still grow: on 30 November
    "November" compares 1 - 29 November with 1 - 29 October. An open range (all time) has no days
    before it, and a range of incomplete days only has no complete part.
    """
    earlier = scope.previous(today, rolling=rolling)
    if earlier is None or not (scope.start and scope.end and earlier.start and earlier.end):
        return None
    end = scope.end
    while end in open_days:
        end -= timedelta(days=1)
    if end < scope.start:
        return None
    whole, last = end == scope.end, earlier.end
    if not whole:
        last = same_day_before(end, scope.start, (earlier.start, earlier.end))
    return Comparison(scope._replace(end=end), earlier._replace(end=last), whole)
