"""Walks over all routes there are, so that a route added later is guarded or fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from flask import Flask, render_template_string
from werkzeug.routing import BuildError
from werkzeug.test import TestResponse

from app.access import make_token, record_event
from app.models import LoginSession, Run
from app.web.request.guard import SAFE, UNGUARDED, marks_of, needs_admin
from app.web.request.lifecycle import SECURITY_HEADERS
from tests.filled import fill_people
from tests.modes import (
    ADMIN,
    BOTH,
    FAR,
    ONE_DATABASE,
    OPEN,
    VIEWER,
    VIEWER_PASSWORD,
    Serve,
    Site,
    contents,
)

PUBLIC_PATHS = {
    "/static/<filename>", "/static/style.css", "/favicon.ico", "/healthz", "/readyz", "/login",
    "/logout", "/api/auth", "/theme", "/my-team", "/api/cron/sync",
}  # fmt: skip
"""All that ever answers without a login; `/api/cron/sync` checks a secret of its own."""
OWN_SECRET = {"/api/cron/sync"}
WITHOUT_TOKEN = {"/theme", "/my-team"}
TOKENS = {("/api/import", "import"), ("/api/sync", "sync")}
"""The writes that an API token may do, with the scope it needs."""
FORM = "{{ csrf_field() }}"
EMAIL = "person-1@town.example"
SAMPLES = {"email": EMAIL, "filename": "favicon.svg", "path": "x"}
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


class Route(NamedTuple):
    """One method of one rule, with a path that fits the rule."""

    rule: str
    endpoint: str
    method: str
    path: str
    marks: dict[str, Any]

    @property
    def api(self) -> bool:
        """Whether programs are meant."""
        return self.path.startswith("/api/") or self.path == "/metrics"

    @property
    def public(self) -> bool:
        """Whether it is on the list of what needs no login."""
        return self.rule.replace("path:", "") in PUBLIC_PATHS

    def call(self, site: Site, **options: Any) -> TestResponse:
        """The answer to this route, read to its end."""
        response = site.client.open(self.path, method=self.method, **options)
        response.get_data()
        response.close()
        return response


def routes(app: Flask, *, safe: bool) -> list[Route]:
    """All routes with methods that only read, or with those that may write."""
    return [route for route in all_routes(app) if (route.method in SAFE) is safe]


def all_routes(app: Flask) -> list[Route]:
    """Every method of every rule, listed before any is called: a context must not stay open."""
    return list(_routes(app))


def _routes(app: Flask) -> Iterator[Route]:
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {name: SAMPLES.get(name, 1) for name in rule.arguments}
            try:
                path = rule.build(values)[1]  # type: ignore[index]
            except (BuildError, ValueError, TypeError):
                values = dict.fromkeys(rule.arguments, "1")
                path = rule.build(values)[1]  # type: ignore[index]
            for method in sorted(rule.methods or ()):
                marks = marks_of(app, rule.endpoint)
                yield Route(rule.rule, rule.endpoint, method, path.partition("?")[0], marks)


@pytest.fixture
def filled(serve: Serve) -> Serve:
    """Makes the product on a database with a row in most tables."""
    serve()
    fill_people(5)

    def make(*settings: dict[str, str]) -> Site:
        site = serve(*settings)
        site.app.add_url_rule("/a-form", view_func=lambda: render_template_string(FORM))
        return site

    make_token("ci", ["read"])
    record_event("something happened")
    Run.update(start_day=20261001, end_day=20261002).execute()
    return make


def led_to_the_login(response: TestResponse, route: Route) -> bool:
    """Whether the answer asks for a login, as programs and people understand it."""
    if route.api:
        return response.status_code == 401
    return response.status_code == 303 and response.location.startswith("/login?next=/")


@ONE_DATABASE
def test_the_list_of_what_needs_no_login_is_complete(filled: Serve) -> None:
    for route in all_routes(filled().app):
        marked = bool(route.marks.get("public")) or route.endpoint in UNGUARDED
        assert marked is route.public, route
        assert bool(route.marks.get("own_credentials")) is (route.rule in OWN_SECRET), route
        assert bool(route.marks.get("without_token")) is (route.rule in WITHOUT_TOKEN), route


@ONE_DATABASE
def test_only_the_promised_writes_take_a_token(filled: Serve) -> None:
    for route in routes(filled().app, safe=False):
        if scope := route.marks.get("scope"):
            assert (route.rule, scope) in TOKENS


@ONE_DATABASE
@pytest.mark.parametrize("settings", [VIEWER, BOTH])
def test_a_viewers_password_closes_everything_else(filled: Serve, settings: Any) -> None:
    site = filled(settings)
    before = contents()
    for route in all_routes(site.app):
        response = route.call(site)
        assert led_to_the_login(response, route) is not route.public, route
    assert contents() == before


@ONE_DATABASE
def test_the_administrators_password_closes_writes_and_admin_pages(filled: Serve) -> None:
    site = filled(ADMIN)
    before = contents()
    for route in all_routes(site.app):
        response = route.call(site)
        closed = not route.public and needs_admin(route.marks, route.method)
        assert led_to_the_login(response, route) is closed, route
    assert contents() == before


@ONE_DATABASE
def test_a_viewer_reads_everything_that_is_not_the_administrators(filled: Serve) -> None:
    site = filled(BOTH)
    site.log_in(VIEWER_PASSWORD)
    before = contents()
    for route in all_routes(site.app):
        if route.public:
            continue
        response = route.call(site)
        closed = needs_admin(route.marks, route.method)
        assert led_to_the_login(response, route) is closed, route
        assert closed or response.status_code not in (401, 403), route
    assert contents() == before


@ONE_DATABASE
def test_protected_mode_turns_other_machines_away(filled: Serve) -> None:
    site = filled()
    before = contents()
    for route in all_routes(site.app):
        if route.public:
            continue
        for options in ({"environ_base": FAR}, {"headers": {"X-Forwarded-For": "127.0.0.1"}},
                        {"headers": {"Host": "evil.example"}}):  # fmt: skip
            response = route.call(site, **options)
            closed = needs_admin(route.marks, route.method)
            rebound = "Host" in options.get("headers", {})
            assert (response.status_code == 403) is (closed or rebound), (route, options)
            if closed and route.method != "HEAD":
                assert "ALLOW_NO_AUTH=1" in response.text
    assert contents() == before


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, OPEN, ADMIN, VIEWER])
def test_a_form_from_elsewhere_changes_nothing(filled: Serve, settings: Any) -> None:
    site, stranger = filled(settings), filled(settings).another()
    for one in (site, stranger):
        if settings in (ADMIN, VIEWER):
            one.log_in(*[VIEWER_PASSWORD] if settings == VIEWER else [])
    theirs, right = stranger.token("/a-form"), site.token("/a-form")
    before = contents()
    for route in routes(site.app, safe=False):
        if route.rule in OWN_SECRET:
            continue
        proofs: list[dict[str, str]] = [{"X-CSRF-Token": right, **one} for one in FOREIGN]
        if route.rule not in WITHOUT_TOKEN and not route.api:
            proofs += [{}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": theirs}]
        for headers in proofs:
            for data in ({"csrf_token": headers.get("X-CSRF-Token", "")}, {}):
                response = route.call(site, data=data, headers=headers)
                assert response.status_code == 403, (route, headers)
        for headers in FOREIGN:
            assert route.call(site, json={}, headers=headers).status_code == 403, route
    assert contents() == before


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, ADMIN])
def test_the_api_takes_no_body_that_a_foreign_form_can_send(filled: Serve, settings: Any) -> None:
    site = filled(settings)
    if settings:
        site.log_in()
    # Forms of this browser have been here: it is no script.
    site.client.set_cookie("ai_tracker_form", "A" * 43)
    before = contents()
    for route in routes(site.app, safe=False):
        if not route.api or route.rule in OWN_SECRET:
            continue
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            assert route.call(site, data="{}", content_type=kind).status_code == 415, route
        response = route.call(site, data={"file": "x"}, content_type="multipart/form-data")
        assert response.status_code == (403 if route.marks.get("upload_limit") else 415), route
    assert contents() == before


# With passwords a read asks for everything that it asks for without, and for the session.
@pytest.mark.parametrize(
    ("database_engine", "settings"),
    [("sqlite", {}), ("sqlite", OPEN), ("sqlite", BOTH), ("postgres", BOTH)],
)
def test_reading_changes_nothing(filled: Serve, settings: Any) -> None:
    """When a session or a token was last used is all that a read may write."""
    site = filled(settings)
    if settings == BOTH:
        site.log_in()
    before = contents()
    for route in routes(site.app, safe=True):
        for headers in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}):
            response = route.call(site, headers=headers)
            assert response.status_code < 500 or route.rule in OWN_SECRET, route
            assert not led_to_the_login(response, route), route
    assert contents() == before


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, BOTH])
def test_every_answer_carries_the_security_headers(filled: Serve, settings: Any) -> None:
    site = filled(settings)
    for route in all_routes(site.app):
        for options in ({}, {"environ_base": FAR}, {"base_url": "https://tracker.example"}):
            response = route.call(site, **options)
            headers = dict(response.headers)
            assert SECURITY_HEADERS.items() <= headers.items(), route
            https = options.get("base_url") is not None
            assert ("Strict-Transport-Security" in headers) is https, route
            assert "Werkzeug" not in headers.get("Server", "")
            if settings and route.endpoint not in UNGUARDED:
                assert headers["Cache-Control"] == "no-store", route
                assert "Cookie" in response.vary, route


@ONE_DATABASE
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_cookie_is_kept_from_scripts_and_other_sites(filled: Serve, scheme: str) -> None:
    site = filled(BOTH)
    base = {"base_url": f"{scheme}://localhost"}
    set_cookies = site.log_in(**base).headers.getlist("Set-Cookie")
    for route in all_routes(site.app):
        set_cookies += route.call(site, **base).headers.getlist("Set-Cookie")
        set_cookies += route.call(site.another(), **base).headers.getlist("Set-Cookie")
    ours = [text for text in set_cookies if text.startswith("ai_tracker_")]
    assert {text.partition("=")[0] for text in ours} == {"ai_tracker_auth", "ai_tracker_form"}
    for text in ours:
        parts = {part.strip() for part in text.split(";")[1:]}
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= parts, text
        assert ("Secure" in parts) is (scheme == "https")
    assert not [text for text in set_cookies if text.startswith(("session", "remember_token"))]


@ONE_DATABASE
def test_an_ended_session_never_puts_a_form_into_a_page(filled: Serve) -> None:
    site = filled(BOTH)
    site.log_in()
    LoginSession.delete().execute()
    htmx = {"HX-Request": "true", "HX-Current-URL": "http://localhost/users?days=7"}
    for route in all_routes(site.app):
        if route.public or route.api:
            continue
        response = route.call(site, headers=htmx)
        assert response.status_code == 401, route
        assert response.headers["HX-Redirect"] == "/login?next=/users?days%3D7"
        assert "<" not in response.text
