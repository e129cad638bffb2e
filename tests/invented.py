"""The invented company behind a real loopback upstream, and what our ledger says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from peewee import JOIN

from app.config import Config
from app.models import SUM_COLUMNS, Actor, Partition, Person, Slice, Usage
from app.queries.scope import Scope
from app.queries.sums.figures import Figures
from app.rollups import TOKENS
from app.sync import Order, Progress, Result, run_order
from app.upstream import Limits
from tests.figures import active_people, by_day, daily, models, people, totals
from tests.tools import CLAUDE_CODE, CURSOR
from tests.upstream import Truth, Upstream
from tests.upstream.oracle import Sums

TOOLS = (CLAUDE_CODE, CURSOR)
FAST = Limits(backoff=(0.01,), min_wait=0.01)


def configured(config: Config, upstream: Upstream) -> Config:
    """`config` with both providers pointed at the loopback upstream."""
    claude = with_account(
        config, "anthropic", key=upstream.anthropic_key, base_url=upstream.anthropic_url
    )
    return with_account(claude, "cursor", key=upstream.cursor_key, base_url=upstream.cursor_url)


def with_account(config: Config, provider: str, **changes: str | None) -> Config:
    """`config` with changes to how the account at one provider is reached."""
    changed = replace(config.accounts[provider], **changes)
    return replace(config, accounts={**config.accounts, provider: changed})


def sync(
    config: Config,
    start: date,
    end: date,
    *,
    kind: str = "backfill",
    progress: Progress | None = None,
    **order: object,
) -> Result:
    """Carry out one order."""
    return run_order(config, Order(kind, start, end, **order), progress, FAST)


def as_tuple(sums: Sums) -> tuple[int, ...]:
    """The oracle's sums in the order of `from_figures`."""
    return (
        sums.input,
        sums.cache_write,
        sums.cache_read,
        sums.output,
        sums.value_nanos,
        sums.unpriced_tokens,
    )


def from_figures(figures: Figures) -> tuple[int, ...]:
    """Our figures in the order of `as_tuple`."""
    return (
        figures.input_tokens,
        figures.cache_write_tokens,
        figures.cache_read_tokens,
        figures.output_tokens,
        figures.value_nanos,
        figures.unpriced_tokens,
    )


def assert_exact(truth: Truth) -> None:
    """Everything the pages can say equals the oracle, to the last token and nano-dollar."""
    scope = Scope(truth.start, truth.end)
    found = totals(scope)
    assert from_figures(found.figures) == as_tuple(truth.total)
    assert from_figures(found.unattributed) == as_tuple(truth.unattributed)
    _assert_people(scope, truth)
    _assert_days(scope, truth)
    _assert_models(scope, truth)
    _assert_records(scope, truth)


def _assert_people(scope: Scope, truth: Truth) -> None:
    page = people(scope, limit=10_000)
    ours = {person.email: from_figures(person.figures) for person in page.people}
    assert ours == {email: as_tuple(sums) for email, sums in truth.by_person.items()}
    assert active_people(scope) == page.total_count == len(truth.by_person)
    by_tool = {
        (person.email, tool): tokens
        for person in page.people
        for tool, tokens in person.by_tool.items()
    }
    assert by_tool == {key: sums.total_tokens for key, sums in truth.by_person_tool.items()}


def _assert_days(scope: Scope, truth: Truth) -> None:
    ours = {
        (point.day, tool): from_figures(point.by_tool.get(tool, Figures()))
        for point in by_day(scope)
        for tool in TOOLS
    }
    assert ours == {key: as_tuple(sums) for key, sums in truth.by_day.items()}
    for day in daily(scope):
        for tool, figures in day.by_series.items():
            assert figures.tokens == truth.by_day[day.day, tool].total_tokens
        told = sum(truth.by_day[day.day, tool].value_nanos for tool in TOOLS)
        assert day.figures.value_nanos == told


def _assert_models(scope: Scope, truth: Truth) -> None:
    """Per raw model through the filter that takes raw names, and all of them by display name."""
    for (tool, raw), sums in truth.by_model.items():
        if raw:
            found = totals(scope._replace(tools=(tool,), models=(raw,)))
            assert from_figures(found.figures) == as_tuple(sums), (tool, raw)
    assert sum(share.figures.tokens for share in models(scope)) == truth.total.total_tokens


def _assert_records(scope: Scope, truth: Truth) -> None:
    """The ledger itself: every record is there, and its stamps say the same."""
    rows = Usage.select(TOKENS, Usage.value_nanos).where(scope.covers(Usage.day)).tuples()
    stored = list(rows)
    assert len(stored) == truth.total.records
    assert sum(tokens for tokens, _ in stored) == truth.total.total_tokens
    assert sum(value or 0 for _, value in stored) == truth.total.value_nanos
    stamps = Partition.select().where(scope.covers(Partition.day) & Partition.counts)
    assert sum(stamp.records for stamp in stamps) == truth.total.records
    assert sum(stamp.tokens for stamp in stamps) == truth.total.total_tokens


def stored_content() -> list[tuple]:
    """All that pages show, without the moments of reading: to tell "nothing changed"."""
    usage = (
        Usage.select(
            Partition.day,
            Partition.source,
            Partition.content_hash,
            Usage.sequence,
            Actor.key,
            Actor.account,
            Actor.workspace,
            Person.email,
            Slice.model,
            TOKENS,
            Usage.value_nanos,
            Usage.billed_nanos,
            Usage.requests,
            Usage.detail,
        )
        .join(Partition)
        .switch(Usage)
        .join(Actor)
        .join(Person, JOIN.LEFT_OUTER)
        .switch(Usage)
        .join(Slice)
        .where(Partition.prepared == 0)
        .order_by(Partition.day, Partition.source, Usage.sequence)
        .tuples()
    )
    return list(usage) + rollup_content()


def rollup_content() -> list[tuple]:
    """Every row of the read side."""
    from app.models import (
        ActiveDay,
        PersonDay,
        PersonMonth,
        PersonSpan,
        RunningSum,
        TotalDay,
        WorkspaceDay,
    )

    content: list[tuple] = []
    for table, keys in (
        (PersonDay, ("slice", "day", "person_id")),
        (PersonMonth, ("slice", "month", "person_id", "days")),
        (TotalDay, ("slice", "day")),
        (WorkspaceDay, ("model", "day", "organization", "workspace")),
    ):
        columns = [getattr(table, name) for name in (*keys, *SUM_COLUMNS)]
        content += sorted(table.select(*columns).tuples())
    content += sorted(PersonSpan.select().tuples())
    running = RunningSum.select().order_by(*RunningSum._meta.get_primary_keys())
    content += [(*key, bytes(sums)) for *key, sums in running.tuples()]
    content += sorted((*key, bytes(people)) for *key, people in ActiveDay.select().tuples())
    return content
