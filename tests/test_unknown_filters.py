"""A filter on what there is not matches nothing, and every page says so."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.filled import Reader
from tests.reading import shown


@pytest.mark.parametrize("path", ["/", "/users", "/users?rows=team", "/users?rows=tool&by=model"])
@pytest.mark.parametrize("kind", ["team", "tool", "model"])
def test_an_unknown_filter_matches_nothing_and_says_so(town: Reader, path: str, kind: str) -> None:
    glue = "&" if "?" in path else "?"
    page = town.client.get(f"{path}{glue}days=30&{kind}=Nope").text
    assert f"There is no {kind} \u201cNope\u201d, so nothing matches. Drop it" in shown(page)
    assert "Nothing matches these filters" in shown(page)
    href = re.search(r'so nothing matches. <a href="([^"]+)"', page)
    assert href
    there = shown(town.client.get(path.partition("?")[0] + unescape(href[1])).text)
    assert "There is no" not in there
    assert "Nothing matches these filters" not in there


@pytest.mark.parametrize("kind", ["team", "tool", "model"])
def test_what_is_exported_says_the_same(town: Reader, kind: str) -> None:
    answer = town.client.get(f"/export/users.csv?days=30&{kind}=Nope")
    assert len(answer.text.splitlines()) == 1


def test_a_known_name_beside_an_unknown_one_still_filters(town: Reader) -> None:
    page = town.client.get("/users?days=30&team=Platform&team=Nope").text
    assert "There is no team \u201cNope\u201d" in shown(page)
    assert "Nothing matches" not in shown(page)


def test_a_raw_name_of_a_model_is_a_name(town: Reader) -> None:
    page = town.client.get("/?days=all&model=gpt-5-codex").text
    assert "There is no" not in shown(page)


def test_a_person_is_shown_whatever_the_team(town: Reader) -> None:
    page = town.client.get("/users/ada@town.example?days=30&team=Nope").text
    assert "There is no" not in shown(page)


@pytest.mark.parametrize("kind", ["team", "tool", "model"])
def test_the_api_answers_nothing_for_what_there_is_not(town: Reader, kind: str) -> None:
    read = {
        path: town.client.get(f"/api/{path}?days=30&{kind}=Nope").json
        for path in ("stats", "models", "users", "users/pivot", "trends", "users/ada@town.example")
    }
    assert read["stats"]["totalTokens"] == read["stats"]["unattributed"]["totalTokens"] == 0
    assert (read["models"], read["users"]) == ([], [])
    assert (read["users/pivot"]["users"], read["users/pivot"]["totalCount"]) == ([], 0)
    assert len(read["trends"]) == 30
    assert not any(day["claudeCode"] + day["cursor"] for day in read["trends"])
    assert read["users/ada@town.example"]["modelBreakdown"] == []
