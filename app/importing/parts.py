"""Exports joined into one file: what a later part repeats of those above it counts once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from app.importing.events import decoded, encoded
from app.importing.merging import shape_of
from app.states import Merge
from app.usage import Tokens, UsageRecord

REPETITION = "told by another export in the file already"
CONTRADICTION = (
    "an export above in the file tells another figure, or by other columns; "
    "import the exports as files of their own"
)


class PartsAbove:
    """The rows (day, key hash, payload) above a header that comes again.

    Between parts the same event is a repetition, as between files: a part with two of them
    after one with three adds none. Other rows are repetitions when they say the same. Of a day
    that a part above tells by other columns (no key, no workspace) they may be the sum or a part:
    only files of their own are compared by the columns that both have.
    """

    def __init__(self, merge: Merge, rows: Iterable[tuple[int, str, str]]) -> None:
        self._events = merge == Merge.EVENTS
        self._left: Counter[tuple[str, Tokens | str]] = Counter()
        self._key_hashes: set[str] = set()
        self._shapes: dict[int, set[str]] = defaultdict(set)
        for day, key_hash, payload in rows:
            self._left[self._identity(key_hash, decoded(date.min, payload))] += 1
            self._key_hashes.add(key_hash)
            self._shapes[day].add(shape_of(key_hash))

    def _identity(self, key_hash: str, record: UsageRecord) -> tuple[str, Tokens | str]:
        return key_hash, record.tokens if self._events else encoded(record)

    def repeats(self, key_hash: str, record: UsageRecord) -> bool:
        """Whether a row of this part is one of those above, each of which it is once."""
        identity = self._identity(key_hash, record)
        if not self._left[identity]:
            return False
        self._left[identity] -= 1
        return True

    def contradicts(self, key_hash: str) -> bool:
        """Whether a row that repeats none would be added to one above that means the same."""
        return not self._events and key_hash in self._key_hashes

    def is_cut_otherwise(self, day: int, key_hash: str) -> bool:
        """Whether a part above tells of the day by other columns."""
        return not self._events and bool(self._shapes.get(day, set()) - {shape_of(key_hash)})
