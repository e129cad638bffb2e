"""Answers that the asker holds already: recognised without reading any usage."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any

from flask import Response, current_app, make_response, request
from flask.typing import ResponseReturnValue

from app.current import the_config
from app.dates import utc_now
from app.queries.state import shown_state
from app.web.request.htmx import wants_part
from app.web.request.servers import as_of, from_best_server

CODE = Path(__file__).resolve().parents[2]
View = Callable[..., ResponseReturnValue]
MINUTE, DAY = "%Y-%m-%d %H:%M", "%Y-%m-%d"
"""How long an answer stays as it is when no data changes: pages say how old theirs is."""


def known_while(clock: str) -> Callable[[View], View]:
    """Answer 304 while nothing that the view shows has changed since the asker's copy.

    Tag and answer are of one server, the replica where it may answer: what the view reads was
    written before, and it writes nothing.

    The tag of a copy is made from what went into it: the address, who asks, the state of the
    data and of its freshness, settings and program, the time as far as `clock` tells it. It is
    keyed, so that nobody can guess a secret from it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            tag = partial(tag_at, clock=clock)
            return from_best_server(lambda: _answer(tag, lambda: view(*args, **kwargs)))

        return answer

    return decorate


def known_on_primary(more: Callable[[], object | None] = tuple) -> Callable[[View], View]:
    """`known_while` of a minute for pages that administrators work on: of the primary alone.

    `more` is what such a page shows beside the data; None: it changes by itself at this moment,
    so that no copy of it may stay.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            state = more()
            if state is None:
                return make_response(view(*args, **kwargs))
            tag = partial(tag_at, clock=MINUTE, more=state)
            return _answer(tag, lambda: view(*args, **kwargs))

        return answer

    return decorate


def _answer(
    tag_now: Callable[[datetime], str], view: Callable[[], ResponseReturnValue]
) -> Response:
    tag = tag_now(utc_now())
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = make_response(view())
    if response.status_code in (200, 304):
        # Weak: an answer that travels compressed has other bytes and is the same answer.
        response.set_etag(tag, weak=True)
    return response


def tag_at(now: datetime, clock: str, more: object = None) -> str:
    """The tag of the answer to the present request at a moment; `more` is shown in it, too."""
    parts = (
        request.url,
        request.headers.get("Cookie", ""),
        request.headers.get("Authorization", ""),
        # What a part does to the browser's history depends on where the browser is.
        request.headers.get("HX-Current-URL", "") if wants_part() else None,
        shown_state(),
        f"{as_of():{MINUTE}}" if as_of() and clock == MINUTE else "",
        _program(str(current_app.template_folder)),
        _settings(),
        now.strftime(clock),
        more,
    )
    key = the_config().secret_key.encode()
    return hmac.digest(key, repr(parts).encode(), hashlib.sha256).hex()[:32]


def _settings() -> list[Any]:
    config = the_config()
    return [vars(config), *map(vars, config.accounts.values())]


@cache
def _program(templates: str) -> str:
    """The checksum of all that makes an answer of data: whoever upgrades gets new pages."""
    digest = hashlib.sha256()
    for folder, kind in ((CODE, "*.py"), (Path(templates), "*.html")):
        for path in sorted(folder.rglob(kind)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
