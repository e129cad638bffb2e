"""The form in which secrets of 256 random bits are kept."""

from __future__ import annotations

import hashlib


def sha256(text: str) -> str:
    """The SHA-256 of a text in hexadecimal. Enough for random secrets, not for passwords."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
