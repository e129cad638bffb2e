"""The JSON API's import: CSV exports, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.access.tokens import IMPORT
from app.current import the_config
from app.importing import (
    FileVerdict,
    ImportedFile,
    Preview,
    RejectedLine,
    RenameUnclear,
    Renaming,
    RowsRejected,
    SentFile,
    import_files,
    not_imported,
    rejected_rows,
    taken_apart,
)
from app.tools import TOOL_OF_PROVIDER
from app.web.request import uploads
from app.web.request.errors import BadRequest
from app.web.request.guard import current_user_label, record_event, takes_upload, token_scope

MOST_ERRORS = 1000

blueprint = Blueprint("api_imports", __name__, url_prefix="/api")


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    return jsonify(error=uploads.too_large()), 413


@blueprint.post("/import")
@token_scope(IMPORT)
@takes_upload(uploads.most_bytes)
def import_() -> ResponseReturnValue:
    """Import the files in the field `file`, each by itself; nothing of one with a bad row.

    Fields: `type` (the tool or the export's name, must agree with the file), `email` (whose
    usage it is, for exports that do not say), `organization` (the label of the organisation it
    belongs to; without it the file's people and keys tell), `partial` (`1`: the good rows,
    whatever the others), `renamed` (`same` or `different`). They hold for every file. A file that
    joins different exports is as many files.
    """
    sent = request.files.getlist("file")
    if not sent:
        raise BadRequest("file: send the CSV file in the field `file` of a multipart form.")
    verdicts = import_files(
        taken_apart([SentFile(cast(BinaryIO, each.stream), each.filename or "") for each in sent]),
        person=request.form.get("email", ""),
        partial=_flag("partial"),
        renamed=_renamed(),
        kind=request.form.get("type", "").strip(),
        organization=request.form.get("organization", ""),
        by=current_user_label(),
        email_domain=the_config().email_domain,
    )
    for verdict in verdicts:
        if verdict.found and not verdict.found.note:
            record_event("import", f"#{verdict.found.file.id} {verdict.found.file.file_name}")
    return _one(verdicts[0]) if len(verdicts) == 1 else _several(verdicts)


def _one(verdict: FileVerdict) -> ResponseReturnValue:
    if verdict.found:
        return jsonify(_taken(verdict.found))
    if isinstance(verdict.refusal, RowsRejected):
        return jsonify(error=str(verdict.refusal), **_refused(verdict.refusal)), 400
    raise BadRequest(f"{verdict.refusal}{_advice(verdict)}")


def _several(verdicts: Sequence[FileVerdict]) -> ResponseReturnValue:
    """An entry for each file, in the order in which they were sent; 400 when one was refused."""
    files = [{"name": verdict.name, **_entry(verdict)} for verdict in verdicts]
    refused = [file["error"] for file in files if "error" in file]
    if not refused:
        return jsonify(files=files)
    return jsonify(
        error=" ".join([not_imported(len(refused), len(files)), *refused]), files=files
    ), 400


def _entry(verdict: FileVerdict) -> dict[str, Any]:
    if verdict.found:
        return _taken(verdict.found)
    return {"error": f"{verdict.sentence}{_advice(verdict)}", **_refused(verdict.refusal)}


def _advice(verdict: FileVerdict) -> str:
    unclear = isinstance(verdict.refusal, RenameUnclear)
    return " Send renamed=same or renamed=different." if unclear else ""


def _taken(found: Preview) -> dict[str, Any]:
    rejected = rejected_rows(found.file.id, MOST_ERRORS) if found.file.id else []
    note = {"note": found.note} if found.note else {}
    return {
        "type": _type(found.file),
        "organization": found.file.organization,
        "organizationReason": found.file.owner_reason,
        **note,
        "result": _result(found, rejected),
    }


def _type(file: ImportedFile) -> str:
    """The tool whose usage a file holds, the word that `type` takes, too."""
    return TOOL_OF_PROVIDER.get(file.provider, "")


def _flag(name: str) -> bool:
    text = request.form.get(name, "").strip().lower()
    if text not in ("", "0", "1", "true", "false", "on"):
        raise BadRequest(f"{name}: expected 1 or 0, not {text[:20]!r}.")
    return text in ("1", "true", "on")


def _renamed() -> str:
    text = request.form.get("renamed", "").strip().lower()
    if text not in ("", *Renaming):
        raise BadRequest(f"renamed: expected same or different, not {text[:20]!r}.")
    return text


def _result(found: Preview, rejected: Sequence[RejectedLine] = ()) -> dict[str, Any]:
    return {
        "success": True,
        "recordsImported": found.records_imported,
        "recordsSkipped": found.records_skipped,
        "recordsUnchanged": found.records_unchanged,
        "unmappedKeys": found.unmapped_keys,
        "errors": _errors(rejected),
    }


def _errors(rejected: Sequence[RejectedLine]) -> list[dict[str, Any]]:
    return [{"line": row.line, "message": _message(row)} for row in rejected]


def _message(row: RejectedLine) -> str:
    return f"{row.message} (found {row.value!r})" if row.value else row.message


def _refused(refusal: Exception | None) -> dict[str, Any]:
    rejected = refusal if isinstance(refusal, RowsRejected) else None
    result = {
        "success": False,
        "recordsImported": 0,
        "recordsSkipped": rejected.file.skipped if rejected else 0,
        "recordsUnchanged": 0,
        "unmappedKeys": [],
        "errors": _errors(rejected.rows if rejected else ()),
    }
    return {"type": _type(rejected.file) if rejected else "", "result": result}
