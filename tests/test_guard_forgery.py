"""Writes that another site makes a browser send are refused, and nothing has changed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app.access import make_token
from tests.modes import ADMIN, BOTH, ONE_DATABASE, OPEN, VIEWER, VIEWER_PASSWORD, Serve, Site
from tests.probes import FOREIGN, post, writes
from tests.reading import PART

OWN = (
    {}, {"Origin": "http://localhost"}, {"Origin": "HTTP://LOCALHOST:80"},
    {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://a.name.the.proxy.changed.example"},
)  # fmt: skip


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, OPEN, ADMIN, VIEWER])
def test_json_from_another_site_is_refused(probed: Serve, settings: Any) -> None:
    site = probed(settings)
    site.log_in(*[VIEWER_PASSWORD] if settings == VIEWER else [])
    for headers in FOREIGN:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = site.client.open("/api/probe", method=method, json={}, headers=headers)
            assert response.status_code == 403, (method, headers)
            assert response.json == {
                "error": "Another site sent this request. Nothing was changed."
            }
    assert writes() == 0
    # Where this machine administers, another name in Origin tells of a proxy between.
    own = [headers for headers in OWN if settings in (OPEN, ADMIN) or len(headers) < 2]
    for count, headers in enumerate(own, 1):
        assert post(site, headers=headers).status_code == 200, headers
        assert writes() == count


@ONE_DATABASE
def test_the_api_takes_no_form(probed: Serve) -> None:
    site = probed()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"):
        response = site.client.post("/api/probe", data="{}", content_type=kind)
        assert response.status_code == 415
        assert response.json == {"error": "Send this with Content-Type: application/json."}
    assert site.client.post("/api/probe", data="{}").status_code == 415
    assert writes() == 0
    assert site.client.post("/api/probe").status_code == 200
    assert site.client.delete("/api/probe").status_code == 200


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, OPEN, ADMIN, VIEWER])
def test_a_form_needs_the_token_of_its_own_page(probed: Serve, settings: Any) -> None:
    site = probed(settings)
    if settings:
        site.log_in(*[VIEWER_PASSWORD] if settings == VIEWER else [])
    stranger = site.another()
    if settings in (ADMIN, VIEWER):
        stranger.log_in(*[VIEWER_PASSWORD] if settings == VIEWER else [])
    theirs, right = stranger.token("/probe"), site.token("/probe")
    assert theirs != right
    for token in ("", "x", theirs, right[:-1], right.upper() + "A", "é", "\0"):
        response = site.form("/probe", token)
        assert response.status_code == 403
        assert "Reload it" in response.text
        assert "<h1>" in response.text
    assert site.client.post("/probe", json={"csrf_token": right}).status_code == 403
    assert writes() == 0
    assert site.form("/probe", right).status_code == 200
    header = {"X-CSRF-Token": right}
    assert site.client.post("/probe", headers=header).status_code == 200
    for foreign in FOREIGN:
        assert site.client.post("/probe", headers=header | foreign).status_code == 403
    assert writes() == 2


@ONE_DATABASE
def test_a_form_from_before_the_login_is_refused_in_words(probed: Serve) -> None:
    site = probed(OPEN)
    old = site.token("/probe")
    protected = probed(ADMIN)
    protected.log_in()
    part = protected.client.post(
        "/probe",
        data={"csrf_token": old},
        headers=PART,
    )
    assert part.status_code == 403
    assert part.mimetype == "text/plain"
    assert part.text.startswith("Nothing was changed: this page was made before")


@ONE_DATABASE
def test_reading_sets_no_cookie_until_a_form_needs_one(probed: Serve) -> None:
    site = probed()
    assert "Set-Cookie" not in site.client.get("/").headers
    cookie = site.client.get("/probe").headers["Set-Cookie"]
    assert cookie.startswith("ai_tracker_form=")
    assert "; HttpOnly; Path=/; SameSite=Lax" in cookie
    assert "Set-Cookie" not in site.client.get("/probe").headers


@ONE_DATABASE
def test_the_theme_needs_no_token_but_its_own_site(serve: Serve) -> None:
    site = serve(BOTH)
    answer = site.client.post("/theme", data={"theme": "dark"})
    assert answer.status_code == 303
    refused = site.client.post("/theme", data={"theme": "dark"}, headers=FOREIGN[0])
    assert refused.status_code == 403


def send_file(site: Site, size: int = 10, **options: Any) -> TestResponse:
    file = FileStorage(BytesIO(b"x" * size), "x.csv")
    fields = {"file": file, **options.pop("data", {})}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return site.client.post("/api/probe/import", data=body, content_type=kind, **options)


@ONE_DATABASE
def test_an_upload_needs_the_token_of_a_page_or_of_the_api(probed: Serve) -> None:
    site = probed(ADMIN)
    assert send_file(site).status_code == 401
    site.log_in()
    right = site.token("/probe")
    for wrong in ({}, {"data": {"csrf_token": "x"}}, {"headers": {"X-CSRF-Token": "x"}}):
        assert send_file(site, **wrong).status_code == 403
    for good in ({"data": {"csrf_token": right}}, {"headers": {"X-CSRF-Token": right}}):
        assert send_file(site, **good).json == {"by": "admin", "size": 10}
    text, _ = make_token("ci", ["import"])
    answer = send_file(site.another(), headers={"Authorization": f"Bearer {text}"})
    assert answer.json == {"by": 'token "ci"', "size": 10}
    assert site.client.post("/api/probe/import", json={}).status_code == 415


@ONE_DATABASE
def test_an_upload_from_a_script_needs_nothing_where_no_login_is_asked(probed: Serve) -> None:
    site = probed()
    assert send_file(site).json == {"by": "no login", "size": 10}
    for browser in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"},
                    {"Referer": "http://localhost/"}, {"Cookie": "ai_tracker_form=x"}):  # fmt: skip
        assert send_file(site.script(), headers=browser).status_code == 403


@ONE_DATABASE
def test_only_an_upload_may_be_large(probed: Serve) -> None:
    site = probed()
    assert send_file(site, 2 * 1024 * 1024).status_code == 200
    assert send_file(site, 4 * 1024 * 1024).status_code == 413
    large = "x" * 2 * 1024 * 1024
    assert site.client.post("/api/probe", json={"x": large}).status_code == 413
    # A form this large is not even read to look for its token.
    assert site.client.post("/probe", data={"x": large}).status_code in (403, 413)
    closed = probed(ADMIN)
    assert send_file(closed, 4 * 1024 * 1024).status_code == 401


@ONE_DATABASE
def test_a_view_with_its_own_secret_is_let_through(probed: Serve) -> None:
    site = probed(BOTH)
    for method in ("GET", "POST"):
        headers = {"Authorization": "Bearer its own secret", "Origin": "https://cron.example"}
        answer = site.client.open("/api/probe/cron", method=method, headers=headers)
        assert answer.json == {"reached": True}
