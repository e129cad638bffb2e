"""The words that are stored: whence usage comes, how things stand, by which rule a key is whose.

Each is written once, here, where every layer may read it.
"""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """What told the usage of a stored day: a report of the provider's API, or imported files."""

    MESSAGES = "messages"
    EVENTS = "events"
    IMPORTED = "csv"


class Merge(StrEnum):
    """How the rows of overlapping exports add up; see `app.importing.merging`.

    EVENTS: each row is one event. KEYED: rows of one key are summed. MONEY: no tokens, the
    amount belongs to the token records that it matches.
    """

    EVENTS = "events"
    KEYED = "keyed"
    MONEY = "money"


class OwnerBy(StrEnum):
    """Who said to which organisation a file belongs: the file's people and keys, or somebody."""

    GUESS = "guess"
    SAID = "said"


class BatchStatus(StrEnum):
    """How an imported file stands. STAGING: it is being read, or its reader died."""

    STAGING = "staging"
    STAGED = "staged"
    APPLIED = "applied"
    UNDONE = "undone"


class ImportRun(StrEnum):
    """The kinds of run of an import, its undo, and its move to another organisation by a sync."""

    IMPORT = "import"
    UNDO = "undo import"
    MOVE = "move import"


class RunKind(StrEnum):
    """What a run was asked to read (DEMO: to invent); an import's runs are of `ImportRun`."""

    DAILY = "daily"
    WEEKLY = "weekly"
    SYNC = "sync"
    BACKFILL = "backfill"
    REREAD = "re-read"
    FILL = "fill"
    DEMO = "demo"


class Failure(StrEnum):
    """Why a provider's part of a run failed, where no answer of the provider is to blame.

    Of its answers `ErrorClass` says why. SUSPICIOUS: every day was read, and one that held usage
    came back empty.
    """

    CONFIGURATION = "configuration"
    DATABASE = "database"
    INTERNAL = "internal"
    SUSPICIOUS = "suspicious"


class RunStatus(StrEnum):
    """How a run, or a provider's part of it, stands. PREPARING: not logged yet, perhaps never."""

    PREPARING = "preparing"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    NOT_CONFIGURED = "not configured"


class SlotStatus(StrEnum):
    """How a due moment of the schedule stands."""

    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    WAITING = "waiting"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Rule(StrEnum):
    """By which rule an actor belongs to somebody, or (SHARED) on purpose to nobody.

    NEW: the rules were not asked yet, because no usage of the actor counts.
    """

    MAPPING = "mapping"
    SHARED = "shared"
    ACCOUNT = "account"
    KEY_OWNER = "key owner"
    KEY_NAME = "key name"
    NEW = "new"
