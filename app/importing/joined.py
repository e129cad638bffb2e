"""Different exports joined into one file: each part is a file of its own, with its own verdict.

    line 1   Date,User,Kind,Model,...              team.csv, lines 1 to 3
    line 2   2026-11-03T10:00:00.000Z,ada@...
    line 3   2026-11-03T10:01:00.000Z,bo@...
    line 4   usage_date_utc,model_version,...      team.csv, lines 4 to 5
    line 5   2026-11-03,claude-opus-5,...

Parts of one export that follow each other stay together: what a later one repeats counts once.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from app.importing.types import SentFile
from app.providers.exports import export_named_by

LONGEST_HEADER = 20_000
"""Bytes; no header comes near."""
_BEFORE_A_NAME = b"\xef\xbb\xbf\"' \t"


class _Start(NamedTuple):
    """Where a part begins: the byte and the line, from 1, and which export it is."""

    byte: int
    line: int
    export: str


def taken_apart(files: Sequence[SentFile]) -> list[SentFile]:
    """The files, each that joins different exports as its parts; they are read where they are."""
    return [part for file in files for part in _parts_of(file)]


def _parts_of(file: SentFile) -> list[SentFile]:
    if not file.stream.seekable():
        return [file]
    starts, lines = _starts(file.stream)
    size = file.stream.tell()
    file.stream.seek(0)
    if len(starts) < 2:
        return [file]
    ends = [*starts[1:], _Start(size, lines + 1, "")]
    return [
        SentFile(_part(file.stream, start, end), _name(file.name, start, end))
        for start, end in zip(starts, ends, strict=True)
    ]


def _starts(stream: BinaryIO) -> tuple[list[_Start], int]:
    """The parts, the first of them from the first byte on, and how many lines there are."""
    starts: list[_Start] = []
    byte = line = 0
    for line, text in enumerate(stream, 1):
        export = _export_below(text)
        if export and (not starts or starts[-1].export != export):
            starts.append(_Start(byte, line, export) if starts else _Start(0, 1, export))
        byte += len(text)
    return starts, line


def _export_below(line: bytes) -> str:
    """Which export a line is the header of, "" for other lines: most begin with a date."""
    start = line[:8].lstrip(_BEFORE_A_NAME)[:1]
    if not start.isalpha() or len(line) > LONGEST_HEADER:
        return ""
    return export_named_by(line.decode(errors="replace"))


def _name(name: str, start: _Start, end: _Start) -> str:
    return f"{name}, lines {start.line:,} to {end.line - 1:,}"


def _part(stream: BinaryIO, start: _Start, end: _Start) -> BinaryIO:
    return io.BufferedReader(_Piece(stream, start, end))  # type: ignore[type-var]


class _Piece(io.RawIOBase):
    """A part of a file, after as many empty lines as there are lines above it: what is said of
    its rows names the lines of the whole file.
    """

    def __init__(self, stream: BinaryIO, start: _Start, end: _Start) -> None:
        self._stream = stream
        self._above = b"\n" * (start.line - 1)
        self._offset = start.byte - len(self._above)
        self._size = end.byte - self._offset
        self._at = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read again."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the part."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Read the next bytes."""
        length = min(len(buffer), self._size - self._at)
        piece = self._above[self._at : self._at + length]
        if not piece:
            self._stream.seek(self._offset + self._at)
            piece = self._stream.read(length)
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
