"""Many numbers as one whole number, so that rows of them are added and subtracted at once.

A row of numbers has 64 bits for each, one lane beside the other: 3, 0 and 5 are the whole number
3 + 5 * 2 ** 128. The sum of two such rows is the row of their sums, lane by lane, as long as each
stays within 64 bits with its sign, and their difference that of the differences: ten thousand
additions are one. Rows may differ in length: what is beyond an end is 0, and 0 is the row of zeros.

    >>> row = pack([3, 0, 5]) + pack([1])
    >>> list(unpack(row)), list(unpack(row - pack([0, 2])))
    ([4, 0, 5], [4, -2, 5])

Kept, a row takes as many bytes a lane as its largest number has. The first byte says how many;
then come the lowest bytes of all numbers, then the next ones, and so on. Bytes beyond are 0, and
a number below zero takes all eight (two's complement). Zeros at the end are left out, so that
every row is kept in one way.

    >>> kept(pack([3, 0, 256 + 5])).hex(" ")
    '02 03 00 05 00 00 01'
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from functools import lru_cache

BYTES = 8
"""What one number takes in a row."""


def pack(numbers: Iterable[int]) -> int:
    """The row of these numbers."""
    row = array("q", iter(numbers))
    if sys.byteorder == "big":
        row.byteswap()
    return _of_bytes(row.tobytes())


def unpack(row: int) -> array[int]:
    """The numbers of a row, without the zeros at its end."""
    return numbers_in(_bytes_of(row))


def numbers_in(data: bytes) -> array[int]:
    """The numbers whose eight bytes each these are, the lowest first."""
    numbers = array("q")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def kept(row: int) -> bytes:
    """A row as it is stored; nothing, of zeros alone."""
    data = _bytes_of(row)
    planes = [data[place::BYTES] for place in range(BYTES)]
    while planes and not any(planes[-1]):
        planes.pop()
    return bytes([len(planes)]) + b"".join(planes) if planes else b""


def read(stored: bytes) -> int:
    """A row that was kept. Raises `ValueError` if these bytes are none."""
    if not stored:
        return 0
    width = stored[0]
    lanes, rest = divmod(len(stored) - 1, width or 1)
    if rest or not 0 < width <= BYTES:
        raise ValueError("These bytes are no row of numbers.")
    data = bytearray(BYTES * lanes)
    for place in range(width):
        data[place::BYTES] = stored[1 + place * lanes : 1 + (place + 1) * lanes]
    return _of_bytes(data) if width == BYTES else int.from_bytes(data, "little")


def numbers_at(stored: bytes, lanes: Iterable[int]) -> list[int]:
    """The numbers in some lanes of a row that was kept, without reading the others."""
    if not stored:
        return [0 for _ in lanes]
    width = stored[0]
    many = (len(stored) - 1) // width
    return [
        int.from_bytes(stored[1 + lane :: many], "little", signed=width == BYTES)
        if lane < many
        else 0
        for lane in lanes
    ]


def _of_bytes(data: bytes | bytearray) -> int:
    """Two's complement lane by lane: with its highest bit turned over a number is 2⁶³ more than
    it is, whatever its sign.
    """
    more = _highest_bits(len(data) // BYTES)
    return (int.from_bytes(data, "little") ^ more) - more


def _bytes_of(row: int) -> bytes:
    lanes = row.bit_length() // (8 * BYTES) + 1
    more = _highest_bits(lanes)
    data = ((row + more) ^ more).to_bytes(BYTES * lanes, "little")
    used = -(-len(data.rstrip(b"\0")) // BYTES)
    return data[: BYTES * used]


@lru_cache(maxsize=8)
def _highest_bits(lanes: int) -> int:
    return int.from_bytes((bytes(BYTES - 1) + b"\x80") * lanes, "little")
