"""E-mail addresses that somebody typed."""

from __future__ import annotations

import re

from app.usage import normal_email

LONGEST_EMAIL = 254
EMAIL = re.compile(r"[^\s@\"<>(),;:\\\[\]]{1,64}@([\w]([\w-]*[\w])?\.)+[\w]([\w-]*[\w])")


class BadEmail(ValueError):
    """A text that is no e-mail address; the message says what one looks like."""


def checked_email(text: str) -> str:
    """The stored form of an e-mail address that somebody typed. Raises `BadEmail`."""
    email = normal_email(text)
    good = len(email) <= LONGEST_EMAIL and email.isprintable() and EMAIL.fullmatch(email)
    if not good:
        shown = f", not {email[:80]!r}" if email else ""
        raise BadEmail(f"An e-mail address looks like name@example.com{shown}.")
    return email
