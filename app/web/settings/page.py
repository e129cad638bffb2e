"""Every page of the settings, for the application to register."""

from __future__ import annotations

from app.web.settings import connections, keys, mappings, people, prices, teams, tokens

PAGES = (keys, mappings, people, teams, connections, prices, tokens)
BLUEPRINTS = tuple(module.blueprint for module in PAGES)
