"""What a file changes, day by day: counted for a preview and for the act by the same code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from app.dates import day_of
from app.importing.events import Tally
from app.importing.merging import merged_day
from app.importing.names import KEY, WORKSPACE, Names, names_of
from app.importing.stored import (
    ANSWERS,
    KEY_IDS,
    Facts,
    applied_batches,
    facts_of,
    rows_of_day,
)
from app.importing.types import Renamed, usage_of
from app.ledger import RecordWriter, StampSums, day_stamps, replace_imported_day
from app.models import ImportBatch, Organization, Run
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
_Counted = Callable[[int, list[int], Names, Tally], StampSums]
"""Gives what is imported of a day with the rows of these batches, and fills the tally."""


def foreseen(batch: ImportBatch) -> Effect:
    """What applying a staged file would do now. Writes nothing."""
    facts = facts_of(batch)

    def add_up(day: int, batches: list[int], names: Names, tally: Tally) -> StampSums:
        rows, tokens, value, unpriced = facts.days[day]
        if len(batches) == 1:
            # No other file has the day: the sums made in reading it are the answer.
            tally.new = rows
            return StampSums(tokens=tokens, value_nanos=value, unpriced_tokens=unpriced)
        return StampSums.of(_merged(day, batches, names, tally))

    return _effect(batch, facts, add_up, count_covered=False)


def applied(
    batch: ImportBatch, run: Run, writer: RecordWriter, on_day: OnDay | None = None
) -> Effect:
    """Apply a file: every day of it is merged anew. Part of a transaction of usage.

    So are days of other files with names that by this file mean something else.
    """

    facts, files = facts_of(batch), AppliedFiles(batch.organization)
    done = count(1)

    def store(day: int, batches: list[int], names: Names, tally: Tally) -> StampSums:
        stored = replace_imported_day(day, _merged(day, batches, names, tally), run, writer)
        if on_day:
            on_day(next(done), len(facts.days))
        return stored.after

    effect = _effect(batch, facts, store, count_covered=True)
    names = files.names(also=batch)
    _merge_others(files, facts, names, files.names(), run, writer)
    return effect


def taken_back(batch: ImportBatch, run: Run, writer: RecordWriter) -> Effect:
    """Merge every day of a file that no longer is applied. Part of a transaction of usage."""
    effect = Effect()
    facts, files = facts_of(batch), AppliedFiles(batch.organization)
    names = files.names()
    for day in facts.days:
        before = day_stamps(writer.organization, day).counting
        replace_imported_day(day, _merged(day, files.on(day), names, Tally()), run, writer)
        effect.moved(before, day_stamps(writer.organization, day).counting)
    _merge_others(files, facts, names, files.names(also=batch), run, writer)
    return effect


def _merge_others(
    files: AppliedFiles, facts: Facts, names: Names, before: Names, run: Run, writer: RecordWriter
) -> None:
    """Merge the days outside of a file on which another name counts because of it."""
    for day in sorted(files.days_with(names, before) - facts.days.keys()):
        replace_imported_day(day, _merged(day, files.on(day), names, Tally()), run, writer)


def without(batch: ImportBatch) -> Effect:
    """What undoing an applied file would do now. Writes nothing."""
    effect = Effect()
    files = AppliedFiles(batch.organization, but=batch)
    names = files.names()
    for day in facts_of(batch).days:
        stamps = day_stamps(batch.organization, day)
        if stamps.covered:
            effect.moved(stamps.counting, stamps.counting)
            continue
        others = files.on(day)
        records = _merged(day, others, names, Tally()) if others else ()
        effect.moved(stamps.counting, StampSums.of(records))
    return effect


def _effect(batch: ImportBatch, facts: Facts, counted: _Counted, *, count_covered: bool) -> Effect:
    effect = Effect()
    files = AppliedFiles(batch.organization)
    names = files.names(also=batch)
    renamed: Counter[tuple[RawActor, RawActor]] = Counter()
    for day, (rows, tokens, *_) in facts.days.items():
        stamps = day_stamps(batch.organization, day)
        tally = Tally()
        after = stamps.counting
        if count_covered or not stamps.covered:
            imported = counted(day, [*files.on(day), batch.id], names, tally)
            after = stamps.api if stamps.covered else imported
        effect.moved(stamps.counting, after)
        if stamps.covered:
            effect.covered += rows
            effect.covered_tokens += tokens
            effect.covered_days.append(day)
        else:
            effect.new += tally.new
            effect.changed += tally.changed
            effect.unchanged += tally.unchanged
            renamed += tally.renamed
    effect.renamed = [
        (before.account or before.key, after.account or after.key, events)
        for (before, after), events in renamed.most_common()
    ]
    return effect


def _merged(day: int, batches: list[int], names: Names, tally: Tally) -> Iterator[UsageRecord]:
    return merged_day(day_of(day), rows_of_day(day, batches, names), batches, tally)
