"""Sets of persons as bitmaps: in an integer, the bit of a person's id tells whether they are in it.

Persons 2 and 5 are 0b100100. Ids are given one after another, so ten thousand persons take 1.25 KB,
and who was active in a year is the 365 bitmaps of its days joined by `|`.
"""

from __future__ import annotations

from collections.abc import Iterable

ONE = ord("1")


def bitmap_of(ids: Iterable[int]) -> int:
    """The bitmap of these ids."""
    members = list(ids)
    digits = bytearray(b"0") * (max(members, default=0) + 1)
    for member in members:
        digits[-1 - member] = ONE
    return int(digits, 2)


def ids_in(bitmap: int) -> list[int]:
    """The ids in a bitmap, in order."""
    return [member for member, digit in enumerate(f"{bitmap:b}"[::-1]) if digit == "1"]


def packed(bitmap: int) -> bytes:
    """A bitmap as it is stored, eight persons a byte, the first ones first."""
    return bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")


def unpacked(stored: bytes | memoryview) -> int:
    """A bitmap that was stored."""
    return int.from_bytes(stored, "little")
