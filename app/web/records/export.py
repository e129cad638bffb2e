"""The records of a view as CSV: every one of them, with all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from app.database import reading
from app.dates import days_between, utc_now
from app.queries.days.freshness import freshness, known_span
from app.queries.records.holders import record_sums
from app.queries.records.raw import RawRecord, record_pages
from app.web.records.page import question_of, title
from app.web.records.view import RecordsView, parse_records_view
from app.web.request.lifecycle import make_ready
from app.web.request.servers import best_server
from app.web.request.unchanged import DAY, MINUTE, known_while
from app.web.view import formatting
from app.web.view.csv_files import csv_answer, csv_text, exact_dollars, file_name
from app.web.view.csv_metadata import Contents, metadata_answer, with_metadata_link
from app.web.view.frame import configured_providers
from app.web.view.periods import open_days_of
from app.web.view.record_words import (
    organization_words,
    price_row_words,
    price_words,
    source_words,
)
from app.web.view.records import whose_arguments

COLUMNS: dict[str, Callable[[RawRecord], Any]] = {
    "Day": lambda record: record.day.isoformat(),
    "Time": lambda record: record.at.isoformat() if record.at else "",
    "Tool": lambda record: formatting.tool_label(record.tool),
    "Model": lambda record: record.model,
    "Raw model": lambda record: record.raw_model,
    "Input": lambda record: record.input_tokens,
    "Cache write, 5 minutes": lambda record: record.cache_write_5m_tokens,
    "Cache write, 1 hour": lambda record: record.cache_write_1h_tokens,
    "Cache read": lambda record: record.cache_read_tokens,
    "Output": lambda record: record.output_tokens,
    "Tokens": lambda record: record.tokens,
    "Requests": lambda record: "" if record.requests is None else record.requests,
    "Cost": lambda record: exact_dollars(record.value_nanos),
    "Billed": lambda record: exact_dollars(record.billed_nanos),
    "Price": lambda record: price_words(record.price_status),
    "Price row": price_row_words,
    "Owner": lambda record: record.owner,
    "Organization": lambda record: organization_words(record.origin),
    "Key": lambda record: record.origin.key_name,
    "Key id": lambda record: record.origin.key,
    "Member": lambda record: record.origin.account_email,
    "Account": lambda record: record.origin.account,
    "Workspace": lambda record: record.origin.workspace_name,
    "Workspace id": lambda record: record.origin.workspace,
    "Source": source_words,
    "Files": lambda record: ", ".join(record.files),
    "Read": lambda record: record.fetched_at.isoformat(),
    "Run": lambda record: record.run_id,
    "Details": lambda record: json.dumps(record.detail, sort_keys=True) if record.detail else "",
}
"""What is written of a record, by heading. What is not known is an empty cell, never 0."""

blueprint = Blueprint("records_export", __name__)


@blueprint.get("/export/records.csv")
@known_while(DAY)
def records() -> Response:
    """Every record that the view of `/records` shows, newest first, read as it is sent.

    Plain integers, ISO days and times in UTC, dollars as plain decimals with every digit.
    """
    view = parse_records_view(request.args, utc_now().date())
    days = [day.isoformat() for day in (view.scope.start, view.scope.end) if day]
    whose = [value for _, value in whose_arguments(view.whose)]
    name = file_name("records", *days, *view.scope.filters(), *whose)
    answer = csv_answer(stream_with_context(csv_pieces(view)), name)
    return with_metadata_link(answer, "records_export.metadata")


@blueprint.get("/export/records.csv-metadata.json")
@known_while(MINUTE)
def metadata() -> Response:
    """What the file of the same query string holds."""
    now = utc_now()
    with reading():
        found = contents(parse_records_view(request.args, now.date()))
    return metadata_answer(found, "records.csv", now)


def csv_pieces(view: RecordsView) -> Iterator[str]:
    """The file, some records at a time, all of one snapshot."""
    # The view has returned by now, and its connection with it.
    make_ready()
    yield csv_text([list(COLUMNS)])
    with best_server(), reading():
        span = known_span()
        for page in record_pages(question_of(view, span)) if span else ():
            yield csv_text([[write(record) for write in COLUMNS.values()] for record in page])


def contents(view: RecordsView) -> Contents:
    """What the file of a view holds."""
    span, states = known_span(), freshness(configured_providers())
    told: dict[str, list[str]] = {}
    for name, value in whose_arguments(view.whose):
        told.setdefault(name, []).append(value)
    found = Contents(
        title="Records",
        scope=view.scope,
        first=view.scope.start,
        last=view.scope.end,
        columns=list(COLUMNS),
        rows=0,
        open_days=(),
        states=states,
        money=("value", "billed"),
        whose=told,
    )
    if span is None:
        return found
    asked = question_of(view, span)
    sums, scope = record_sums(asked), asked.scope
    days = days_between(scope.start or span[0], scope.end or span[1])
    return found._replace(
        title=title(view, sums),
        first=scope.start,
        last=scope.end,
        rows=sums.records,
        open_days=open_days_of(days, scope, states),
    )
