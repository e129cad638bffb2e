"""Limits to tries at passwords and secrets, shared by all workers: the counts are tables.

Each role and secret ("admin", "viewer", "cron", "token") has counts of its own, so that who knows
the viewer's password gains no tries at the administrator's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import NamedTuple

from app.database import database, is_postgres, writing
from app.dates import now_milliseconds, now_seconds
from app.locks import NAMESPACE
from app.models import KnownPlace, LoginTry
from app.values import clean_text

CRON, TOKEN = "cron", "token"
MINUTE, HOUR = 60_000, 3_600_000
"""In milliseconds."""
OWN_LIMITS = ((MINUTE, 5), (HOUR, 30))
"""How many failures one place may have within a time."""
MOST_IN_ALL = 20
"""How many failures a minute until strange places, which failed already, have to wait."""
MOST_STRANGERS = 100
"""And until every place has to wait from which nobody ever came in."""
DAYS_KNOWN = 90
LOCK = 0x7472


class TooManyTries(Exception):
    """The limit is reached; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        wait = f"{seconds} seconds" if seconds <= 90 else f"{-(-seconds // 60)} minutes"
        super().__init__(f"Too many tries. Wait {wait}, then try again.")
        self.seconds = seconds


class Try(NamedTuple):
    """A try that was counted as a failure until `succeed` says otherwise."""

    place: str
    allowed: tuple[str, ...]
    """The kinds that it may be right for."""
    refused: TooManyTries | None
    """Why it is not a try at every kind."""
    rows: tuple[int, ...]


def begin_try(address: str, kinds: Collection[str]) -> Try:
    """Count a try at each of `kinds` before its secret is looked at.

    Counting first means that not even tries at the same moment are more than the limit. Raises
    `TooManyTries` when no kind is left to try.
    """
    place, now = _place(address), now_milliseconds()
    with writing():
        if is_postgres():
            # SQLite's transaction is alone already.
            database.execute_sql("SELECT pg_advisory_xact_lock(%s, %s)", (NAMESPACE, LOCK))
        LoginTry.delete().where(LoginTry.at_ms <= now - HOUR).execute()
        waits = {kind: _wait(kind, place, now) for kind in kinds}
        allowed = tuple(kind for kind, wait in waits.items() if wait <= 0)
        if not allowed:
            raise TooManyTries(_seconds(min(waits.values())))
        longest = max(waits.values())
        refused = TooManyTries(_seconds(longest)) if longest > 0 else None
        rows = [LoginTry.create(kind=kind, address=place, at_ms=now).id for kind in allowed]
    return Try(place, allowed, refused, tuple(rows))


def succeed(attempt: Try, kind: str, lesser: Collection[str] = ()) -> None:
    """What was tried is right for `kind`: the place is known for it, its failures are forgotten.

    So are those at `lesser` kinds. All others stay, less this very try: a viewer's password in
    between must not give new tries at the administrator's.
    """
    own = (LoginTry.address == attempt.place) & LoginTry.kind.in_([kind, *lesser])
    now = now_seconds()
    with writing():
        LoginTry.delete().where(own | LoginTry.id.in_(attempt.rows)).execute()
        KnownPlace.delete().where(KnownPlace.seen_at < now - DAYS_KNOWN * 24 * 3600).execute()
        KnownPlace.insert(kind=kind, address=attempt.place, seen_at=now).on_conflict(
            conflict_target=[KnownPlace.kind, KnownPlace.address], update={"seen_at": now}
        ).execute()


def _wait(kind: str, place: str, now: int) -> int:
    """Milliseconds until this place may try this kind again; 0 or less: now."""
    own = _moments((LoginTry.kind == kind) & (LoginTry.address == place), OWN_LIMITS[-1][1])
    waits = [_until(own, most, window, now) for window, most in OWN_LIMITS]
    if not _is_known(kind, place):
        # Its first try in a minute is free longer: a few places cannot keep all others out.
        tried = own and own[0] > now - MINUTE
        most = MOST_IN_ALL if tried else MOST_STRANGERS
        waits.append(_until(_moments(LoginTry.kind == kind, most), most, MINUTE, now))
    return max(waits)


def _moments(which: object, most: int) -> list[int]:
    """When the latest `most` failures were, newest first."""
    found = LoginTry.select(LoginTry.at_ms).where(which).order_by(LoginTry.at_ms.desc())
    return [moment for (moment,) in found.limit(most).tuples()]


def _until(moments: list[int], most: int, window: int, now: int) -> int:
    """Milliseconds until fewer than `most` of these moments are within the window."""
    return moments[most - 1] + window - now if len(moments) >= most else 0


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)


def _is_known(kind: str, place: str) -> bool:
    """Whether somebody came in from there with this secret before."""
    here = (KnownPlace.kind == kind) & (KnownPlace.address == place)
    since = KnownPlace.seen_at >= now_seconds() - DAYS_KNOWN * 24 * 3600
    return bool(KnownPlace.select().where(here & since).exists())


def _place(address: str) -> str:
    """What counts as one address.

    An IPv6 site has a whole /48 of them to come from. IPv4 addresses count one by one: they are
    dear, and the neighbours in a /24 are other people, or colleagues who would lock each other out.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return clean_text(address, 64)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 48), strict=False))
    return str(parsed)
