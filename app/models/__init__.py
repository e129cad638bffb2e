"""Tables, nothing else. Days are integers YYYYMMDD (UTC), months YYYYMM, money nano-dollars,
moments epoch seconds UTC."""

from __future__ import annotations

from app.models.access import ApiToken, AuditEvent, KnownPlace, LoginSession, LoginTry
from app.models.base import DayVersion, Meta, Table
from app.models.directory import (
    Actor,
    ApiKey,
    Mapping,
    MappingChange,
    Member,
    Organization,
    Person,
    PersonAlias,
    Team,
    Workspace,
)
from app.models.imports import ImportBatch, ImportedRow, RejectedRow
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
    RUNNING_FIGURES,
    SUM_COLUMNS,
    UNATTRIBUTED,
    ActiveDay,
    ActorDay,
    PersonDay,
    PersonMonth,
    PersonSpan,
    RunningSum,
    Sums,
    TotalDay,
    WorkspaceDay,
)
from app.models.runs import ProviderRun, Run, Slot

TABLES = (
    Meta, DayVersion, Organization, Team, Person, PersonAlias, Member, ApiKey, Workspace, Mapping,
    MappingChange, Slice, Actor, Slot, Run, ProviderRun, Partition, DayChange, Usage, ActorDay,
    PersonDay, PersonMonth, PersonSpan, TotalDay, ActiveDay, WorkspaceDay, RunningSum,
    ImportBatch, ImportedRow, RejectedRow, LoginSession, ApiToken, LoginTry, KnownPlace,
    AuditEvent,
)  # fmt: skip

__all__ = (
    "ALL", "ALL_SLICE", "MODEL", "RUNNING_FIGURES", "SUM_COLUMNS", "TABLES", "TOOL", "UNATTRIBUTED",
    "ActiveDay", "Actor",
    "ActorDay", "ApiKey", "ApiToken", "AuditEvent", "DayChange", "DayVersion", "ImportBatch",
    "ImportedRow",
    "KnownPlace", "LoginSession", "LoginTry", "Mapping", "MappingChange", "Member", "Meta",
    "Organization",
    "Partition", "Person", "PersonAlias", "PersonDay", "PersonMonth", "PersonSpan", "ProviderRun",
    "RejectedRow", "Run", "RunningSum", "Slice", "Slot", "Sums", "Table", "Team", "TotalDay",
    "Usage", "Workspace", "WorkspaceDay",
)  # fmt: skip
