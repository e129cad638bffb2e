"""The part of the status page that starts a sync, shows how far it is, and cancels it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.access.audit import COMMAND_LINE
from app.current import the_config
from app.dates import utc_now, utc_today
from app.providers import PROVIDERS
from app.queries.days.progress import PartProgress, RunProgress, present_run
from app.runs import request_cancel
from app.states import RunKind, RunStatus
from app.sync import Order, daily_window
from app.web.request import htmx
from app.web.request.guard import record_event
from app.web.status.orders import begin

blueprint = Blueprint("sync_part", __name__)

LABELS = {provider.NAME: provider.LABEL for provider in PROVIDERS}


class ProviderBar(NamedTuple):
    """How far a run is at one provider; `current_day` is the day in hand."""

    label: str
    status: str
    days_done: int
    days_asked: int
    days_changed: int
    current_day: date | None
    error: str
    warning: str


class SyncPart(NamedTuple):
    """What the part shows: the run under way, else the newest one (0: there was none).

    `stopping`: somebody asked it to stop. `window`: the days that "Sync now" reads.
    """

    run_id: int
    kind: str
    status: str
    asked_by: str
    start: date | None
    end: date | None
    under_way: bool
    stopping: bool
    bars: list[ProviderBar]
    ended_at: datetime | None
    can_start: bool
    window: tuple[date, date]


def part_context() -> dict[str, Any]:
    """The context of `status/_sync.html`."""
    return {"sync": _part(), "sync_now": utc_now()}


@blueprint.get("/status/sync")
def show() -> ResponseReturnValue:
    """The part for HTMX; for a browser without JavaScript a page that renews itself."""
    context = part_context()
    if htmx.wants_part():
        renew = "" if context["sync"].under_way else _page_around()
        return render_template("status/_sync.html", renew=renew, **context)
    return render_template("status/sync.html", **context)


@blueprint.post("/status/sync")
def start() -> ResponseReturnValue:
    """Begin a sync of the daily window in the background."""
    begin(Order(RunKind.SYNC, *_window()))
    return _back()


@blueprint.post("/status/sync/cancel")
def cancel() -> ResponseReturnValue:
    """Ask the run of the form to stop after the day in hand; one that has ended is left alone."""
    number = request.form.get("run", "")
    if number.isascii() and number.isdigit() and len(number) < 10 and request_cancel(int(number)):
        record_event("sync cancelled", f"run {number}")
    return _back()


def _page_around() -> str:
    """Path and query of the status page on screen, whose figures the ended run changed; else ""."""
    around = urlsplit(request.headers.get("HX-Current-URL", ""))
    if around.path != url_for("status.page"):
        return ""
    return f"{around.path}?{around.query}" if around.query else around.path


def _back() -> ResponseReturnValue:
    return redirect(url_for("sync_part.show" if request.form.get("alone") else "status.page"), 303)


def _part() -> SyncPart:
    found = present_run()
    if found is None:
        return SyncPart(
            run_id=0,
            kind="",
            status="",
            asked_by="",
            start=None,
            end=None,
            under_way=False,
            stopping=False,
            bars=[],
            ended_at=None,
            can_start=_can_start(),
            window=_window(),
        )
    return SyncPart(
        run_id=found.run_id,
        kind=found.kind,
        status=found.status,
        asked_by=found.asked_by or "",
        start=found.start,
        end=found.end,
        under_way=found.under_way,
        stopping=found.stopping,
        bars=_bars(found),
        ended_at=found.finished_at,
        can_start=_can_start(),
        window=_window(),
    )


def _bars(run: RunProgress) -> list[ProviderBar]:
    """A bar for each provider that was read, is, or waits for its turn."""
    bars = [_bar(part) for part in run.parts if part.status != RunStatus.NOT_CONFIGURED]
    if run.under_way and run.start and run.end and _reads_every_provider(run):
        begun = {part.provider for part in run.parts}
        days = (run.end - run.start).days + 1
        bars += [_waiting(name, days) for name in LABELS if name not in begun and _has_key(name)]
    return bars


def _reads_every_provider(run: RunProgress) -> bool:
    """Whether a run is known to: others may have been asked for one."""
    return run.kind == RunKind.SYNC and not run.scheduled and run.asked_by != COMMAND_LINE


def _waiting(provider: str, days: int) -> ProviderBar:
    return ProviderBar(
        label=LABELS[provider],
        status="waiting",
        days_done=0,
        days_asked=days,
        days_changed=0,
        current_day=None,
        error="",
        warning="",
    )


def _bar(part: PartProgress) -> ProviderBar:
    return ProviderBar(
        label=LABELS.get(part.provider, part.provider),
        status=part.status,
        days_done=part.days_done,
        days_asked=part.days_asked,
        days_changed=part.days_changed,
        current_day=part.current_day,
        error=part.error,
        warning=part.warning,
    )


def _can_start() -> bool:
    return any(map(_has_key, LABELS))


def _has_key(provider: str) -> bool:
    return bool(the_config().provider_key(provider))


def _window() -> tuple[date, date]:
    return daily_window(utc_today())
