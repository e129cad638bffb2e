"""Whose everything is, made to agree with today's settings and rules when a process starts."""

from __future__ import annotations

from app.database import reading
from app.identity import known_directory, moves, resolve_everybody
from app.ledger import bump_data_version, writing_usage
from app.models import Organization


def keep_up(email_domain: str) -> None:
    """Resolve again what a changed setting, or a newer version of the rules, gives to others.

    Of several processes that start together one does it; the others wait for it, and find it done.
    """
    if _is_settled(email_domain):
        return
    with writing_usage():
        if not _is_settled(email_domain):
            resolve_everybody(email_domain)
            bump_data_version()


def _is_settled(email_domain: str) -> bool:
    with reading():
        return not any(
            moves(each, known_directory(each, email_domain)) for each in Organization.select()
        )
