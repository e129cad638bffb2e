"""What stands around every page: links and, of pages of figures, range, filters, freshness."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
from app.queries.scope import (
    FILTERS,
    NO_FILTERS,
    Scope,
    known_products,
    known_teams,
    model_names,
    model_places,
    models_of,
    organization_names,
    parted_organizations,
)
from app.tools import TOOL_KEYS
from app.web.view import charts, colors, formatting
from app.web.view.mine import my_team
from app.web.view.navigation import navigation, range_arguments
from app.web.view.periods import first_days, with_both_ends
from app.web.view.ranges import range_picker
from app.web.view.record_words import organization_name
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
        "filter_words": filter_words,
        "no_filters": NO_FILTERS,
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
        context["organization_choices"] = organization_choices(view.scope)
        context["my_team"] = my_team()
        context["first_days"] = first_days(span)
        context["unknown_filters"] = unknown_filters(view)
        context["demo"] = _is_demo()
    return context


KNOWN: dict[str, Callable[[], Collection[str]]] = {
    "tool": lambda: TOOL_KEYS,
    "model": model_names,
    "team": known_teams,
    "organization": organization_names,
    "product": known_products,
}
"""The names that a filter finds, by its kind."""


def unknown_filters(view: View) -> list[tuple[str, str, str]]:
    """(kind, name, query without it) of each filter on what there is not: nothing matches it."""
    found = []
    for kind, field in FILTERS.items():
        chosen = getattr(view.scope, field)
        known = KNOWN[kind]() if chosen else ()
        for name in chosen:
            if name not in known:
                others = tuple(one for one in chosen if one != name)
                found.append((kind, name, view.query(**{field: others})))
    return found


def model_choices(scope: Scope) -> list[str]:
    """Names for the model filter: of the chosen tools, and whatever is chosen already."""
    return sorted(models_of(scope) | set(scope.models), key=str.lower)


def organization_choices(scope: Scope) -> list[str]:
    """Names for the filter of organisations: none where a provider has just one, and whatever is
    chosen already."""
    return sorted({*parted_organizations(), *scope.organizations}, key=str.lower)


def filter_words(scope: Scope) -> list[str]:
    """All that a scope is narrowed to, as people read it."""
    return [
        *map(formatting.tool_label, scope.tools),
        *scope.models,
        *scope.teams,
        *map(organization_name, scope.organizations),
        *scope.products,
    ]


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
