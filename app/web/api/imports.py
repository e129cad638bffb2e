"""The JSON API's import: one CSV export, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.current import the_config
from app.importing import (
    ImportedFile,
    ImportRefused,
    Preview,
    RejectedLine,
    RenameUnclear,
    Renaming,
    RowsRejected,
    UnreadableExport,
    import_file,
    rejected_rows,
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
@token_scope("import")
@takes_upload(uploads.most_bytes)
def import_() -> ResponseReturnValue:
    """Import the file in the field `file`; nothing of it when a row of it cannot be read.

    Fields: `type` (the tool or the export's name, must agree with the file), `email` (whose
    usage it is, for exports that do not say), `organization` (the label of the organisation it
    belongs to; without it the file's people and keys tell), `partial` (`1`: the good rows,
    whatever the others).
    """
    sent = request.files.get("file")
    if sent is None:
        raise BadRequest("file: send the CSV file in the field `file` of a multipart form.")
    try:
        found = import_file(
            cast(BinaryIO, sent.stream),
            sent.filename or "",
            person=request.form.get("email", ""),
            partial=_flag("partial"),
            renamed=_renamed(),
            kind=request.form.get("type", "").strip(),
            organization=request.form.get("organization", ""),
            by=current_user_label(),
            email_domain=the_config().email_domain,
        )
    except RowsRejected as error:
        return _refused(error)
    except RenameUnclear as error:
        raise BadRequest(f"{error} Send renamed=same or renamed=different.") from None
    except (UnreadableExport, ImportRefused) as error:
        raise BadRequest(str(error)) from None
    rejected = rejected_rows(found.file.id, MOST_ERRORS) if found.file.id else []
    result = _result(found, rejected)
    if found.note:
        return jsonify(**_about(found.file), note=found.note, result=result)
    record_event("import", f"#{found.file.id} {found.file.file_name}")
    return jsonify(**_about(found.file), result=result)


def _about(file: ImportedFile) -> dict[str, str]:
    return {
        "type": _type(file),
        "organization": file.organization,
        "organizationReason": file.owner_reason,
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


def _refused(error: RowsRejected) -> ResponseReturnValue:
    result = {
        "success": False,
        "recordsImported": 0,
        "recordsSkipped": error.file.skipped,
        "recordsUnchanged": 0,
        "unmappedKeys": [],
        "errors": _errors(error.rows),
    }
    return jsonify(error=str(error), type=_type(error.file), result=result), 400
