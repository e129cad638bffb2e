"""The domain of addresses that are made from the names of keys."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from app.database import asked_once, database
from app.models import Member
from app.usage import normal_email

SEED_DOMAIN = "sentry.io"


class AddressDomain(NamedTuple):
    """A domain, and in words why it is that one."""

    name: str
    reason: str


@asked_once
def address_domain(setting: str) -> AddressDomain:
    """What `EMAIL_DOMAIN` says; where it is not set (""), the domain that most members share.

    Members of all organisations are counted, former ones too, each address once. Of domains that
    equally many share it is the first by the alphabet.
    """
    if setting:
        return AddressDomain(setting, "as EMAIL_DOMAIN says")
    rows = database.execute(Member.select(Member.email)).fetchall()
    emails = {normal_email(email) for (email,) in rows}
    shared = Counter(email.rpartition("@")[2] for email in emails if "@" in email)
    if not shared:
        return AddressDomain(SEED_DOMAIN, "EMAIL_DOMAIN is not set, and no member is known yet")
    most = max(shared.values())
    name, *others = sorted(domain for domain, count in shared.items() if count == most)
    tie = f", as many as {' and '.join(others)}" if others else ""
    return AddressDomain(name, f"{most:,} of {shared.total():,} members have it{tie}")
