"""Plain values of the domain: who used what on which UTC day, and the numbers of it.

Nothing here imports from `app`: providers produce these values, the ledger stores
them, queries sum them.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from enum import StrEnum
from typing import NamedTuple

NANOS_PER_DOLLAR = 1_000_000_000
NANOS_PER_CENT = 10_000_000
NANOS_PER_MICRO = 1_000
MICROS_PER_DOLLAR = 1_000_000


class PriceStatus(StrEnum):
    """Where a record's value comes from."""

    PROVIDER = "provider"
    TABLE = "table"
    UNPRICED = "unpriced"


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


class Actor(NamedTuple):
    """Raw identity of a usage record, exactly as the provider names it ("" = not named).

    `key`: API key or service account id, what an administrator can map to a person.
    `account`: organisation member id (Anthropic) or normalised e-mail (Cursor).
    `workspace`: workspace id ("" = the default workspace, or none).
    """

    key: str = ""
    account: str = ""
    workspace: str = ""


class UsageRecord(NamedTuple):
    """One usage row at the grain the provider gives (Cursor: one event).

    Token parts are disjoint integers. Money is integer nano-dollars; None is unknown,
    0 is zero. `model` is the raw name ("" = not named). `at_ms` is the event's epoch
    milliseconds where the provider tells it. `detail` is compact JSON (sorted keys) of
    everything else the provider said, "" when there is nothing.
    """

    day: date
    actor: Actor
    tool: str
    model: str
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    requests: int | None
    value_nanos: int | None
    billed_nanos: int | None
    price_status: PriceStatus
    at_ms: int | None = None
    detail: str = ""

    @property
    def total_tokens(self) -> int:
        """Input + both cache writes + cache read + output."""
        return (
            self.input_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
            + self.cache_read_tokens
            + self.output_tokens
        )


class DayUsage(NamedTuple):
    """All the usage a provider reports for one UTC day, every page of it."""

    day: date
    records: list[UsageRecord]
    settled: bool
    """False while the provider may still add to the day (today, or its reporting lag)."""


class Member(NamedTuple):
    """A member of the organisation at the provider."""

    id: str
    email: str
    name: str


class ApiKey(NamedTuple):
    """An API key or service account as the provider's directory lists it.

    `bound_member_id`: whom it acts for, a member or a service account; "" when not said.
    """

    id: str
    name: str
    status: str = ""
    workspace_id: str = ""
    bound_member_id: str = ""
    creator_member_id: str = ""


class Workspace(NamedTuple):
    """A workspace as the provider's directory lists it."""

    id: str
    name: str


class Directory(NamedTuple):
    """Who and what exists at a provider now. Former entries are kept by the database."""

    members: tuple[Member, ...] = ()
    keys: tuple[ApiKey, ...] = ()
    workspaces: tuple[Workspace, ...] = ()


def micro_dollars(nanos: int) -> int:
    """Nano-dollars as millionths of a dollar, rounded half-even: what JSON and files hold."""
    micros, rest = divmod(nanos, NANOS_PER_MICRO)
    half = NANOS_PER_MICRO // 2
    return micros + (rest > half or (rest == half and micros % 2 == 1))


def normal_email(text: str) -> str:
    """The stored form of an e-mail address: NFC, trimmed, lower-case."""
    return unicodedata.normalize("NFC", text.strip()).lower()
