"""The team that a browser calls its own: kept in a cookie, it goes first in lists."""

from __future__ import annotations

from flask import request

from app.queries.scope import Scope, known_teams

COOKIE = "team"


def my_team() -> str:
    """The team of this browser, "" for none and for one that there is no more."""
    name = request.cookies.get(COOKIE, "")
    return name if name in known_teams() else ""


def first_team(scope: Scope) -> str:
    """My team, where the filters leave it and others; else ""."""
    mine, teams = my_team(), scope.teams
    return mine if not teams or (mine in teams and len(teams) > 1) else ""
