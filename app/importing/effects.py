"""What a file changes, day by day: counted for a preview and for the act by the same code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from app.dates import day_of
from app.importing.events import Tally
from app.importing.merging import merged_day
from app.importing.names import KEY, WORKSPACE, Names, names_of
from app.importing.stored import ANSWERS, KEY_IDS, applied_batches, facts_of, rows_of_day
from app.importing.types import Renamed, usage_of
from app.ledger import PreparedDays, StampSums, day_stamps
from app.models import ImportBatch, Organization
from app.states import BatchStatus
from app.usage import RawActor, UsageRecord

COUNTS_OF_ROWS = ("new", "changed", "unchanged", "covered")
"""The fields of an effect that are columns of a batch: what became of its good rows."""


@dataclass
class Effect:
    """What applying a file does; the counts are of its good rows."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    covered: int = 0
    covered_days: list[int] = field(default_factory=list)
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
        self.covered += sums[0]
        self.covered_tokens += sums[1]
        self.covered_days.append(day)


def columns_of(effect: Effect) -> dict[str, Any]:
    """What a batch keeps of an effect, by column: counts of rows, and the rest as JSON."""
    said = asdict(effect)
    counts = {name: said.pop(name) for name in COUNTS_OF_ROWS}
    return counts | {"effect": json.dumps(said)}


def effect_of(batch: ImportBatch) -> Effect:
    """The effect kept with a batch. Batches of earlier versions hold the counts twice."""
    counts = {name: getattr(batch, name) for name in COUNTS_OF_ROWS}
    return Effect(**json.loads(batch.effect) | counts)


class AppliedFiles:
    """The applied files of an organisation in the order of their application."""

    def __init__(self, organization: Organization, *, but: ImportBatch | None = None) -> None:
        columns = (ImportBatch.id, ImportBatch.first_day, ImportBatch.last_day)
        self._files = list(
            ImportBatch.select(*columns)
            .where(
                (ImportBatch.organization == organization)
                & (ImportBatch.status == BatchStatus.APPLIED)
                & ImportBatch.first_day.is_null(False)
            )
            .order_by(ImportBatch.run)
            .tuples()
        )
        self._files = [file for file in self._files if but is None or file[0] != but.id]
        self._organization = organization

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
            for day in facts.days
        }

    def on(self, day: int) -> list[int]:
        """Ids of those that may have rows on a day."""
        return [batch for batch, first, last in self._files if first <= day <= last]


OnDay = Callable[[int, int], None]
"""Is told how many days are done and how many there are."""


class DayOutcome(NamedTuple):
    """What files together tell of a day, and how the rows of the newest one were told apart."""

    day: int
    imported: StampSums
    tally: Tally


def foreseen(batch: ImportBatch) -> Effect:
    """What applying a staged file would do now. Writes nothing."""
    facts, files = facts_of(batch), AppliedFiles(batch.organization)
    names = files.names(also=batch)

    def outcome(day: int) -> DayOutcome:
        tally, others = Tally(), files.on(day)
        rows, tokens, value, unpriced = facts.days[day]
        if day_stamps(batch.organization, day).covered:
            return DayOutcome(day, StampSums(), tally)
        if not others:
            # No other file has the day: the sums made in reading it are the answer.
            tally.new = rows
            sums = StampSums(tokens=tokens, value_nanos=value, unpriced_tokens=unpriced)
            return DayOutcome(day, sums, tally)
        merged = _merged(day, [*others, batch.id], names, tally)
        return DayOutcome(day, StampSums.of(merged), tally)

    return effect_of_days(batch, map(outcome, facts.days))


def applied(
    batch: ImportBatch, days: PreparedDays, on_day: OnDay | None = None
) -> list[DayOutcome]:
    """Prepare what counts with a file: every day of it is merged anew; the days.

    So are days of other files with names that by this file mean something else.
    """
    facts, files = facts_of(batch), AppliedFiles(batch.organization, but=batch)
    names, outcomes = files.names(also=batch), []
    for done, day in enumerate(facts.days, start=1):
        tally, batches = Tally(), [*files.on(day), batch.id]
        merged = _merged(day, batches, names, tally)
        outcomes.append(DayOutcome(day, days.write(batch.organization, day, merged), tally))
        if on_day:
            on_day(done, len(facts.days))
    _merge_others(batch, files, (names, files.names()), days)
    days.finish()
    return outcomes


def taken_back(batch: ImportBatch, days: PreparedDays) -> list[DayOutcome]:
    """Prepare what counts without an applied file: every day of it is merged anew; the days."""
    facts, files = facts_of(batch), AppliedFiles(batch.organization, but=batch)
    names, outcomes = files.names(), []
    for day in facts.days:
        merged = _merged(day, files.on(day), names, Tally())
        outcomes.append(DayOutcome(day, days.write(batch.organization, day, merged), Tally()))
    _merge_others(batch, files, (names, files.names(also=batch)), days)
    days.finish()
    return outcomes


def _merge_others(
    batch: ImportBatch, files: AppliedFiles, changed: tuple[Names, Names], days: PreparedDays
) -> None:
    """Merge the days outside of a file on which another name counts because of it."""
    names, _ = changed
    for day in sorted(files.days_with(*changed) - facts_of(batch).days.keys()):
        days.write(batch.organization, day, _merged(day, files.on(day), names, Tally()))


def without(batch: ImportBatch) -> Effect:
    """What undoing an applied file would do now. Writes nothing."""
    files = AppliedFiles(batch.organization, but=batch)
    names = files.names()

    def outcome(day: int) -> DayOutcome:
        tally, others = Tally(), files.on(day)
        if not others or day_stamps(batch.organization, day).covered:
            return DayOutcome(day, StampSums(), tally)
        return DayOutcome(day, StampSums.of(_merged(day, others, names, tally)), tally)

    return effect_of_days(batch, map(outcome, facts_of(batch).days))


def effect_of_days(batch: ImportBatch, outcomes: Iterable[DayOutcome]) -> Effect:
    """What these days of a file change, to be asked before they count."""
    effect, facts = Effect(), facts_of(batch)
    renamed: Counter[tuple[RawActor, RawActor]] = Counter()
    for day, imported, tally in outcomes:
        stamps = day_stamps(batch.organization, day)
        effect.moved(stamps.counting, stamps.api if stamps.covered else imported)
        if stamps.covered:
            effect.cover(day, facts.days[day])
        else:
            effect.count(tally)
            renamed += tally.renamed
    effect.renamed = [
        (before.account or before.key, after.account or after.key, events)
        for (before, after), events in renamed.most_common()
    ]
    return effect


def _merged(day: int, batches: list[int], names: Names, tally: Tally) -> Iterator[UsageRecord]:
    if not batches:
        return iter(())
    return merged_day(day_of(day), rows_of_day(day, batches, names), batches, tally)
