"""Who may come in: sessions, API tokens, tries at the login, and the audit trail.

No table here holds a password, a session's id or a token: only SHA-256 digests of them.
"""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, CompositeKey, TextField

from app.models.base import Table


class LoginSession(Table):
    """A login that has not ended. `fingerprint` says with which password it was made."""

    digest = TextField(primary_key=True)
    role = TextField()
    fingerprint = TextField()
    address = TextField(default="")
    made_at = BigIntegerField()
    seen_at = BigIntegerField()

    class Meta:
        indexes = ((("made_at",), False),)


class ApiToken(Table):
    """A token for scripts; `ending` are its last characters, `scopes` words between blanks."""

    id = AutoField()
    name = TextField()
    digest = TextField(unique=True)
    ending = TextField()
    scopes = TextField()
    made_at = BigIntegerField()
    made_by = TextField()
    used_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)
    revoked_by = TextField(default="")


class LoginTry(Table):
    """A secret tried within the last hour that was not (yet) the right one.

    `kind` is the role whose password it could have been, "cron" or "token".
    """

    id = AutoField()
    kind = TextField()
    address = TextField()
    at_ms = BigIntegerField()

    class Meta:
        indexes = ((("kind", "at_ms"), False), (("at_ms",), False))


class KnownPlace(Table):
    """An address from which the right secret of a kind came; failures elsewhere do not bar it."""

    kind = TextField()
    address = TextField()
    seen_at = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "address")


class AuditEvent(Table):
    """Something an administrator may want to know later: who, from where, what."""

    id = AutoField()
    at = BigIntegerField()
    actor = TextField()
    address = TextField(default="")
    action = TextField()
    detail = TextField(default="")

    class Meta:
        indexes = ((("action", "at"), False),)
