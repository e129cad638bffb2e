"""What is sent of a template: no indentation, and no two words that grew together."""

from __future__ import annotations

from html import unescape

import pytest
from jinja2 import Environment

from app.web.request.markup import WithoutIndentation, with_short_links


@pytest.fixture(scope="module")
def environment() -> Environment:
    return Environment(
        extensions=[WithoutIndentation], trim_blocks=True, lstrip_blocks=True, autoescape=True
    )


def test_no_line_begins_with_blanks(environment: Environment) -> None:
    text = "<tr>\n    {% if there %}\n      <td\n          id='n'>1</td>\n    {% endif %}\n  </tr>"
    sent = environment.from_string(text).render(there=True)
    assert sent == "<tr>\n <td\nid='n'>1</td>\n </tr>"


def test_words_on_two_lines_stay_two_words(environment: Environment) -> None:
    text = "    moves{% if all %} all{% endif %}\n      from\n      {# whose #}\n      {{ name }}"
    for everything in (True, False):
        sent = environment.from_string(text).render(all=everything, name="Ann")
        assert sent.split() == ["moves", *(["all"] if everything else []), "from", "Ann"]


@pytest.mark.parametrize(
    ("escaped", "sent"),
    [
        ('<a href="?a=1&amp;end=2&amp;q=%26amp">', '<a href="?a=1&end=2&q=%26amp">'),
        ("R&amp;D &amp;amp; &amp;copy=1&amp;lt=2 &amp;notes=3", None),
    ],
)
def test_links_are_short_and_read_as_before(escaped: str, sent: str | None) -> None:
    assert with_short_links(escaped) == (sent or escaped)
    assert unescape(with_short_links(escaped)) == unescape(escaped)
