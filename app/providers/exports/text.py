"""The lines of an uploaded file: what it is by its first bytes, and which encoding it has."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from app.providers.exports.types import UnreadableExport

CHUNK_BYTES = 1 << 18
LONGEST_LINE = 1_000_000
"""Characters; no row of an export comes near, and a line has to fit into memory."""
SAVE_AS_UTF_8 = "Export it again, or save it as “CSV UTF-8” in your spreadsheet program."
_MARKS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a GZIP archive"),
    (b"BZh", "a BZIP2 archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
)
_NOT = {
    "utf-8": "not all UTF-8",
    "utf-8-sig": "not all UTF-8",
    "utf-16": "not all UTF-16",
    "cp1252": "neither all UTF-8 nor all Windows-1252",
}
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_lines(stream: BinaryIO, subject: str) -> Iterator[str]:
    """The lines with their ends (LF, CRLF or CR), without a byte order mark.

    Reads in pieces. Raises UnreadableExport for what is no text, at the first piece where
    that can be told; `subject` begins its sentences.
    """
    number = 0
    rest = ""
    for text in _texts(stream, subject):
        if "\0" in text:
            where = number + 1 + (rest + text).split("\0", 1)[0].count("\n")
            raise UnreadableExport(
                f"{subject} holds a NUL character in line {where}, so it is no text, or UTF-16"
                f" without its mark. {SAVE_AS_UTF_8}"
            )
        lines = io.StringIO(rest + text, newline="").readlines()
        # An end of "\r" waits too: the "\n" of it may come with the next piece.
        rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        number += len(lines)
        if len(rest) > LONGEST_LINE:
            raise UnreadableExport(
                f"{subject} is longer than {LONGEST_LINE:,} characters in line {number + 1}, so it"
                " is no usage export, or its line ends were lost. Export it again."
            )
        yield from lines
    if rest:
        yield rest


def _texts(stream: BinaryIO, subject: str) -> Iterator[str]:
    piece = _first_piece(stream)
    _refuse_other_formats(piece, subject)
    decoder = _Decoder(piece, subject)
    while piece:
        yield decoder.text(piece)
        piece = stream.read(CHUNK_BYTES)
    yield decoder.text(b"", final=True)


def _first_piece(stream: BinaryIO) -> bytes:
    """Enough to know the format by: a pipe may give a few bytes at a time."""
    piece = b""
    while len(piece) < 64 and (more := stream.read(CHUNK_BYTES)):
        piece += more
    return piece


def _refuse_other_formats(piece: bytes, subject: str) -> None:
    for mark, what in _MARKS:
        if piece.startswith(mark):
            raise UnreadableExport(
                f"{subject} is {what}, not a CSV file. Export the usage as CSV and import that"
                " (archives are not unpacked)."
            )
    if piece.startswith(_UTF_32):
        raise UnreadableExport(f"{subject} is encoded in UTF-32. {SAVE_AS_UTF_8}")
    start = piece[:1024].removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith((b"<", b"{", b"[")):
        what = "a web page or XML" if start.startswith(b"<") else "JSON"
        raise UnreadableExport(f"{subject} is {what}, not a CSV file. Export the usage as CSV.")


class _Decoder:
    """Decodes by byte order mark, else as UTF-8, else as Windows-1252.

    A file that has both UTF-8 and something else is refused: one of them would be misread.
    """

    def __init__(self, start: bytes, subject: str) -> None:
        self._subject = subject
        self._name = "utf-8"
        if start.startswith(_UTF_16):
            self._name = "utf-16"
        elif start.startswith(codecs.BOM_UTF8):
            self._name = "utf-8-sig"
        self._decoder = codecs.getincrementaldecoder(self._name)()
        self._only_ascii = True

    def text(self, piece: bytes, final: bool = False) -> str:
        waiting = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            may_be_other = self._name == "utf-8" and self._only_ascii
            if not may_be_other or not (waiting + piece)[: error.start].isascii():
                raise UnreadableExport(self._refusal()) from None
            self._name = "cp1252"
            self._decoder = codecs.getincrementaldecoder(self._name)()
            return self.text(waiting + piece, final)
        self._only_ascii = self._only_ascii and text.isascii()
        return text

    def _refusal(self) -> str:
        return (
            f"{self._subject} mixes encodings or is damaged: it is {_NOT[self._name]}."
            f" {SAVE_AS_UTF_8}"
        )
