"""The settings of the application that answers the present request or command."""

from __future__ import annotations

from flask import current_app

from app.config import Config


def the_config() -> Config:
    """The settings of the application."""
    config: Config = current_app.extensions["tracker_config"]
    return config
