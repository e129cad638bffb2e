"""Rows that cannot be, in any table: words nobody writes, and facts that exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from peewee import SQL, Expression, Field, fn

from app.access.limiter import CRON, TOKEN
from app.access.passwords import ADMIN, VIEWER
from app.access.tokens import SCOPES
from app.model_names import display_name
from app.models import (
    ALL,
    ALL_SLICE,
    MODEL,
    TABLES,
    TOOL,
    ApiKey,
    ApiToken,
    AuditEvent,
    DayVersion,
    ImportBatch,
    KnownPlace,
    LoginSession,
    LoginTry,
    Mapping,
    MappingChange,
    Member,
    Meta,
    Organization,
    Partition,
    Person,
    ProviderRun,
    Run,
    Slice,
    Slot,
    Table,
    Team,
    Workspace,
)
from app.providers import PROVIDERS
from app.providers.exports import EXPORT_KINDS
from app.states import BatchStatus, Merge, OwnerBy, RunStatus, SlotStatus, Source
from app.verify.differences import EXPECTED, Difference

MOST_LOST = 100
"""How many rows of a table are named that point nowhere; one is enough to tell."""


class Impossible(NamedTuple):
    """Rows of a column's table that are `broken`, and what the column must be instead."""

    column: Field
    broken: Expression
    expected: str


def _other_than(column: Field, words: type[StrEnum] | tuple[str, ...]) -> Impossible:
    known = [str(word) for word in words]
    return Impossible(column, column.not_in(known), " or ".join(known))


def _set_only_if(column: Field, state: Expression, words: str) -> list[Impossible]:
    """A nullable column that is told exactly in a state."""
    return [
        Impossible(column, state & column.is_null(), f"set when {words}"),
        Impossible(column, ~state & column.is_null(False), f"empty unless {words}"),
    ]


_APPLIED = ImportBatch.status == BatchStatus.APPLIED
_PAST = ImportBatch.status.in_((BatchStatus.APPLIED, BatchStatus.UNDONE))
_TOLD = sum(
    (getattr(ImportBatch, name) for name in ("changed", "unchanged", "covered", "skipped")),
    ImportBatch.new + ImportBatch.rejected,
)
_SOURCES = (*dict.fromkeys(provider.SOURCE for provider in PROVIDERS), Source.IMPORTED)
ROLES = (ADMIN, VIEWER)
SECRETS = (*ROLES, CRON, TOKEN)
_SCOPES = tuple(" ".join(some) for count in range(1, 4) for some in combinations(SCOPES, count))
"""What tokens may do, in every choice, as it is stored."""
_UNDER_WAY = (RunStatus.RUNNING, RunStatus.PREPARING)
IMPOSSIBLE = (
    _other_than(Slice.kind, (ALL, TOOL, MODEL)),
    Impossible(Slice.kind, (Slice.id == ALL_SLICE) != (Slice.kind == ALL), "all, of slice 1 alone"),
    Impossible(Slice.tool, (Slice.kind != ALL) & (Slice.tool == ""), "a tool"),
    Impossible(Slice.tool, (Slice.kind == ALL) & (Slice.tool != ""), "empty"),
    Impossible(Slice.model, (Slice.kind != MODEL) & (Slice.model != ""), "empty"),
    Impossible(Slice.name, (Slice.kind != MODEL) & (Slice.name != ""), "empty"),
    Impossible(Slice.product, (Slice.kind != MODEL) & (Slice.product != ""), "empty"),
    *_set_only_if(Slice.organization, Slice.kind == MODEL, "it is of a model"),
    _other_than(Partition.source, _SOURCES),
    Impossible(Partition.content_hash, fn.LENGTH(Partition.content_hash).not_in((0, 64)), "a hash"),
    Impossible(Partition.fetched_at, Partition.fetched_at < Partition.changed_at, "not before it"),
    Impossible(
        Partition.suspicious_at,
        Partition.suspicious_at.is_null(False) & (Partition.records == 0),
        "empty for a day without records",
    ),
    _other_than(Run.status, RunStatus),
    _other_than(ProviderRun.status, RunStatus),
    Impossible(Run.kind, Run.kind == "", "a kind of run"),
    *(
        _other_than(column, tuple(provider.NAME for provider in PROVIDERS))
        for column in (Organization.provider, ProviderRun.provider)
    ),
    *(
        Impossible(
            table.finished_at,
            table.status.in_(_UNDER_WAY) & table.finished_at.is_null(False),
            "empty until it is over",
        )
        for table in (Run, ProviderRun)
    ),
    Impossible(Run.end_day, Run.end_day < Run.start_day, "not before the first day"),
    _other_than(Slot.status, SlotStatus),
    Impossible(Slot.failures, Slot.failures < 0, "none or more"),
    _other_than(ImportBatch.status, BatchStatus),
    _other_than(ImportBatch.kind, tuple(kind.name for kind in EXPORT_KINDS)),
    _other_than(ImportBatch.merge, Merge),
    _other_than(ImportBatch.owner_by, OwnerBy),
    *_set_only_if(ImportBatch.run, _PAST, "it was applied"),
    *_set_only_if(ImportBatch.applied_at, _PAST, "it was applied"),
    *_set_only_if(ImportBatch.undone_at, ImportBatch.status == BatchStatus.UNDONE, "it was undone"),
    Impossible(ImportBatch.rows, _APPLIED & (ImportBatch.rows != _TOLD), "the sum of their kinds"),
    Impossible(
        ImportBatch.partial,
        _PAST & ((ImportBatch.partial == SQL("TRUE")) != (ImportBatch.rejected > 0)),
        "told of a file with rejected rows",
    ),
    Impossible(ImportBatch.sha256, _PAST & (fn.LENGTH(ImportBatch.sha256) != 64), "a hash"),
    Impossible(
        Mapping.email, (Mapping.email == "") == (Mapping.label == ""), "an e-mail or a label"
    ),
    *(
        Impossible(email, (email != "") & (label != ""), "an e-mail or a label, or neither")
        for email, label in (
            (MappingChange.email_before, MappingChange.label_before),
            (MappingChange.email_after, MappingChange.label_after),
        )
    ),
    Impossible(
        MappingChange.email_after,
        (MappingChange.email_before == MappingChange.email_after)
        & (MappingChange.label_before == MappingChange.label_after),
        "other than before",
    ),
    *(
        Impossible(column, column == "", "not empty")
        for column in (
            Mapping.key,
            MappingChange.key,
            MappingChange.by,
            Team.name,
            Person.email,
            ApiToken.name,
            ApiToken.made_by,
            AuditEvent.actor,
            AuditEvent.action,
            Member.external_id,
            ApiKey.external_id,
            Workspace.external_id,
            Slot.kind,
        )
    ),
    _other_than(LoginSession.role, ROLES),
    _other_than(LoginTry.kind, SECRETS),
    _other_than(KnownPlace.kind, SECRETS),
    *(
        Impossible(column, fn.LENGTH(column) != 64, "a hash")
        for column in (LoginSession.digest, ApiToken.digest)
    ),
    Impossible(ApiToken.ending, fn.LENGTH(ApiToken.ending) != 4, "four characters"),
    _other_than(ApiToken.scopes, _SCOPES),
    Impossible(
        ApiToken.revoked_by,
        (ApiToken.revoked_by != "") & ApiToken.revoked_at.is_null(),
        "empty unless it was revoked",
    ),
    Impossible(
        Meta.overall_version, Meta.overall_version > Meta.data_version, "at most the data's"
    ),
    Impossible(
        DayVersion.version,
        DayVersion.version > Meta.select(fn.MAX(Meta.data_version)),
        "at most the data's",
    ),
)


def impossible_rows() -> Iterator[Difference]:
    """Every row that is in a state in which none can be."""
    for column, broken, expected in IMPOSSIBLE:
        table: type[Table] = column.model
        for row in table.select().where(broken).order_by(*table._meta.get_primary_keys()).dicts():
            name = column.column_name
            yield Difference(*_place(table, row), name, row[column.name], expected, says=EXPECTED)
    yield from _slices()
    yield from _lost_rows()


def _place(table: type[Table], row: dict) -> tuple[str, int, str]:
    """Table, day (0: none) and key of a row."""
    keys = ", ".join(f"{key.column_name} {row[key.name]}" for key in table._meta.get_primary_keys())
    day = row.get("day", 0) if table is Partition else 0
    return table._meta.table_name, day, keys


def _slices() -> Iterator[Difference]:
    """Names of models, and tools without a slice of their own."""
    slices = list(Slice.select().order_by(Slice.id))
    tools = {one.tool for one in slices if one.kind == TOOL}
    for one in (one for one in slices if one.kind == MODEL):
        if one.name != display_name(one.model):
            facts = ("name", one.name, display_name(one.model))
            yield Difference("slice", 0, f"id {one.id}", *facts, says=EXPECTED)
        if one.tool not in tools:
            facts = ("tool", one.tool, "a tool that has a slice")
            yield Difference("slice", 0, f"id {one.id}", *facts, says=EXPECTED)


def _lost_rows() -> Iterator[Difference]:
    """Rows that name a row which does not exist: SQLite takes them from other programs."""
    for table in TABLES:
        for field in table._meta.refs:
            named = field.rel_model.alias()
            known = named.select(named.id).where(named.id == field)
            lost = table.select().where(field.is_null(False) & ~fn.EXISTS(known))
            for row in lost.limit(MOST_LOST).dicts():
                what = f"a row of {field.rel_model._meta.table_name}"
                facts = (field.column_name, row[field.name], what)
                yield Difference(*_place(table, row), *facts, says=EXPECTED)
