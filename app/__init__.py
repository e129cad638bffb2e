"""AI Usage Tracker: who uses which AI coding tool, what it costs, and whether that is right."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from app import cli, web
from app.config import ROOT, Config, ConfigError, read_config
from app.database import FILES, open_database


def create_app(config: Config | None = None) -> Flask:
    """The application for `config` (default: the environment). Connects to nothing yet."""
    config = config or read_config(os.environ)
    if config.viewer_password:
        # Never open while somebody believes it to be closed.
        raise ConfigError("VIEWER_PASSWORD: this version has no login yet; unset it.")
    folder = _files()
    app = Flask(
        "app", template_folder=str(folder / "templates"), static_folder=str(folder / "static")
    )
    app.config["SECRET_KEY"] = config.secret_key
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["tracker_config"] = config
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    open_database(config)
    web.register(app)
    cli.register(app)
    return app


def _files() -> Path:
    return FILES if FILES.is_dir() else ROOT
