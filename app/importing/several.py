"""Several files at once: each has its own verdict, and is taken whole or not at all by itself.

The order in which they are sent does not matter: the file that reaches furthest is taken last, so
that it is the newer one where figures differ.

    sent: nov.csv (to 30 November), oct.csv (to 31 October), notes.txt (no export)
    taken: oct.csv, nov.csv; told in the order in which they were sent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.importing.batches import apply, discard, stage
from app.importing.moving import give
from app.importing.previews import empty_preview
from app.importing.staging import stage_file
from app.importing.types import ImportRefused, Preview, RowsRejected, SentFile
from app.models import ImportBatch
from app.providers.exports import UnreadableExport

Refusal = UnreadableExport | ImportRefused


@dataclass
class FileVerdict:
    """What became of a file: its preview or import (`found`), or why it was refused."""

    name: str
    found: Preview | None = None
    refusal: Refusal | None = None

    @property
    def sentence(self) -> str:
        """Why it was refused, with its name."""
        if isinstance(self.refusal, RowsRejected):
            return str(self.refusal)
        return f"{self.name or 'A file'}: {self.refusal}"


def not_imported(refused: int, files: int) -> str:
    """The sentence about the files that were refused."""
    return f"{refused:,} of {files:,} files {'was' if refused == 1 else 'were'} not imported."


def stage_files(files: Sequence[SentFile], **said: Any) -> list[FileVerdict]:
    """Stage each file; `said` is what `stage` takes besides."""
    verdicts = [FileVerdict(file.name) for file in files]
    for verdict, file in zip(verdicts, files, strict=True):
        try:
            verdict.found = stage(file.stream, file.name, **said)
        except (UnreadableExport, ImportRefused) as error:
            verdict.refusal = error
    return verdicts


def import_files(
    files: Sequence[SentFile],
    *,
    partial: bool = False,
    renamed: str = "",
    by: str,
    email_domain: str,
    organization: str = "",
    **said: Any,
) -> list[FileVerdict]:
    """Import each file at once, without the time that previews take; what became of each.

    `said` is what `stage_file` takes besides. Of a refused file nothing is kept.
    """
    verdicts = [FileVerdict(file.name) for file in files]
    waiting: list[tuple[ImportBatch, FileVerdict]] = []
    try:
        for verdict, file in zip(verdicts, files, strict=True):
            if batch := _staged(verdict, file, by=by, organization=organization, **said):
                waiting.append((batch, verdict))
        for batch, verdict in sorted(waiting, key=_reach):
            if not organization.strip():
                # The files before it may have told whose it is.
                give(batch.id, "")
            _apply(
                batch, verdict, partial=partial, renamed=renamed, by=by, email_domain=email_domain
            )
    except BaseException:
        for batch, _ in waiting:
            discard(batch.id)
        raise
    return verdicts


def _staged(verdict: FileVerdict, file: SentFile, **said: Any) -> ImportBatch | None:
    """The file with its rows; None, and the verdict, for one that is empty or refused."""
    try:
        batch = stage_file(file.stream, file.name, **said)
    except (UnreadableExport, ImportRefused) as error:
        verdict.refusal = error
        return None
    if batch.id:
        return batch
    verdict.found = empty_preview(batch)
    return None


def _reach(each: tuple[ImportBatch, FileVerdict]) -> tuple[int, str, str]:
    """Sorts files by their last day; those of the same by name, then by what is in them."""
    batch, _ = each
    return batch.last_day or 0, batch.file_name, batch.sha256


def _apply(batch: ImportBatch, verdict: FileVerdict, **how: Any) -> None:
    try:
        verdict.found = apply(batch.id, **how)
    except ImportRefused as error:
        verdict.refusal = error
        discard(batch.id)
