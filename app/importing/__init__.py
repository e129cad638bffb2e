"""CSV imports: a file is staged, previewed, applied or discarded, and can be undone.

preview = stage(stream, "usage.csv", by="ann", email_domain="example.com")
preview = apply(preview.batch.id, by="ann", email_domain="example.com")
undo(preview.batch.id, by="ann", email_domain="example.com")
"""

from __future__ import annotations

from app.importing.batches import apply, discard, import_file, stage, undo
from app.importing.previews import history, history_count, preview, rejected_rows
from app.importing.types import (
    Batch,
    ImportRefused,
    NoSuchImport,
    Preview,
    RejectedLine,
    RowsRejected,
    Totals,
    Undone,
    UnownedKey,
    UnpricedModel,
    WrongKind,
)
from app.providers.exports import UnreadableExport

__all__ = (
    "Batch",
    "ImportRefused",
    "NoSuchImport",
    "Preview",
    "RejectedLine",
    "RowsRejected",
    "Totals",
    "Undone",
    "UnownedKey",
    "UnpricedModel",
    "UnreadableExport",
    "WrongKind",
    "apply",
    "discard",
    "history",
    "history_count",
    "import_file",
    "preview",
    "rejected_rows",
    "stage",
    "undo",
)
