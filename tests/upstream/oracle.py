"""The true totals of the invented company, computed from its raw data alone.

A stored Anthropic record is one row of the grouping (API key, workspace, model, service
tier, context window, geography, account); a stored Cursor record is one event, worth what the
price table says when it is of a Claude model and comes with tokens but no money. Each is
rounded to nano-dollars half-even, once. Tokens are counts, money is int nano-dollars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from tests.upstream.attribution import Attribution
from tests.upstream.claude_days import Row
from tests.upstream.company import CLAUDE_CODE, CURSOR, Company, days_of
from tests.upstream.cursor_days import Event
from tests.upstream.prices import CURSOR_NAMES, Parts, PriceBook, Terms, cents_to_nanos


@dataclass
class Sums:
    """Sums over stored records. `value_nanos` is of the priced records only."""

    input: int = 0
    cache_write: int = 0
    cache_read: int = 0
    output: int = 0
    value_nanos: int = 0
    unpriced_tokens: int = 0
    records: int = 0

    @property
    def total_tokens(self) -> int:
        """Input + cache write + cache read + output."""
        return self.input + self.cache_write + self.cache_read + self.output


@dataclass
class UnmappedKey:
    """An API key or service account whose usage belongs to nobody, and its creator."""

    sums: Sums = field(default_factory=Sums)
    suggested_email: str | None = None


@dataclass
class Truth:
    """What a tracker must show for the days `start` to `end`, both included.

    `total` = all of `by_person` + `unattributed`. `by_person`: e-mail (lower-case) to its
    sums; people whose only records are without tokens and money are in it too.
    `by_person_tool`: (e-mail, tool). `by_model`: (tool, raw model name, "" when null or
    absent). `by_day`: (day, tool), every day of the window for both tools, zeros
    included. `unmapped`: key id or service account id of unattributed records that name
    one. Tools are "claude_code" and "cursor".
    """

    start: date
    end: date
    total: Sums = field(default_factory=Sums)
    unattributed: Sums = field(default_factory=Sums)
    by_person: dict[str, Sums] = field(default_factory=dict)
    by_person_tool: dict[tuple[str, str], Sums] = field(default_factory=dict)
    by_model: dict[tuple[str, str], Sums] = field(default_factory=dict)
    by_day: dict[tuple[date, str], Sums] = field(default_factory=dict)
    unmapped: dict[str, UnmappedKey] = field(default_factory=dict)


class Stored(NamedTuple):
    """One record as a tracker stores it."""

    day: date
    tool: str
    model: str
    key: str
    person: str | None
    parts: Parts
    nanos: int | None


def true_totals(
    company: Company,
    start: date,
    end: date,
    *,
    email_domain: str = "lumen.example",
    mappings: Mapping[str, str] | None = None,
) -> Truth:
    """The truth about the days `start` to `end`, both included, in the company as it is.

    `mappings`: key id (or Cursor service account id) to the e-mail an administrator gave.
    """
    truth = Truth(start, end)
    rules = Attribution(company, email_domain, mappings)
    book = PriceBook()
    for day in days_of(start, end):
        for tool in (CLAUDE_CODE, CURSOR):
            truth.by_day[day, tool] = Sums()
        for record in _claude_records(company.rows_on(day), rules, book):
            _count(truth, record, rules)
        for event in company.events_on(day):
            _count(truth, _cursor_record(event, day, rules, book), rules)
    return truth


def _claude_records(rows: list[Row], rules: Attribution, book: PriceBook) -> Iterator[Stored]:
    groups: dict[tuple[Terms, str | None, str | None, str | None], list[Row]] = {}
    for row in rows:
        terms = Terms(row.day, row.model, row.service_tier, row.context_window, row.inference_geo)
        group = (terms, row.api_key_id, row.workspace_id, row.account_id)
        groups.setdefault(group, []).append(row)
    for (terms, key, _, account), members in groups.items():
        parts = Parts(
            sum(row.uncached_input_tokens for row in members),
            sum(row.ephemeral_5m_input_tokens for row in members),
            sum(row.ephemeral_1h_input_tokens for row in members),
            sum(row.cache_read_input_tokens for row in members),
            sum(row.output_tokens for row in members),
            sum(row.web_search_requests for row in members),
        )
        person, nanos = rules.person(key, account), book.nanos(terms, parts)
        yield Stored(terms.day, CLAUDE_CODE, terms.model or "", key or "", person, parts, nanos)


def _cursor_record(event: Event, day: date, rules: Attribution, book: PriceBook) -> Stored:
    usage = event.get("tokenUsage") or {}
    parts = Parts(
        input=usage.get("inputTokens", 0),
        write_5m=usage.get("cacheWriteTokens", 0),
        cache_read=usage.get("cacheReadTokens", 0),
        output=usage.get("outputTokens", 0),
    )
    cents = event.get("chargedCents")
    if cents is None:
        cents = usage.get("totalCents")
    if cents is not None:
        nanos = cents_to_nanos(cents)
    else:
        terms = Terms(day, CURSOR_NAMES.get(event.get("model") or ""), "", "", "")
        nanos = book.nanos(terms, parts) if any(parts) else None
    service = event.get("serviceAccountId")
    person = rules.person_of_event(event.get("userEmail"), service)
    return Stored(day, CURSOR, event.get("model") or "", service or "", person, parts, nanos)


def _count(truth: Truth, record: Stored, rules: Attribution) -> None:
    _add(truth.total, record)
    _add(truth.by_day[record.day, record.tool], record)
    _add(truth.by_model.setdefault((record.tool, record.model), Sums()), record)
    if record.person is not None:
        pair = (record.person, record.tool)
        _add(truth.by_person.setdefault(record.person, Sums()), record)
        _add(truth.by_person_tool.setdefault(pair, Sums()), record)
        return
    _add(truth.unattributed, record)
    if record.key:
        suggested = rules.suggestion(record.key)
        unmapped = truth.unmapped.setdefault(record.key, UnmappedKey(Sums(), suggested))
        _add(unmapped.sums, record)


def _add(sums: Sums, record: Stored) -> None:
    parts = record.parts
    sums.input += parts.input
    sums.cache_write += parts.write_5m + parts.write_1h
    sums.cache_read += parts.cache_read
    sums.output += parts.output
    sums.records += 1
    if record.nanos is None:
        sums.unpriced_tokens += parts.input + parts.write_5m + parts.write_1h
        sums.unpriced_tokens += parts.cache_read + parts.output
    else:
        sums.value_nanos += record.nanos
