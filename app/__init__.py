"""AI Usage Tracker: who uses which AI coding tool, what it costs, and whether that is right."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, logs, web
from app.config import ROOT, Config, read_config
from app.database import FILES, open_database
from app.web.request.markup import WithoutIndentation


def create_app(config: Config | None = None) -> Flask:
    """The application for `config` (default: the environment). Connects to nothing yet."""
    config = config or read_config(os.environ)
    folder = _files()
    app = Flask(
        "app", template_folder=str(folder / "templates"), static_folder=str(folder / "static")
    )
    app.config["SECRET_KEY"] = config.secret_key
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["tracker_config"] = config
    app.jinja_options = {
        **app.jinja_options,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "extensions": [WithoutIndentation],
    }
    if config.trusted_proxies:
        number = config.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=number, x_proto=number, x_host=number
        )
    logs.configure(config.log_format)
    open_database(config)
    web.register(app)
    cli.register(app)
    return app


def _files() -> Path:
    return FILES if FILES.is_dir() else ROOT
