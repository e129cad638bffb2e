"""Money without tokens finds its token records: those of its day that it matches."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.pricing import searches_nanos
from app.providers.exports import is_of_searches, matched, money_target
from app.usage import PriceStatus, UsageRecord


@dataclass
class _Share:
    """The money of one record, in nano-dollars; billed None: the files do not say."""

    value: int = 0
    billed: int | None = None

    def add(self, value: int, billed: int | None) -> None:
        self.value += value
        if billed is not None:
            self.billed = (self.billed or 0) + billed


def attached(
    tokens: Sequence[UsageRecord], money: Sequence[tuple[str, UsageRecord]]
) -> Iterator[UsageRecord]:
    """The token records of a day, their value replaced by the money (key, record) they match.

    An amount that matches several is split over their value, or else their tokens, to the last
    nano-dollar; one that matches none becomes a record without tokens. Web searches keep their
    list price where no amount is of the searches of their key.
    """
    searched = {amount.actor.key for _, amount in money if is_of_searches(amount)}
    shares: dict[int, _Share] = defaultdict(_Share)
    places = _Places(tokens)
    alone = []
    for key, amount in money:
        found = places.of(key)
        if not found:
            alone.append(amount)
            continue
        weights = _weights([tokens[place] for place in found])
        values = split(amount.value_nanos or 0, weights)
        billed = split(amount.billed_nanos or 0, weights)
        for place, share, part in zip(found, values, billed, strict=True):
            shares[place].add(share, None if amount.billed_nanos is None else part)
    for place, record in enumerate(tokens):
        listed = 0 if searched & {record.actor.key, ""} else _searches_nanos(record)
        yield _with(record, shares[place], listed) if place in shares else record
    yield from alone


def _searches_nanos(record: UsageRecord) -> int:
    facts = json.loads(record.detail) if record.detail else {}
    return searches_nanos(facts.get("web_search_requests", 0))


def _with(record: UsageRecord, share: _Share, listed: int) -> UsageRecord:
    return record._replace(
        value_nanos=share.value + listed,
        billed_nanos=share.billed,
        price_status=PriceStatus.PROVIDER,
    )


class _Places:
    """Finds the token records an amount belongs to, by an index per set of columns."""

    def __init__(self, tokens: Sequence[UsageRecord]) -> None:
        self._tokens = tokens
        self._indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = {}

    def of(self, money_key: str) -> list[int]:
        target = money_target(money_key)
        index = self._indexes.get(target.columns)
        if index is None:
            index = self._indexes[target.columns] = defaultdict(list)
            for place, record in enumerate(self._tokens):
                index[matched(record, target.columns)].append(place)
        return index.get(target.values, [])


def _weights(records: Sequence[UsageRecord]) -> list[int]:
    values = [record.value_nanos for record in records if record.value_nanos is not None]
    if len(values) == len(records) and sum(values) > 0 and min(values) >= 0:
        return values
    tokens = [record.total_tokens for record in records]
    return tokens if any(tokens) else [1] * len(records)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in whole parts like the weights (not negative, not all 0), which sum to it.

    What rounding leaves goes to the largest remainders, the first of equal ones.
    """
    # The sign apart: whole division of negative numbers would round away from zero.
    sign, rest, whole = (-1 if amount < 0 else 1), abs(amount), sum(weights)
    parts = [rest * weight // whole for weight in weights]
    remainders = sorted(
        range(len(weights)), key=lambda place: (-(rest * weights[place] % whole), place)
    )
    for place in remainders[: rest - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]
