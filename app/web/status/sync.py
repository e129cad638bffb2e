"""The part of the status page that starts a sync, shows how far it is, and cancels it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Conflict

from app.dates import day_of, moment, utc_now, utc_today
from app.models import ProviderRun, Run
from app.providers import PROVIDERS
from app.runs import (
    RunProgress,
    active_run,
    clock_warning,
    request_cancel,
    run_progress,
    standing_of,
)
from app.states import RunStatus
from app.sync import DemoDatabase, Order, SyncBusy, daily_window, start_sync
from app.web import htmx
from app.web.guard import current_user_label, record_event

blueprint = Blueprint("sync_part", __name__)

LABELS = {provider.NAME: provider.LABEL for provider in PROVIDERS}
REFRESH_SECONDS = 2


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
    response = make_response(render_template("status/sync.html", **context))
    if context["sync"].under_way:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@blueprint.post("/status/sync")
def start() -> ResponseReturnValue:
    """Begin a sync of the daily window in the background."""
    if not _can_start():
        names = " or ".join(provider.SETTINGS[0] for provider in PROVIDERS)
        raise Conflict(f"Nothing can be read, because no key is set: set {names}.")
    start, end = daily_window(utc_today())
    config = current_app.extensions["tracker_config"]
    try:
        run = start_sync(config, Order("sync", start, end), current_user_label())
    except (SyncBusy, DemoDatabase) as error:
        raise Conflict(str(error)) from None
    record_event("sync", f"run {run.id}, {start} to {end}")
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
    found = _shown_run()
    if found is None:
        return SyncPart(0, "", "", "", None, None, False, False, [], None, _can_start(), _window())
    run, parts, under_way = found
    active = run if under_way else None
    return SyncPart(
        run_id=run.id,
        kind=run.kind,
        status=standing_of(run, active),
        asked_by=run.asked_by or "",
        # An import of an empty file covers no days.
        start=day_of(run.start_day) if run.start_day else None,
        end=day_of(run.end_day) if run.end_day else None,
        under_way=under_way,
        stopping=under_way and run.cancel_asked_at is not None,
        bars=_bars(run, parts, active),
        ended_at=moment(run.finished_at) if run.finished_at else None,
        can_start=_can_start(),
        window=_window(),
    )


def _shown_run() -> RunProgress | None:
    """The run under way, else the newest that read from a provider."""
    active = active_run()
    if active:
        return run_progress(active.id)
    newest = (
        ProviderRun.select(ProviderRun.run)
        .join(Run)
        .where((Run.kind != "demo") & (ProviderRun.status != RunStatus.NOT_CONFIGURED))
        .order_by(ProviderRun.id.desc())
        .limit(1)
    )
    return next((run_progress(number) for (number,) in newest.tuples()), None)


def _bars(run: Run, parts: list[ProviderRun], active: Run | None) -> list[ProviderBar]:
    """A bar for each provider that was read, is, or waits for its turn."""
    bars = [_bar(part, active) for part in parts if part.status != RunStatus.NOT_CONFIGURED]
    # Only these runs are known to read every provider: others may have been asked for one.
    if active and run.kind == "sync" and run.slot_id is None and run.asked_by != "command line":
        begun = {part.provider for part in parts}
        days = (day_of(run.end_day) - day_of(run.start_day)).days + 1
        bars += [_waiting(name, days) for name in LABELS if name not in begun and _has_key(name)]
    return bars


def _waiting(provider: str, days: int) -> ProviderBar:
    return ProviderBar(LABELS[provider], "waiting", 0, days, 0, None, "", "")


def _bar(part: ProviderRun, active: Run | None) -> ProviderBar:
    return ProviderBar(
        label=LABELS.get(part.provider, part.provider),
        status=standing_of(part, active),
        days_done=part.days_done,
        days_asked=part.days_asked,
        days_changed=part.days_changed,
        current_day=day_of(part.current_day) if part.current_day else None,
        error=part.error,
        warning=clock_warning(part),
    )


def _can_start() -> bool:
    return any(map(_has_key, LABELS))


def _has_key(provider: str) -> bool:
    return bool(current_app.extensions["tracker_config"].provider_key(provider))


def _window() -> tuple[date, date]:
    return daily_window(utc_today())
