"""What a file says as a whole, gathered while it is read and kept as JSON with its batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.dates import day_number
from app.model_names import display_name
from app.models import ImportBatch
from app.usage import RawActor, UsageRecord


@dataclass
class Facts:
    """Sums of the good rows: by day [rows, tokens, value], by actor and unpriced model."""

    days: dict[int, list[int]] = field(default_factory=dict)
    actors: dict[RawActor, list[int]] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: Sequence[str] = ()
    ignored_columns: Sequence[str] = ()

    def add(self, record: UsageRecord) -> int:
        """Count a good row; its day as YYYYMMDD."""
        day, tokens, value = day_number(record.day), record.total_tokens, record.value_nanos or 0
        of_day = self.days.setdefault(day, [0, 0, 0])
        of_day[0] += 1
        of_day[1] += tokens
        of_day[2] += value
        of_actor = self.actors.setdefault(record.actor, [0, 0])
        of_actor[0] += tokens
        of_actor[1] += value
        if record.value_nanos is None and tokens:
            self.unpriced[display_name(record.model)] += tokens
        return day

    @property
    def sums(self) -> tuple[int, int, int]:
        """Rows, tokens and value of all days."""
        rows, tokens, value = (sum(part) for part in zip(*self.days.values(), strict=True))
        return rows, tokens, value

    def as_json(self) -> str:
        """To be kept with the batch."""
        return json.dumps(
            {
                "days": sorted(self.days.items()),
                "actors": [[*actor, *sums] for actor, sums in self.actors.items()],
                "unpriced": self.unpriced.most_common(),
                "skipped": self.skipped.most_common(),
                "warnings": list(self.warnings),
                "ignored_columns": list(self.ignored_columns),
            },
            ensure_ascii=False,
        )


def facts_of(batch: ImportBatch) -> Facts:
    """The facts kept with a batch."""
    said = json.loads(batch.facts)
    return Facts(
        days=dict(said.get("days", ())),
        actors={
            RawActor(key, account, workspace): sums
            for key, account, workspace, *sums in said.get("actors", ())
        },
        unpriced=Counter(dict(said.get("unpriced", ()))),
        skipped=Counter(dict(said.get("skipped", ()))),
        warnings=said.get("warnings", ()),
        ignored_columns=said.get("ignored_columns", ()),
    )
