"""Orders that an administrator gives on the page: read a day again, fill a gap."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Conflict

from app.current import the_config
from app.dates import FIRST_DAY, parse_day, utc_today
from app.providers import PROVIDERS
from app.runs import MOST_DAYS
from app.states import RunKind
from app.sync import DemoDatabase, Order, SyncBusy, start_sync
from app.web.request.errors import BadRequest
from app.web.request.guard import admin_only, current_user_label, record_event
from app.web.status.view import NAMES, StatusView


def register(blueprint: Blueprint) -> None:
    """Add the orders to the blueprint of the page."""
    blueprint.add_url_rule("/status/reread", view_func=reread, methods=["POST"])
    blueprint.add_url_rule("/status/fill", view_func=fill, methods=["POST"])


@admin_only
def reread() -> ResponseReturnValue:
    """Read one day of one provider again."""
    provider, day = _provider(), _day("day")
    order = Order(
        RunKind.REREAD, day, day, (provider,), allow_empty=request.form.get("allow_empty") == "1"
    )
    begin(order)
    return _back_to(StatusView(day=day, provider=provider))


@admin_only
def fill() -> ResponseReturnValue:
    """Read the days of a gap."""
    start, end = _day("start"), _day("end")
    if start > end or (end - start).days >= MOST_DAYS:
        raise BadRequest(f"end: must not be before start, nor {MOST_DAYS} days after it.")
    providers = (_provider(),) if request.form.get("provider") else ()
    begin(Order(RunKind.FILL, start, end, providers))
    return _back_to(StatusView())


def _provider() -> str:
    name = request.form.get("provider", "")
    if name not in NAMES:
        raise BadRequest(f"provider: must be one of {', '.join(NAMES)}.")
    return name


def _day(name: str) -> date:
    day = parse_day(request.form.get(name, ""))
    if day is None or not FIRST_DAY <= day <= utc_today():
        raise BadRequest(f"{name}: must be a day from {FIRST_DAY} to today, written YYYY-MM-DD.")
    return day


def _back_to(view: StatusView) -> ResponseReturnValue:
    return redirect(url_for("status.page") + view.query().rstrip("?"), 303)


def begin(order: Order) -> None:
    """Begin the order in the background; raises `Conflict` when it cannot be carried out."""
    config = the_config()
    named = [one for one in PROVIDERS if not order.providers or one.NAME in order.providers]
    if not any(config.provider_key(one.NAME) for one in named):
        settings = " or ".join(one.SETTINGS.key for one in named)
        raise Conflict(f"Nothing can be read, because no key is set: set {settings}.")
    try:
        run = start_sync(config, order, current_user_label())
    except (SyncBusy, DemoDatabase) as error:
        raise Conflict(str(error)) from None
    record_event(order.kind, f"run {run.id}, {order.start} to {order.end}")
