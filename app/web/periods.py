"""What a range means on every page: the known days, the complete days, the days before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from app.providers import PROVIDERS
from app.queries.freshness import ProviderState
from app.queries.scope import Scope

LONGEST_EMPTY_RANGE = 366
"""A longer range (in days) is cut to the days that records are known of."""


class Dated(Protocol):
    """Anything of one day."""

    @property
    def day(self) -> date:
        """The UTC day."""


class Comparison(NamedTuple):
    """The complete part of a range, and the same number of days before the range."""

    now: Scope
    before: Scope

    def begins_before(self, first: date) -> bool:
        """True when the days before begin earlier than the records, which do on `first`."""
        return bool(self.before.start and self.before.start < first)

    def is_unknown_before(self, first: date) -> bool:
        """True when all the days before are earlier than `first`: unknown, not zero."""
        return bool(self.before.end and self.before.end < first)


def within_records(scope: Scope, span: tuple[date, date]) -> Scope:
    """The scope, cut to the first and last known day when it is open or longer than a year.

    Nothing is lost by it, and a range of a thousand years draws no thousand years.
    """
    if scope.days is not None and scope.days <= LONGEST_EMPTY_RANGE:
        return scope
    start, end = max(scope.start or span[0], span[0]), min(scope.end or span[1], span[1])
    return scope._replace(start=start, end=end) if start <= end else scope


def first_days(span: tuple[date, date]) -> tuple[date, date]:
    """The first 30 of the known days: where to go from a range without usage."""
    return span[0], min(span[0] + timedelta(days=29), span[1])


def incomplete_days(
    points: Iterable[Dated],
    unsettled: set[date],
    states: Sequence[ProviderState],
    tools: Sequence[str],
) -> set[date]:
    """Days of the range whose figures may still grow.

    These are the days a provider may still add to, and the days after the last one that every
    configured provider (of the chosen tools) has delivered. Without a configured provider the
    last day of any counts: the figures then come from files or from the demo company.
    """
    wanted = {provider.NAME for provider in PROVIDERS if not tools or provider.TOOL in tools}
    live = [state.through for state in states if state.configured and state.provider in wanted]
    reached = min((day for day in live if day), default=None)
    if reached is None:
        reached = max((state.through for state in states if state.through), default=None)
    return {
        point.day
        for point in points
        if point.day in unsettled or (reached is not None and point.day > reached)
    }


def comparison(scope: Scope, open_days: set[date]) -> Comparison | None:
    """What the changes on the cards compare; None when there is nothing to compare.

    The rule: of the range, and of the same number of days immediately before it, the same
    last days are cut off, those that are incomplete in the range. So both sides have as many
    days, whole weeks compare the same weekdays, and no day counts that may still grow. An
    open range (all time) has no days before it, and a range of incomplete days only has no
    complete part.
    """
    earlier = scope.previous()
    if earlier is None or not (scope.start and scope.end and earlier.start):
        return None
    end = scope.end
    while end in open_days:
        end -= timedelta(days=1)
    if end < scope.start:
        return None
    last = earlier.start + (end - scope.start)
    return Comparison(scope._replace(end=end), earlier._replace(end=last))
