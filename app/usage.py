"""Plain values of the domain: who used what on which UTC day, and the numbers of it.

Nothing here imports from `app`: providers produce these values, the ledger stores
them, queries sum them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from operator import add
from typing import Any, NamedTuple

NANOS_PER_DOLLAR = 1_000_000_000
NANOS_PER_CENT = 10_000_000
NANOS_PER_MICRO = 1_000
MICROS_PER_DOLLAR = 1_000_000
MAIN = "main"
"""What the organisation without a name is called."""


class PriceStatus(StrEnum):
    """Where a record's value comes from."""

    PROVIDER = "provider"
    TABLE = "table"
    UNPRICED = "unpriced"


_PRICE_STATUSES = {status.value: status for status in PriceStatus}


class Tool(NamedTuple):
    """What people use: the name under which usage is stored, and the name that they read."""

    key: str
    label: str

    @property
    def json_name(self) -> str:
        """The key as JSON writes names: "claudeCode" of "claude_code"."""
        first, *others = self.key.split("_")
        return first + "".join(word.capitalize() for word in others)

    @property
    def tokens_column(self) -> str:
        """The column of its tokens, in JSON, in sorts and in lists: "claudeCodeTokens"."""
        return f"{self.json_name}Tokens"


class RawActor(NamedTuple):
    """Raw identity of a usage record, exactly as the provider names it ("" = not named).

    `key`: API key or service account id, what an administrator can map to a person.
    `account`: organisation member id (Anthropic) or normalised e-mail (Cursor).
    `workspace`: workspace id ("" = the default workspace, or none).
    """

    key: str = ""
    account: str = ""
    workspace: str = ""


class Tokens(NamedTuple):
    """Disjoint counts of tokens by kind; a cache write is kept for 5 minutes or for an hour."""

    input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    def plus(self, other: Tokens) -> Tokens:
        """The sum of both, kind by kind."""
        return Tokens._make(map(add, self, other))


class UsageRecord(NamedTuple):
    """One usage row at the grain the provider gives (Cursor: one event).

    Money is integer nano-dollars; None is unknown,
    0 is zero. `model` is the raw name ("" = not named). `at_ms` is the event's epoch
    milliseconds where the provider tells it. `detail` is compact JSON (sorted keys) of
    everything else the provider said, "" when there is nothing.
    """

    day: date
    actor: RawActor
    tool: str
    model: str
    tokens: Tokens
    requests: int | None
    value_nanos: int | None
    billed_nanos: int | None
    price_status: PriceStatus
    at_ms: int | None = None
    detail: str = ""

    @property
    def total_tokens(self) -> int:
        """Input + both cache writes + cache read + output."""
        return self.tokens.total

    def without_day(self) -> tuple[Any, ...]:
        """Everything but the day, as hashes and the kept rows of files have it.

        Both are stored, so this form never changes: a field that comes to the record goes to the
        end of it, and only where it says something, whatever its place among the fields above.
        """
        return (
            self.actor,
            self.tool,
            self.model,
            *self.tokens,
            self.requests,
            self.value_nanos,
            self.billed_nanos,
            self.price_status.value,
            self.at_ms,
            self.detail,
        )

    def compact(self, quoted: Callable[[Any], str]) -> str:
        """`without_day` as compact JSON; `quoted` gives that of a text, and of an actor."""
        # Built piece by piece: files have millions of records, and their texts come again.
        plain, short, long, read, output = self.tokens
        return (
            f"[{quoted(self.actor)},{quoted(self.tool)},{quoted(self.model)},"
            f"{plain},{short},{long},{read},{output},{_number(self.requests)},"
            f"{_number(self.value_nanos)},{_number(self.billed_nanos)},"
            f'"{self.price_status._value_}",{_number(self.at_ms)},{quoted(self.detail)}]'
        )

    @classmethod
    def with_day(cls, day: date, kept: Sequence[Any]) -> UsageRecord:
        """The record that `without_day` gave, JSON's lists for tuples."""
        actor, tool, model, *tokens, requests, value, billed, status, at_ms, detail = kept
        return cls(
            day=day,
            actor=RawActor(*actor),
            tool=tool,
            model=model,
            tokens=Tokens(*tokens),
            requests=requests,
            value_nanos=value,
            billed_nanos=billed,
            price_status=_PRICE_STATUSES[status],
            at_ms=at_ms,
            detail=detail,
        )


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


class DayUsage(NamedTuple):
    """All the usage a provider reports for one UTC day, every page of it."""

    day: date
    records: list[UsageRecord]
    settled: bool
    """False while the provider may still add to the day (today, or its reporting lag)."""
    unseen: str = ""
    """What the provider would not tell of the day and what that means, in a sentence."""


class ListedMember(NamedTuple):
    """A member of the organisation at the provider."""

    id: str
    email: str
    name: str


class ListedKey(NamedTuple):
    """An API key or service account as the provider's directory lists it.

    `bound_member_id`: whom it acts for, a member or a service account; "" when not said.
    """

    id: str
    name: str
    status: str = ""
    workspace_id: str = ""
    bound_member_id: str = ""
    creator_member_id: str = ""


class ListedWorkspace(NamedTuple):
    """A workspace as the provider's directory lists it."""

    id: str
    name: str


class Directory(NamedTuple):
    """Who and what exists at a provider now. Former entries are kept by the database."""

    members: tuple[ListedMember, ...] = ()
    keys: tuple[ListedKey, ...] = ()
    workspaces: tuple[ListedWorkspace, ...] = ()


def micro_dollars(nanos: int) -> int:
    """Nano-dollars as millionths of a dollar, rounded half-even: what JSON and files hold."""
    micros, rest = divmod(nanos, NANOS_PER_MICRO)
    half = NANOS_PER_MICRO // 2
    return micros + (rest > half or (rest == half and micros % 2 == 1))


def organization_label(name: str) -> str:
    """What people call an organisation that is stored as `name`: "main" without one."""
    return name or MAIN


def organization_slug(provider: str, name: str) -> str:
    """What filters call an organisation that is stored as `name`: "anthropic:main"."""
    return f"{provider}:{organization_label(name)}"


def normal_email(text: str) -> str:
    """The stored form of an e-mail address: NFC, trimmed, lower-case."""
    # Of ASCII the form NFC is itself, and asking for it takes most of the time.
    plain = text.strip()
    return (plain if plain.isascii() else unicodedata.normalize("NFC", plain)).lower()
