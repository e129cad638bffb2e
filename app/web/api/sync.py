"""The JSON API's syncs: start one, by a person or by cron, and how the last ones went."""

from __future__ import annotations

import hmac
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from app.access import record_event
from app.access.audit import CRON_REFUSED
from app.access.limiter import CRON, begin_try, succeed
from app.access.tokens import SYNC
from app.current import the_config
from app.dates import FIRST_DAY, parse_day, utc_today
from app.providers import PROVIDERS, by_name
from app.queries.days.freshness import ProviderState, freshness
from app.queries.days.progress import (
    PartProgress,
    RunProgress,
    newest_parts,
    newest_run,
    run_progress,
)
from app.runs import MOST_DAYS, active_run
from app.states import RunKind, RunStatus
from app.sync import DemoDatabase, Order, SyncBusy, daily_window, start_sync, wait_for
from app.web.request.errors import BadRequest
from app.web.request.guard import current_user_label, own_credentials, token_scope
from app.web.view.frame import configured_providers

blueprint = Blueprint("sync_api", __name__, url_prefix="/api")

DEFAULT_DAYS = 7
WAIT_SECONDS = 25.0
NOT_JSON = "Send this with Content-Type: application/json, or without a body."
NOTHING_CONFIGURED = (
    "No provider is configured, so nothing can be read. Set "
    + " or ".join(provider.SETTINGS.key for provider in PROVIDERS)
    + " and start the server again."
)
CRON_IS_OFF = "This address is off. Set CRON_SECRET and start the server again."
WRONG_SECRET = "Send the header Authorization: Bearer <CRON_SECRET>."  # noqa: S105 - names none


@blueprint.post("/sync")
@token_scope(SYNC)
def start() -> ResponseReturnValue:
    """Sync the asked days: the result, or 202 when it takes long."""
    if request.content_length and request.mimetype != "application/json":
        return _refusal(415, NOT_JSON)
    return _sync(*_asked_days(_body(), utc_today()), by=current_user_label())


@blueprint.route("/cron/sync", methods=["GET", "POST"])
@own_credentials
def cron() -> ResponseReturnValue:
    """Sync the daily window for a scheduler outside; its secret is the only way in."""
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET", "POST"])
    secret = the_config().cron_secret
    if not secret:
        return _refusal(503, CRON_IS_OFF)
    # A server hands on the bytes of a header as Latin-1.
    sent = request.headers.get("Authorization", "").encode("latin-1", "replace")
    if not sent:
        return _refusal(401, WRONG_SECRET)
    address = request.remote_addr or ""
    attempt = begin_try(address, [CRON])
    if not hmac.compare_digest(sent, b"Bearer " + secret.encode()):
        record_event(CRON_REFUSED, actor=current_user_label(), address=address)
        return _refusal(401, WRONG_SECRET)
    succeed(attempt, CRON)
    return _sync(*daily_window(utc_today()), by="cron")


@blueprint.get("/sync")
def state() -> ResponseReturnValue:
    """Whether a sync is running, how the newest ended, and how far each provider's data reaches."""
    running = active_run()
    states = freshness(configured_providers())
    good = [one.last_good_at for one in states if one.last_good_at]
    newest = newest_parts(provider.NAME for provider in PROVIDERS)
    return jsonify(
        lastSync=_iso(max(good, default=None)),
        running=running is not None,
        runId=running.id if running else None,
        lastRun=_last_run(),
        **{f"{one.provider}Configured": one.configured for one in states},
        providers={one.provider: _provider(one, newest.get(one.provider)) for one in states},
    )


def _sync(start: date, end: date, by: str) -> ResponseReturnValue:
    config = the_config()
    if not any(config.provider_key(provider.NAME) for provider in PROVIDERS):
        return _refusal(503, NOTHING_CONFIGURED)
    try:
        run = start_sync(config, Order(RunKind.SYNC, start, end), by)
    except SyncBusy as busy:
        return jsonify(error=str(busy), runId=busy.run_id), 409
    except DemoDatabase as error:
        return _refusal(503, str(error))
    record_event(
        RunKind.SYNC, f"run {run.id}, {start} to {end}", actor=by, address=request.remote_addr or ""
    )
    result = wait_for(run.id, current_app.config.get("SYNC_WAIT_SECONDS", WAIT_SECONDS))
    ended = run_progress(run.id) if result else None
    if ended is None:
        answer = jsonify(success=True, runId=run.id, status=RunStatus.RUNNING)
        return answer, 202, {"Location": url_for("sync_api.state")}
    return jsonify(_result(ended))


def _result(run: RunProgress) -> dict[str, Any]:
    """How a run ended; a provider that is not configured does not spoil it."""
    return {
        "success": run.status == RunStatus.OK,
        "runId": run.run_id,
        "syncedRange": {
            "startDate": run.start.isoformat() if run.start else None,
            "endDate": run.end.isoformat() if run.end else None,
        },
        "result": {part.provider: _part(part) for part in run.parts},
    }


def _part(part: PartProgress) -> dict[str, Any]:
    errors = [part.error] if part.error else []
    if part.status == RunStatus.NOT_CONFIGURED:
        errors = [f"Not configured: set {by_name(part.provider).SETTINGS.key}."]
    return {
        "success": part.status == RunStatus.OK,
        "recordsImported": part.records_changed,
        "recordsSkipped": part.records_unchanged,
        "errors": errors,
    }


def _last_run() -> dict[str, Any] | None:
    """The newest run, with its result as far as it is."""
    run = newest_run()
    if run is None:
        return None
    return {
        **_result(run),
        "kind": run.kind,
        "status": run.status,
        "askedBy": run.asked_by,
        "startedAt": _iso(run.started_at),
        "finishedAt": _iso(run.finished_at),
    }


def _provider(state: ProviderState, part: PartProgress | None) -> dict[str, Any]:
    return {
        "configured": state.configured,
        "status": part.status if part else None,
        "lastRun": _iso(part.finished_at or part.started_at) if part else None,
        "lastGood": _iso(state.last_good_at),
        "error": part.error or None if part else None,
        "dataThrough": state.through.isoformat() if state.through else None,
        "daysDone": part.days_done if part else None,
        "daysAsked": part.days_asked if part else None,
        "notBefore": _iso(part.not_before) if part else None,
    }


def _body() -> dict[str, Any]:
    """The JSON object that was sent; without a body an empty one."""
    if not request.get_data():
        return {}
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object such as {}.")
    return body


def _asked_days(body: dict[str, Any], today: date) -> tuple[date, date]:
    """First and last day of a sync. Raises `BadRequest` naming the parameter."""
    start, end = _day(body, "startDate"), _day(body, "endDate")
    if end and end < FIRST_DAY:
        raise BadRequest(f"endDate: no usage is older than {FIRST_DAY}.")
    if start is None:
        end = end or today
        start = end - timedelta(days=DEFAULT_DAYS - 1)
    end = end or today
    if end > today:
        raise BadRequest(f"endDate: {end} has not come yet; today is {today} (UTC).")
    if start > end:
        raise BadRequest(f"startDate: {start} is after the last day, {end}.")
    if start < FIRST_DAY:
        raise BadRequest(f"startDate: no usage is older than {FIRST_DAY}.")
    if (end - start).days >= MOST_DAYS:
        raise BadRequest(f"startDate: more than {MOST_DAYS} days; ask for less at a time.")
    return start, end


def _day(body: dict[str, Any], name: str) -> date | None:
    value = body.get(name)
    if value is None:
        return None
    day = parse_day(value) if isinstance(value, str) else None
    if day is None:
        raise BadRequest(f"{name}: must be a day written YYYY-MM-DD, not {str(value)[:40]!r}.")
    return day


def _refusal(code: int, sentence: str) -> ResponseReturnValue:
    return jsonify(error=sentence), code


def _iso(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
