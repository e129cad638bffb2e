"""The audit trail: who did what, when and from where. It never holds a secret."""

from __future__ import annotations

from app.database import writing
from app.dates import now_seconds
from app.models import AuditEvent
from app.values import clean_text

COMMAND_LINE = "command line"
LOGIN_FAILED = "login failed"
TOKEN_REFUSED, CRON_REFUSED = "unknown token", "wrong cron secret"
FAILURES = (LOGIN_FAILED, TOKEN_REFUSED, CRON_REFUSED)
DAYS_OF_FAILURES = 30
LONGEST_DETAIL = 500


def record_event(
    action: str, detail: str = "", *, actor: str = COMMAND_LINE, address: str = ""
) -> None:
    """Add to the trail; inside a transaction it stands or falls with that.

    `action` is a few words such as "token made". Of a web request, `app.web.request.guard` has a
    `record_event(action, detail)` that knows actor and address.
    """
    with writing():
        AuditEvent.create(
            at=now_seconds(),
            actor=clean_text(actor, 100),
            address=clean_text(address, 64),
            action=clean_text(action, 100),
            detail=clean_text(detail, LONGEST_DETAIL),
        )
        if action in FAILURES:
            _forget_old_failures()


def _forget_old_failures() -> None:
    """Anyone can cause these, so only they expire."""
    oldest = now_seconds() - DAYS_OF_FAILURES * 24 * 3600
    old = AuditEvent.action.in_(FAILURES) & (AuditEvent.at < oldest)
    AuditEvent.delete().where(old).execute()


def list_events(limit: int = 50) -> list[AuditEvent]:
    """The latest events, newest first."""
    return list(AuditEvent.select().order_by(AuditEvent.id.desc()).limit(limit))
