"""The pages and the JSON API: parse, ask, render, answer."""

from __future__ import annotations

from flask import Flask

from app.web import (
    assets,
    errors,
    formatting,
    frame,
    guard,
    health,
    htmx,
    metrics,
    paths,
    request_log,
    requests,
    theme,
)
from app.web.api import auth, mappings, reads, sync
from app.web.api import imports as imports_api
from app.web.dashboard import page as dashboard
from app.web.imports import page as import_page
from app.web.login import page as login
from app.web.people import export
from app.web.people import page as people
from app.web.person import page as person
from app.web.settings import page as settings
from app.web.status import page as status
from app.web.status import sync as sync_part


def register(app: Flask) -> None:
    """Add every blueprint, filter and hook to the application."""
    paths.register(app)
    request_log.register(app)
    formatting.register(app)
    assets.register(app)
    htmx.register(app)
    frame.register(app)
    requests.register(app)
    guard.register(app)
    errors.register(app)
    for module in (dashboard, people, person, export, reads, health, theme, login, auth, metrics):
        app.register_blueprint(module.blueprint)
    for blueprint in (
        mappings.blueprint,
        imports_api.blueprint,
        import_page.blueprint,
        *settings.BLUEPRINTS,
    ):
        app.register_blueprint(blueprint)
    for blueprint in (sync.blueprint, sync_part.blueprint, status.blueprint):
        app.register_blueprint(blueprint)
