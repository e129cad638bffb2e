"""By which name, and from where, this server was asked: what a foreign site cannot choose.

A foreign site may let its own name lead to this machine (DNS rebinding): its pages then read what
the browser reads. And a reverse proxy on this machine makes everybody a local caller. Neither gets
more than a stranger does.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from flask import request

from app.config import Config
from app.current import the_config
from app.web.request.errors import Refused

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
ODD = "?"
"""In place of a name that is none."""
SPOKEN = ("HTTP/1.1", "HTTP/2", "HTTP/2.0")
"""What browsers and scripts speak; proxies that nobody set up mostly speak HTTP/1.0."""
FORWARDED = re.compile(
    r"(?i)forwarded|x-forwarded-.*|x-original-.*|x-rewrite-url|via|cdn-loop|x-envoy-.*|x-arr-.*|"
    r"(x-)?(front-end-https|ssl-client-.*)|x-(nginx-)?proxy.*|x-scheme|x-url-scheme|cf-.*|"
    r"(x-real|x-client|x-cluster-client|true-client|fastly-client)-ip"
)
"""Headers that a proxy adds: behind one, every caller has the address of this machine."""
UNKNOWN_NAME = "This server does not go by the name {name}."
OPEN_INSTEAD = "Open {url}, or correct EXTERNAL_URL."
SET_IT = "Set EXTERNAL_URL to the address that people open, or open it as localhost."


def check_host() -> None:
    """Raise `Refused` for a name that this server does not go by."""
    config, name = the_config(), asked_name()
    if config.external_url:
        if not _is_address(name) and name not in ("", *LOCAL_NAMES, _name_in(config.external_url)):
            raise Refused(_unknown(name, OPEN_INSTEAD.format(url=config.external_url)))
    elif _may_be_rebound(name, config):
        raise Refused(_unknown(name, SET_IT))


def is_local() -> bool:
    """Whether a browser or script on this machine asks, plainly: through no proxy, by a local name.

    What a bare proxy leaves as it was tells of it: HTTP/1.0, or the name in Origin and Referer.
    """
    if request.environ.get("SERVER_PROTOCOL") not in SPOKEN or _speaks_of_elsewhere():
        return False
    if any(FORWARDED.fullmatch(name) for name, _ in request.headers):
        return False
    return asked_name() in LOCAL_NAMES and _is_loopback(request.remote_addr or "")


def asked_name() -> str:
    """The name or address in Host, lower-case and without a port; "" when there is none."""
    host = request.environ.get("HTTP_HOST", "")
    return ODD if set(host) & set("/@?#\\, ") else _name_in(f"//{host}")


def _may_be_rebound(name: str, config: Config) -> bool:
    """Whether a page elsewhere may have sent a browser on this machine here.

    Where nothing but being on this machine lets a reader in, any name with a dot may be somebody
    else's. Names without one are those of machines near by, and an address is nobody's name.
    """
    if config.viewer_password or config.allow_no_auth or config.trusted_proxies:
        return False
    without_dot = "." not in name.rstrip(".") and name != ODD
    near = without_dot or name in LOCAL_NAMES or name.endswith((".local", ".localhost"))
    return not near and not _is_address(name) and _is_loopback(request.remote_addr or "")


def _speaks_of_elsewhere() -> bool:
    """Whether the browser knows this page by another name: a proxy stands between."""
    headers = request.headers
    origin = headers.get("Origin")
    if origin is not None and _name_in(origin) not in LOCAL_NAMES:
        return True
    # Who follows a link from another site tells of that site, which is no proxy.
    followed = headers.get("Sec-Fetch-Site", "") in ("cross-site", "same-site")
    before = headers.get("Referer")
    return before is not None and not followed and _name_in(before) not in LOCAL_NAMES


def _name_in(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ODD


def _unknown(name: str, advice: str) -> str:
    return f"{UNKNOWN_NAME.format(name=name[:100])} {advice}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
