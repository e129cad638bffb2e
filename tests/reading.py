"""Pages as people read them: good answers, their words and parts, and the tokens of their forms."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
"""What htmx sends when it asks for a part of a page."""


def page_of(client: FlaskClient, path: str, query: Any = None, **headers: str) -> str:
    """The HTML of a page, which must be a good answer."""
    response = client.get(path, query_string=query, headers=headers)
    assert response.status_code == 200, response.text
    return response.text


def text_of(client: FlaskClient, path: str, query: Any = None) -> str:
    """The words of a page, which must be a good answer."""
    return shown(page_of(client, path, query))


def unescaped(client: FlaskClient, path: str, query: Any = None) -> str:
    """The HTML of a page with plain characters and blanks: `title="Ann's"`, not `&#39;`."""
    return unescape(page_of(client, path, query)).replace("\u00a0", " ")


def shown(html: str) -> str:
    """The words of HTML as read, with single plain blanks: `<b>1 day</b>,` reads "1 day,"."""
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    return re.sub(r"\s+([.,;:])", r"\1", words)


def part(html: str, name: str) -> str:
    """The element of that id, up to the first end of an element of its kind."""
    found = re.search(rf'<(\w+)\b[^>]*\bid="{name}".*?</\1>', html, re.DOTALL)
    assert found, name
    return found.group()


def people_in(html: str) -> list[str]:
    """The e-mail addresses in the list of people, top to bottom."""
    table = html.partition('id="table"')[2].partition("</table>")[0]
    return [unescape(email) for email in re.findall(r"<bdi>([^<]*)</bdi>", table)]


def token_in(html: str) -> str:
    """The CSRF token of the forms in HTML."""
    found = re.search(r'name="csrf_token"\s+value="([^"]+)"', html)
    assert found, "no form that writes"
    return unescape(found[1])


def token_of(client: FlaskClient, path: str) -> str:
    """The CSRF token of a page's forms."""
    return token_in(client.get(path).text)


def parts_of(folder: Path) -> list[Path]:
    """The templates of a page's parts."""
    return [path for path in folder.glob("*.html") if path.name.startswith("_")]
