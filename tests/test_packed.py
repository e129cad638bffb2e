"""Rows of numbers that are added at once: as numbers would be, one by one."""

from __future__ import annotations

import doctest
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app import packed
from app.packed import kept, numbers_at, numbers_in, pack, read, unpack

NUMBERS = some.lists(some.integers(-(2**61), 2**61) | some.integers(0, 300), max_size=40)


def without_zeros_at_the_end(numbers: list[int]) -> list[int]:
    while numbers and not numbers[-1]:
        numbers = numbers[:-1]
    return numbers


def test_its_examples_are_true() -> None:
    assert doctest.testmod(packed).failed == 0
    assert doctest.testmod(packed).attempted == 3


@given(NUMBERS, NUMBERS, NUMBERS)
def test_rows_are_added_and_subtracted_lane_by_lane(a: list, b: list, c: list) -> None:
    expected = [x + y - z for x, y, z in zip_longest(a, b, c, fillvalue=0)]
    found = unpack(pack(a) + pack(b) - pack(c))
    assert list(found) == without_zeros_at_the_end(expected)


@given(NUMBERS)
def test_a_row_is_read_as_it_was_kept_and_kept_in_one_way(numbers: list[int]) -> None:
    row = pack(numbers)
    assert read(kept(row)) == row
    assert kept(pack([*numbers, 0, 0])) == kept(row)
    assert list(unpack(row)) == without_zeros_at_the_end(numbers)


@given(NUMBERS)
def test_some_lanes_of_a_kept_row_are_found_without_the_others(numbers: list[int]) -> None:
    lanes = [*range(len(numbers)), len(numbers) + 3][::-2]
    assert numbers_at(kept(pack(numbers)), lanes) == [[*numbers, 0, 0, 0, 0][one] for one in lanes]


def test_a_row_takes_no_more_bytes_than_its_largest_number() -> None:
    assert kept(pack([0, 0])) == b""
    assert len(kept(pack([255] * 100))) == 1 + 100
    assert len(kept(pack([256] * 100))) == 1 + 200
    assert len(kept(pack([255] * 99 + [-1]))) == 1 + 800


def test_the_ends_of_what_64_bits_hold_are_kept() -> None:
    ends = [2**63 - 1, -(2**63), 2**63 - 1]
    assert list(unpack(read(kept(pack(ends))))) == ends


@pytest.mark.parametrize("odd", [b"\x00", b"\x09" + bytes(9), b"\x02\x01", b"\x00\x01"])
def test_other_bytes_are_no_row(odd: bytes) -> None:
    with pytest.raises(ValueError, match="no row"):
        read(odd)


def test_numbers_are_found_in_their_bytes() -> None:
    assert list(numbers_in(b"\x01" + bytes(7) + b"\xff" * 8)) == [1, -1]
