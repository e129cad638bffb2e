"""The page `/import`, the page of each import, and what is done there: import, discard, undo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.current import the_config
from app.database import reading
from app.importing import (
    ImportRefused,
    NoSuchImport,
    Preview,
    RejectedLine,
    RowsRejected,
    UnreadableExport,
    apply,
    discard,
    find_file,
    give,
    history,
    history_count,
    preview,
    rejected_rows,
    stage,
    undo,
    waiting,
)
from app.providers.exports import EXPORT_KINDS, open_export
from app.queries.keys.mappings import known_emails
from app.states import BatchStatus
from app.web.imports.shown import context_of
from app.web.imports.view import ImportsView, parse_imports_view
from app.web.request import htmx, uploads
from app.web.request.errors import SENTENCES
from app.web.request.guard import admin_only, current_user_label, record_event, takes_upload
from app.web.view.csv_files import csv_answer, csv_text, file_name

MOST_EMAILS = 1000
MOST_DRAINED = 2**30
PIECE = 2**16
HEADINGS = ("Line", "Value", "Reason")
NUMBERED = "/import/<int(max=999999999):number>"
NO_FILE = "Choose a CSV file first."
NO_ACT = "Nothing was done: the form did not say what to do. Load the page again."
HOW = {
    "cursor_events": (
        "Cursor dashboard, Usage, Export CSV: usage-events-*.csv or team-usage-events-*.csv. "
        "The file of an individual does not say whose it is."
    ),
    "claude_tokens": "Claude Console, Usage, Export: claude_api_tokens_*.csv, also by the hour.",
    "claude_cost": (
        "Claude Console, Cost, Export: claude_api_cost_*.csv. Its amounts are given to the "
        "tokens that they belong to."
    ),
}
"""How to get each export from its vendor."""

blueprint = Blueprint("imports", __name__)


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    if request.endpoint != "imports.upload":
        return SENTENCES[413], 413, {"Content-Type": "text/plain; charset=utf-8"}
    _drain()
    return _upload_page(error=uploads.too_large(), status=413)


def _drain() -> None:
    """Read what the browser still sends: it shows no answer before it has sent everything."""
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, MOST_DRAINED)
    while left > 0 and (piece := stream.read(min(PIECE, left))):
        left -= len(piece)


@blueprint.get("/import")
@admin_only
def page() -> Response:
    """The form for a file, what can be imported, and every import there was."""
    number = parse_imports_view(request.args).discarded
    note = f"File #{number} was discarded; nothing of it counts." if number else ""
    return _upload_page(note=note)


@blueprint.post("/import")
@admin_only
@takes_upload(uploads.most_bytes)
def upload() -> ResponseReturnValue:
    """Stage a file and go on to its preview; nothing of it counts yet."""
    sent, person = request.files.get("file"), request.form.get("email", "")
    label = request.form.get("organization", "")
    if sent is None or not sent.filename:
        return _upload_page(error=NO_FILE, typed=person, status=422)
    try:
        found = stage(
            sent.stream,  # type: ignore[arg-type]
            sent.filename,
            person=person,
            organization=label,
            by=current_user_label(),
            email_domain=the_config().email_domain,
        )
    except (UnreadableExport, ImportRefused) as error:
        about_person = isinstance(error, ImportRefused) or _lacks_person(sent, person)
        return _upload_page(error=str(error), typed=person, about_person=about_person, status=422)
    if not found.file.id:
        return _upload_page(note=found.note, typed=person)
    return _to(found)


def _lacks_person(sent: FileStorage, person: str) -> bool:
    """Whether a refused file would do if somebody said whose it is."""
    if person.strip():
        return False
    sent.stream.seek(0)
    try:
        return open_export(sent.stream).kind.needs_person  # type: ignore[arg-type]
    except UnreadableExport:
        return False


@blueprint.get(NUMBERED)
@admin_only
def one(number: int) -> Response:
    """What a staged file would do; of an applied or undone one, what it did."""
    return _one(number)


@blueprint.post(NUMBERED)
@admin_only
def write(number: int) -> ResponseReturnValue:
    """Import a staged file, discard it, say whose it is, or undo an import."""
    do = {"import": _import, "discard": _discard, "undo": _undo, "give": _give}.get(
        request.form.get("act", "")
    )
    if do is None:
        return _one(number, NO_ACT, 422)
    try:
        return do(number)
    except NoSuchImport as error:
        return _one(number, str(error), 409)
    except (RowsRejected, ImportRefused) as error:
        return _one(number, str(error), 422)


def _import(number: int) -> AnyResponse:
    partial = request.form.get("partial") == "1"
    domain = the_config().email_domain
    found = apply(
        number,
        partial=partial,
        renamed=request.form.get("renamed", ""),
        by=current_user_label(),
        email_domain=domain,
    )
    if not found.note:
        record_event("import", f"#{found.file.id} {found.file.file_name}")
    return _to(found)


def _give(number: int) -> AnyResponse:
    give(number, request.form.get("organization", ""))
    return redirect(url_for("imports.one", number=number), 303)


def _discard(number: int) -> AnyResponse:
    file = find_file(number, BatchStatus.STAGED)
    discard(number)
    record_event("import discarded", f"#{number} {file.file_name}")
    return redirect(url_for("imports.page", discarded=number), 303)


def _undo(number: int) -> AnyResponse:
    done = undo(number, by=current_user_label(), email_domain=the_config().email_domain)
    record_event("import undone", f"#{number} {done.file.file_name}")
    return redirect(url_for("imports.one", number=number), 303)


@blueprint.get(f"{NUMBERED}/rejected.csv")
@admin_only
def rejected(number: int) -> ResponseReturnValue:
    """The rows of a file that cannot be read, as CSV."""
    try:
        with reading():
            find_file(number)
            rows = rejected_rows(number)
    except NoSuchImport as error:
        return _gone(error)
    return csv_answer(_lines(rows), file_name("rejected", str(number)))


def _lines(rows: list[RejectedLine]) -> Iterator[str]:
    yield csv_text([list(HEADINGS)])
    for row in rows:
        yield csv_text([[row.line, row.value, row.message]])


def _to(found: Preview) -> AnyResponse:
    """To the page of an import; `again` there says that it was imported before."""
    again = 1 if found.note else None
    return redirect(url_for("imports.one", number=found.file.id, again=again), 303)


def _upload_page(
    *,
    error: str = "",
    note: str = "",
    typed: str = "",
    about_person: bool = False,
    status: int = 200,
) -> Response:
    with reading():
        context = _past(parse_imports_view(request.args))
        emails = known_emails(limit=MOST_EMAILS)
    pages = context["pages"]
    return _show(
        "import/page.html",
        context["view"].query(),
        status,
        error=error,
        note=note,
        typed=typed,
        about_person=about_person,
        emails=emails,
        kinds=[(kind.label, HOW.get(kind.name, "")) for kind in EXPORT_KINDS],
        megabytes=the_config().max_upload_mb,
        most_bytes=the_config().max_upload_mb * 2**20,
        too_large=uploads.too_large(),
        announcement=error or note or f"Imports, page {pages.page} of {pages.last_page}",
        **context,
    )


def _past(view: ImportsView) -> dict[str, Any]:
    """The history, a page at a time, after the files that wait to be imported."""
    count = history_count()
    view = view.within(count)
    past, staged = history(view.size, view.offset), waiting()
    return {
        "view": view,
        "pages": view.pages(count, len(past)),
        "waiting": staged if view.page == 1 else [],
        "waiting_count": len(staged),
        "past": past,
    }


def _one(number: int, error: str = "", status: int = 200) -> Response:
    try:
        with reading():
            context = context_of(preview(number, email_domain=the_config().email_domain))
    except NoSuchImport as reason:
        return _gone(reason)
    counts = context["file"].status is BatchStatus.APPLIED
    again = counts and request.args.get("again") == "1" and not error
    title = f"Import #{number}, {context['file'].status}"
    return _show(
        "import/one.html",
        "?again=1" if again else "",
        status,
        error=error,
        again=again,
        announcement=error or title,
        **context,
    )


def _gone(reason: NoSuchImport) -> Response:
    return _show("import/gone.html", "", 404, sentence=str(reason))


def _show(template: str, query: str, status: int, **context: Any) -> Response:
    response = htmx.answer(template, query, **context)
    response.status_code = status
    return response
