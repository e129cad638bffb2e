"""Connections at `/settings/connections`: what each provider's key can do, tried out on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.config import Config
from app.current import the_config
from app.database import reading
from app.dates import utc_now
from app.providers import PROVIDERS, Provider
from app.queries.days.freshness import freshness
from app.upstream import Client, ErrorClass, Limits, UpstreamError
from app.usage import Directory
from app.web.request.guard import admin_only, record_event
from app.web.request.unchanged import known_on_primary
from app.web.settings.common import show
from app.web.view.formatting import count_of
from app.web.view.frame import configured_providers, label_of

SECONDS = 25.0
LIMITS = Limits(
    attempts=1,
    connect_timeout=5.0,
    read_timeout=10.0,
    total_deadline=15.0,
    run_deadline=SECONDS,
    min_interval=0.5,
)
SHORTEST_KEY = 12
"""A key shorter than this would be given away by its last four characters."""

blueprint = Blueprint("settings_connections", __name__)


class Verdict(NamedTuple):
    """How a test went, in a sentence."""

    provider: str
    good: bool
    sentence: str


class Connection(NamedTuple):
    """How a provider is set up: its key is known by its last characters only."""

    name: str
    label: str
    configured: bool
    key_ending: str
    base_url: str
    settings: tuple[str, ...]


@blueprint.get("/settings/connections")
@admin_only
@known_on_primary()
def page() -> Response:
    """Every provider: how it is set up, and when it was last read."""
    return _page(None)


@blueprint.post("/settings/connections")
@admin_only
def test() -> ResponseReturnValue:
    """Really ask a provider, within short bounds, and say how that went."""
    name = request.form.get("provider", "")
    provider = next((one for one in PROVIDERS if name == one.NAME), None)
    if provider is None:
        return _page(Verdict("", False, "There is no such provider: load the page again."))
    outcome = try_out(provider, the_config())
    record_event("connection tested", f"{provider.LABEL}: {'good' if outcome.good else 'failed'}")
    return _page(outcome)


def _page(outcome: Verdict | None) -> Response:
    with reading():
        states = {state.provider: state for state in freshness(configured_providers())}
    return show(
        "settings/connections.html",
        "",
        connections=[connection(provider, the_config()) for provider in PROVIDERS],
        states=states,
        outcome=outcome,
        post_url=request.path,
        now=utc_now(),
    )


def connection(provider: Provider, config: Config) -> Connection:
    """How a provider is set up."""
    key = config.provider_key(provider.NAME) or ""
    return Connection(
        provider.NAME,
        label_of(provider, config),
        bool(key),
        key[-4:] if len(key) >= SHORTEST_KEY else "",
        config.provider_url(provider.NAME),
        provider.SETTINGS.names,
    )


def try_out(provider: Provider, config: Config) -> Verdict:
    """Read a provider's lists and today's usage, as a sync does, and store nothing."""
    key = config.provider_key(provider.NAME)
    if not key:
        return Verdict(provider.NAME, False, f"Set {provider.SETTINGS.key} first.")
    try:
        client = provider.connect(
            key, config.provider_url(provider.NAME), should_stop=_after(SECONDS), limits=LIMITS
        )
    except ValueError as error:
        return Verdict(provider.NAME, False, str(error))
    try:
        return _asked(provider, client)
    finally:
        client.close()


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _asked(provider: Provider, client: Client) -> Verdict:
    listed = ""
    try:
        listed = _listed(provider.fetch_directory(client))
        today = utc_now().date()
        (usage,) = provider.fetch_days(client, today, today, now=utc_now())
    except UpstreamError as error:
        if error.kind is not ErrorClass.STOPPED:
            return Verdict(provider.NAME, False, str(error))
        slow = f"today's usage took longer than {SECONDS:.0f} seconds to read, which a sync allows"
        if listed:
            return Verdict(provider.NAME, True, f"The key works: {listed}; {slow}.")
        slow = f"{provider.LABEL} took longer than {SECONDS:.0f} seconds to list its members"
        return Verdict(provider.NAME, False, f"{slow}: try again later.")
    works = f"The key works: {listed}, and today's usage was read."
    return Verdict(provider.NAME, True, f"{works} {usage.unseen}".rstrip())


def _listed(directory: Directory) -> str:
    words = [count_of(len(directory.members), "member")]
    if directory.keys:
        words.append(count_of(len(directory.keys), "key"))
    if directory.workspaces:
        words.append(count_of(len(directory.workspaces), "workspace"))
    return ", ".join(words)
