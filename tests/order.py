"""In which order tests run: what takes long comes first, so that nobody waits for it at the end."""

from __future__ import annotations

import pytest

LONG = ("process", "browser")
"""Marks of tests that take seconds, the longest first."""


def dealt(items: list[pytest.Item], hands: int) -> list[pytest.Item]:
    """The tests for `hands` workers, each of which begins with its share of the long ones.

    A worker gets as many neighbours of the list as any other, and takes over from another's end.
    """
    piles: dict[str, list[pytest.Item]] = {mark: [] for mark in (*LONG, "")}
    for item in items:
        piles[next(filter(item.get_closest_marker, LONG), "")].append(item)
    shares = [_share(pile, hand, hands) for hand in range(hands) for pile in piles.values()]
    return [item for share in shares for item in share]


def _share(pile: list[pytest.Item], hand: int, hands: int) -> list[pytest.Item]:
    return pile[len(pile) * hand // hands : len(pile) * (hand + 1) // hands]
