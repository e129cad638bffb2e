"""`flask status`: configuration, last runs, freshness and gaps in a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import click

from app.cli.common import number_of, with_database
from app.config import Config
from app.current import the_config
from app.database import describe, require_current_schema
from app.dates import utc_now
from app.providers import PROVIDERS
from app.queries.days.health import GOOD, ProviderHealth, next_sync, provider_health
from app.queries.days.run_log import LoggedRun, runs_page
from app.states import RunStatus

RUNS_SHOWN = 5
KEY_END = 4


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
@with_database
def status_command(as_json: bool) -> None:
    """Say how everything stands: configuration, last runs, freshness, gaps.

    Exit code 0: all is well. 1: the newest run of a configured provider failed, was stopped or
    interrupted, or it is behind, has gaps, or answered nothing for days that held usage.
    """
    require_current_schema()
    now, config = utc_now(), the_config()
    providers = [(one.NAME, one.LABEL, bool(config.provider_key(one.NAME))) for one in PROVIDERS]
    health = provider_health(providers, now)
    runs = runs_page(RUNS_SHOWN)
    if as_json:
        click.echo(json.dumps(_as_json(config, health, runs, now), indent=2))
    else:
        for line in _lines(config, health, runs, now):
            click.echo(line)
    sys.exit(0 if all(is_well(one) for one in health) else 1)


def is_well(health: ProviderHealth) -> bool:
    """Whether nothing about a provider asks for anybody's attention."""
    return health.standing in GOOD


def _lines(
    config: Config, health: list[ProviderHealth], runs: list[LoggedRun], now: datetime
) -> Iterator[str]:
    yield f"Database: {describe()}"
    yield f"Login: {_login(config)}"
    yield f"Schedule: {_schedule(config, now)}"
    for one in health:
        yield ""
        yield from _provider_lines(config, one, now)
    yield ""
    yield "Last runs:" if runs else "No run yet."
    for run in runs:
        yield from _run_lines(run)


def _login(config: Config) -> str:
    if config.admin_password:
        readers = "readers need one too" if config.viewer_password else "everyone may read"
        return f"administrators need a password, {readers}"
    who = "everyone who reaches the port" if config.allow_no_auth else "this machine"
    return f"open: no ADMIN_PASSWORD is set, and {who} administers"


def _schedule(config: Config, now: datetime) -> str:
    if not config.scheduler:
        return "off (SCHEDULER)"
    if not any(config.provider_key(provider.NAME) for provider in PROVIDERS):
        return "nothing to do, because no provider is configured"
    moment = next_sync(config.sync_at, now)
    when = "due now" if moment <= now else f"next {moment:%Y-%m-%d %H:%M} UTC"
    return f"daily at {config.sync_at:%H:%M} UTC, {when}, while the server runs"


def _provider_lines(config: Config, one: ProviderHealth, now: datetime) -> Iterator[str]:
    yield f"{one.label}: {one.standing}"
    key = config.provider_key(one.provider)
    yield f"  key: {'ends in ' + key[-KEY_END:] if key else 'not set'}"
    if one.first_day and one.fetched_at:
        read = _age(now - one.fetched_at)
        yield f"  data: {one.first_day} through {one.through}, read {read} ago"
    if one.underway:
        going = one.underway
        yield f"  now: run {going.run}, {going.days_done} of {going.days_asked} days"
    if one.last:
        last = one.last
        ended = f", ended {last.finished_at:%Y-%m-%d %H:%M} UTC" if last.finished_at else ""
        yield f"  last run: {last.run} ({last.kind}), {last.status}{ended}"
        if last.error:
            yield f"  error: {last.error}"
        if last.unseen:
            yield f"  unseen: {last.unseen}"
    if one.last_good_at:
        yield f"  last good run: {one.last_good_at:%Y-%m-%d %H:%M} UTC"
    if one.not_before and one.not_before > now:
        yield f"  asked to wait until {one.not_before:%Y-%m-%d %H:%M} UTC"
    for gap in one.gaps:
        yield f"  gap: {_span(gap.start, gap.end)} ({number_of(gap.days, 'day', 'days')})"
    for day in one.suspicious:
        yield f"  suspicious: {day} held usage and came back empty; it was kept"


def _run_lines(run: LoggedRun) -> Iterator[str]:
    running = "running" if run.status == RunStatus.RUNNING else "nobody knows how long"
    seconds = running if run.seconds is None else f"{run.seconds} s"
    who = f", by {run.who}" if run.who else ""
    yield (
        f"  {run.id} {run.kind} {_span(run.start, run.end)}: {run.status}, {seconds}{who}, "
        f"{number_of(run.sum('requests'), 'request', 'requests')}, "
        f"{number_of(run.sum('days_changed'), 'day', 'days')} changed"
    )
    for error in run.errors:
        yield f"    {error}"


def _span(start: date, end: date) -> str:
    return f"{start}" if start == end else f"{start} to {end}"


def _age(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    if minutes < 120:
        return f"{max(minutes, 0)} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _as_json(
    config: Config, health: list[ProviderHealth], runs: list[LoggedRun], now: datetime
) -> dict[str, Any]:
    return {
        "database": describe(),
        "login": _login(config),
        "schedule": _schedule(config, now),
        "providers": {one.provider: _provider_json(one) for one in health},
        "runs": [_run_json(run) for run in runs],
    }


def _provider_json(one: ProviderHealth) -> dict[str, Any]:
    return {
        "configured": one.configured,
        "standing": one.standing,
        "ok": is_well(one),
        "firstDay": _text(one.first_day),
        "dataThrough": _text(one.through),
        "readAt": _text(one.fetched_at),
        "lastRun": one.last.run if one.last else None,
        "lastStatus": one.last.status if one.last else None,
        "lastGoodAt": _text(one.last_good_at),
        "error": one.last.error if one.last else "",
        "unseen": one.last.unseen if one.last else "",
        "gaps": [{"startDate": _text(gap.start), "endDate": _text(gap.end)} for gap in one.gaps],
        "suspiciousDays": [_text(day) for day in one.suspicious],
    }


def _run_json(run: LoggedRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "status": run.status,
        "by": run.who,
        "startDate": _text(run.start),
        "endDate": _text(run.end),
        "startedAt": _text(run.started_at),
        "seconds": run.seconds,
        "requests": run.sum("requests"),
        "daysChanged": run.sum("days_changed"),
        "errors": run.errors,
    }


def _text(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None
