"""The pages and the JSON API: parse, ask, render, answer."""

from __future__ import annotations

from flask import Flask

from app.web import health, metrics, mine, theme
from app.web.api import auth, mappings, reads, sync
from app.web.api import imports as imports_api
from app.web.dashboard import page as dashboard
from app.web.imports import one as one_import
from app.web.imports import page as imports
from app.web.login import page as login
from app.web.people import export
from app.web.people import page as people
from app.web.person import page as person
from app.web.records import export as records_export
from app.web.records import page as records
from app.web.request import (
    assets,
    errors,
    guard,
    htmx,
    lifecycle,
    paths,
    request_log,
    servers,
    timing,
)
from app.web.settings import page as settings
from app.web.status import page as status
from app.web.status import sync as sync_part
from app.web.view import answers, formatting, frame, record_words

AROUND = (
    timing, paths, request_log, formatting, record_words, answers, assets, htmx, frame,
    lifecycle, servers, guard, errors,
)  # fmt: skip
"""What adds filters and hooks, in the order of the hooks."""
PAGES = (
    dashboard, people, export, person, records, records_export, status, sync_part, imports,
    one_import, login, theme, mine,
)  # fmt: skip
API = (reads, auth, mappings, imports_api, sync, health, metrics)


def register(app: Flask) -> None:
    """Add every blueprint, filter and hook to the application."""
    for module in AROUND:
        module.register(app)
    for page in (*PAGES, *API):
        app.register_blueprint(page.blueprint)
    settings.register(app)
