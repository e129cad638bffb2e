"""Small exports made of literal rows, put into a real database, and what counts then."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from app.importing import Preview, apply, import_file, stage
from app.ledger import organization_for, replace_day
from app.models import Run
from app.queries.scope import Scope
from app.queries.sums.figures import Figures
from app.usage import DayUsage, PriceStatus, RawActor, Tokens, UsageRecord
from tests.figures import totals
from tests.tools import CLAUDE_CODE, CURSOR

CSV_FILES = Path(__file__).parent / "csv_files"
DOMAIN = "example.com"
BY = "test"
EVENTS_HEADER = (
    "Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),"
    "Cache Read,Output Tokens,Total Tokens,Cost"
)
TOKENS_HEADER = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_output_tokens"
)
COSTS_HEADER = "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd"


def event(
    at: str = "2026-11-02T10:00:00.000Z",
    user: str = "ann@example.com",
    tokens: int = 10,
    cost: str = "0.05",
    *,
    kind: str = "On-Demand",
    model: str = "gpt-5.5",
) -> str:
    """One row of a Cursor team export; all its tokens are output."""
    return f'{at},{user},"{kind}",{model},No,0,0,0,{tokens},{tokens},{cost}'


def usage(
    day: str = "2026-11-02",
    key: str = "key-a",
    tokens: int = 1_000_000,
    *,
    model: str = "claude-sonnet-4-5-20250929",
    workspace: str = "Default",
) -> str:
    """One row of a Claude Console token export; all its tokens are input ($3 a million)."""
    return f"{day},{model},{key},{workspace},standard,{tokens},0"


def cost(
    dollars: str, token_type: str = "input_no_cache", day: str = "2026-11-02", key: str = "key-a"
) -> str:
    """One row of a Claude Console cost export."""
    return f"{day},Claude Sonnet 4.5,Default,{key},message,{token_type},{dollars}"


def events(*rows: str) -> bytes:
    """A Cursor team export."""
    return "\n".join((EVENTS_HEADER, *rows, "")).encode()


def tokens(*rows: str) -> bytes:
    """A Claude Console token export."""
    return "\n".join((TOKENS_HEADER, *rows, "")).encode()


def costs(*rows: str) -> bytes:
    """A Claude Console cost export."""
    return "\n".join((COSTS_HEADER, *rows, "")).encode()


def put(content: bytes, name: str = "usage.csv", **options: Any) -> Preview:
    """Import a file at once."""
    return import_file(io.BytesIO(content), name, by=BY, email_domain=DOMAIN, **options)


def put_after_preview(content: bytes, **options: Any) -> Preview:
    """Stage a file, then apply it; the preview must have said what it does."""
    foreseen = staged(content, **options)
    if not foreseen.can_apply:
        return foreseen
    done = apply(foreseen.file.id, by=BY, email_domain=DOMAIN)
    assert figures_of(done) == figures_of(foreseen)
    return done


def staged(content: bytes, name: str = "usage.csv", **options: Any) -> Preview:
    """Stage a file."""
    return stage(io.BytesIO(content), name, by=BY, email_domain=DOMAIN, **options)


def figures_of(found: Preview) -> dict[str, Any]:
    """All that a preview says of what happens, to compare with what happened."""
    said = dict(vars(found))
    states = ("status", "applied_at", "applied_by", "partial")
    said["file"] = {name: value for name, value in vars(found.file).items() if name not in states}
    return said


def counts(found: Preview) -> tuple[int, ...]:
    """New, changed, already known, covered, skipped, rejected."""
    batch = found.file
    return (
        batch.new,
        batch.changed,
        batch.unchanged,
        batch.covered,
        batch.skipped,
        batch.rejected,
    )


def total() -> tuple[int, int]:
    """Tokens and value (nano-dollars) that count."""
    return worth(totals(Scope()).figures)


def worth(figures: Figures) -> tuple[int, int]:
    """Tokens and value (nano-dollars) of some usage."""
    return figures.tokens, figures.value_nanos


def sync_day(provider: str, day: date, token_counts: Sequence[int], **options: Any) -> None:
    """What a sync does with a day whose records have these token counts, each worth 1 dollar."""
    run = Run.create(kind="sync", status="ok", start_day=1, end_day=1, started_at=1)
    tool, source = {"cursor": (CURSOR, "events"), "anthropic": (CLAUDE_CODE, "messages")}[provider]
    records = [
        UsageRecord(
            day, RawActor(account="api@example.com"), tool, "gpt-5.5", Tokens(output=count), 1,
            10**9, None, PriceStatus.PROVIDER,
        )
        for count in token_counts
    ]  # fmt: skip
    replace_day(
        organization_for(provider),
        source,
        DayUsage(day, records, settled=True),
        run,
        email_domain=DOMAIN,
        **options,
    )
