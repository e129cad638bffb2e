"""Vendored files are what their packages hold, byte for byte."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = [ROOT / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"]
ROW = re.compile(r"^\| `([^`]+)` \| .* \| ([\d.]+) \| .* \| `([0-9a-f]{64})` \|$", re.MULTILINE)
by_folder = pytest.mark.parametrize("folder", FOLDERS, ids=["static", "tests"])


def listed(folder: Path) -> dict[str, tuple[str, str]]:
    rows = ROW.findall((folder / "VENDOR.md").read_text())
    return {name: (version, checksum) for name, version, checksum in rows}


@by_folder
def test_every_vendored_file_has_its_checksum(folder: Path) -> None:
    wrong = [
        name
        for name, (_, checksum) in listed(folder).items()
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != checksum
    ]
    assert wrong == [], "a vendored file was changed: take it from its package again"


@by_folder
def test_every_vendored_file_is_listed(folder: Path) -> None:
    present = {path.name for path in folder.iterdir() if not path.name.endswith("LICENSE")}
    assert present == {"VENDOR.md", *listed(folder)}


@by_folder
def test_every_listed_licence_is_there(folder: Path) -> None:
    names = re.findall(r"`([\w-]+-LICENSE)`", (folder / "VENDOR.md").read_text())
    assert len(names) == len(listed(folder)) > 0
    assert all((folder / name).stat().st_size > 0 for name in names)


def test_a_served_file_has_its_version_in_its_name() -> None:
    assert all(version in name for name, (version, _) in listed(FOLDERS[0]).items())
