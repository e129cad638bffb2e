"""What a file changes, day by day: counted for a preview and for the act by the same code."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from app.dates import day_of
from app.importing.events import Tally
from app.importing.merging import merged_payloads
from app.importing.names import KEY, WORKSPACE, Names, names_of
from app.importing.stored import (
    ANSWERS,
    KEY_IDS,
    NO_PARTS,
    Share,
    ShareOfFile,
    applied_batches,
    facts_of,
    parted_files,
    rows_of_day,
    share_in,
    shares_of,
)
from app.importing.types import Renamed, usage_of
from app.ledger import PreparedDays, StampSums, day_stamps
from app.models import ImportBatch, Organization
from app.usage import RawActor

COUNTS_OF_ROWS = ("new", "changed", "unchanged", "covered")
"""The fields of an effect that are columns of a batch: what became of its good rows."""


@dataclass
class Effect:
    """What applying a file does; the counts are of its good rows.

    `covered_amounts` are tokens and value of the covered rows on each of the covered days: others
    of those days may count, of another organisation. Batches of earlier versions do not tell them.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    covered: int = 0
    covered_days: list[int] = field(default_factory=list)
    covered_amounts: list[tuple[int, int]] = field(default_factory=list)
    covered_tokens: int = 0
    tokens_before: int = 0
    tokens_after: int = 0
    value_before: int = 0
    value_after: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0
    renamed: list[tuple[str, str, int]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The fields of a preview that tell it."""
        return {
            "covered_days": tuple(map(day_of, self.covered_days)),
            "covered_amounts": tuple((tokens, value) for tokens, value in self.covered_amounts),
            "covered_tokens": self.covered_tokens,
            "before": usage_of(self.tokens_before, self.value_before, self.unpriced_before),
            "after": usage_of(self.tokens_after, self.value_after, self.unpriced_after),
            "renamed": tuple(Renamed(*each) for each in self.renamed),
        }

    def moved(self, before: StampSums, after: StampSums) -> None:
        """Add what counts in one day before and after."""
        self.tokens_before += before.tokens
        self.tokens_after += after.tokens
        self.value_before += before.value_nanos
        self.value_after += after.value_nanos
        self.unpriced_before += before.unpriced_tokens
        self.unpriced_after += after.unpriced_tokens

    def count(self, tally: Tally) -> None:
        """Add the rows of a day that count."""
        self.new += tally.new
        self.changed += tally.changed
        self.unchanged += tally.unchanged

    def cover(self, day: int, sums: Sequence[int]) -> None:
        """Add the rows of a day that the API covers; `sums` are rows, tokens, value."""
        rows, tokens, value = sums[:3]
        self.covered += rows
        self.covered_tokens += tokens
        if day not in self.covered_days:
            self.covered_days.append(day)
            self.covered_amounts.append((0, 0))
        place = self.covered_days.index(day)
        before = self.covered_amounts[place]
        self.covered_amounts[place] = (before[0] + tokens, before[1] + value)


def columns_of(effect: Effect) -> dict[str, Any]:
    """What a batch keeps of an effect, by column: counts of rows, and the rest as JSON."""
    said = asdict(effect)
    counts = {name: said.pop(name) for name in COUNTS_OF_ROWS}
    return counts | {"effect": json.dumps(said)}


def effect_of(batch: ImportBatch) -> Effect:
    """The effect kept with a batch. Batches of earlier versions hold the counts twice, and do not
    tell which tokens have no price: all of them, where a file with such tokens has no value.
    """
    counts = {name: getattr(batch, name) for name in COUNTS_OF_ROWS}
    said = json.loads(batch.effect)
    for when in ("before", "after"):
        if f"tokens_{when}" in said and batch.unpriced_tokens and not said[f"value_{when}"]:
            said.setdefault(f"unpriced_{when}", said[f"tokens_{when}"])
    return Effect(**said | counts)


class AppliedFiles:
    """The applied files that tell of an organisation, in the order of their application.

    `parts`: of which of them only some rows are the organisation's, and which.
    """

    def __init__(self, organization: Organization, *, but: ImportBatch | None = None) -> None:
        columns = (ImportBatch.id, ImportBatch.first_day, ImportBatch.last_day, ImportBatch.run)
        self._organization = organization
        self._files = [
            (batch.id, batch.first_day, batch.last_day, batch.run_id)
            for batch in applied_batches(organization, *columns)
            if batch.first_day is not None and (but is None or batch.id != but.id)
        ]
        self.parts = {
            batch.id: share.part
            for batch in parted_files(organization.provider)
            if (but is None or batch.id != but.id)
            and (share := share_in(batch, organization))
            and share.part
        }

    def names(self, *, also: ImportBatch | None = None) -> Names:
        """The names that mean the same by what these files say, and perhaps one more."""
        said = ImportBatch.facts.contains(f'"{KEY_IDS}"') | ImportBatch.facts.contains(
            f'"{ANSWERS}"'
        )
        telling = (
            ImportBatch.select(ImportBatch.facts)
            .where(ImportBatch.id.in_([batch for batch, *_ in self._files]) & said)
            .order_by(ImportBatch.run)
        )
        facts = [facts_of(batch) for batch in (*telling, *([also] if also else []))]
        return names_of((each.answers, each.key_ids) for each in facts)

    def days_with(self, changed: Names, before: Names) -> set[int]:
        """Days of files with a name that means another one than before."""
        moved = {
            name
            for name in changed.newest.keys() | before.newest.keys()
            if changed.newest.get(name) != before.newest.get(name)
        }
        if not moved:
            return set()
        return {
            day
            for batch in applied_batches(self._organization)
            for facts in [facts_of(batch)]
            if any({(KEY, each.key), (WORKSPACE, each.workspace)} & moved for each in facts.actors)
            and (share := share_in(batch, self._organization))
            for day in share.days
        }

    def on(self, day: int) -> list[int]:
        """Ids of those that may have rows on a day."""
        return [batch for batch, first, last, _ in self._files if first <= day <= last]

    def on_with(self, day: int, newer: ImportBatch) -> list[int]:
        """The same with one more: the last of them, or where its run places it."""
        before = {batch for batch, *_, run in self._files if not newer.run_id or run < newer.run_id}
        others = self.on(day)
        earlier = [batch for batch in others if batch in before]
        return [*earlier, newer.id, *(batch for batch in others if batch not in before)]


OnDay = Callable[[int, int], None]
"""Is told how many days are done and how many there are."""


class DayOutcome(NamedTuple):
    """What files together tell of a day of an organisation, with the sums of the newest one and
    how its rows were told apart.
    """

    organization: Organization
    day: int
    sums: Sequence[int]
    imported: StampSums
    tally: Tally


def foreseen(batch: ImportBatch) -> Effect:
    """What applying a staged file would do now. Writes nothing."""
    return effect_of_days(chain.from_iterable(_foreseen(batch, one) for one in shares_of(batch)))


def _foreseen(batch: ImportBatch, share: Share) -> Iterator[DayOutcome]:
    organization, files = share.organization, AppliedFiles(share.organization)
    names, parts = files.names(also=batch), files.parts | _part_of(batch, share)
    for day, sums in share.days.items():
        tally, others, imported = Tally(), files.on(day), StampSums()
        if day_stamps(organization, day).covered:
            pass
        elif not others:
            # No other file has the day: the sums made in reading it are the answer.
            tally.new, tokens, value, unpriced = sums
            imported = StampSums(tokens=tokens, value_nanos=value, unpriced_tokens=unpriced)
        else:
            imported = StampSums.of_payloads(_merged(day, [*others, batch.id], names, tally, parts))
        yield DayOutcome(organization, day, sums, imported, tally)


def _part_of(batch: ImportBatch, share: Share) -> dict[int, ShareOfFile]:
    return {batch.id: share.part} if share.part else {}


def applied(
    batch: ImportBatch, days: PreparedDays, on_day: OnDay | None = None
) -> list[DayOutcome]:
    """Prepare what counts with a file: every day of it is merged anew; the days.

    So are days of other files with names that by this file mean something else.
    """
    shares, outcomes = shares_of(batch), []
    whole = sum(len(share.days) for share in shares)
    for share in shares:
        for outcome in _applied(batch, share, days):
            outcomes.append(outcome)
            if on_day:
                on_day(len(outcomes), whole)
    days.finish()
    return outcomes


def _applied(batch: ImportBatch, share: Share, days: PreparedDays) -> Iterator[DayOutcome]:
    organization, files = share.organization, AppliedFiles(share.organization, but=batch)
    names, parts = files.names(also=batch), files.parts | _part_of(batch, share)
    for day, sums in share.days.items():
        tally, batches = Tally(), files.on_with(day, batch)
        figures = days.write(organization, day, _merged(day, batches, names, tally, parts))
        if batches[-1] != batch.id:
            tally = _tally(day, [*files.on(day), batch.id], names, parts)
        yield DayOutcome(organization, day, sums, figures, tally)
    _merge_others(share, files, (names, files.names()), days)


def _tally(day: int, batches: list[int], names: Names, parts: Mapping[int, ShareOfFile]) -> Tally:
    tally = Tally()
    deque(_merged(day, batches, names, tally, parts), maxlen=0)
    return tally


def taken_back(batch: ImportBatch, days: PreparedDays) -> list[DayOutcome]:
    """Prepare what counts without an applied file: every day of it is merged anew; the days."""
    shares = shares_of(batch)
    outcomes = list(chain.from_iterable(_taken_back(batch, share, days) for share in shares))
    days.finish()
    return outcomes


def shared_anew(
    batch: ImportBatch, before: Sequence[Share], days: PreparedDays
) -> list[DayOutcome]:
    """Prepare what counts with an applied file whose shares were others before; the days."""
    outcomes = applied(batch, days)
    now = {share.organization.id: share for share in shares_of(batch)}
    for share in before:
        if here := now.get(share.organization.id):
            _merge_days(batch, share, share.days.keys() - here.days.keys(), days)
        else:
            deque(_taken_back(batch, share, days), maxlen=0)
    days.finish()
    return outcomes


def _merge_days(batch: ImportBatch, share: Share, left: Iterable[int], days: PreparedDays) -> None:
    """Merge days of which a file told something of an organisation, and does no more."""
    organization, files = share.organization, AppliedFiles(share.organization, but=batch)
    names = files.names(also=batch)
    for day in sorted(left):
        merged = _merged(day, files.on(day), names, Tally(), files.parts)
        days.write(organization, day, merged)


def _taken_back(batch: ImportBatch, share: Share, days: PreparedDays) -> Iterator[DayOutcome]:
    organization, files = share.organization, AppliedFiles(share.organization, but=batch)
    names = files.names()
    for day, sums in share.days.items():
        merged = _merged(day, files.on(day), names, Tally(), files.parts)
        yield DayOutcome(organization, day, sums, days.write(organization, day, merged), Tally())
    _merge_others(share, files, (names, files.names(also=batch)), days)


def _merge_others(
    share: Share, files: AppliedFiles, changed: tuple[Names, Names], days: PreparedDays
) -> None:
    """Merge the days outside of a file on which another name counts because of it."""
    names, _ = changed
    for day in sorted(files.days_with(*changed) - share.days.keys()):
        merged = _merged(day, files.on(day), names, Tally(), files.parts)
        days.write(share.organization, day, merged)


def without(batch: ImportBatch) -> Effect:
    """What undoing an applied file would do now. Writes nothing."""
    return effect_of_days(chain.from_iterable(_without(batch, one) for one in shares_of(batch)))


def _without(batch: ImportBatch, share: Share) -> Iterator[DayOutcome]:
    organization, files = share.organization, AppliedFiles(share.organization, but=batch)
    names = files.names()
    for day, sums in share.days.items():
        tally, others, imported = Tally(), files.on(day), StampSums()
        if others and not day_stamps(organization, day).covered:
            imported = StampSums.of_payloads(_merged(day, others, names, tally, files.parts))
        yield DayOutcome(organization, day, sums, imported, tally)


def effect_of_days(outcomes: Iterable[DayOutcome]) -> Effect:
    """What these days of a file change, to be asked before they count."""
    effect = Effect()
    renamed: Counter[tuple[RawActor, RawActor]] = Counter()
    for organization, day, sums, imported, tally in outcomes:
        stamps = day_stamps(organization, day)
        effect.moved(stamps.counting, stamps.api if stamps.covered else imported)
        if stamps.covered:
            effect.cover(day, sums)
        else:
            effect.count(tally)
            renamed += tally.renamed
    effect.renamed = [
        (before.account or before.key, after.account or after.key, events)
        for (before, after), events in renamed.most_common()
    ]
    return effect


def _merged(
    day: int,
    batches: list[int],
    names: Names,
    tally: Tally,
    parts: Mapping[int, ShareOfFile] = NO_PARTS,
) -> Iterator[str]:
    if not batches:
        return iter(())
    return merged_payloads(day_of(day), rows_of_day(day, batches, names, parts), batches, tally)
