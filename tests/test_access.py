"""Sessions, tokens, the limit of tries and the audit trail, as tables on both databases."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import replace
from typing import Any

import pytest
from peewee import Database, OperationalError

from app import access
from app.access import BadToken, audit, limiter, list_events, list_tokens, make_token, revoke_token
from app.access.limiter import TooManyTries, Try, begin_try, succeed
from app.access.passwords import role_of, warn_of_weak_secrets, weak_settings
from app.access.sessions import IDLE, LONGEST, begin_session, end_session, find_session
from app.access.tokens import find_token
from app.config import Config
from app.database import database as proxy
from app.models import ApiToken, AuditEvent, KnownPlace, LoginSession, LoginTry
from tests.modes import contents

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def guarded(config: Config) -> Config:
    """Settings with both passwords."""
    return replace(config, admin_password="pässword", viewer_password="look")


def test_tells_the_two_passwords_apart(guarded: Config) -> None:
    assert role_of("pässword", guarded) == "admin"
    assert role_of("look", guarded) == "viewer"
    for wrong in ("", "password", "pässwor", "pässword ", "LOOK", "\0", "é" * 10_000, "\ud800"):
        assert role_of(wrong, guarded) is None


def test_a_stolen_database_and_its_key_do_not_give_a_password_away_fast(guarded: Config) -> None:
    """What a session keeps takes 16 MiB and some 50 ms to compute, also at home."""
    real = replace(guarded, scrypt_cost=Config().scrypt_cost)
    assert real.scrypt_cost >= 2**14
    begin_session("admin", real)
    salt = hmac.digest(real.secret_key.encode(), b"password", hashlib.sha256)
    slow = hashlib.scrypt("pässword".encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
    assert LoginSession.get().fingerprint == hmac.digest(slow, b"admin", "sha256").hex()


def test_a_try_costs_the_same_whatever_it_is(
    guarded: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    role_of("the set passwords are computed once", guarded)
    costs: list[int] = []
    scrypt = hashlib.scrypt

    def counted(*arguments: Any, **options: Any) -> bytes:
        costs.append(options["n"])
        return scrypt(*arguments, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    for password in ("pässword", "look", "wrong", "wrong", ""):
        costs.clear()
        role_of(password, guarded)
        assert costs == [guarded.scrypt_cost], password


def test_only_the_roles_that_are_asked_for_are_given(guarded: Config) -> None:
    assert role_of("pässword", guarded, ["viewer"]) is None
    assert role_of("look", guarded, ["viewer"]) == "viewer"
    assert role_of("look", guarded, []) is None


def test_names_the_secrets_that_are_easy_to_guess(config: Config, caplog: Any) -> None:
    few, many = "x" * 11, "x" * 12
    weak = replace(config, admin_password=few, viewer_password=many, cron_secret="changeme")
    assert weak_settings(weak) == ["ADMIN_PASSWORD", "CRON_SECRET"]
    warn_of_weak_secrets(weak)
    assert caplog.messages == [
        "ADMIN_PASSWORD is easy to guess: use at least 12 characters.",
        "CRON_SECRET is easy to guess: use at least 12 characters.",
    ]
    assert few not in caplog.text
    assert weak_settings(config) == []


def test_a_password_that_is_not_set_is_never_right(config: Config) -> None:
    for password in ("", "None", "\0"):
        assert role_of(password, config) is None


def test_the_same_password_for_both_is_the_administrators(config: Config) -> None:
    both = replace(config, admin_password="same", viewer_password="same")
    assert role_of("same", both) == "admin"


def test_one_password_however_the_keyboard_composes_it(config: Config) -> None:
    composed = replace(config, admin_password="caf\u00e9")
    assert role_of("cafe\u0301", composed) == "admin"


def test_a_session_is_found_by_its_id_alone(guarded: Config) -> None:
    text = begin_session("viewer", guarded, "192.0.2.7")
    found = find_session(text, guarded)
    assert found
    assert (found.role, found.address) == ("viewer", "192.0.2.7")
    for other in ("", text[:-1], text.upper(), found.digest, "\0", "\ud800"):
        assert find_session(other, guarded) is None


def test_ids_of_sessions_are_long_and_new_each_time(guarded: Config) -> None:
    texts = {begin_session("admin", guarded) for _ in range(50)}
    assert len(texts) == 50
    assert {len(text) for text in texts} == {43}


def test_no_table_holds_a_password_or_an_id(guarded: Config) -> None:
    session = begin_session("admin", guarded)
    token, _ = make_token("ci", ["read"])
    held = repr(contents())
    for secret in (session, token, "pässword", "look'", guarded.secret_key):
        assert secret not in held


def test_a_session_ends_at_logout(guarded: Config) -> None:
    text = begin_session("admin", guarded)
    assert end_session(text)
    assert find_session(text, guarded) is None
    assert not end_session(text)


@pytest.mark.parametrize(
    "change",
    [
        {"admin_password": "another"},
        {"admin_password": None},
        {"admin_password": None, "viewer_password": "pässword"},
        {"secret_key": "another key of signing"},
    ],
)
def test_a_session_ends_when_its_password_changes(guarded: Config, change: dict) -> None:
    text = begin_session("admin", guarded)
    assert find_session(text, replace(guarded, viewer_password="changed"))
    assert find_session(text, replace(guarded, **change)) is None


def test_a_session_ends_in_time(guarded: Config) -> None:
    text = begin_session("admin", guarded)
    row = LoginSession.get()
    for made, seen, alive in (
        (LONGEST - 60, 60, True),
        (LONGEST + 1, 60, False),
        (IDLE + 60, IDLE - 60, True),
        (IDLE + 60, IDLE + 1, False),
    ):
        now = row.made_at
        LoginSession.update(made_at=now - made, seen_at=now - seen).execute()
        assert bool(find_session(text, guarded)) is alive, (made, seen)


def test_a_use_is_noted_once_a_minute(guarded: Config) -> None:
    text = begin_session("admin", guarded)
    for age, noted in ((30, False), (61, True)):
        old = LoginSession.get().made_at - age
        LoginSession.update(seen_at=old).execute()
        assert find_session(text, guarded)
        assert (LoginSession.get().seen_at != old) is noted


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_page_does_not_wait_for_a_long_import(guarded: Config) -> None:
    text = begin_session("admin", guarded)
    LoginSession.update(seen_at=LoginSession.seen_at - 3600).execute()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with proxy.connection_context(), proxy.atomic():
            AuditEvent.delete().execute()
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    finished: list[bool] = []
    reader = threading.Thread(target=lambda: finished.append(_find(text, guarded)))
    reader.start()
    reader.join(5)
    done.set()
    thread.join()
    assert finished == [True]


def _find(text: str, config: Config) -> bool:
    with proxy.connection_context():
        found = find_session(text, config) is not None
        wait = proxy.execute_sql("PRAGMA busy_timeout").fetchone()[0]
        return found and wait == 20_000


def test_ended_sessions_are_forgotten_at_the_next_login(guarded: Config) -> None:
    begin_session("admin", guarded)
    LoginSession.update(made_at=1, seen_at=1).execute()
    begin_session("admin", guarded)
    assert LoginSession.select().count() == 1


def test_a_token_is_shown_once_and_found_by_its_text() -> None:
    text, token = make_token("  nightly \n import ", ["import", "read"], "admin")
    assert text.startswith("aut_")
    assert len(text) == 47
    assert (token.name, token.scopes, token.ending) == ("nightly import", "read import", text[-4:])
    found = find_token(text)
    assert found
    assert found.id == token.id
    assert ApiToken.get().used_at
    for other in ("", "aut_", text[:-1], text.lower() + "x", token.digest):
        assert find_token(other) is None


def test_a_revoked_token_is_none_at_once_and_stays_in_the_list() -> None:
    (text, first), (_, second) = make_token("a", ["sync"]), make_token("b", ["sync"])
    assert revoke_token(first.id, "admin")
    assert find_token(text) is None
    assert [token.id for token in list_tokens()] == [second.id, first.id]
    assert not revoke_token(first.id)
    assert not revoke_token(4711)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("", ["read"]), (" \0\t", ["read"]), ("x" * 81, ["read"]), ("x", []), ("x", ["admin"])],
)
def test_refuses_a_bad_token(name: str, scopes: list[str]) -> None:
    with pytest.raises(BadToken):
        make_token(name, scopes)
    assert ApiToken.select().count() == 0


def fail(address: str, *kinds: str) -> Try:
    """A try that was not the right one."""
    return begin_try(address, kinds or ("admin", "viewer"))


def age(milliseconds: int) -> None:
    LoginTry.update(at_ms=LoginTry.at_ms - milliseconds).execute()


def test_limits_the_tries_of_an_address() -> None:
    for _ in range(5):
        fail("192.0.2.7")
    with pytest.raises(TooManyTries) as refused:
        fail("192.0.2.7")
    assert 55 <= refused.value.seconds <= 60
    fail("192.0.2.8")


def test_thirty_tries_an_hour_are_the_limit_of_an_address() -> None:
    for _ in range(6):
        for _ in range(5):
            fail("192.0.2.7")
        age(limiter.MINUTE)
    with pytest.raises(TooManyTries, match=r"Wait 5\d minutes") as refused:
        fail("192.0.2.7")
    assert 3000 < refused.value.seconds < 3600
    age(limiter.HOUR)
    fail("192.0.2.7")
    assert LoginTry.select().count() == 2


def test_a_minute_later_a_try_is_free_again() -> None:
    for _ in range(5):
        fail("192.0.2.7")
    age(limiter.MINUTE)
    fail("192.0.2.7")


def test_a_viewer_gains_no_tries_at_the_administrators_password() -> None:
    """Who knows the viewer's password may come in with it, again and again; that is all."""
    for _ in range(5):
        assert fail("192.0.2.7").allowed == ("admin", "viewer")
        succeed(fail("192.0.2.7", "viewer"), "viewer")
    for _ in range(20):
        attempt = fail("192.0.2.7")
        assert attempt.allowed == ("viewer",)
        assert attempt.refused is not None
        succeed(attempt, "viewer")
    guesses = LoginTry.select().where(LoginTry.kind == "admin")
    assert guesses.count() == 5


def test_a_viewers_login_is_no_try_at_the_administrators_password() -> None:
    for _ in range(20):
        succeed(fail("192.0.2.7"), "viewer")
    assert fail("192.0.2.7").allowed == ("admin", "viewer")


def test_the_administrators_password_clears_the_failures_of_its_address_only() -> None:
    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        fail(address, "admin")
    succeed(fail("192.0.2.7", "admin"), "admin")
    assert [row.address for row in LoginTry.select()] == ["192.0.2.8"]


def test_a_few_addresses_keep_nobody_out() -> None:
    """Four of them reach the limit of all: strangers have one try a minute then, as before."""
    succeed(fail("198.51.100.1"), "admin")
    for number in range(4):
        for _ in range(5):
            fail(f"192.0.2.{number}")
    with pytest.raises(TooManyTries):
        fail("192.0.2.3")
    for _ in range(5):
        fail("198.51.100.1")
    fail("203.0.113.5")
    with pytest.raises(TooManyTries):
        fail("203.0.113.5")


def test_a_failure_of_an_hour_ago_takes_no_stranger_the_first_try_of_a_minute() -> None:
    fail("203.0.113.5")
    age(2 * limiter.MINUTE)
    for number in range(4):
        for _ in range(5):
            fail(f"192.0.2.{number}")
    fail("203.0.113.5")


def test_the_wait_ends_when_the_first_of_the_secrets_may_be_tried() -> None:
    for kind, seconds in (("admin", 30), ("viewer", 20)):
        for _ in range(5):
            fail("192.0.2.7", kind)
        age(seconds * 1000)
    with pytest.raises(TooManyTries) as refused:
        fail("192.0.2.7")
    assert refused.value.seconds <= 10


def test_a_thousand_addresses_do_not_keep_a_known_one_out() -> None:
    succeed(fail("198.51.100.1"), "admin")
    refused = 0
    for number in range(130):
        try:
            fail(f"192.0.2.{number}", "admin")
        except TooManyTries:
            refused += 1
    assert refused == 30
    assert fail("198.51.100.1", "admin").allowed == ("admin",)


def test_an_address_is_known_for_what_came_from_there() -> None:
    succeed(fail("198.51.100.1"), "viewer")
    succeed(fail("198.51.100.2"), "admin")
    for number in range(100):
        fail(f"192.0.2.{number}", "admin")
    with pytest.raises(TooManyTries):
        fail("198.51.100.1", "admin")
    fail("198.51.100.2", "admin")
    age_known = KnownPlace.update(seen_at=KnownPlace.seen_at - 91 * 24 * 3600)
    age_known.execute()
    with pytest.raises(TooManyTries):
        fail("198.51.100.2", "admin")


def test_an_ipv6_site_counts_as_one_address() -> None:
    for number in range(5):
        fail(f"2001:db8:0:{number}::1")
    with pytest.raises(TooManyTries):
        fail("2001:db8::ffff:1%eth0")
    fail("2001:db8:1::1")
    for _ in range(4):
        fail("::ffff:192.0.2.7")
    fail("192.0.2.7")
    with pytest.raises(TooManyTries):
        fail("192.0.2.7")


def test_ipv4_neighbours_do_not_bar_each_other() -> None:
    for _ in range(5):
        fail("192.0.2.7")
    fail("192.0.2.8")


def test_tries_at_the_same_moment_are_no_more_than_the_limit(database: Database) -> None:
    counted: list[bool] = []
    barrier = threading.Barrier(12)

    def attempt() -> None:
        with proxy.connection_context():
            barrier.wait(10)
            try:
                fail("192.0.2.7")
            except (TooManyTries, OperationalError):
                return
            counted.append(True)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counted) == 5


def test_the_audit_trail_tells_who_did_what() -> None:
    _, token = make_token("ci", ["sync", "read"], "admin", "192.0.2.7")
    revoke_token(token.id)
    access.record_event("mapping changed", "key \0 a -> b")
    told = [(one.actor, one.address, one.action, one.detail) for one in list_events()]
    assert told == [
        ("command line", "", "mapping changed", "key  a -> b"),
        ("command line", "", "token revoked", "ci"),
        ("admin", "192.0.2.7", "token made", "ci: read, sync"),
    ]
    assert len(list_events(1)) == 1


def test_only_old_failed_logins_are_forgotten() -> None:
    access.record_event("login", actor="admin")
    access.record_event(audit.LOGIN_FAILED, actor="visitor")
    AuditEvent.update(at=1).execute()
    access.record_event(audit.LOGIN_FAILED, actor="visitor")
    assert [(one.action, one.at == 1) for one in list_events()] == [
        (audit.LOGIN_FAILED, False),
        ("login", True),
    ]
