"""Tables, nothing else. Days are integers YYYYMMDD (UTC), months YYYYMM, money nano-dollars,
moments epoch seconds UTC."""

from __future__ import annotations

from app.models.base import Meta, Table
from app.models.directory import (
    Actor,
    ApiKey,
    Mapping,
    Member,
    Organization,
    Person,
    Workspace,
)
from app.models.ledger import (
    ALL,
    ALL_SLICE,
    MODEL,
    TOOL,
    DayChange,
    Partition,
    Slice,
    Usage,
)
from app.models.rollups import (
    SUM_COLUMNS,
    UNATTRIBUTED,
    PersonDay,
    PersonMonth,
    Sums,
    TotalDay,
)
from app.models.runs import ProviderRun, Run

TABLES = (
    Meta, Organization, Person, Member, ApiKey, Workspace, Mapping, Slice, Actor, Run,
    ProviderRun, Partition, DayChange, Usage, PersonDay, PersonMonth, TotalDay,
)  # fmt: skip

__all__ = (
    "ALL", "ALL_SLICE", "MODEL", "SUM_COLUMNS", "TABLES", "TOOL", "UNATTRIBUTED", "Actor",
    "ApiKey", "DayChange", "Mapping", "Member", "Meta", "Organization", "Partition", "Person",
    "PersonDay", "PersonMonth", "ProviderRun", "Run", "Slice", "Sums", "Table", "TotalDay",
    "Usage", "Workspace",
)  # fmt: skip
