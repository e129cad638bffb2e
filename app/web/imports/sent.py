"""What was sent with the form: files, each staged by itself, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, cast

from flask import request

from app.current import the_config
from app.importing import (
    FileVerdict,
    ImportRefused,
    SentFile,
    UnreadableExport,
    stage_files,
    taken_apart,
)
from app.providers.exports import open_export
from app.web.request.guard import current_user_label

ENDINGS = (".csv", ".tsv", ".txt")
NO_FILE = "Choose a CSV file first."
NO_CSV = "None of these files is a CSV export. Nothing was read."


class ChosenFiles(NamedTuple):
    """The files of the form. Of several, as from a folder, some are no CSV: `left_out`. One that
    joins different exports is as many files.

    `person` is what was typed of whose usage they are.
    """

    files: Sequence[SentFile]
    person: str
    left_out: int = 0

    @property
    def alone(self) -> bool:
        """Whether one file was chosen, which goes to its preview at once."""
        return len(self.files) + self.left_out == 1

    @property
    def lack(self) -> str:
        """What is missing when there is nothing to stage, "" otherwise."""
        return "" if self.files else NO_CSV if self.left_out else NO_FILE


def chosen_files() -> ChosenFiles:
    """The files that came with this request; a field that was left empty sends none."""
    sent = [each for each in request.files.getlist("file") if each.filename]
    person = request.form.get("email", "")
    exports = sent
    if len(sent) > 1:
        exports = [each for each in sent if (each.filename or "").lower().endswith(ENDINGS)]
    files = [SentFile(cast(BinaryIO, each.stream), each.filename or "") for each in exports]
    return ChosenFiles(taken_apart(files), person, len(sent) - len(exports))


def staged(chosen: ChosenFiles) -> list[FileVerdict]:
    """Stage each file as the form says; nothing of them counts yet."""
    return stage_files(
        chosen.files,
        person=chosen.person,
        organization=request.form.get("organization", ""),
        by=current_user_label(),
        email_domain=the_config().email_domain,
    )


def about_person(chosen: ChosenFiles, verdicts: Sequence[FileVerdict]) -> bool:
    """Whether a file was refused for what the form says, or does not say, of whose it is."""
    unsaid = not chosen.person.strip()
    return any(
        isinstance(verdict.refusal, ImportRefused) or (unsaid and _needs_person(file))
        for file, verdict in zip(chosen.files, verdicts, strict=True)
        if verdict.refusal
    )


def _needs_person(file: SentFile) -> bool:
    file.stream.seek(0)
    try:
        return open_export(file.stream).kind.needs_person
    except UnreadableExport:
        return False
