"""The page of each import, and what is done there: import, discard, give away, undo."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as AnyResponse

from app.current import the_config
from app.database import reading
from app.importing import (
    ImportRefused,
    NoSuchImport,
    RejectedLine,
    RowsRejected,
    apply,
    discard,
    find_file,
    give,
    preview,
    rejected_rows,
    undo,
)
from app.states import BatchStatus
from app.web.imports.shown import context_of, page_of
from app.web.request import htmx
from app.web.request.guard import admin_only, current_user_label, record_event
from app.web.view.csv_files import csv_answer, csv_text, file_name

HEADINGS = ("Line", "Value", "Reason")
NUMBERED = "/import/<int(max=999999999):number>"
NO_ACT = "Nothing was done: the form did not say what to do. Load the page again."

blueprint = Blueprint("one_import", __name__)


@blueprint.get(NUMBERED)
@admin_only
def page(number: int) -> Response:
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
    return redirect(page_of(found), 303)


def _give(number: int) -> AnyResponse:
    give(number, request.form.get("organization", ""))
    return redirect(url_for("one_import.page", number=number), 303)


def _discard(number: int) -> AnyResponse:
    file = find_file(number, BatchStatus.STAGED)
    discard(number)
    record_event("import discarded", f"#{number} {file.file_name}")
    return redirect(url_for("imports.page", discarded=number), 303)


def _undo(number: int) -> AnyResponse:
    done = undo(number, by=current_user_label(), email_domain=the_config().email_domain)
    record_event("import undone", f"#{number} {done.file.file_name}")
    return redirect(url_for("one_import.page", number=number), 303)


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


def _one(number: int, error: str = "", status: int = 200) -> Response:
    try:
        with reading():
            context = context_of(preview(number, email_domain=the_config().email_domain))
    except NoSuchImport as reason:
        return _gone(reason)
    counts = context["file"].status is BatchStatus.APPLIED
    again = counts and request.args.get("again") == "1" and not error
    title = f"Import #{number}, {context['file'].status}"
    return htmx.answer(
        "import/one.html",
        "?again=1" if again else "",
        status=status,
        error=error,
        again=again,
        announcement=error or title,
        **context,
    )


def _gone(reason: NoSuchImport) -> Response:
    return htmx.answer("import/gone.html", "", status=404, sentence=str(reason))
