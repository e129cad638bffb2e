"""The page `/import`: the form for files, and every import there was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.current import the_config
from app.database import reading
from app.importing import FileVerdict, being_read, history, history_count, not_imported, waiting
from app.providers.exports import EXPORT_KINDS
from app.queries.keys.mappings import known_emails
from app.web.imports.sent import ChosenFiles, about_person, chosen_files, staged
from app.web.imports.shown import page_of
from app.web.imports.view import ImportsView, parse_imports_view
from app.web.request import htmx, uploads
from app.web.request.guard import admin_only, takes_upload
from app.web.view.formatting import count_of

MOST_EMAILS = 1000
MOST_DRAINED = 2**30
PIECE = 2**16

blueprint = Blueprint("imports", __name__)


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
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
    """The form for files, what can be imported, and every import there was."""
    view = parse_imports_view(request.args)
    note = ""
    if view.discarded:
        note = f"File #{view.discarded} was discarded; nothing of it counts."
    elif view.sent:
        note = f"{count_of(view.sent, 'file')} read. None counts before you import it below."
    return _upload_page(note=note, left_out=view.left_out)


@blueprint.post("/import")
@admin_only
@takes_upload(uploads.most_bytes)
def upload() -> ResponseReturnValue:
    """Stage files and go on to the preview of one, or to the list; nothing of them counts yet."""
    chosen = chosen_files()
    if chosen.lack:
        return _upload_page(error=chosen.lack, typed=chosen.person, status=422)
    verdicts = staged(chosen)
    if chosen.alone:
        return _alone(chosen, verdicts[0])
    if all(verdict.found and not verdict.found.note for verdict in verdicts):
        count, left_out = len(verdicts), chosen.left_out or None
        return redirect(url_for("imports.page", sent=count, left_out=left_out), 303)
    return _told(chosen, verdicts)


def _alone(chosen: ChosenFiles, verdict: FileVerdict) -> ResponseReturnValue:
    if verdict.found is None:
        about = about_person(chosen, [verdict])
        return _upload_page(
            error=str(verdict.refusal), typed=chosen.person, about_person=about, status=422
        )
    if not verdict.found.file.id:
        return _upload_page(note=verdict.found.note, typed=chosen.person)
    return redirect(page_of(verdict.found), 303)


def _told(chosen: ChosenFiles, verdicts: Sequence[FileVerdict]) -> Response:
    """The list of what became of each file, where something is to be said of one."""
    refused = sum(verdict.refusal is not None for verdict in verdicts)
    return _upload_page(
        error=not_imported(refused, len(verdicts)) if refused else "",
        typed=chosen.person,
        about_person=about_person(chosen, verdicts),
        status=422 if refused else 200,
        verdicts=verdicts,
        left_out=chosen.left_out,
    )


def _upload_page(
    *,
    error: str = "",
    note: str = "",
    typed: str = "",
    about_person: bool = False,
    verdicts: Sequence[FileVerdict] = (),
    left_out: int = 0,
    status: int = 200,
) -> Response:
    with reading():
        context = _past(parse_imports_view(request.args))
        emails = known_emails(limit=MOST_EMAILS)
    pages = context["pages"]
    return htmx.answer(
        "import/page.html",
        context["view"].query(),
        status=status,
        error=error,
        note=note,
        typed=typed,
        about_person=about_person,
        verdicts=verdicts,
        left_out=left_out,
        emails=emails,
        kinds=[(kind.label, kind.how) for kind in EXPORT_KINDS],
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
        "reading": being_read(),
        "waiting": staged if view.page == 1 else [],
        "waiting_count": len(staged),
        "past": past,
    }
