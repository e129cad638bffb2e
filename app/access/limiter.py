"""A limit to tries at the login, shared by all workers: the count is a table."""

from __future__ import annotations

import ipaddress

from app.database import database, is_postgres, writing
from app.dates import now_milliseconds
from app.locks import NAMESPACE
from app.models import LoginTry
from app.values import clean_text

WINDOW_MS = 60_000
MOST_PER_ADDRESS = 5
MOST_IN_ALL = 20
LOCK = 0x7472


class TooManyTries(Exception):
    """The limit is reached; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds} seconds, then try again.")
        self.seconds = seconds


def begin_try(address: str) -> None:
    """Count a try before its password is looked at. Raises `TooManyTries` instead.

    Counting first means that not even tries at the same moment are more than the limit.
    """
    place, now = _place(address), now_milliseconds()
    with writing():
        if is_postgres():
            # SQLite's transaction is alone already.
            database.execute_sql("SELECT pg_advisory_xact_lock(%s, %s)", (NAMESPACE, LOCK))
        LoginTry.delete().where(LoginTry.at_ms <= now - WINDOW_MS).execute()
        tries = list(LoginTry.select().order_by(LoginTry.at_ms.desc()))
        own = [one for one in tries if one.address == place]
        for found, most in ((own, MOST_PER_ADDRESS), (tries, MOST_IN_ALL)):
            if len(found) >= most:
                raise TooManyTries(_seconds_until(found[most - 1].at_ms + WINDOW_MS, now))
        LoginTry.create(address=place, at_ms=now)


def clear_tries(address: str) -> None:
    """Forget the tries of an address, after the right password."""
    with writing():
        LoginTry.delete().where(LoginTry.address == _place(address)).execute()


def _seconds_until(moment_ms: int, now_ms: int) -> int:
    return max(1, -(-(moment_ms - now_ms) // 1000))


def _place(address: str) -> str:
    """What counts as one address: an IPv6 customer has a whole /64 of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return clean_text(address, 64)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
