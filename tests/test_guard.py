"""Who may do what in each mode: protected, open, with either password, with a token."""

from __future__ import annotations

from typing import Any

import pytest

from app.access import list_events, list_tokens, make_token, revoke_token
from app.web.request.lifecycle import SECURITY_HEADERS
from tests.modes import ADMIN, BOTH, FAR, ONE_DATABASE, OPEN, VIEWER, VIEWER_PASSWORD, Serve, Site
from tests.probes import post, writes

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Anything",
              "X-Real-IP", "Via", "x-forwarded-proto")  # fmt: skip
FOREIGN_NAMES = ("evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.nip.io",
                 "127.0.0.2", "[::2]", "192.0.2.1", "localhost.", "")  # fmt: skip
REBOUND = dict.fromkeys(FOREIGN_NAMES[:4], 403)
"""Names that may be a foreign site's: they read nothing either."""


# Protected: no password at all


def test_protected_mode_serves_this_machine(probed: Serve) -> None:
    site = probed()
    for host in ("localhost", "LOCALHOST:5000", "127.0.0.1", "127.0.0.1:5000", "[::1]:5000"):
        headers = {"Host": host}
        assert site.client.get("/probe/admin", headers=headers).status_code == 200, host
        assert post(site, headers=headers).json == {"by": "no login"}
    for address in ("127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"):
        assert post(site, environ_base={"REMOTE_ADDR": address}).status_code == 200, address


def check_turned_away(site: Site, *, reading: int = 200, **options: Any) -> None:
    before = writes()
    for response in (
        site.client.get("/probe/admin", **options),
        post(site, **options),
        site.form("/probe", **options) if not options else post(site, "/probe", **options),
    ):
        assert response.status_code == 403, options
        assert "ADMIN_PASSWORD" in response.text
        assert "ALLOW_NO_AUTH=1" in response.text
    for path in ("/api/stats", "/probe"):
        assert site.client.get(path, **options).status_code == reading
    assert writes() == before


@ONE_DATABASE
@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "", "unix:", "x"])
def test_protected_mode_turns_other_machines_away(probed: Serve, address: str) -> None:
    check_turned_away(probed(), environ_base={"REMOTE_ADDR": address})


@ONE_DATABASE
@pytest.mark.parametrize("name", FORWARDING)
def test_protected_mode_turns_proxies_away(probed: Serve, name: str) -> None:
    for value in ("127.0.0.1", "for=127.0.0.1", "x"):
        check_turned_away(probed(), headers={name: value})
        check_turned_away(probed({"TRUSTED_PROXIES": "1"}), headers={name: value})


@ONE_DATABASE
@pytest.mark.parametrize("host", FOREIGN_NAMES)
def test_protected_mode_turns_foreign_names_away(probed: Serve, host: str) -> None:
    overrides = {"HTTP_HOST": host}
    check_turned_away(probed(), reading=REBOUND.get(host, 200), environ_overrides=overrides)


@ONE_DATABASE
@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/0.9", ""])
def test_protected_mode_turns_a_bare_proxy_away(probed: Serve, protocol: str) -> None:
    """nginx as it comes: HTTP/1.0, the name of this machine, and nothing that tells of a proxy."""
    for host in ("127.0.0.1:5000", "localhost"):
        overrides = {"SERVER_PROTOCOL": protocol, "HTTP_HOST": host}
        check_turned_away(probed(), environ_overrides=overrides)


@ONE_DATABASE
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://usage.example", "Sec-Fetch-Site": "same-origin"},
        {"Referer": "https://usage.example/settings", "Sec-Fetch-Site": "same-origin"},
        {"Referer": "http://usage.example/settings"},
        {"Origin": "null"},
    ],
)
def test_protected_mode_turns_the_browser_behind_a_proxy_away(
    probed: Serve, headers: dict[str, str]
) -> None:
    site = probed()
    assert site.client.get("/probe/admin", headers=headers).status_code == 403
    assert post(site, headers=headers).status_code == 403
    assert writes() == 0


def test_protected_mode_serves_who_follows_a_link(probed: Serve) -> None:
    site = probed()
    for headers in (
        {"Referer": "https://wiki.example/tools", "Sec-Fetch-Site": "cross-site"},
        {"Referer": "http://localhost:5000/", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://127.0.0.1:5000"},
    ):
        assert site.client.get("/probe/admin", headers=headers).status_code == 200, headers


# The names that the server goes by


def test_a_foreign_name_for_this_machine_reads_nothing(probed: Serve) -> None:
    """DNS rebinding: its script is of the same origin, and sets the headers of a proxy itself."""
    for settings in ({}, ADMIN):
        site = probed(settings)
        for more in ({}, {"X-Forwarded-For": "192.0.2.7"}, {"X-Real-IP": "192.0.2.7"}):
            headers = {"Host": "evil.example:5000", **more}
            refused = site.client.get("/api/stats", headers=headers)
            assert refused.status_code == 403
            assert "evil.example" in refused.json["error"]
            assert "EXTERNAL_URL" in refused.json["error"]
        for name in ("mymachine:5000", "mymachine.local", "192.168.1.5:5000", "[fe80::1]"):
            assert site.client.get("/api/stats", headers={"Host": name}).status_code == 200, name
        far = site.client.get("/api/stats", headers={"Host": "a.example"}, environ_base=FAR)
        assert far.status_code == 200


@ONE_DATABASE
@pytest.mark.parametrize("settings", [{}, OPEN, ADMIN, BOTH])
def test_with_an_external_url_other_names_are_refused(probed: Serve, settings: Any) -> None:
    site = probed(settings, {"EXTERNAL_URL": "https://usage.example"})
    for name in ("evil.example", "usage.example.evil.example", "mymachine", "a@usage.example",
                 "usage.example, evil.example", "usage.example/", "usage.example."):  # fmt: skip
        for options in ({}, {"environ_base": FAR}):
            for path in ("/login", "/api/auth"):
                headers = {"Host": name}
                answer = site.client.get(path, headers=headers, **options)
                assert answer.status_code in (400, 403), (name, path)
                assert "https://usage.example" in answer.text or answer.status_code == 400
    for name in ("usage.example", "USAGE.example:443", "localhost:5000", "127.0.0.1", "10.0.0.5"):
        assert site.client.get("/login", headers={"Host": name}).status_code == 200, name
        assert site.client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_an_external_url_opens_no_administrators_page(probed: Serve) -> None:
    site = probed({"EXTERNAL_URL": "https://usage.example"})
    headers = {"Host": "usage.example"}
    assert site.client.get("/probe", headers=headers).status_code == 200
    assert site.client.get("/probe/admin", headers=headers).status_code == 403
    assert post(site, headers=headers).status_code == 403


def test_protected_mode_says_so_on_the_administrators_pages_only(probed: Serve) -> None:
    site = probed()
    for headers in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}):
        page = site.client.get("/probe/admin", headers=headers).text
        assert "No password protects this page." in page
        assert "only to this machine" in page
        assert "No password protects" not in site.client.get("/probe", headers=headers).text


def test_a_token_is_no_way_around_protected_mode(probed: Serve) -> None:
    site = probed()
    text, _ = make_token("ci", ["sync"])
    bearer = {"Authorization": f"Bearer {text}"}
    assert post(site, "/api/probe/sync", headers=bearer).status_code == 200
    refused = post(site, "/api/probe/sync", headers=bearer, environ_base=FAR)
    assert refused.status_code == 403


# Open to all: ALLOW_NO_AUTH=1


def test_open_mode_serves_everybody(probed: Serve) -> None:
    site = probed(OPEN)
    for options in (
        {},
        {"environ_base": FAR},
        {"headers": {"Via": "x", "Host": "tracker.example"}},
    ):
        page = site.client.get("/probe/admin", **options)
        assert page.status_code == 200
        assert "Everyone who reaches this port" in page.text
        assert post(site, **options).json == {"by": "no login"}


def test_open_mode_leaves_another_proxys_credentials_alone(probed: Serve) -> None:
    site = probed(OPEN)
    for value in ("Bearer eyJhbGciOi.x.y", "Basic dTpw", "Bearer", "Negotiate x"):
        assert post(site, headers={"Authorization": value}).status_code == 200


def test_a_password_closes_what_was_open_to_all(probed: Serve) -> None:
    assert post(probed(OPEN, ADMIN)).status_code == 401


# The administrator's password


def test_the_administrators_password_protects_writes_and_admin_pages(probed: Serve) -> None:
    site = probed(ADMIN)
    assert site.client.get("/probe").status_code == 200
    page = site.client.get("/probe/admin?a=b")
    assert (page.status_code, page.location) == (303, "/login?next=/probe/admin?a%3Db")
    refused = post(site)
    assert refused.status_code == 401
    assert refused.json == {
        "error": "Sign in as administrator first: POST the password to /api/auth."
    }
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert writes() == 0
    site.log_in()
    assert post(site).json == {"by": "admin"}
    page = site.client.get("/probe/admin")
    assert page.status_code == 200
    assert "No password protects" not in page.text


def test_a_viewer_is_no_administrator(probed: Serve) -> None:
    site = probed(BOTH)
    site.log_in(VIEWER_PASSWORD)
    assert site.client.get("/probe").status_code == 200
    assert site.client.get("/probe/admin").status_code == 303
    assert post(site).status_code == 401
    assert site.form("/probe").status_code == 303
    assert writes() == 0


# The viewer's password


def test_the_viewers_password_protects_every_page(probed: Serve) -> None:
    site = probed(VIEWER)
    for path in ("/", "/users", "/users/x@y.example", "/export/users.csv", "/probe"):
        assert site.client.get(path).location == f"/login?next={path}"
    assert site.client.get("/api/stats").status_code == 401
    for path in ("/healthz", "/login", "/logout", "/api/auth", "/favicon.ico"):
        assert site.client.get(path).status_code in (200, 301), path
    with site.client.get("/static/style.css") as style:
        assert style.status_code == 200
    site.log_in(VIEWER_PASSWORD)
    for path in ("/", "/users", "/export/users.csv", "/probe", "/api/stats"):
        assert site.client.get(path).status_code == 200


def test_with_a_viewers_password_alone_this_machine_administers_after_login(probed: Serve) -> None:
    site = probed(VIEWER)
    assert post(site).status_code == 401
    site.log_in(VIEWER_PASSWORD)
    assert post(site).json == {"by": "viewer"}
    assert post(site, environ_base=FAR).status_code == 403
    anywhere = probed(VIEWER, OPEN)
    assert post(anywhere, environ_base=FAR).status_code == 401
    anywhere.log_in(VIEWER_PASSWORD)
    assert post(anywhere, environ_base=FAR).status_code == 200


# A login that has ended, in the middle of a page


def test_htmx_is_led_to_the_login_page_and_back(probed: Serve) -> None:
    site = probed(BOTH)
    for path in ("/users?q=a&days=7", "/users?rows=team"):
        response = site.client.get(
            "/users",
            headers={
                "HX-Request": "true",
                "HX-Request-Type": "partial",
                "HX-Current-URL": f"http://localhost{path}",
            },
        )
        assert response.status_code == 401
        assert response.text == "Sign in first."
        led = site.client.get(response.headers["HX-Redirect"])
        assert f'value="{path.replace("&", "&amp;")}"' in led.text


def test_htmx_is_never_led_off_the_site(probed: Serve) -> None:
    site = probed(BOTH)
    for around in ("https://evil.example//evil.example/x", "//evil.example", "http://[", "\\", "x"):
        headers = {"HX-Request": "true", "HX-Current-URL": around}
        response = site.client.post("/probe", headers=headers)
        assert response.headers["HX-Redirect"].startswith("/login?next=/")
        assert "evil" not in response.headers["HX-Redirect"]


def test_a_form_of_an_ended_session_leads_back_to_its_page(probed: Serve) -> None:
    site = probed(BOTH)
    response = site.client.post("/probe", headers={"Referer": "http://localhost/probe?a=b"})
    assert (response.status_code, response.location) == (303, "/login?next=/probe?a%3Db")


# Tokens


def test_a_token_does_what_its_scopes_say(probed: Serve) -> None:
    site = probed(BOTH)
    calls = {
        "read": lambda headers: site.client.get("/api/stats", headers=headers),
        "sync": lambda headers: post(site, "/api/probe/sync", headers=headers),
        "import": lambda headers: site.client.post(
            "/api/probe/import", data={"file": (__file__, "x.csv")}, headers=headers
        ),
    }
    for scope in calls:
        text, _ = make_token(f"for {scope}", [scope])
        for headers in ({"Authorization": f"Bearer {text}"}, {"authorization": f"bearer {text}"}):
            statuses = {name: call(headers).status_code for name, call in calls.items()}
            assert statuses == {name: 200 if name == scope else 403 for name in calls}


def test_a_token_is_never_an_administrator(probed: Serve) -> None:
    for settings in (BOTH, ADMIN, OPEN, {}):
        site = probed(settings)
        text, _ = make_token("all", ["read", "sync", "import"])
        bearer = {"Authorization": f"Bearer {text}"}
        before = writes()
        for response in (
            site.client.get("/probe/admin", headers=bearer),
            post(site, headers=bearer),
            site.client.delete("/api/probe", headers=bearer),
        ):
            assert response.status_code == 403
            assert "its scopes are import, read, sync" in response.text
        assert writes() == before


def test_a_revoked_token_is_refused_at_once(probed: Serve) -> None:
    site = probed(BOTH)
    text, token = make_token("ci", ["read"])
    bearer = {"Authorization": f"Bearer {text}"}
    assert site.client.get("/api/stats", headers=bearer).status_code == 200
    assert list_tokens()[0].used_at
    revoke_token(token.id)
    for settings in (BOTH, ADMIN, {}):
        again = probed(settings).client.get("/api/stats", headers=bearer)
        assert again.status_code == 401
        assert again.json == {"error": "This API token is unknown or was revoked."}


def test_the_sync_of_the_readme_works_word_for_word(probed: Serve) -> None:
    site = probed(BOTH)
    site.log_in()
    token, _ = make_token("nightly", ["sync"])
    script = site.script()
    for secret, by in ((site.cookie(), "admin"), (token, 'token "nightly"')):
        response = script.client.post(
            "/api/probe/sync",
            headers={"Cookie": f"ai_tracker_auth={secret}", "Content-Type": "application/json"},
            data='{"startDate": "2026-10-01", "endDate": "2026-10-07"}',
        )
        assert response.json == {"by": by, "startDate": "2026-10-01", "endDate": "2026-10-07"}


# What answers carry


def test_what_depends_on_a_login_is_not_kept_by_any_cache(probed: Serve) -> None:
    site = probed(BOTH)
    for path in ("/users", "/api/stats", "/login", "/nothing", "/probe"):
        response = site.client.get(path)
        assert response.headers["Cache-Control"] == "no-store", path
        assert "Cookie" in response.vary
    reading = probed(ADMIN)
    assert reading.client.get("/users").headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in reading.client.get("/users").vary
    reading.log_in()
    assert reading.client.get("/users").headers["Cache-Control"] == "no-store"
    assert probed().client.get("/probe/admin").headers["Cache-Control"] == "no-store"


def test_hsts_is_for_https_only(serve: Serve) -> None:
    site = serve({"TRUSTED_PROXIES": "1"})
    name = "Strict-Transport-Security"
    assert name not in site.client.get("/").headers
    assert name in site.client.get("/", base_url="https://tracker.example").headers
    assert name in site.client.get("/", headers={"X-Forwarded-Proto": "https"}).headers


def test_every_failure_carries_the_security_headers(probed: Serve) -> None:
    site = probed(ADMIN)
    site.app.add_url_rule("/broken", view_func=lambda: {}["x"])
    for _ in range(5):
        site.log_in("wrong")
    found = {
        303: site.client.get("/probe/admin"),
        401: post(site),
        404: site.client.get("/nothing"),
        405: site.client.put("/login"),
        415: site.client.post("/api/auth", data="x"),
        429: site.log_in(),
        500: site.client.get("/broken"),
    }
    open_site = probed(OPEN)
    found |= {
        400: open_site.client.get("/api/stats?days=x"),
        403: open_site.form("/probe", "x"),
        413: open_site.client.post("/api/probe", json={"x": "x" * 2_000_000}),
    }
    for status, response in found.items():
        assert response.status_code == status
        assert SECURITY_HEADERS.items() <= dict(response.headers).items(), status


def test_the_audit_trail_knows_the_caller(probed: Serve) -> None:
    site = probed()
    site.client.get("/probe/admin")
    site.client.get("/probe/admin", environ_base={"REMOTE_ADDR": "::1"})
    told = [(one.actor, one.address, one.action) for one in list_events()]
    assert told == [("no login", "::1", "looked"), ("no login", "127.0.0.1", "looked")]
