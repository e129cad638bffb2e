"""Cursor's usage events as its dashboard exports them: one row, one event.

Eleven generations since February 2025 differ in their columns, not in what those mean. The
four token columns are disjoint and Total Tokens is their sum (measured on 3,734 real rows,
none of them reads otherwise); a row whose total fits only the other reading, where
`Input (w/ Cache Write)` includes the input without, is read that way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from app.providers.cursor_value import CURSOR, cursor_value
from app.providers.exports.types import ExportKind, Reading, RowReader
from app.providers.fields import detail_text
from app.states import Merge
from app.usage import RawActor, Tokens, UsageRecord, normal_email
from app.values import clean_text

KIND = ExportKind(
    "cursor_events",
    "cursor",
    "Cursor usage events",
    Merge.EVENTS,
    how=(
        "Cursor dashboard, Usage, Export CSV: usage-events-*.csv or team-usage-events-*.csv. "
        "The file of an individual does not say whose it is."
    ),
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "date": ("date",),
    "user": ("user", "user_email"),
    "kind": ("kind",),
    "model": ("model",),
    "max_mode": ("max_mode",),
    "cache_write": ("input_w/_cache_write",),
    "input": ("input_w/o_cache_write",),
    "cache_read": ("cache_read",),
    "output": ("output_tokens", "output"),
    "total": ("total_tokens", "tokens"),
    "cost": ("cost", "cost_$"),
    "billed": ("cost_to_you",),
    "requests": ("requests",),
    "cloud_agent_id": ("cloud_agent_id",),
    "automation_id": ("automation_id",),
    "request_type": ("request_type",),
}
_PARTS = {
    "cache_write": "Input (w/ Cache Write)",
    "input": "Input (w/o Cache Write)",
    "cache_read": "Cache Read",
    "output": "Output Tokens",
}
_COUNTED = (*_PARTS.values(), "Total Tokens")
_TELLING = {*FIELDS["cache_write"], *FIELDS["input"], *FIELDS["total"], "kind", "max_mode"}
_EXPORTING_PERSON = "you"
_FREE_KINDS = ("free", "errored", "aborted")
_BILLED_KINDS = ("on-demand", "usage-based")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False, "": None}
_MODEL_NAMES_OF_THE_API = {"auto": "default"}

SUM_DIFFERS = "Total Tokens is not the sum of its parts; the parts are counted"
PARTS_UNKNOWN = "the export gives only a total of tokens, which is counted as input"


class EventCells(NamedTuple):
    """The cells of a row, in the order of FIELDS."""

    date: str
    user: str
    kind: str
    model: str
    max_mode: str
    cache_write: str
    input: str
    cache_read: str
    output: str
    total: str
    cost: str
    billed: str
    requests: str
    cloud_agent_id: str
    automation_id: str
    request_type: str


def recognises(headers: Set[str]) -> bool:
    """Two columns that only Cursor's events have in common."""
    return len(_TELLING & headers) >= 2


def missing(present: Set[str]) -> Sequence[str]:
    """Date and Model, and all token parts where there is one of them, else a total."""
    wanted = {"date": "Date", "model": "Model"}
    wanted |= _PARTS if present & _PARTS.keys() else {"total": "Total Tokens"}
    return [label for name, label in wanted.items() if name not in present]


def needs_person(present: Set[str], first_row: Sequence[str]) -> bool:
    """Individual exports have no User, in August 2025 they said "You"."""
    return "user" not in present or EventCells._make(first_row).user.lower() == _EXPORTING_PERSON


def start(reading: Reading) -> RowReader:
    """A reader of events; see `_Events`."""
    return _Events(reading).read


class _Events:
    def __init__(self, reading: Reading) -> None:
        self._cells = reading.cells
        self._warnings = reading.warnings
        self._person = RawActor(account=reading.person) if reading.person else None
        self._has_user = "user" in reading.present
        self._actor = lru_cache(maxsize=4096)(self._read_actor)
        self._money = lru_cache(maxsize=4096)(self._read_money)
        self._units = lru_cache(maxsize=4096)(self._read_units)

    def read(self, cells: Sequence[str]) -> tuple[UsageRecord, str] | str:
        # Taken apart at once, in the order of `EventCells`: files have millions of rows.
        date, user, kind, model, max_mode, *counts, cost, billed, requests, _, _, _ = cells
        day, at_ms = self._cells.instant(date, "Date")
        tokens, known = self._tokens(counts)
        units, fraction = self._units(requests)
        reported, billed_nanos = self._money(kind, cost, billed, requests)
        if not (any(tokens) or reported or billed_nanos or units):
            return "no tokens, no cost"
        model = _model_name(model)
        value, status = cursor_value(reported, day, model, tokens, parts_known=known)
        detail = _detail(kind, max_mode, fraction, known, tuple(cells[-3:]))
        record = UsageRecord(
            day=day,
            actor=self._actor(user),
            tool=CURSOR.key,
            model=model,
            tokens=tokens,
            requests=units,
            value_nanos=value,
            billed_nanos=billed_nanos,
            price_status=status,
            at_ms=at_ms,
            detail=detail,
        )
        return record, ""

    def _tokens(self, cells: Sequence[str]) -> tuple[Tokens, bool]:
        """The tokens, and whether their kinds are known."""
        write, plain, read, output, total = self._cells.counts(cells, _COUNTED)
        if total == plain + write + read + output or not cells[-1]:
            return Tokens(plain, write, 0, read, output), True
        if not any(cells[:-1]):
            self._warnings[PARTS_UNKNOWN] += 1
            return Tokens(input=total), False
        if write >= plain and total == write + read + output:
            # The other reading: 900 with the cache write, 300 of them without, 1,000 in all
            # with 100 of output, is an input of 300 and a cache write of 600.
            return Tokens(plain, write - plain, 0, read, output), True
        self._warnings[SUM_DIFFERS] += 1
        return Tokens(plain, write, 0, read, output), True

    def _read_units(self, requests: str) -> tuple[int | None, str | None]:
        """The requests where they are whole, else what the row says: 0.5; or `-` or `Free`."""
        if requests.lower() in ("", "-", "free", "included"):
            return None, None
        units = self._cells.units(requests, "Requests")
        return units, requests if units is None else None

    def _read_actor(self, user: str) -> RawActor:
        if not self._has_user or (self._person and user.lower() == _EXPORTING_PERSON):
            return self._person or RawActor()
        if "@" in user:
            return RawActor(account=clean_text(normal_email(user)))
        return RawActor(key=clean_text(user))

    def _read_money(
        self, kind: str, cost: str, billed: str, requests: str
    ) -> tuple[int | None, int | None]:
        """The value the row tells, and billed money, in nano-dollars.

        The number of an Included row is its nominal value, which is not billed. Free, errored
        and aborted rows cost nothing unless they say a value; other words are no money.
        """
        kind, word = kind.lower(), cost.lower()
        free = "free" in (word, requests.lower()) or kind.startswith(_FREE_KINDS)
        included = kind.startswith("included") or word.startswith("included")
        says_words = word.startswith(("included", "free"))
        value = None if says_words else self._cells.dollars(cost, "Cost")
        if value is None and free:
            value = 0
        if billed:
            return value, self._cells.dollars(billed, "Cost to you")
        if free or included:
            return value, 0
        return value, value if kind.startswith(_BILLED_KINDS) else None


@lru_cache(maxsize=4096)
def _model_name(model: str) -> str:
    return _MODEL_NAMES_OF_THE_API.get(model.lower(), model[:300])


@lru_cache(maxsize=4096)
def _detail(
    kind: str,
    max_mode: str,
    requests: str | None,
    known: bool,
    ids: tuple[str, ...],
) -> str:
    """What the columns do not hold, under the names of Cursor's API where it has one.

    `ids`: of the cloud agent, of the automation, and the type of the request.
    """
    cloud_agent_id, automation_id, request_type = ids
    return detail_text(
        {
            "kind": kind or None,
            "maxMode": _FLAGS.get(max_mode.lower(), max_mode),
            "requestsCosts": requests,
            "partsUnknown": None if known else True,
            "cloudAgentId": cloud_agent_id or None,
            "automationId": automation_id or None,
            "requestType": request_type or None,
        }
    )
