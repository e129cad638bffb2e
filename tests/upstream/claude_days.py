"""One day of the invented company's Anthropic usage, always the same for the same day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from tests.upstream import directory

SATURDAY, SUNDAY, WEDNESDAY = 5, 6, 2
HUGE_OUTPUT = 3_000_000_000

EVERYDAY_MODELS = (
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "claude-haiku-4-5-20251001",
    "claude-haiku-5-5",
)


@dataclass(frozen=True)
class Row:
    """Usage as the vendor meters it, finer than any report: one hour, every dimension.

    Counts are tokens and web searches; None in a dimension is the vendor's null.
    """

    day: date
    api_key_id: str | None = None
    workspace_id: str | None = None
    model: str | None = "claude-sonnet-5-5"
    hour: int = 12
    service_tier: str = "standard"
    context_window: str = "0-200k"
    inference_geo: str = "global"
    account_id: str | None = None
    service_account_id: str | None = None
    speed: str = "standard"
    uncached_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    web_search_requests: int = 0

    @property
    def at(self) -> datetime:
        """The start of the hour of use."""
        return datetime(self.day.year, self.day.month, self.day.day, self.hour, tzinfo=UTC)

    @property
    def tokens(self) -> int:
        """All tokens of the row."""
        return (
            self.uncached_input_tokens
            + self.ephemeral_5m_input_tokens
            + self.ephemeral_1h_input_tokens
            + self.cache_read_input_tokens
            + self.output_tokens
        )


class Meter:
    """Makes rows of one day with drawn token counts."""

    def __init__(self, seed: int, day: date) -> None:
        self.dice = random.Random(f"{seed} anthropic {day}")
        self.day = day
        self.workspace_of = {key.id: key.workspace_id for key in directory.all_keys()}

    def row(self, key: str | None = None, **changes: object) -> Row:
        """A row of a key, in the key's own workspace, with every token part used."""
        dice = self.dice
        values: dict[str, object] = {
            "workspace_id": self.workspace_of.get(key or ""),
            "hour": dice.randrange(24),
            "uncached_input_tokens": dice.randrange(1, 90_000),
            "ephemeral_5m_input_tokens": dice.randrange(1, 40_000),
            "ephemeral_1h_input_tokens": dice.randrange(1, 20_000),
            "cache_read_input_tokens": dice.randrange(1, 3_000_000),
            "output_tokens": dice.randrange(1, 60_000),
        }
        return Row(self.day, key, **(values | changes))  # type: ignore[arg-type]


def anthropic_rows(seed: int, day: date) -> list[Row]:
    """All rows of a day: Sundays are empty, Saturdays thin."""
    if day.weekday() == SUNDAY:
        return []
    meter = Meter(seed, day)
    rows = [*_attribution_rows(meter), *_price_rows(meter), *_model_name_rows(meter)]
    if day.weekday() == SATURDAY:
        return rows
    if day.weekday() == WEDNESDAY:
        rows.append(meter.row("apikey_05Eva", output_tokens=HUGE_OUTPUT))
    return rows + list(_everyday_rows(meter))


def _everyday_rows(meter: Meter) -> Iterator[Row]:
    for key in directory.all_keys():
        if key.status == "active":
            for model in meter.dice.sample(EVERYDAY_MODELS, 2):
                for _ in range(meter.dice.randint(1, 3)):
                    yield meter.row(key.id, model=model)


def _attribution_rows(meter: Meter) -> list[Row]:
    """Every way in which a row can name, or fail to name, who used it."""
    named = [meter.row(key.id) for key in directory.all_keys()]
    code = directory.CLAUDE_CODE_WORKSPACE
    return [
        *named,
        meter.row(None, account_id="user_01Ana", workspace_id=code),
        meter.row(None, account_id=directory.UNLISTED_ACCOUNT),
        meter.row("apikey_11Pipeline", account_id="user_01Ana"),
        meter.row(None),
        meter.row(None, workspace_id=directory.PLATFORM_WORKSPACE),
        meter.row(directory.UNLISTED_KEY),
        meter.row(directory.UNLISTED_KEY, workspace_id=code),
        meter.row("apikey_13Nightly", service_account_id=directory.SERVICE_ACCOUNT),
    ]


def _price_rows(meter: Meter) -> list[Row]:
    """Every way in which a row can be priced, or not."""
    ben, chloe, dev = "apikey_01Ben", "apikey_02Chloe", "apikey_03Dev"
    long = {"context_window": "200k-1M"}
    return [
        meter.row(ben, model="claude-sonnet-4-6", **long),
        meter.row(ben, model="claude-opus-4-6", **long),
        meter.row(ben, model="claude-sonnet-4-5-20250929", **long),
        meter.row(ben, model="claude-opus-5-5", **long),
        meter.row(chloe, model="claude-fable-5-1", service_tier="batch", inference_geo="us"),
        meter.row(chloe, model="claude-opus-5-5", service_tier="batch"),
        meter.row(chloe, model="claude-sonnet-4-6", service_tier="batch", **long),
        meter.row(chloe, service_tier="priority"),
        meter.row(chloe, service_tier="priority_on_demand"),
        meter.row(dev, service_tier="flex"),
        meter.row(dev, service_tier="flex_discount"),
        meter.row(dev, model="claude-opus-5-5", inference_geo="us"),
        meter.row(dev, model="claude-haiku-4-5-20251001", inference_geo="us"),
        meter.row(dev, inference_geo="not_available"),
        meter.row(dev, web_search_requests=7),
        meter.row(dev, model="claude-opus-5-5", service_tier="batch", web_search_requests=3),
        Row(meter.day, "apikey_04DevNew", directory.CLAUDE_CODE_WORKSPACE, "claude-opus-5"),
        Row(
            meter.day, dev, directory.CLAUDE_CODE_WORKSPACE, "claude-opus-5", web_search_requests=1
        ),
    ]


def _model_name_rows(meter: Meter) -> list[Row]:
    """Known models in long spellings, and names that no price exists for."""
    names = (
        None,
        "claude-nova-9",
        "claude-opus-4-9",
        "claude-haiku-5-5",
        "claude-3-haiku-20240307",
        "claude-3-7-sonnet-latest",
        "claude-opus-4-1-20250805",
        "claude-sonnet-4-20250514",
        "claude-sonnet-4-5-20250929[1m]",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    )
    searched = meter.row("apikey_06Femi", model="claude-nova-9", web_search_requests=4)
    return [searched, *(meter.row("apikey_06Femi", model=name) for name in names)]


def revised_rows(rows: list[Row], day: date) -> list[Row]:
    """The same day after a late correction: one row changed, one gone, one new."""
    kept = rows[:-1]
    if kept:
        first = kept[0]
        kept[0] = replace(first, output_tokens=first.output_tokens + 17)
    late = Row(
        day,
        "apikey_02Chloe",
        directory.CLAUDE_CODE_WORKSPACE,
        "claude-opus-4-8",
        uncached_input_tokens=1_001,
        output_tokens=2_003,
        web_search_requests=1,
    )
    return [*kept, late]
