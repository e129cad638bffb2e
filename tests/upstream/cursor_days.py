"""One day of the invented company's Cursor events, always the same for the same day."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.upstream import directory
from tests.upstream.claude_days import SATURDAY, SUNDAY, WEDNESDAY

Event = dict[str, Any]

DAY_MS = 86_400_000
MODELS = (
    "default",
    "claude-4.5-sonnet-thinking",
    "claude-4.5-opus-high-thinking",
    "gpt-5-codex",
    "composer-2.5",
)
KINDS = ("Usage-based", "Included in Business", "On-Demand", "Custom")
SPELLINGS = (
    "ana.souza@lumen.example",
    "Ana.Souza@Lumen.Example",
    "ben.okafor@lumen.example",
    " chloe.martin@lumen.example",
    "DEV.PATEL@LUMEN.EXAMPLE",
    "ines.garcia@lumen.example",
    "  Jonas.Weber@lumen.example ",
    "luca.rossi@lumen.example",
    "mona.haddad@lumen.example\t",
    "nils.berg@lumen.example",
)


def first_ms(day: date) -> int:
    """Epoch milliseconds of 00:00:00.000 UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


class Till:
    """Makes events of one day with drawn figures."""

    def __init__(self, seed: int, day: date) -> None:
        self.dice = random.Random(f"{seed} cursor {day}")
        self.start = first_ms(day)

    def event(self, at: int | None = None, *, without: str = "", **changes: Any) -> Event:
        """A usage-based event with tokens; `without` drops fields named by blanks between."""
        offset = self.dice.randrange(1, DAY_MS - 1) if at is None else at
        event: Event = {
            "timestamp": str(self.start + offset),
            "userEmail": self.dice.choice(SPELLINGS),
            "model": self.dice.choice(MODELS),
            "kind": self.dice.choice(KINDS),
            "maxMode": self.dice.random() < 0.3,
            "requestsCosts": Decimal(self.dice.randrange(1, 80)) / 10,
            "isTokenBasedCall": True,
            "isChargeable": self.dice.random() < 0.6,
            "isHeadless": False,
        }
        event |= self._money_and_tokens() | changes
        return {name: event[name] for name in event if name not in without.split()}

    def _money_and_tokens(self) -> Event:
        dice = self.dice
        cents = Decimal(dice.randrange(1, 9_000_000)) / 100_000
        usage = {
            "inputTokens": dice.randrange(1, 60_000),
            "outputTokens": dice.randrange(1, 9_000),
            "cacheWriteTokens": dice.randrange(0, 50_000),
            "cacheReadTokens": dice.randrange(0, 900_000),
            "totalCents": cents,
        }
        fee, discount = Decimal("1.18"), Decimal(dice.choice((0, 0, 0, 10, Decimal("12.5"))))
        money: Event = {"tokenUsage": usage, "chargedCents": cents * (100 - discount) / 100 + fee}
        if discount:
            usage["discountPercentOff"] = discount
        return money | {"cursorTokenFee": fee}


def cursor_events(seed: int, day: date, *, ordinary: int, heavy: int) -> list[Event]:
    """All events of a day: Sundays are empty, Saturdays thin, Wednesdays heavy."""
    if day.weekday() == SUNDAY:
        return []
    till = Till(seed, day)
    count = {SATURDAY: 3, WEDNESDAY: heavy}.get(day.weekday(), ordinary)
    events = [*_boundary_events(till), *_money_events(till), *_actor_events(till)]
    return events + [till.event() for _ in range(count)]


def _boundary_events(till: Till) -> list[Event]:
    """The first and last millisecond of the day, and twins in one millisecond."""
    noon = DAY_MS // 2
    twin = till.event(noon, userEmail="luca.rossi@lumen.example", model="composer-2.5")
    return [
        till.event(0),
        till.event(DAY_MS - 1),
        twin,
        dict(twin),
        till.event(noon, model="gpt-5-codex"),
        till.event(conversationId="8f2e4a1b-6c3d-4e5f-9a7b-2d1c8e6f4a3b"),
    ]


def _money_events(till: Till) -> list[Event]:
    """Every way in which an event can carry money, or not."""
    tokens = {"inputTokens": 11, "outputTokens": 5, "cacheWriteTokens": 3, "cacheReadTokens": 2}
    request_priced = "tokenUsage cursorTokenFee"
    included: Event = {
        "isTokenBasedCall": False,
        "isChargeable": False,
        "kind": "Included in Business",
    }
    return [
        till.event(without=request_priced, **included, chargedCents=8),
        till.event(without=f"{request_priced} chargedCents", **included),
        till.event(tokenUsage=tokens, without="chargedCents cursorTokenFee"),
        till.event(tokenUsage=tokens | {"totalCents": Decimal("0.1")}, without="chargedCents"),
        till.event(tokenUsage=dict.fromkeys(tokens, 0), chargedCents=Decimal("21.36232")),
        till.event(chargedCents=Decimal("0.30000000000000004"), isChargeable=True),
        till.event(chargedCents=Decimal("0.00000005"), isChargeable=True),
        till.event(chargedCents=Decimal("0.00000015"), isChargeable=False),
        till.event(chargedCents=Decimal("1E-7")),
        till.event(chargedCents=0, kind="Errored, Not Charged", isChargeable=False),
        till.event(tokenUsage=tokens | {"cacheReadTokens": 2_147_483_649, "totalCents": 5}),
        till.event(without="isChargeable cursorTokenFee requestsCosts"),
    ]


def _actor_events(till: Till) -> list[Event]:
    """Every way in which an event can name, or fail to name, who used it."""
    service: Event = {
        "serviceAccountId": directory.CURSOR_SERVICE_ACCOUNT,
        "serviceAccountName": "Nightly CI Agent",
        "isHeadless": True,
    }
    agent = "0b7f6a0e-3a52-4c1d-9d8e-6c1f2a3b4c5d"
    return [
        till.event(without="userEmail", **service),
        till.event(without="userEmail", **service, automationId=agent),
        till.event(cloudAgentId=agent),
        till.event(automationId=agent),
        till.event(without="userEmail"),
        till.event(userEmail=None),
        till.event(userEmail="  "),
        till.event(userEmail="left.person@lumen.example"),
        till.event(model=""),
        till.event(without="model"),
    ]


def revised_events(events: list[Event], day: date) -> list[Event]:
    """The same day after a late correction: one event changed, one gone, two new twins."""
    kept = events[:-1]
    if kept:
        kept[0] = kept[0] | {"chargedCents": Decimal("99.12345"), "isChargeable": True}
    late = Till(0, day).event(userEmail="nils.berg@lumen.example", model="late-model-1")
    return [*kept, late, dict(late)]
