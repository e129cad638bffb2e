"""Everybody can tell the colours apart, and see them: with any colour vision, in both themes."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from app.web.request.assets import joined_styles
from app.web.view.colors import PALETTE, PATTERNS, mark

STYLES = joined_styles(Path(__file__).resolve().parent.parent / "static")
THEMES = ("light", "dark")
FIRST = 8
"""As many models as the chart of days shows beside each other."""
VISIONS = {
    "trichromacy": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""What is left of linear red, green and blue; after Machado, Oliveira and Fernandes, 2009."""

Color = tuple[float, ...]


def colors_of(theme: str) -> dict[str, Color]:
    """{name: linear red, green, blue} of every colour that the stylesheet has by its theme."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", STYLES)
    return {name: linear(shades[THEMES.index(theme)]) for name, *shades in pairs}


def linear(shade: str) -> Color:
    parts = [int(shade[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return tuple(
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )


def seen(color: Color, vision: str) -> Color:
    """The colour as seen, in OKLab: equal distances look about equally far."""
    mixed = [sum(map(math.prod, zip(row, color, strict=True))) for row in VISIONS[vision]]
    red, green, blue = (min(1.0, max(0.0, part)) for part in mixed)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2."""
    light = [
        0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05 for red, green, blue in (one, other)
    ]
    return max(light) / min(light)


def nearest(colors: list[Color], vision: str) -> float:
    """The smallest distance of any two."""
    return min(math.dist(*pair) for pair in combinations([seen(one, vision) for one in colors], 2))


def models_of(theme: str) -> list[Color]:
    colors = colors_of(theme)
    return [colors[f"model-{place}"] for place in range(PALETTE)]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_the_tools_are_far_apart(theme: str, vision: str) -> None:
    colors = colors_of(theme)
    assert nearest([colors["claude-code"], colors["cursor"]], vision) > 0.18
    assert nearest([colors["claude-code"], colors["cursor"], colors["other"]], vision) > 0.08


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_of_the_first_models_are_far_apart(theme: str, vision: str) -> None:
    """Any two may be neighbours in a bar, as its order is that of their sums."""
    assert nearest(models_of(theme)[:FIRST], vision) > 0.085


def test_no_model_is_as_purple_as_the_dark_purple() -> None:
    purple, *others = (seen(models_of("light")[place], "trichromacy") for place in (6, 11, 13))
    assert min(math.dist(purple, other) for other in others) > 0.2


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_models_can_be_told_apart(theme: str, vision: str) -> None:
    rest = colors_of(theme)["other"]
    least = 0.09 if vision == "trichromacy" else 0.045
    assert nearest(models_of(theme), vision) > least
    assert nearest([*models_of(theme), rest], vision) > 0.04


@pytest.mark.parametrize("theme", THEMES)
def test_every_mark_stands_out_from_both_backgrounds(theme: str) -> None:
    colors = colors_of(theme)
    marks = [*models_of(theme), *(colors[name] for name in ("claude-code", "cursor", "other"))]
    for background in ("surface", "paper"):
        assert min(contrast(one, colors[background]) for one in marks) >= 3


def test_models_that_share_a_colour_differ_in_their_pattern() -> None:
    marks = [mark(place) for place in range(PALETTE * len(PATTERNS))]
    assert len(set(marks)) == len(marks)
    assert marks[0] == "model-0"
    assert mark(len(marks)) == marks[0]


def test_the_stylesheet_colours_every_mark() -> None:
    source = STYLES
    assert all(f".model-{place} {{" in source for place in range(PALETTE))
    assert f".model-{PALETTE} {{" not in source
