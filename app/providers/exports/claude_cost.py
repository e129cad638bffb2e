"""Claude Console's cost export: dollars per day, model, API key and kind of token.

It counts no tokens: its money belongs to the token records of the same day, model and key,
which `money_target` and `matched` bring together. The value is the list price where the
export tells it (tokens are valued at list price too), else the cost; the cost, after
discounts, is what is billed. Both are rounded to cents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from app.model_names import claude_id
from app.pricing import UNREMARKABLE, Conditions
from app.providers.claude_record import CLAUDE_CODE, conditions_of
from app.providers.exports.claude_tokens import conditions_in_words_of_the_api
from app.providers.exports.types import ExportKind, Reading, RowReader
from app.providers.fields import detail_text
from app.states import Merge
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord
from app.values import clean_text

KIND = ExportKind(
    "claude_cost",
    "anthropic",
    "Claude Console costs",
    Merge.MONEY,
    how=(
        "Claude Console, Cost, Export: claude_api_cost_*.csv. Its amounts are given to the "
        "tokens that they belong to."
    ),
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "date": ("usage_date_utc",),
    "model": ("model", "model_version"),
    "api_key": ("api_key",),
    "workspace": ("workspace",),
    "usage_type": ("usage_type",),
    "context_window": ("context_window",),
    "inference_geo": ("inference_geo",),
    "speed": ("speed",),
    "token_type": ("token_type",),
    "cost_type": ("cost_type",),
    "cost": ("cost_usd",),
    "list_price": ("list_price_usd",),
    "api_key_id": ("api_key_id",),
}
CREDIT = "credit"
SEARCH = "web_search"
"""Kinds of cost, as `cost_type` or `token_type` names them."""
_IDENTIFYING = (
    *("date", "model", "api_key", "workspace", "usage_type"),
    *("context_window", "inference_geo", "speed", "token_type", "cost_type"),
)
_MATCHING = ("date", "model", "api_key", "workspace", "context_window", "inference_geo", "speed")
_DATED = re.compile(r"(?P<name>.+?)[ -](?P<date>[0-9]{4}-?[0-9]{2}-?[0-9]{2})")


class CostCells(NamedTuple):
    """The cells of a row, in the order of FIELDS."""

    date: str
    model: str
    api_key: str
    workspace: str
    usage_type: str
    context_window: str
    inference_geo: str
    speed: str
    token_type: str
    cost_type: str
    cost: str
    list_price: str
    api_key_id: str


class MoneyTarget(NamedTuple):
    """Which records an amount belongs to: those with these values in these columns."""

    columns: tuple[str, ...]
    values: tuple[str, ...]


def recognises(headers: Set[str]) -> bool:
    """The date column of Anthropic's exports with the cost."""
    return "usage_date_utc" in headers and bool({"cost_usd", "token_type"} & headers)


def missing(present: Set[str]) -> Sequence[str]:
    """The day, the model and the cost are required; columns without data are left out."""
    wanted = {"date": "usage_date_utc", "model": "model", "cost": "cost_usd"}
    return [label for name, label in wanted.items() if name not in present]


def needs_person(present: Set[str], first_row: Sequence[str]) -> bool:
    """Never: money belongs to the key it names."""
    return False


def start(reading: Reading) -> RowReader:
    """A reader of cost rows."""
    cells = reading.cells
    kept = [name for name in _IDENTIFYING if name in reading.present]

    def read(found: Sequence[str]) -> tuple[UsageRecord, str] | str:
        row = CostCells._make(found)
        day = cells.day(row.date, "usage_date_utc")
        cost = cells.dollars(row.cost, "cost_usd")
        list_price = cells.dollars(row.list_price, "list_price_usd")
        if not (cost or list_price):
            return "no money"
        model = model_name(row.model)
        api_key, workspace = clean_text(row.api_key), clean_text(row.workspace)
        conditions = conditions_in_words_of_the_api(
            row.usage_type, row.context_window, row.inference_geo, row.speed
        ).remarkable()
        kinds = (clean_text(row.token_type), clean_text(row.cost_type))
        said = (day.isoformat(), model, api_key, workspace, *conditions, *kinds)
        facts = dict(zip(_IDENTIFYING, said, strict=True))
        value = cost if list_price is None else list_price
        if CREDIT in kinds[1].lower():
            # Money that is given back, not usage that was worth less.
            value = 0
        record = UsageRecord(
            day=day,
            actor=RawActor(key=api_key, workspace=workspace),
            tool=CLAUDE_CODE.key,
            model=model,
            tokens=Tokens(),
            requests=None,
            value_nanos=value,
            billed_nanos=cost,
            price_status=PriceStatus.PROVIDER,
            detail=_detail(conditions, *kinds, row.api_key_id),
        )
        key = {name: facts[name] for name in kept}
        return record, json.dumps(key, sort_keys=True, separators=(",", ":"))

    return read


@lru_cache(maxsize=4096)
def model_name(display: str) -> str:
    """The model id of a display name, its date kept; any other name as it is.

    "Claude Opus 4.6" gives claude-opus-4-6, "Claude 3.5 Sonnet 2024-06-20" gives
    claude-3-5-sonnet-20240620.
    """
    name = clean_text(display)
    dated = _DATED.fullmatch(name)
    undated = dated["name"] if dated else name
    found = claude_id("-".join(undated.lower().split()))
    if found is None:
        return name
    return f"{found}-{dated['date'].replace('-', '')}" if dated else found


def money_target(money_key: str) -> MoneyTarget:
    """Which records the amount of a row with this key belongs to.

    A model without a date stands for all of its dated versions.
    """
    facts: dict[str, str] = json.loads(money_key)
    named = [(name, facts[name]) for name in _MATCHING if name in facts]
    if facts.get("usage_type") == "batch":
        named.append(("service_tier", "batch"))
    dated = _DATED.fullmatch(facts["model"])
    return MoneyTarget(
        tuple("model_version" if name == "model" and dated else name for name, _ in named),
        tuple(value for _, value in named),
    )


def is_of_searches(amount: UsageRecord) -> bool:
    """Whether an amount is the price of web searches, not of tokens."""
    return SEARCH in amount.detail


def matched(record: UsageRecord, columns: Sequence[str]) -> tuple[str, ...]:
    """The values of a token record in the columns of a MoneyTarget, to look it up by.

    API key and workspace are compared as the record names them.
    """
    facts = {
        "date": record.day.isoformat(),
        "model": claude_id(record.model) or record.model,
        "model_version": model_name(record.model),
        "api_key": record.actor.key,
        "workspace": record.actor.workspace,
    }
    facts |= conditions_of(record)._asdict()
    return tuple(facts[column] for column in columns)


@lru_cache(maxsize=4096)
def _detail(conditions: Conditions, token_type: str, cost_type: str, key_id: str) -> str:
    facts = {
        "usage_type": conditions.service_tier,
        "token_type": token_type,
        "cost_type": cost_type,
        "context_window": conditions.context_window,
        "inference_geo": conditions.inference_geo,
        "speed": conditions.speed,
        "api_key_id": key_id,
    }
    return detail_text({name: said for name, said in facts.items() if said not in UNREMARKABLE})
