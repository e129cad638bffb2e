"""CSV imports: a file is staged, previewed, applied or discarded, and can be undone.

preview = stage(stream, "usage.csv", by="ann", email_domain="example.com")
preview = apply(preview.file.id, by="ann", email_domain="example.com")
undo(preview.file.id, by="ann", email_domain="example.com")
"""

from __future__ import annotations

from app.importing.batches import apply, discard, import_file, stage, undo
from app.importing.files import find_file, history, history_count, waiting
from app.importing.joined import taken_apart
from app.importing.moving import give, look_again
from app.importing.owners import MAIN
from app.importing.previews import days_of, preview, undo_preview
from app.importing.progress import ReadingFile, being_read
from app.importing.several import FileVerdict, import_files, not_imported, stage_files
from app.importing.stored import rejected_rows
from app.importing.turns import forget_unfinished
from app.importing.types import (
    FileDay,
    ImportedFile,
    ImportRefused,
    NoSuchImport,
    Preview,
    Question,
    RejectedLine,
    Renamed,
    RenameUnclear,
    Renaming,
    RowsRejected,
    SentFile,
    TooMuch,
    UnattributedKey,
    Undone,
    UnpricedModel,
    WrongKind,
)
from app.providers.exports import UnreadableExport

__all__ = (
    "MAIN",
    "FileDay",
    "FileVerdict",
    "ImportRefused",
    "ImportedFile",
    "NoSuchImport",
    "Preview",
    "Question",
    "ReadingFile",
    "RejectedLine",
    "RenameUnclear",
    "Renamed",
    "Renaming",
    "RowsRejected",
    "SentFile",
    "TooMuch",
    "UnattributedKey",
    "Undone",
    "UnpricedModel",
    "UnreadableExport",
    "WrongKind",
    "apply",
    "being_read",
    "days_of",
    "discard",
    "find_file",
    "forget_unfinished",
    "give",
    "history",
    "history_count",
    "import_file",
    "import_files",
    "look_again",
    "not_imported",
    "preview",
    "rejected_rows",
    "stage",
    "stage_files",
    "taken_apart",
    "undo",
    "undo_preview",
    "waiting",
)
