"""Sets of persons as bitmaps: in an integer, the bit of a person's id tells whether they are in it.

Persons 2 and 5 are 0b100100. Ids are given one after another, so ten thousand persons take 1.25 KB,
and who was active in a year is the 365 bitmaps of its days joined by `|`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.packed import pack, unpack

ONE = ord("1")
BITS = bytes.maketrans(b"01", b"\0\1")


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


def times_in(bitmaps: Iterable[int]) -> Sequence[int]:
    """In how many of the bitmaps each id is: a number for every id up to the last one in any.

    All are counted at once, as one adds by hand: `digits[0]` holds the ids that were in an odd
    number of bitmaps so far, and whoever is in it and comes again is carried to `digits[1]`.
    """
    digits: list[int] = []
    for bitmap in bitmaps:
        carried, place = bitmap, 0
        while carried:
            if place == len(digits):
                digits.append(0)
            digits[place], carried = digits[place] ^ carried, digits[place] & carried
            place += 1
    rows = (pack(f"{digit:b}"[::-1].encode().translate(BITS)) for digit in digits)
    return unpack(sum(row << place for place, row in enumerate(rows)))


def packed(bitmap: int) -> bytes:
    """A bitmap as it is stored, eight persons a byte, the first ones first."""
    return bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")


def unpacked(stored: bytes | memoryview) -> int:
    """A bitmap that was stored."""
    return int.from_bytes(stored, "little")
