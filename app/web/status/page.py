"""`/status`: is everything there, when was it read, what changed, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.current import the_config
from app.database import has_replica, reading
from app.dates import day_of, moment, utc_now
from app.providers import PROVIDERS
from app.queries.days.completeness import calendar
from app.queries.days.freshness import freshness
from app.queries.days.health import GOOD, ProviderHealth, Standing, next_sync, provider_health
from app.queries.days.moved import moved_files
from app.queries.days.restatements import restatements
from app.queries.days.run_log import changed_days, count_changes, count_runs, one_run, runs_page
from app.queries.days.story import DayStory, day_story
from app.queries.replica import replica_health
from app.queries.state import state_of_runs
from app.web.request import htmx
from app.web.request.unchanged import known_on_primary
from app.web.status import orders, sync
from app.web.status.calendar import DAY_STYLES, calendar_rows, months_of
from app.web.status.view import StatusView, parse_status_view
from app.web.status.words import duration, on_page, run_kind, standing_sentence, why_it_counts
from app.web.view.frame import configured_providers

blueprint = Blueprint("status", __name__)
orders.register(blueprint)

RESTATEMENTS_SHOWN = 25
MOVES_SHOWN = timedelta(days=7)
"""For how long a file is named that a sync moved to another organisation."""
LABELS = {provider.NAME: provider.LABEL for provider in PROVIDERS}


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"duration": duration, "on_page": on_page, "Standing": Standing}


def _shown_beside() -> object | None:
    """What the page shows beside the data; None where it is of this second."""
    return None if has_replica() else state_of_runs()


@blueprint.get("/status")
@known_on_primary(_shown_beside)
def page() -> ResponseReturnValue:
    """The page, or for HTMX its inside."""
    now = utc_now()
    view = parse_status_view(request.args, now.date())
    with reading():
        health = provider_health(configured_providers(), now)
        context = {
            "now": now,
            "states": freshness(configured_providers()),
            "health": health,
            "next": _next(health, now),
            "readable": {one.provider for one in health if one.configured},
            "moved": moved_files(now - MOVES_SHOWN),
            "attention": [one for one in health if _needs_attention(one)],
            "labels": LABELS,
            "standing_sentence": standing_sentence,
            "why_it_counts": why_it_counts,
            "run_kind": run_kind,
            "open_mode": not the_config().admin_password,
            "config": the_config(),
            **_calendar(view, health, now.date()),
            **_runs(view),
            "restated": _restated(),
            "story": _story(view, now.date()),
            "moment": moment,
            "replica": replica_health() if has_replica() else None,
        }
    context |= sync.part_context()
    return htmx.answer("status/page.html", view.query(), view=context.pop("view"), **context)


def _needs_attention(one: ProviderHealth) -> bool:
    return one.standing not in GOOD


def _next(health: Sequence[ProviderHealth], now: datetime) -> datetime | None:
    """When the schedule reads next; None when it does not."""
    config = the_config()
    if not config.scheduler or not any(one.configured for one in health):
        return None
    return next_sync(config.sync_at, now)


def _calendar(view: StatusView, health: list[ProviderHealth], today: date) -> dict[str, Any]:
    """Rows of the calendar, the years to choose from, its legend."""
    shown = [one for one in health if one.configured or one.first_day]
    names = [one.provider for one in shown]
    marks = calendar(names, *months_of(view, today), today)
    first = min((one.first_day for one in shown if one.first_day), default=today)
    used = {mark.state for known in marks.values() for mark in known.values()}
    return {
        "rows": calendar_rows(view, [(name, LABELS[name]) for name in names], marks, today),
        "full_labels": {one.provider: one.label for one in shown},
        "years": list(range(today.year, first.year - 1, -1)),
        "legend": [(state, style) for state, style in DAY_STYLES.items()],
        "used": used,
        "rows_of_a_month": len(shown),
        "gaps": [gap for one in health for gap in one.gaps],
    }


def _runs(view: StatusView) -> dict[str, Any]:
    """One page of the log; a page after the last one is the last. The chosen run is opened."""
    count = count_runs()
    view = view.within(count)
    runs = listed = runs_page(view.size, view.offset)
    opened = one_run(view.run) if view.run else None
    if opened and opened.id not in {run.id for run in runs}:
        runs = [opened, *runs]
    changes = changed_days(opened.id) if opened else []
    return {
        "view": replace(view, run=opened.id if opened else 0),
        "runs": runs,
        "pages": view.pages(count, len(listed)),
        "changes": changes,
        "change_count": count_changes(opened.id) if opened else 0,
    }


def _restated() -> list[dict[str, Any]]:
    """The latest changes of days that were final."""
    return [
        {"day": day_of(one.day), "at": moment(one.changed_at), "change": one}
        for one in restatements(limit=RESTATEMENTS_SHOWN)
    ]


def _story(view: StatusView, today: date) -> DayStory | None:
    return day_story(view.provider, view.day, today) if view.day else None
