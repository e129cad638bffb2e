"""What stands around every page: links and, of pages of figures, range, filters, freshness."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, g

from app.config import Config
from app.current import the_config
from app.dates import utc_now
from app.ledger import holds_demo
from app.providers import PROVIDERS, Provider
from app.queries.days.freshness import freshness, known_span
from app.queries.remembered import remembered
from app.queries.scope import Scope, known_models, known_teams, model_names, model_places
from app.tools import TOOL_KEYS
from app.web.view import charts, colors
from app.web.view.mine import my_team
from app.web.view.navigation import navigation, range_arguments
from app.web.view.periods import first_days, with_both_ends
from app.web.view.ranges import range_picker
from app.web.view.records import nobodys_queries, records_link
from app.web.view.state import View
from app.web.view.tools import tool_parts

_is_demo = remembered()(holds_demo)


def register(app: Flask) -> None:
    """Let every template call `site_parts`."""
    app.context_processor(site_parts)


def site_parts() -> dict[str, Any]:
    """What every page needs: the main pages, links, the range picker, marks."""
    return {
        "navigation": navigation,
        "range_arguments": range_arguments,
        "range_picker": range_picker,
        "strips": charts.strips,
        "tool_parts": tool_parts,
        "model_class": colors.model_class,
        "records_link": records_link,
        "nobodys_queries": nobodys_queries,
    }


def frame(view: View, now: datetime | None = None) -> dict[str, Any]:
    """The context of `shared/_heading.html` for a view.

    `span` is the first and last known day (None: no usage at all), `shown` the days that the
    view really covers.
    """
    span = known_span()
    context: dict[str, Any] = {
        "view": view,
        "now": now or utc_now(),
        "span": span,
        "states": freshness(configured_providers()),
        "tools_known": TOOL_KEYS,
    }
    if span:
        context["shown"] = with_both_ends(view.scope, span, view.today)[:2]
        context["model_choices"] = model_choices(view.scope)
        # Asked for here, in the page's own snapshot: the templates look colours up later.
        g.model_places = model_places()
        context["team_choices"] = known_teams()
        context["my_team"] = my_team()
        context["first_days"] = first_days(span)
        context["unknown_filters"] = unknown_filters(view)
        context["demo"] = _is_demo()
    return context


def unknown_filters(view: View) -> list[tuple[str, str, str]]:
    """(kind, name, query without it) of each filter on what there is not: nothing matches it."""
    scope, found = view.scope, []
    for kind, field, chosen, known in (
        ("tool", "tools", scope.tools, TOOL_KEYS),
        ("model", "models", scope.models, model_names()),
        ("team", "teams", scope.teams, known_teams()),
    ):
        for name in chosen:
            if name not in known:
                others = tuple(one for one in chosen if one != name)
                found.append((kind, name, view.query(**{field: others})))
    return found


def model_choices(scope: Scope) -> list[str]:
    """Names for the model filter: of the chosen tools, and whatever is chosen already."""
    names = {name for tool, name in known_models() if not scope.tools or tool in scope.tools}
    return sorted(names | set(scope.models), key=str.lower)


def label_of(provider: Provider, config: Config) -> str:
    """What a provider is called on screen, with the name of the account."""
    team = config.provider_team(provider.NAME)
    return f"{provider.LABEL} ({team})" if team else provider.LABEL


def configured_providers() -> list[tuple[str, str, bool]]:
    """(name, label, has a key) of every provider."""
    config = the_config()
    return [
        (provider.NAME, label_of(provider, config), config.provider_key(provider.NAME) is not None)
        for provider in PROVIDERS
    ]
