"""The pages and the JSON API: parse, ask, render, answer."""

from __future__ import annotations

from flask import Flask

from app.web import assets, errors, formatting, frame, health, htmx, requests, theme
from app.web.api import reads
from app.web.dashboard import page as dashboard
from app.web.people import export
from app.web.people import page as people
from app.web.person import page as person


def register(app: Flask) -> None:
    """Add every blueprint, filter and hook to the application."""
    formatting.register(app)
    assets.register(app)
    htmx.register(app)
    frame.register(app)
    requests.register(app)
    errors.register(app)
    for module in (dashboard, people, person, export, reads, health, theme):
        app.register_blueprint(module.blueprint)
