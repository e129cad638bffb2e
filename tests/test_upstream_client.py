"""The HTTP layer against a real server that fails in every way upstream servers do."""

from __future__ import annotations

import base64
import json
import logging
import os
import ssl
import subprocess
import threading
import time
import traceback
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from app.upstream import Client, ErrorClass, Limits, UpstreamError
from tests.faulty_server import (
    Answer,
    FaultyServer,
    gzip_answer,
    gzip_bomb,
    json_answer,
    redirect,
)

SECRET = "sk-ant-admin01-canary/4+2=x"
PAGE = "page_canary"
BASIC = base64.b64encode(f"{SECRET}:".encode()).decode()
GOOD = json_answer({"data": [1]})
QUICK = Limits(
    connect_timeout=2.0,
    read_timeout=5.0,
    total_deadline=10.0,
    max_retry_after=5.0,
    backoff=(0.004,),
    min_wait=0.002,
)
IMPATIENT = replace(QUICK, read_timeout=0.1, total_deadline=0.2, attempts=2)
LARGE = b'{"data": [' + b",".join(b'"%06d"' % number for number in range(100_000)) + b"]}"


def client_of(url, *, limits=QUICK, **options):
    def sign(request):
        request.headers["x-api-key"] = SECRET
        request.headers["Authorization"] = f"Basic {BASIC}"
        return request

    return Client("Anthropic", url, auth=sign, limits=limits, secrets=(SECRET,), **options)


@pytest.fixture(params=["GET", "POST"])
def ask(request):
    """Ask a scripted server once; give what came back, the requests it saw and the traffic."""

    def ask_once(script, **options):
        with FaultyServer(script) as server:
            client = client_of(server.url, **options)
            outcome = call(client, request.param)
            client.close()
        return outcome, server.seen, client.traffic

    return ask_once


def call(client, method):
    try:
        if method == "GET":
            return client.get("/v1/usage", [("page", PAGE), ("group_by[]", "model")])
        return client.post("/v1/usage", {"page": 1})
    except UpstreamError as error:
        return error


def refusal(status, **headers):
    body = {"type": "error", "error": {"type": "some_error", "message": "because of that"}}
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return json_answer(body, status=status, headers=named)


# What is asked and what comes back


def test_gives_the_json_object_with_exact_numbers(ask):
    answer = Answer(body=b'{"data": [0.1, 9007199254740993, 1e400], "more": false}')
    outcome, _, traffic = ask([answer])
    assert outcome == {"data": [Decimal("0.1"), 2**53 + 1, Decimal("1e400")], "more": False}
    assert (traffic.requests, traffic.retries, traffic.bytes) == (1, 0, len(answer.body))
    assert traffic.waited_seconds == 0


def test_sends_headers_parameters_and_body():
    with FaultyServer([replace(GOOD, keep=True)]) as server:
        client = client_of(server.url + "/prefix/", headers={"anthropic-version": "2023-06-01"})
        client.get("/a", [("group_by[]", "model"), ("group_by[]", "key")])
        client.post("/b", {"page": 1})
        client.close()
    first, second = server.seen
    assert (first.method, first.target) == (
        "GET",
        "/prefix/a?group_by%5B%5D=model&group_by%5B%5D=key",
    )
    assert first.headers["x-api-key"] == SECRET
    assert first.headers["anthropic-version"] == "2023-06-01"
    assert (second.method, second.target) == ("POST", "/prefix/b")
    assert second.headers["Content-Type"] == "application/json"
    assert json.loads(second.body) == {"page": 1}
    assert server.connections == 1


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("compressed", [False, True])
def test_reads_large_answers_in_every_framing(ask, framing, compressed):
    make = gzip_answer if compressed else lambda body, **rest: Answer(body=body, **rest)
    outcome, _, traffic = ask([make(LARGE, framing=framing)])
    assert len(outcome["data"]) == 100_000
    assert traffic.bytes == len(LARGE)


# U1-U6: statuses


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorClass.REJECTED),
        (401, ErrorClass.KEY_REJECTED),
        (402, ErrorClass.REJECTED),
        (403, ErrorClass.NOT_ALLOWED),
        (404, ErrorClass.REJECTED),
        (405, ErrorClass.REJECTED),
        (413, ErrorClass.REJECTED),
        (422, ErrorClass.REJECTED),
    ],
)
def test_does_not_repeat_what_is_refused_for_good(ask, status, kind):
    error, seen, _ = ask([refusal(status), GOOD])
    assert error.kind is kind
    assert len(seen) == 1
    assert str(error).startswith(f"Anthropic answered {status} to ")
    assert "/v1/usage: some_error: because of that; " in str(error)
    assert error.provider == "Anthropic"
    assert error.not_before is None


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 529, 599])
def test_repeats_what_may_pass_and_then_says_unavailable(ask, status):
    error, seen, traffic = ask([refusal(status)])
    assert error.kind is ErrorClass.UNAVAILABLE
    assert (len(seen), traffic.requests, traffic.retries) == (5, 5, 4)
    assert f"answered {status} to" in str(error)
    assert "(5 tries)" in str(error)
    assert traffic.waited_seconds > 0


def test_gets_over_two_failures(ask):
    outcome, seen, traffic = ask([refusal(500), refusal(529), GOOD])
    assert outcome == {"data": [1]}
    assert (len(seen), traffic.retries) == (3, 2)


def test_a_429_to_the_end_is_a_rate_limit(ask):
    error, seen, _ = ask([refusal(429)])
    assert error.kind is ErrorClass.RATE_LIMITED
    assert error.not_before is None
    assert len(seen) == 5


def test_a_429_for_the_spend_limit_is_final(ask):
    details = {"error_code": "enforced_spend_limit_reached"}
    body = {"type": "error", "error": {"type": "rate_limit_error", "details": details}}
    error, seen, _ = ask([json_answer(body, status=429), GOOD])
    assert error.kind is ErrorClass.RATE_LIMITED
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("status", "advice", "tries"),
    [(500, "false", 1), (429, "False", 1), (400, "true", 5), (402, "true", 1), (500, "odd", 5)],
)
def test_obeys_x_should_retry_except_where_money_is_asked(ask, status, advice, tries):
    error, seen, _ = ask([refusal(status, x_should_retry=advice)])
    assert isinstance(error, UpstreamError)
    assert len(seen) == tries


@pytest.mark.parametrize("status", [201, 204, 206, 600, 999])
def test_an_odd_status_is_unexpected(ask, status):
    error, seen, _ = ask([Answer(status=status, body=b"")])
    assert error.kind is ErrorClass.UNEXPECTED
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":"Unauthorized","message":"Invalid API key"}', "Invalid API key"),
        (b'{"code":"error","message":"Invalid Team API Key"}', "Invalid Team API Key"),
        (b'{"error":"User is not a member"}', "User is not a member"),
        (b'{"error":{"type":"billing_error"}}', "billing_error"),
        (b'{"error":{"type":5,"message":["x"]}}', '{"error":{"type":5,"message":["x"]}}'),
        (b"<h1>Gate\x1b[31mway</h1>\r\n", r"<h1>Gate\x1b[31mway</h1>\r\n"),
        ('{"error":"\u202eabc\\u0000"}'.encode(), r"\u202eabc\x00"),
        (b"[" * 100_000, "[" * 200),
        (b"\xff\xfe", r"\xff\xfe"),
    ],
)
def test_shows_the_words_of_the_provider_escaped(ask, body, words):
    error, _, _ = ask([Answer(status=400, body=body)])
    assert f"/v1/usage: {words}; " in str(error)
    assert str(error).isprintable()


def test_shortens_the_words_of_the_provider(ask):
    error, _, _ = ask([json_answer({"message": "\x00é" * 5_000}, status=400)])
    assert len(str(error)) < 500


def test_names_the_request_id(ask):
    error, _, _ = ask([refusal(400, request_id="req_011CSHo")])
    assert "(request id req_011CSHo)" in str(error)


def test_a_refusal_counts_even_when_its_text_is_cut(ask):
    error, seen, _ = ask([Answer(status=401, body=b"x" * 100, cut=3)])
    assert error.kind is ErrorClass.KEY_REJECTED
    assert len(seen) == 1


# U3, U4: waiting


@pytest.mark.parametrize(
    "value",
    ["-5", "1.5", "inf", "nan", "abc", "", "1:2", "\u0661", "Wed, 99 Foo 2026 25:00:00 GMT"],
)
def test_an_unusable_retry_after_means_backoff(ask, value):
    answer = Answer(status=429, headers=[("Retry-After", value.encode().decode("latin-1"))])
    outcome, seen, traffic = ask([answer, GOOD])
    assert outcome == {"data": [1]}
    assert len(seen) == 2
    assert 0.002 <= traffic.waited_seconds < 1.4


def test_waits_the_seconds_the_provider_asks_for_and_of_two_headers_the_longer():
    headers = [("Retry-After", "0"), ("Retry-After", "1"), ("Retry-After", "x")]
    with FaultyServer([Answer(status=503, headers=headers), GOOD]) as server:
        client = client_of(server.url)
        started = time.monotonic()
        assert client.get("/v1/usage") == {"data": [1]}
        assert time.monotonic() - started >= 1.0
        client.close()
    assert 1.0 <= client.traffic.waited_seconds < 2


def test_waits_until_the_date_the_provider_names():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1.6), usegmt=True)
    with FaultyServer([refusal(429, Retry_After=date), GOOD]) as server:
        client = client_of(server.url)
        assert client.get("/v1/usage") == {"data": [1]}
        client.close()
    assert 0.5 <= client.traffic.waited_seconds < 2.5


@pytest.mark.parametrize("value", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_never_waits_less_than_the_least_wait(value):
    limits = replace(QUICK, min_wait=0.15)
    with FaultyServer([refusal(503, Retry_After=value), GOOD]) as server:
        client = client_of(server.url, limits=limits)
        started = time.monotonic()
        client.get("/v1/usage")
        assert time.monotonic() - started >= 0.15
        client.close()


def test_waits_half_a_second_at_least_unless_told_otherwise():
    assert Limits().min_wait == 0.5


@pytest.mark.parametrize("seconds", ["6", "1000000000", "9" * 5_000])
def test_a_wait_beyond_the_cap_ends_at_once_and_names_the_time(ask, seconds):
    started, began = time.monotonic(), datetime.now(UTC)
    error, seen, _ = ask([refusal(429, Retry_After=seconds), GOOD])
    assert time.monotonic() - started < 5
    assert error.kind is ErrorClass.RATE_LIMITED
    assert len(seen) == 1
    wait = error.not_before - datetime.now(UTC)
    assert began + timedelta(seconds=6) <= error.not_before
    assert wait <= timedelta(days=31)
    assert f"until {error.not_before:%Y-%m-%d %H:%M} UTC" in str(error)


def test_a_date_beyond_the_cap_ends_at_once_too(ask):
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error, _, _ = ask([refusal(503, Retry_After=date), GOOD])
    assert error.kind is ErrorClass.UNAVAILABLE
    wait = error.not_before - datetime.now(UTC)
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


def paced(*answers):
    """How many requests three calls made, a tenth of a second apart, and the seconds they took.

    By the clock of who calls: a busy server may see requests closer together than they were sent.
    """
    with FaultyServer([*answers]) as server:
        client = client_of(server.url, limits=replace(QUICK, min_interval=0.1))
        started = time.monotonic()
        for _ in range(3):
            client.get("/v1/usage")
        took = time.monotonic() - started
        client.close()
    return len(server.seen), took


def test_keeps_the_least_interval_between_requests():
    requests, took = paced(replace(GOOD, keep=True))
    assert requests == 3
    assert 0.2 <= took < 20


def test_a_429_halves_the_pace_for_the_rest_of_the_life():
    requests, took = paced(refusal(429), GOOD)
    assert requests == 4
    # At the first pace 0.3 seconds would do.
    assert took >= 0.4


def test_gives_up_when_failures_have_cost_the_whole_budget():
    with FaultyServer([refusal(500)]) as server:
        limits = replace(QUICK, min_wait=0.1, attempts=100, run_deadline=0.35)
        client = client_of(server.url, limits=limits)
        assert call(client, "GET").kind is ErrorClass.UNAVAILABLE
        client.close()
    assert 2 <= len(server.seen) <= 4


# Stopping


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429, Retry_After="4"),
        Answer(delay=4),
        Answer(drip=0.05, body=b"x" * 100),
        Answer(drip_head=0.05),
    ],
    ids=["while waiting", "before the answer", "in the body", "in the headers"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stops_within_a_moment(method, answer):
    stop = threading.Event()
    told = threading.Timer(0.1, stop.set)
    with FaultyServer([answer], on_request=told.start) as server:
        client = client_of(server.url, should_stop=stop.is_set)
        assert call(client, method).kind is ErrorClass.STOPPED
        took = time.monotonic() - server.seen[0].at
        client.close()
    told.join()
    assert 0.1 <= took < 4
    assert len(server.seen) == 1


def test_stops_in_the_pause_between_requests():
    stop = threading.Event()
    with FaultyServer([GOOD]) as server:
        limits = replace(QUICK, min_interval=30)
        client = client_of(server.url, limits=limits, should_stop=stop.is_set)
        client.get("/v1/usage")
        threading.Timer(0.1, stop.set).start()
        started = time.monotonic()
        assert call(client, "GET").kind is ErrorClass.STOPPED
        client.close()
    assert time.monotonic() - started < 20
    assert len(server.seen) == 1


def test_asks_nothing_once_told_to_stop(ask):
    error, seen, _ = ask([GOOD], should_stop=lambda: True)
    assert error.kind is ErrorClass.STOPPED
    assert "sync again to go on" in str(error)
    assert seen == []


# U7-U9: connections


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_says_when_nobody_listens(method):
    with FaultyServer([GOOD]) as server:
        url = server.url
    client = client_of(url)
    error = call(client, method)
    assert error.kind is ErrorClass.UNREACHABLE
    assert "the connection was refused" in str(error)
    assert client.traffic.requests == 5


def test_says_when_the_host_has_no_address():
    client = client_of("https://name.invalid", limits=replace(QUICK, attempts=2))
    error = call(client, "GET")
    assert error.kind is ErrorClass.UNREACHABLE
    assert "cannot be resolved" in str(error)
    assert client.traffic.requests == 2


def test_says_when_the_other_side_speaks_no_tls():
    with FaultyServer([GOOD]) as server:
        client = client_of(server.url.replace("http:", "https:"))
        error = call(client, "GET")
        client.close()
    assert error.kind is ErrorClass.UNREACHABLE
    assert "the TLS connection failed" in str(error)
    assert client.traffic.requests == 5


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=upstream", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    try:
        subprocess.run(
            ["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return folder


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def test_an_untrusted_certificate_is_final_and_sees_no_key(tls):
    with FaultyServer([GOOD], tls=tls) as server:
        client = client_of(server.url)
        error = call(client, "GET")
        client.close()
    assert error.kind is ErrorClass.UNREACHABLE
    assert "its TLS certificate is not trusted" in str(error)
    assert client.traffic.requests == 1
    assert server.seen == []


def test_a_trusted_certificate_is_fine(tls, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.fspath(certificate / "cert.pem"))
    with FaultyServer([Answer(body=LARGE, framing="chunked", keep=True)], tls=tls) as server:
        client = client_of(server.url)
        assert len(client.get("/v1/usage")["data"]) == 100_000
        assert len(client.post("/v1/usage", {})["data"]) == 100_000
        client.close()
    assert server.connections == 1


def test_stops_and_keeps_deadlines_over_tls_as_well(tls, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.fspath(certificate / "cert.pem"))
    with FaultyServer([Answer(drip=0.05, body=b"x" * 100), Answer(delay=4)], tls=tls) as server:
        client = client_of(server.url, limits=replace(IMPATIENT, read_timeout=5.0, attempts=1))
        assert call(client, "GET").kind is ErrorClass.INCOMPLETE
        started = time.monotonic()
        assert call(client, "GET").kind is ErrorClass.UNREACHABLE
        client.close()
    assert time.monotonic() - started < 3.5


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(delay=4), ErrorClass.UNREACHABLE, "no answer for 0.1 s"),
        (Answer(drip_head=0.05), ErrorClass.UNREACHABLE, "not finished within 0.2 s"),
        (Answer(drip=0.05, body=b"x" * 100), ErrorClass.INCOMPLETE, "not finished within 0.2 s"),
        (
            Answer(drip=0.05, body=b"x" * 100, framing="chunked"),
            ErrorClass.INCOMPLETE,
            "not finished within 0.2 s",
        ),
    ],
    ids=["silence", "dripping headers", "dripping body", "dripping chunks"],
)
def test_ends_a_slow_answer_at_the_deadline_and_tries_again(ask, answer, kind, words):
    # Only silence may end by the wait for the next byte: on a busy machine drops come late, too.
    patient = replace(IMPATIENT, read_timeout=IMPATIENT.read_timeout if answer.delay else 5.0)
    error, seen, _ = ask([answer], limits=patient)
    assert error.kind is kind
    assert words in str(error)
    assert len(seen) == 2
    assert seen[1].at - seen[0].at < 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(cut=5),
        Answer(cut=5, reset=True),
        Answer(cut=0, reset=True),
        Answer(length=500),
        Answer(framing="chunked", cut=6),
        Answer(framing="chunked", cut=17),
        gzip_answer(LARGE, cut=1_000),
        gzip_answer(LARGE, framing="chunked", cut=1_000),
        Answer(headers=[("Content-Encoding", "gzip")]),
    ],
    ids=[
        "cut",
        "reset",
        "reset at once",
        "content-length too long",
        "cut in a chunk",
        "cut before the last chunk",
        "gzip cut",
        "gzip cut in a chunk",
        "no gzip",
    ],
)
def test_a_broken_answer_is_tried_again_and_never_used(ask, answer):
    outcome, seen, _ = ask([answer, GOOD])
    assert outcome == {"data": [1]}
    assert len(seen) == 2
    error, seen, _ = ask([answer])
    assert error.kind is ErrorClass.INCOMPLETE
    assert len(seen) == 5


# U10, U11, U21: bodies


@pytest.mark.parametrize(
    "answer",
    [
        Answer(cut=5, framing="close"),
        gzip_answer(LARGE, cut=1_000, framing="close"),
        Answer(body=b'{"data": [1]'),
        Answer(body=b'{"data": [1]} x'),
        Answer(body=b"<html>Sign in</html>"),
        Answer(body=b""),
        Answer(body=b"null"),
        Answer(body=b"[]"),
        Answer(body=b"{}"),
        Answer(body=b'"text"'),
        Answer(body=b"\xef\xbb\xbf" + GOOD.body),
        Answer(body='{"data": ["é"]}'.encode("latin-1")),
        Answer(body='{"data": []}'.encode("utf-16")),
        Answer(body=b'{"data": [NaN]}'),
        Answer(body=b'{"data": [-Infinity]}'),
        Answer(body=b'{"data": [1e9999999999999999999]}'),
        Answer(body=b'{"data": [' + b"1" * 5_000 + b"]}"),
        Answer(body=b"[" * 100_000),
        Answer(body=b'{"a":' * 100_000),
        json_answer({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
        json_answer({"error": "Unauthorized"}),
    ],
)
def test_a_200_without_the_expected_json_is_tried_twice_more(ask, answer):
    error, seen, _ = ask([answer])
    assert error.kind is ErrorClass.UNEXPECTED
    assert (len(seen), str(error).count("(3 tries)")) == (3, 1)
    assert len(str(error)) < 1_200
    outcome, _, _ = ask([answer, answer, GOOD])
    assert outcome == {"data": [1]}


def test_an_empty_error_field_beside_the_data_is_no_error(ask):
    outcome, _, _ = ask([json_answer({"data": [], "error": None})])
    assert outcome == {"data": [], "error": None}


def test_shows_the_start_of_an_unexpected_body_escaped(ask):
    error, _, _ = ask([Answer(body=b"<html>\x00\x1b\r\n" + b"y" * 500)])
    assert r"it is not JSON, it starts with '<html>\x00\x1b\r\nyyy" in str(error)
    assert str(error).count("y" * 190) == 1
    assert "y" * 200 not in str(error)


def test_stops_reading_at_the_cap_without_filling_the_memory(ask):
    bomb = gzip_bomb(200)
    tracemalloc.start()
    error, seen, _ = ask([bomb])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.kind is ErrorClass.UNEXPECTED
    assert "its body is larger than 33,554,432 bytes" in str(error)
    assert len(seen) == 1
    assert peak < 64 * 2**20


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_stops_reading_a_plain_body_at_the_cap(ask, framing):
    limits = replace(QUICK, max_body=1_000)
    outcome, _, _ = ask([Answer(body=b'{"a":1}'.ljust(1_000), framing=framing)], limits=limits)
    assert outcome == {"a": 1}
    error, _, _ = ask([Answer(body=b'{"a":1}'.ljust(1_001), framing=framing)], limits=limits)
    assert error.kind is ErrorClass.UNEXPECTED


# U12: redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_refuses_a_redirect_and_gives_the_other_host_no_key(ask, status):
    with FaultyServer([GOOD]) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        error, seen, _ = ask([redirect(f"{target}/steal?key=1", status)])
    assert error.kind is ErrorClass.REDIRECTED
    assert "a redirect to localhost that was refused" in str(error)
    assert len(seen) == 1
    assert other.seen == []


@pytest.mark.parametrize(
    "location", ["", "//[bad", "http://user@:99999999/", "https://evil\x80.example/", "/other"]
)
def test_refuses_an_odd_redirect_too(ask, location):
    error, seen, _ = ask([redirect(location)])
    assert error.kind is ErrorClass.REDIRECTED
    assert len(seen) == 1
    assert str(error).isprintable()


# Keys and addresses


LEAKS = [
    json_answer({"error": {"type": "x", "message": f"bad key {SECRET}"}}, status=401),
    json_answer({"message": f"Basic {BASIC}"}, status=403),
    Answer(status=500, body=f"<pre>{'.' * 190}{SECRET}</pre>".encode()),
    Answer(body=f"{'.' * 190}{SECRET}".encode()),
    Answer(body=f"\xff{BASIC}".encode("latin-1")),
    json_answer({"message": "m" * 290 + SECRET}, status=400),
    redirect(f"https://host.example/?key={SECRET}"),
    Answer(cut=3),
    Answer(delay=4),
    Answer(status=429, headers=[("Retry-After", SECRET)]),
    Answer(status=400, headers=[("request-id", SECRET)]),
    Answer(status=400, headers=[("bad header", SECRET)]),
    GOOD,
]


@pytest.mark.parametrize("answer", LEAKS)
def test_no_secret_and_no_query_in_any_message_log_or_traceback(ask, answer, caplog):
    caplog.set_level(logging.DEBUG)
    outcome, _, _ = ask([answer], limits=IMPATIENT)
    said = repr(outcome) + caplog.text
    if isinstance(outcome, UpstreamError):
        said += "".join(traceback.format_exception(outcome))
        assert outcome.__context__ is None
        assert outcome.__cause__ is None
    for piece in (SECRET[:20], BASIC[:20], "canary"):
        assert piece not in said


def test_hides_a_secret_in_what_a_provider_module_says():
    client = client_of("https://api.example")
    with pytest.raises(UpstreamError) as caught:
        client.fail("/v1/usage?page=2", f"row 3: model is '{SECRET}\x00'")
    assert caught.value.kind is ErrorClass.INCOMPLETE
    assert str(caught.value) == (
        "Anthropic sent an unusable answer to /v1/usage: row 3: model is '***\\x00'; "
        "nothing of it was stored, sync again later."
    )
    with pytest.raises(UpstreamError) as caught:
        client.fail("/v1/usage", "x", ErrorClass.UNEXPECTED)
    assert caught.value.kind is ErrorClass.UNEXPECTED


def test_logs_each_retry_in_a_sentence(caplog):
    caplog.set_level(logging.INFO)
    with FaultyServer([refusal(503), GOOD]) as server:
        client = client_of(server.url)
        client.get("/v1/usage", [("page", "hidden")])
        client.close()
    assert [record.getMessage() for record in caplog.records] == [
        "Anthropic answered 503 to GET /v1/usage: some_error: because of that. "
        "Try 1 of 5; the next in 0.0 seconds."
    ]


def test_never_looks_for_a_password_in_netrc(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    with FaultyServer([GOOD]) as server:
        client = Client("Cursor", server.url, auth=lambda request: request)
        client.get("/v1/usage")
        client.close()
    assert "Authorization" not in server.seen[0].headers


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with FaultyServer([GOOD]) as server:
        client = client_of(server.url)
        assert client.get("/v1/usage") == {"data": [1]}
        client.close()


def test_a_proxy_of_the_environment_is_used_for_the_world_outside(monkeypatch):
    with FaultyServer([Answer(status=407, body=b"")]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        client = client_of("https://api.example", limits=replace(QUICK, attempts=1))
        error = call(client, "GET")
        client.close()
    assert error.kind is ErrorClass.UNREACHABLE
    assert "the proxy did not connect" in str(error)
    assert [seen.method for seen in proxy.seen] == ["CONNECT"]
    assert "x-api-key" not in proxy.seen[0].headers


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "https://api.example:8443/prefix/",
        "http://localhost:5000",
        "http://127.0.0.1",
        "http://127.8.8.8:1/x",
        "http://[::1]:80",
    ],
)
def test_accepts_a_base_url_that_is_https_or_this_machine(url):
    client_of(url).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.anthropic.com",
        "https://",
        "ftp://127.0.0.1",
        "http://api.anthropic.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://2130706433",
        f"https://user:{SECRET}@api.example",
        f"http://{SECRET}@127.0.0.1",
        "http://127.0.0.1\\@api.example",
        "https://api.example?x=1",
        "https://api.example#x",
        "https://api.example:99999",
        "https://api.example:x",
        "https://api .example",
        "https://api.example\n",
        "https://ápi.example",
        "https://[bad",
    ],
)
def test_refuses_any_other_base_url_in_a_sentence(url):
    with pytest.raises(ValueError, match=r"^The base URL of Anthropic must .*\.$") as caught:
        client_of(url)
    assert "canary" not in str(caught.value)


def test_a_key_that_fits_no_header_is_final_and_stays_secret():
    def sign(request):
        request.headers["x-api-key"] = f"{SECRET}\n"
        return request

    with FaultyServer([GOOD]) as server:
        client = Client("Cursor", server.url, auth=sign, limits=QUICK)
        error = call(client, "GET")
        client.close()
    assert error.kind is ErrorClass.UNREACHABLE
    assert "the request cannot be written" in str(error)
    assert "canary" not in "".join(traceback.format_exception(error))
    assert server.seen == []
