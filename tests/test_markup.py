"""What is sent of a template: no indentation, and no two words that grew together."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from app.web.view.markup import WithoutIndentation


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
