"""What an import cannot decide: whether another name means the same key, workspace or person.

Day rows have no millisecond that proves it. A file is in doubt when a name of its own is in no
other file of the same days, a name of another file is not in it, and both have the same figures:

    tokens.csv   2026-11-03   ci-key   Opus 5   1,000,000 tokens
    this file    2026-11-03   CI Key   Opus 5   1,000,000 tokens

Two names that one file has are two keys. A cost export is compared with tokens by their list
price, without web searches, to the cent to which the export rounds.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from app.dates import day_of
from app.importing.events import decoded
from app.importing.names import KEY, WORKSPACE, Answers, Names, Pair
from app.importing.stored import Facts, applied_batches, facts_of, rows_of_day
from app.importing.types import Question, RenameUnclear, Renaming
from app.model_names import display_name
from app.models import ImportBatch
from app.pricing import searches_nanos
from app.providers.exports import is_of_searches
from app.states import BatchStatus, Merge
from app.usage import NANOS_PER_CENT, UsageRecord

SHOWN_QUESTIONS = 5
"""How many questions a refusal tells."""


class _DayFigures(NamedTuple):
    """What a file tells of a day under one name and model."""

    tokens: tuple[int, ...] = (0, 0, 0, 0)
    value_nanos: int = 0

    def plus(self, record: UsageRecord) -> _DayFigures:
        """With one more record, without what its web searches cost."""
        plain, short, long, read, output = record.tokens
        said = (plain, short + long, read, output)
        facts = json.loads(record.detail) if record.detail else {}
        searches = searches_nanos(facts.get("web_search_requests", 0))
        value = record.value_nanos - searches if record.value_nanos else 0
        tokens = tuple(one + other for one, other in zip(self.tokens, said, strict=True))
        return _DayFigures(tokens, self.value_nanos + value)


_Model = tuple[str, str]
"""The rest of the owner (the key, where workspaces are compared) and the display name."""


class _File(NamedTuple):
    """A file and what it says as a whole."""

    batch: ImportBatch
    facts: Facts


def doubts_of(batch: ImportBatch, names: Names) -> list[Question]:
    """The questions that have to be answered before a file counts."""
    if earlier := same_file_of_somebody_else(batch):
        return [
            Question(
                before=earlier.person,
                after=batch.person,
                before_file=_label(earlier),
                tokens=earlier.tokens,
                value_nanos=earlier.value_nanos,
                batch=earlier.id,
            )
        ]
    if batch.merge == Merge.EVENTS or not batch.days:
        return []
    mine = _File(batch, facts_of(batch))
    others = [
        _File(other, facts_of(other))
        for other in applied_batches(batch.organization)
        if other.merge != Merge.EVENTS and other.id != batch.id
    ]
    found: dict[Pair, Question] = {}
    for kind in (KEY, WORKSPACE):
        named = [_names(each.facts, kind, names) for each in (mine, *others)]
        for other, theirs in zip(others, named[1:], strict=True):
            if not (named[0] - theirs and theirs - named[0]):
                continue
            for question in _told_alike(mine, other, kind, names):
                before, after = question.before, question.after
                together = any({before, after} <= each for each in named)
                if not (together or names.are_apart(kind, before, after)):
                    found.setdefault((kind, before, after), question)
    return list(found.values())


def answer_doubts(batch: ImportBatch, names: Names, renamed: str) -> None:
    """Keep with the batch what was said of the names in doubt.

    `renamed` is "same", "different" or "" (nothing was said). Raises `RenameUnclear` where there
    are questions and no answer, and where one file would be the usage of two people.
    """
    questions = doubts_of(batch, names)
    if not questions:
        return
    if renamed not in list(Renaming):
        raise RenameUnclear(
            f"{' '.join(each.sentence for each in questions[:SHOWN_QUESTIONS])} Is it the same "
            "usage under a new name, or different usage? Nothing was counted.",
            questions,
        )
    facts = facts_of(batch)
    for each in questions:
        _note_answer(facts.answers, each, renamed)
    batch.facts = facts.as_json()


def _note_answer(answers: Answers, question: Question, renamed: str) -> None:
    if not question.batch:
        pairs = answers.same if renamed == Renaming.SAME else answers.different
        pairs.append((question.kind, question.before, question.after))
    elif renamed == Renaming.SAME:
        answers.people[question.batch] = (question.before, question.after)
    else:
        raise RenameUnclear(
            f"{question.sentence} One file is not the usage of two people. Undo "
            f"{question.before_file} if it was a mistake. Nothing was counted.",
            [question],
        )


def same_file_of_somebody_else(batch: ImportBatch) -> ImportBatch | None:
    """The same bytes, if they count already as another person's usage."""
    if not batch.person:
        return None
    return ImportBatch.get_or_none(
        (ImportBatch.sha256 == batch.sha256)
        & (ImportBatch.person != batch.person)
        & (ImportBatch.organization == batch.organization)
        & (ImportBatch.status == BatchStatus.APPLIED)
    )


def _label(batch: ImportBatch) -> str:
    return f"#{batch.id} {batch.file_name}".strip()


def _names(facts: Facts, kind: str, names: Names) -> set[str]:
    return {
        names.of(kind, actor.key if kind == KEY else actor.workspace) for actor in facts.actors
    } - {""}


def _told_alike(mine: _File, other: _File, kind: str, names: Names) -> Iterator[Question]:
    """Days and models of which both files tell the same under names that only one has."""
    same_kind = mine.batch.merge == other.batch.merge
    for day in sorted(mine.facts.days.keys() & other.facts.days.keys()):
        ours, theirs = (_told(each.batch, day, kind, names) for each in (mine, other))
        here, there = ({name for name, _ in told} for told in (ours, theirs))
        by_model: dict[_Model, list[tuple[str, _DayFigures]]] = defaultdict(list)
        for (before, what), known in theirs.items():
            if before and before not in here:
                by_model[what].append((before, known))
        for (after, what), told in ours.items():
            for before, known in by_model[what] if after and after not in there else ():
                if _same(known, told, same_kind):
                    yield Question(
                        before=before,
                        after=after,
                        before_file=_label(other.batch),
                        day=day_of(day),
                        model=what[1],
                        tokens=sum(told.tokens) or sum(known.tokens),
                        value_nanos=told.value_nanos,
                        kind=kind,
                    )


def _told(
    batch: ImportBatch, day: int, kind: str, names: Names
) -> dict[tuple[str, _Model], _DayFigures]:
    """What a file tells of a day, by name, the rest of the owner and the model."""
    found: dict[tuple[str, _Model], _DayFigures] = {}
    for row in rows_of_day(day, [batch.id], names):
        record = decoded(day_of(day), row.payload)
        if is_of_searches(record) and not record.total_tokens:
            continue
        name, rest = record.actor.key, ""
        if kind == WORKSPACE:
            name, rest = record.actor.workspace, record.actor.key
        what = name, (rest, display_name(record.model))
        found[what] = found.get(what, _DayFigures()).plus(record)
    return found


def _same(one: _DayFigures, other: _DayFigures, same_kind: bool) -> bool:
    if same_kind and (any(one.tokens) or any(other.tokens)):
        return one.tokens == other.tokens
    both = one.value_nanos > 0 and other.value_nanos > 0
    return both and abs(one.value_nanos - other.value_nanos) <= (0 if same_kind else NANOS_PER_CENT)
