"""What an export holds, for programs: the metadata file of a CSV file (W3C CSV on the Web)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Response, request, url_for

from app.queries.days.freshness import ProviderState
from app.queries.scope import FILTERS, Scope
from app.web.view.figure_words import FIGURE_WORDS
from app.web.view.periods import providers_of

VALUE = FIGURE_WORDS["value_nanos"].money
CONTENT_TYPE = "application/csvm+json"


class Contents(NamedTuple):
    """What a CSV file holds: its title, scope with search, columns, number of rows, open days.

    `first` and `last` are the days it covers, None when no usage is known at all; `open_days`
    are those of them whose figures may still grow. `meanings` of columns are by their heading,
    `money` are the kinds of money in them, `whose` further filters by name.
    """

    title: str
    scope: Scope
    first: date | None
    last: date | None
    columns: Sequence[str]
    rows: int
    open_days: Collection[date]
    states: Sequence[ProviderState]
    search: str = ""
    meanings: Mapping[str, str] = MappingProxyType({})
    money: Collection[str] = ()
    whose: Mapping[str, Sequence[str]] = MappingProxyType({})


def same_query() -> str:
    """The query string of the request, "" without any: it names the other of the two files."""
    query = urlencode(list(request.args.items(multi=True)))
    return f"?{query}" if query else ""


def with_metadata_link(response: Response, endpoint: str) -> Response:
    """The CSV file with a `Link` to the metadata at `endpoint`."""
    link = f'<{url_for(endpoint)}{same_query()}>; rel="describedby"; type="{CONTENT_TYPE}"'
    response.headers["Link"] = link
    return response


def metadata_answer(contents: Contents, file: str, now: datetime) -> Response:
    """The metadata of the CSV `file`, which lies beside it."""
    told = metadata(contents, file + same_query(), now)
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return Response(text, content_type=CONTENT_TYPE)


def metadata(contents: Contents, url: str, now: datetime) -> dict[str, Any]:
    """The metadata as JSON writes it."""
    scope = contents.scope
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": url,
        "dc:title": contents.title,
        "range": {"startDate": _iso(contents.first), "endDate": _iso(contents.last)},
        "filters": {
            **{name: list(getattr(scope, field)) for name, field in FILTERS.items()},
            "search": contents.search,
            **contents.whose,
        },
        "currency": "USD",
        "moneyKind": ", ".join(contents.money) or VALUE,
        "dataThrough": _iso(data_through(contents.states, scope)),
        "incompleteDays": [day.isoformat() for day in sorted(contents.open_days)],
        "rows": contents.rows,
        "generatedAt": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "dialect": {"header": True, "encoding": "utf-8", "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": [_column(title, contents) for title in contents.columns]},
    }


def _column(title: str, contents: Contents) -> dict[str, str]:
    meaning = contents.meanings.get(title, "")
    return {"titles": title} | ({"dc:description": meaning} if meaning else {})


def data_through(states: Sequence[ProviderState], scope: Scope) -> date | None:
    """The last day that every provider of the scope with any usage or key has delivered.

    A provider with a key counts; without any such the newest stored day does, as all then comes
    from files.
    """
    wanted = [state for state in states if state.provider in providers_of(scope)]
    live = [state.through for state in wanted if state.configured and state.through]
    return min(live) if live else max((one.through for one in wanted if one.through), default=None)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
