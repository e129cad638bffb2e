"""The records behind a figure at `/records`: parse, ask, render."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, Response, request

from app.database import reading
from app.dates import utc_now
from app.directory.people import person_for_alias
from app.queries.records.holders import Holder, HolderKind, RecordSums, record_sums
from app.queries.records.question import ANYBODYS, RecordQuestion
from app.queries.records.raw import raw_records, records_by_day
from app.queries.shortened import at_most
from app.queries.sums.figures import Figures, add_up
from app.web.records.view import RecordsView, parse_records_view
from app.web.records.words import NO_KEY, subjects
from app.web.request import htmx
from app.web.request.unchanged import MINUTE, known_while
from app.web.view.frame import frame
from app.web.view.navigation import person_path
from app.web.view.periods import with_both_ends
from app.web.view.records import RecordLinks, records_files

MOST_HOLDERS = 9

blueprint = Blueprint("records", __name__)


class Holders(NamedTuple):
    """The holders to list, and the others as a count, records and figures."""

    shown: Sequence[Holder]
    other_count: int
    other_records: int
    others: Figures


@blueprint.get("/records")
@known_while(MINUTE)
def page() -> Response:
    """The records of the range, the filters and the owners in the query string."""
    now = utc_now()
    view = parse_records_view(request.args, now.date())
    with reading():
        context = frame(view, now) | {"empty": "nothing", "title": "Records"}
        if context["span"]:
            context |= known_context(view, context["span"])
    shown: RecordsView = context["view"]
    return htmx.answer("records/page.html", shown.query(page=shown.page), **context)


def known_context(view: RecordsView, span: tuple[date, date]) -> dict[str, Any]:
    """What the page shows once any usage is known."""
    asked = question_of(view, span)
    sums = record_sums(asked)
    view = view.within(sums.records)
    records = raw_records(asked, limit=view.size, offset=view.offset)
    return {
        "view": view,
        "shown": (asked.scope.start, asked.scope.end),
        "title": title(view, sums),
        "empty": empty_reason(view, sums),
        "sums": sums,
        "days": len(records_by_day(asked)),
        "holders": listed(sums, every_one=view.every_holder),
        "no_key": NO_KEY,
        "unmapped": sum(one.kind == HolderKind.KEY and bool(one.id) for one in sums.holders),
        "person_path": person_path,
        "records": records,
        "record_links": RecordLinks(view, person_path),
        "pages": view.pages(sums.records, len(records)),
        "files": records_files(view, view.whose),
    }


def question_of(view: RecordsView, span: tuple[date, date]) -> RecordQuestion:
    """Which records a view shows; a further e-mail stands for its person."""
    person = person_for_alias(view.whose.person) or view.whose.person
    whose = view.whose._replace(person=person)
    return RecordQuestion(with_both_ends(view.scope, span, view.today), whose)


def title(view: RecordsView, sums: RecordSums) -> str:
    """Such as "Records: CI (shared), Default workspace"."""
    named = subjects(view.whose, view.scope.organizations, sums.holders)
    return ": ".join(filter(None, ("Records", ", ".join(named))))


def empty_reason(view: RecordsView, sums: RecordSums) -> str:
    """Why there is no record: "filtered", "whose", "outside" (none in the range), or ""."""
    if sums.records:
        return ""
    if view.scope.is_filtered:
        return "filtered"
    return "outside" if view.whose == ANYBODYS else "whose"


def listed(sums: RecordSums, *, every_one: bool) -> Holders:
    """The holders with most tokens, or all of them; the others are summed up."""
    shown, others = at_most(sums.holders, len(sums.holders) if every_one else MOST_HOLDERS)
    figures = add_up([Figures(), *(one.figures for one in others)])
    return Holders(shown, len(others), sum(one.records for one in others), figures)
