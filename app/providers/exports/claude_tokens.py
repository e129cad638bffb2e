"""Claude Console's token export: one row per day (or hour), model, API key and conditions.

It names keys and workspaces by their names, gives no money and leaves out columns without
data. The value is list price, as for the same usage read from the Messages report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from app.pricing import Conditions
from app.providers.claude_record import Counts, claude_record
from app.providers.exports.types import ExportKind, Reading, RowReader
from app.states import Merge
from app.usage import RawActor, Tokens, UsageRecord
from app.values import clean_text

KIND = ExportKind(
    "claude_tokens",
    "anthropic",
    "Claude Console tokens",
    Merge.KEYED,
    how="Claude Console, Usage, Export: claude_api_tokens_*.csv, also by the hour.",
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "date": ("usage_date_utc",),
    "model": ("model_version", "model"),
    "api_key": ("api_key",),
    "workspace": ("workspace",),
    "usage_type": ("usage_type",),
    "context_window": ("context_window",),
    "inference_geo": ("inference_geo",),
    "speed": ("speed",),
    "input": ("usage_input_tokens_no_cache", "input_tokens"),
    "cache_write": ("usage_input_tokens_cache_write", "cache_creation_input_tokens"),
    "cache_write_5m": ("usage_input_tokens_cache_write_5m",),
    "cache_write_1h": ("usage_input_tokens_cache_write_1h",),
    "cache_read": ("usage_input_tokens_cache_read", "cache_read_input_tokens"),
    "output": ("usage_output_tokens", "output_tokens"),
    "web_searches": ("web_search_count",),
}
_INPUTS = ("input", "cache_write", "cache_write_5m", "cache_write_1h", "cache_read")
_COUNTED = tuple(FIELDS[name][0] for name in (*_INPUTS, "output", "web_searches"))
_TOKEN_HEADERS = {header for name in (*_INPUTS, "output") for header in FIELDS[name]}
_LONG_WINDOW = re.compile(r"(?:>=?|≥|&gt;=?|over|above|morethan)200k.*|200k(?:-1m|\+)|1m")
_SHORT_WINDOW = re.compile(r"[^>0-9]{0,12}(?:0-)?200k")
"""What is left of the sign of `≤ 200k` depends on the programs that the file went through."""


class TokenCells(NamedTuple):
    """The cells of a row, in the order of FIELDS."""

    date: str
    model: str
    api_key: str
    workspace: str
    usage_type: str
    context_window: str
    inference_geo: str
    speed: str
    input: str
    cache_write: str
    cache_write_5m: str
    cache_write_1h: str
    cache_read: str
    output: str
    web_searches: str


def recognises(headers: Set[str]) -> bool:
    """The date column of Anthropic's exports with a token column."""
    return "usage_date_utc" in headers and bool(_TOKEN_HEADERS & headers)


def missing(present: Set[str]) -> Sequence[str]:
    """Everything but the day, the model, the output and one input column may be left out."""
    wanted = {"date": "usage_date_utc", "model": "model_version", "output": "usage_output_tokens"}
    if not present & set(_INPUTS):
        wanted["input"] = "usage_input_tokens_no_cache"
    return [label for name, label in wanted.items() if name not in present]


def needs_person(present: Set[str], first_row: Sequence[str]) -> bool:
    """Never: usage belongs to the key it names, or to nobody."""
    return False


def start(reading: Reading) -> RowReader:
    """A reader of token rows."""
    cells = reading.cells
    clean = lru_cache(maxsize=4096)(clean_text)
    has_key, has_workspace = "api_key" in reading.present, "workspace" in reading.present

    @lru_cache(maxsize=4096)
    def owner(key: str, workspace: str) -> tuple[RawActor, str | None, str | None]:
        actor = RawActor(key=clean(key), workspace=clean(workspace))
        return (
            actor,
            actor.key if has_key else None,
            actor.workspace if has_workspace else None,
        )

    def read(found: Sequence[str]) -> tuple[UsageRecord, str] | str:
        # Taken apart at once, in the order of `TokenCells`: files have millions of rows.
        date, model, key, workspace, tier, window, geo, speed, *numbers = found
        day = cells.day(date, "usage_date_utc")
        counts = _counts(cells.counts(numbers, _COUNTED))
        if not (any(counts.tokens) or counts.web_searches):
            return "no tokens"
        model, (actor, named_key, named_workspace) = clean(model), owner(key, workspace)
        conditions = conditions_in_words_of_the_api(tier, window, geo, speed)
        record = claude_record(day, actor, model, counts, conditions)
        return record, _key(day.isoformat(), model, named_key, named_workspace, conditions)

    return read


def _counts(numbers: Sequence[int]) -> Counts:
    """A cache write without a duration is one for 5 minutes."""
    plain, write, short, long, read, output, searches = numbers
    return Counts(Tokens(plain, write + short, long, read, output), searches)


@lru_cache(maxsize=1024)
def conditions_in_words_of_the_api(tier: str, window: str, geo: str, speed: str) -> Conditions:
    """The conditions of a row; the API says 0-200k for `≤ 200k` and 200k-1M for `> 200k`."""
    short = "".join(window.split()).lower()
    if _LONG_WINDOW.fullmatch(short):
        window = "200k-1M"
    elif _SHORT_WINDOW.fullmatch(short):
        window = "0-200k"
    return Conditions(*map(clean_text, (tier.lower(), window, geo.lower(), speed.lower())))


def _key(
    day: str, model: str, api_key: str | None, workspace: str | None, conditions: Conditions
) -> str:
    """Words that change nothing are "", so that generations with fewer columns agree.

    Who it was is left out (None) where the file has no column for it.
    """
    before, after = _around_day(model, api_key, workspace, conditions)
    return f"{before}{day}{after}"


@lru_cache(maxsize=4096)
def _around_day(
    model: str, api_key: str | None, workspace: str | None, conditions: Conditions
) -> tuple[str, str]:
    """The key before and after its day."""
    owner = {"api_key": api_key, "workspace": workspace}
    facts = {"date": "", "model": model, **conditions.remarkable()._asdict()}
    facts |= {name: said for name, said in owner.items() if said is not None}
    before, name, after = json.dumps(facts, sort_keys=True, separators=(",", ":")).partition(
        '"date":"'
    )
    return before + name, after
