"""Signing in and out: the page, `/api/auth`, the cookie, the limit of tries, the way back."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.access import list_events, make_token
from app.models import LoginSession, LoginTry
from tests.modes import (
    ADMIN,
    ADMIN_PASSWORD,
    BOTH,
    FAR,
    OPEN,
    VIEWER,
    VIEWER_PASSWORD,
    Serve,
    Site,
)

HOSTILE_WAYS_BACK = (
    "", "x", "evil.example", "//evil.example", "///evil.example", "////evil.example",
    "https://evil.example", "https:evil.example", "https:/evil.example", "HTTPS://evil.example",
    "http://localhost@evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:,x",
    "\\evil.example", "\\\\evil.example", "/\\evil.example", "/\\/evil.example", "\\/evil.example",
    " //evil.example", "\t//evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\nX: y",
    "/\0/evil.example", "/\x7f/evil.example", "\u2028//evil.example", "/é", "//evil.example/..",
    "//evil.example%2f..", "?next=x", "#x", "@evil.example", "/ /evil.example", "/\v/evil.example",
    "/login", "/login?next=/", "/logout", "/" + "x" * 3000,
)  # fmt: skip
WRONG = ("wrong", "", "é", "\0", "x" * 10_000, "\ud800", "ADMIN", ADMIN_PASSWORD + " ")
BAD_BODIES = (
    "", "{", "[]", "null", "7", '"x"', "{}", '{"password": 7}', '{"password": null}',
    '{"password": ["x"]}', '{"password": {}}', '{"password": true}', '{"Password": "x"}',
    "\0", "[" * 60_000, '{"password": "' + "x" * 60_000,
)  # fmt: skip


@pytest.fixture
def site(serve: Serve) -> Site:
    """The product with both passwords."""
    return serve(BOTH)


def test_the_right_password_gives_a_cookie(site: Site) -> None:
    response = site.log_in()
    assert (response.status_code, response.json) == (200, {"success": True})
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("ai_tracker_auth=")
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"} <= parts
    assert "Secure" not in parts
    assert ADMIN_PASSWORD not in cookie


def test_the_cookie_stays_on_https(site: Site) -> None:
    response = site.log_in(base_url="https://tracker.example")
    assert "; Secure" in response.headers["Set-Cookie"]
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_tells_whether_a_login_is_asked_for_and_done(site: Site) -> None:
    assert site.client.get("/api/auth").json == {"authEnabled": True, "authenticated": False}
    site.log_in(VIEWER_PASSWORD)
    assert site.client.get("/api/auth").json == {"authEnabled": True, "authenticated": True}


@pytest.mark.parametrize("settings", [{}, OPEN])
def test_without_passwords_there_is_nothing_to_log_in_to(serve: Serve, settings: Any) -> None:
    site = serve(settings)
    assert site.client.get("/api/auth").json == {"authEnabled": False, "authenticated": True}
    far = site.client.get("/api/auth", environ_base=FAR)
    assert far.json == {"authEnabled": False, "authenticated": bool(settings)}
    refused = site.log_in("")
    assert refused.status_code == 401
    assert "No password is set" in refused.json["error"]
    assert "nothing to sign in to" in site.client.get("/login").text
    assert "Sign in</a>" not in site.client.get("/").text


@pytest.mark.parametrize("password", WRONG)
def test_a_wrong_password_is_a_401(site: Site, password: str) -> None:
    typed = password.encode("utf-8", "replace").decode()
    for response in (site.log_in(password), site.form("/login", password=typed)):
        assert response.status_code == 401
        assert "That is not the password." in response.text
    assert LoginSession.select().count() == 0


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_bad_body_is_a_400(site: Site, body: str) -> None:
    response = site.client.post("/api/auth", data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["error"].startswith(("Send JSON such as", "The JSON is nested"))
    assert LoginTry.select().count() == 0


def test_a_long_body_is_not_even_read(site: Site) -> None:
    for body in ("[" * 100_000, '{"password": "' + "x" * 600_000):
        response = site.client.post("/api/auth", data=body, content_type="application/json")
        assert (response.status_code, response.json) == (413, {"error": "That is too large."})
    assert LoginTry.select().count() == 0


def test_only_json_is_a_login_of_programs(site: Site) -> None:
    body = json.dumps({"password": ADMIN_PASSWORD})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x/y"):
        response = site.client.post("/api/auth", data=body, content_type=kind)
        assert response.status_code == 415
    charset = "application/json; charset=utf-8"
    assert site.client.post("/api/auth", data=body, content_type=charset).status_code == 200


def test_the_page_signs_in_and_goes_where_one_wanted_to(site: Site) -> None:
    asked = site.client.get("/users?days=7&q=a%26b")
    assert asked.status_code == 303
    page = site.client.get(asked.location)
    assert 'name="next" value="/users?days=7&amp;q=a%26b"' in page.text
    response = site.form(asked.location, password=VIEWER_PASSWORD, next="/users?days=7&q=a%26b")
    assert (response.status_code, response.location) == (303, "/users?days=7&q=a%26b")
    assert site.client.get(response.location).status_code == 200


def test_the_page_says_which_password(serve: Serve) -> None:
    for settings, label in ((ADMIN, "Administrator p"), (VIEWER, "Viewer p"), (BOTH, " Password")):
        assert label in serve(settings).client.get("/login").text
    site = serve(BOTH)
    site.log_in(VIEWER_PASSWORD)
    page = site.client.get("/login").text
    assert "You are signed in to look." in page
    assert "Administrator p" in page


def test_who_has_signed_in_is_sent_on(serve: Serve) -> None:
    for settings, password in ((BOTH, ADMIN_PASSWORD), (VIEWER, VIEWER_PASSWORD)):
        site = serve(settings)
        site.log_in(password)
        response = site.client.get("/login?next=/users")
        assert (response.status_code, response.location) == (303, "/users")


def test_a_wrong_password_keeps_the_way_back(site: Site) -> None:
    page = site.form("/login", password="wrong", next="/users?days=7")
    assert 'name="next" value="/users?days=7"' in page.text
    assert "wrong" not in page.text.replace('class="wrong"', "")


@pytest.mark.parametrize("way", HOSTILE_WAYS_BACK)
def test_never_leads_off_the_site(site: Site, way: str) -> None:
    response = site.form("/login", password=ADMIN_PASSWORD, next=way)
    assert (response.status_code, response.location) == (303, "/")
    signed_in = site.client.get("/login", query_string={"next": way})
    assert (signed_in.status_code, signed_in.location) == (303, "/")


def test_logging_in_makes_a_new_id_and_ends_the_old(site: Site) -> None:
    site.log_in(VIEWER_PASSWORD)
    before = site.cookie()
    site.log_in()
    assert site.cookie() != before
    assert [row.role for row in LoginSession.select()] == ["admin"]
    site.client.set_cookie("ai_tracker_auth", before)
    assert site.client.get("/api/stats").status_code == 401


def test_an_id_that_was_put_there_is_never_taken_over(site: Site) -> None:
    site.client.set_cookie("ai_tracker_auth", "A" * 43)
    site.log_in()
    assert site.cookie() != "A" * 43


def signed_out(site: Site) -> list[TestResponse]:
    site.log_in()
    by_program = site.client.delete("/api/auth")
    assert by_program.json == {"success": True}
    site.log_in()
    return [by_program, site.form("/logout")]


def test_logging_out_ends_the_session(site: Site) -> None:
    for response in signed_out(site):
        assert response.headers["Clear-Site-Data"] == '"cache"'
        assert "ai_tracker_auth=;" in response.headers["Set-Cookie"]
        assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert LoginSession.select().count() == 0


def test_the_cookie_of_an_ended_session_is_worth_nothing(site: Site) -> None:
    site.log_in()
    kept = site.cookie()
    assert site.form("/logout").location == "/login"
    site.client.set_cookie("ai_tracker_auth", kept)
    assert site.client.get("/api/stats").status_code == 401


def test_following_a_link_does_not_log_out(site: Site) -> None:
    site.log_in()
    page = site.client.get("/logout")
    assert "Sign out?" in page.text
    assert site.client.get("/api/stats").status_code == 200
    assert "You are not signed in." in site.another().client.get("/logout").text


def test_logging_out_twice_is_no_error(site: Site) -> None:
    assert site.client.delete("/api/auth").status_code == 200


def test_a_changed_password_ends_sessions_at_the_next_start(serve: Serve) -> None:
    site = serve(BOTH)
    site.log_in()
    kept = site.cookie()
    for settings, status in ((BOTH, 200), (BOTH | {"ADMIN_PASSWORD": "another"}, 401)):
        again = serve(settings)
        again.client.set_cookie("ai_tracker_auth", kept)
        assert again.client.get("/api/stats").status_code == status


def test_the_old_cookie_of_a_coded_password_is_refused(site: Site) -> None:
    for text in (ADMIN_PASSWORD, base64.b64encode(ADMIN_PASSWORD.encode()).decode(), "1", "true"):
        site.client.set_cookie("ai_tracker_auth", text)
        assert site.client.get("/api/stats").status_code == 401


def test_odd_cookies_are_no_login_and_no_fault(site: Site) -> None:
    for text in (
        "",
        "\0",
        "é",
        "x" * 100_000,
        "aut_",
        "aut_" + "A" * 43,
        "'",
        "%00",
        "a;b",
        "\xff",
        '"',
    ):
        header = f"ai_tracker_auth={text}"
        response = site.script().client.get("/api/stats", headers={"Cookie": header})
        assert response.status_code == 401, text


def test_other_programs_cookies_do_not_disturb(site: Site) -> None:
    site.log_in()
    for name in ("session", "remember_token", "_fresh"):
        site.client.set_cookie(name, "made by another program on this host")
    assert site.client.get("/api/stats").status_code == 200


def test_five_wrong_passwords_are_the_limit_of_an_address(site: Site) -> None:
    for _ in range(5):
        assert site.log_in("wrong").status_code == 401
    for answer in (site.log_in("wrong"), site.log_in(), site.form("/login", password="x")):
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert f"Wait {answer.headers['Retry-After']} seconds" in answer.text
    assert site.log_in(environ_base=FAR).status_code == 200


def test_a_thousand_tries_compare_a_hundred_passwords_at_most(site: Site) -> None:
    """One of each stranger in the first minute; twenty when they are the same ones again."""
    statuses = [
        site.log_in("wrong", environ_base={"REMOTE_ADDR": f"192.0.2.{number % 250}"}).status_code
        for number in range(300)
    ]
    assert statuses.count(401) == 100
    assert statuses.count(429) == 200
    assert len([event for event in list_events(1000) if event.action == "login failed"]) == 100


def test_four_addresses_do_not_keep_the_administrator_out(site: Site) -> None:
    home = {"REMOTE_ADDR": "198.51.100.1"}
    assert site.log_in(environ_base=home).status_code == 200
    attackers = [{"REMOTE_ADDR": f"192.0.2.{number}"} for number in range(4)]
    statuses = [
        site.another().log_in("wrong", environ_base=attacker).status_code
        for _ in range(6)
        for attacker in attackers
    ]
    assert (statuses.count(401), statuses.count(429)) == (20, 4)
    for address in (home, {"REMOTE_ADDR": "203.0.113.5"}):
        assert site.another().log_in(environ_base=address).status_code == 200, address


def test_a_viewer_cannot_guess_the_administrators_password(site: Site) -> None:
    """Signing in with the viewer's password between the guesses gives no more of them."""
    statuses = []
    for _ in range(8):
        statuses += [site.log_in("wrong").status_code for _ in range(4)]
        assert site.log_in(VIEWER_PASSWORD).status_code == 200
    assert statuses == [401] * 5 + [429] * 27
    assert site.log_in().status_code == 429
    assert site.client.get("/settings").status_code in (303, 308)


def test_unknown_tokens_are_limited_and_in_the_log(site: Site) -> None:
    text, _ = make_token("ci", ["read"])
    script = site.script().client
    bad = {"Authorization": "Bearer aut_x"}, {"Cookie": "ai_tracker_auth=aut_x"}
    answers = [script.get("/api/stats", headers=headers) for headers in bad for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert "Too many tries" in answers[-1].json["error"]
    assert [event.action for event in list_events()].count("unknown token") == 5
    good = script.get("/api/stats", headers={"Authorization": f"Bearer {text}"})
    assert good.status_code == 200
    assert script.get("/api/stats").status_code == 401


def test_an_invented_header_is_no_other_address(site: Site) -> None:
    for number in range(5):
        site.log_in("wrong", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    answer = site.log_in("wrong", headers={"X-Forwarded-For": "198.51.100.1"})
    assert answer.status_code == 429


def test_behind_trusted_proxies_the_address_is_the_one_they_saw(serve: Serve) -> None:
    site = serve(BOTH, {"TRUSTED_PROXIES": "1"})
    for _ in range(6):
        last = site.log_in("wrong", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.7"})
    assert last.status_code == 429
    spoofed = {"X-Forwarded-For": "5.5.5.5, 192.0.2.7"}
    assert site.log_in("wrong", headers=spoofed).status_code == 429
    assert site.log_in(headers={"X-Forwarded-For": "192.0.2.8"}).status_code == 200
    assert {event.address for event in list_events()} == {"192.0.2.7", "192.0.2.8"}


def test_the_right_password_begins_the_count_anew(site: Site) -> None:
    for _ in range(3):
        for _ in range(4):
            assert site.log_in("wrong").status_code == 401
        assert site.log_in().status_code == 200


def test_logins_are_in_the_audit_trail(site: Site) -> None:
    site.log_in("wrong")
    site.log_in()
    site.client.delete("/api/auth")
    told = [(one.actor, one.action, one.address) for one in list_events()]
    assert told == [
        ("admin", "logout", "127.0.0.1"),
        ("admin", "login", "127.0.0.1"),
        ("visitor", "login failed", "127.0.0.1"),
    ]


def test_every_page_has_the_way_in_and_out(serve: Serve) -> None:
    site = serve(ADMIN)
    assert 'href="/login?next=/users?days%3D7">Sign in</a>' in site.client.get("/users?days=7").text
    site.log_in()
    page = site.client.get("/users?days=7").text
    assert "Sign out</button>" in page
    assert "Sign in</a>" not in page


def test_a_wrong_method_is_a_405(site: Site) -> None:
    for path in ("/login", "/logout", "/api/auth"):
        assert site.client.put(path, json={}).status_code == 405


def test_the_session_works_as_a_bearer_too(site: Site) -> None:
    answer = site.log_in()
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if "ai_tracker_auth=" in one]
    secret = cookie.split("ai_tracker_auth=")[1].split(";")[0]
    bearer = {"Authorization": f"Bearer {secret}"}
    script = site.script().client
    assert script.get("/api/auth", headers=bearer).get_json()["authenticated"] is True
    upload = {"file": (io.BytesIO(b""), "empty.csv")}
    assert script.post("/api/import", headers=bearer, data=upload).status_code == 200


def test_an_upload_with_only_the_cookie_hears_of_the_token(site: Site) -> None:
    site.log_in()
    upload = {"file": (io.BytesIO(b""), "empty.csv")}
    refused = site.client.post("/api/import", data=upload)
    assert refused.status_code == 403
    assert "API token" in refused.get_json()["error"]


def test_the_bearer_of_somebody_else_leaves_the_login_alone(site: Site) -> None:
    site.log_in()
    for other in ("Bearer of a proxy", "Basic eA==", "Bearer"):
        headers = {"Authorization": other}
        assert site.client.get("/api/auth", headers=headers).get_json()["authenticated"] is True


def test_settings_say_which_password_is_easy_to_guess(serve: Serve) -> None:
    site = serve({"ADMIN_PASSWORD": "short", "VIEWER_PASSWORD": VIEWER_PASSWORD})
    site.log_in("short")
    page = site.client.get("/settings/tokens").text
    assert "<b>ADMIN_PASSWORD is easy to guess.</b>" in page
    assert "Use at least 12 characters." in page
    assert "VIEWER_PASSWORD" not in page
    strong = serve(BOTH)
    strong.log_in()
    assert "easy to guess" not in strong.client.get("/settings/tokens").text
