"""The pages and the JSON API: parse, ask, render, answer."""

from __future__ import annotations

from flask import Flask

from app.web import (
    api,
    assets,
    dashboard,
    errors,
    export,
    formatting,
    health,
    htmx,
    people,
    person,
    requests,
    theme,
)


def register(app: Flask) -> None:
    """Add every blueprint, filter and hook to the application."""
    formatting.register(app)
    assets.register(app)
    htmx.register(app)
    requests.register(app)
    errors.register(app)
    for module in (dashboard, people, person, export, api, health, theme):
        app.register_blueprint(module.blueprint)
