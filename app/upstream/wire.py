"""One HTTP exchange: bounded in time and size, never redirected, explained when it fails."""

from __future__ import annotations

import http.client
import ipaddress
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase
from urllib3.exceptions import NameResolutionError

from app.upstream.answer import ErrorClass, Problem, Reply
from app.upstream.watch import Watch, WatchedAdapter

# urllib3 writes whole addresses, query string included, into its own log lines.
logging.getLogger("urllib3").setLevel(logging.ERROR)

Auth = AuthBase | Callable[[requests.PreparedRequest], requests.PreparedRequest]
CHUNK = 65_536
ERROR_BODY = 65_536
BROKEN = (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException)


@dataclass(frozen=True)
class Limits:
    """Bounds of a client; times in seconds, sizes in bytes.

    `total_deadline` bounds one request, `run_deadline` what failed tries and the waits after
    them may cost over the client's life. `max_body` counts after decompression. `min_interval`
    is the least time between two request starts, `min_wait` the least wait before a retry.
    """

    attempts: int = 5
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    total_deadline: float = 120.0
    run_deadline: float = 900.0
    max_body: int = 32 * 2**20
    max_retry_after: float = 120.0
    backoff: tuple[float, ...] = (1, 2, 4, 8, 16)
    min_interval: float = 0.0
    min_wait: float = 0.5


class Broken(Exception):
    """No complete answer arrived; `problem` says why and whether another try may help."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.did, problem.detail)
        self.problem = problem


def checked_base_url(label: str, base_url: str) -> str:
    """Return `base_url` without its last slash.

    ValueError unless it is https, or http to this machine, and free of a user name, a query
    and odd characters. The message never repeats the address, which may hold a password.
    """
    parts, port_is_good = _split(base_url)
    if not parts.hostname or not port_is_good or parts.query or parts.fragment:
        raise ValueError(
            f"The base URL of {label} must look like https://host or https://host/path."
        )
    if "@" in parts.netloc:
        raise ValueError(f"The base URL of {label} must not hold a user name or password.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(
            f"The base URL of {label} must start with https://; http:// is for this machine only."
        )
    return base_url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Wire:
    """Sends requests to one base URL and returns whole answers within `limits`."""

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        headers: Mapping[str, str],
        limits: Limits,
        should_stop: Callable[[], bool],
    ) -> None:
        self._base_url = base_url
        self._limits = limits
        self._watch = Watch(limits.read_timeout, limits.total_deadline, should_stop)
        self._session = _Session()
        self._session.mount("https://", WatchedAdapter(self._watch))
        self._session.mount("http://", WatchedAdapter(self._watch))
        # A callable keeps requests from looking for a password in .netrc.
        self._session.auth = lambda request: auth(request)
        self._session.headers.update({"Accept-Encoding": "gzip, deflate", **headers})
        host = urlsplit(base_url).hostname or ""
        # A proxy of the environment is the way to the world outside, not to this machine.
        self._proxies = {"no_proxy": host} if is_loopback(host) else {}

    def exchange(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> Reply:
        """Return the whole answer; raise Broken without one and Stopped when asked to stop."""
        self._watch.start()
        failure = None
        try:
            response = self._send(method, path, params, content, headers)
        except BROKEN as error:
            failure = _unreached(error, self._limits, late=self._watch.late)
        # Raised out here so that no traceback shows the library's text with the query string.
        if failure:
            raise Broken(failure)
        with response:
            body = self._body(response)
        return Reply(response.url, response.status_code, response.raw.headers, body)

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    def _send(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        typed = {"Content-Type": "application/json"} if content is not None else {}
        return self._session.request(
            method,
            self._base_url + path,
            params=list(params),
            data=content,
            headers={**typed, **headers},
            timeout=(self._limits.connect_timeout, self._limits.read_timeout),
            proxies=dict(self._proxies),
            allow_redirects=False,
            stream=True,
        )

    def _body(self, response: requests.Response) -> bytearray:
        good = response.status_code == 200
        cap = self._limits.max_body if good else min(ERROR_BODY, self._limits.max_body)
        body, failure = bytearray(), None
        try:
            while len(body) <= cap and (chunk := response.raw.read1(CHUNK, decode_content=True)):
                body += chunk
        except BROKEN as error:
            failure = _broken_off(error, self._limits, late=self._watch.late)
        # What a refusal says is a courtesy: its status alone decides.
        if not good:
            return body
        if failure:
            raise Broken(failure)
        if len(body) > cap:
            raise Broken(_too_large(cap))
        return body


class _Session(requests.Session):
    """A session that knows no redirects, not even to prepare a request it would not send."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is nowhere to go on to."""


def _split(base_url: str) -> tuple[Any, bool]:
    odd = "\\" in base_url or any(not "!" <= character <= "~" for character in base_url)
    try:
        parts = urlsplit("" if odd else base_url)
        return parts, parts.port is None or parts.port > 0
    except ValueError:
        return urlsplit(""), False


def _unreached(error: Exception, limits: Limits, *, late: bool) -> Problem:
    cause = _cause(error, limits, late=late)
    certificate = any(isinstance(link, ssl.SSLCertVerificationError) for link in _links(error))
    retry = not certificate and not isinstance(error, ValueError)
    return Problem(ErrorClass.UNREACHABLE, "could not be reached for", cause, retry=retry)


def _broken_off(error: Exception, limits: Limits, *, late: bool) -> Problem:
    cause = _cause(error, limits, late=late)
    return Problem(ErrorClass.INCOMPLETE, "broke off its answer to", cause, retry=True)


def _too_large(cap: int) -> Problem:
    detail = f"its body is larger than {cap:,} bytes"
    return Problem(ErrorClass.UNEXPECTED, "sent an unexpected answer to", detail)


def _cause(error: Exception, limits: Limits, *, late: bool) -> str:
    """Return our own words for a failure: the library's may hold the query string."""
    silence = f"no answer for {limits.read_timeout:g} s"
    causes: list[tuple[type[BaseException], str]] = [
        (ssl.SSLCertVerificationError, "its TLS certificate is not trusted"),
        (requests.exceptions.ProxyError, "the proxy did not connect"),
        (
            requests.exceptions.ConnectTimeout,
            f"no connection in {limits.connect_timeout:g} s",
        ),
        (requests.exceptions.SSLError, "the TLS connection failed"),
        (NameResolutionError, "its host name cannot be resolved"),
        (ConnectionRefusedError, "the connection was refused"),
        (urllib3.exceptions.DecodeError, "its compressed body is damaged"),
        (requests.exceptions.Timeout, silence),
        (urllib3.exceptions.TimeoutError, silence),
        (ValueError, "the request cannot be written"),
    ]
    if late:
        return f"not finished within {limits.total_deadline:g} s"
    links = list(_links(error))
    for kind, words in causes:
        if any(isinstance(link, kind) for link in links):
            return words
    return "the connection broke"


def _links(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every error it was raised from or wraps, each once."""
    waiting, known = [error], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) in known:
            continue
        known.add(id(link))
        yield link
        inner = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        waiting.extend(item for item in inner if isinstance(item, BaseException))
