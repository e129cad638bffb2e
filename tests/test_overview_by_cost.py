"""With cost as the measure, rankings, bars and shares of the overview go by cost."""

from __future__ import annotations

from html import unescape

from tests.filled import COMPANY_DAYS, Reader
from tests.reading import shown

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"


def test_the_choice_travels_along(company: Reader) -> None:
    for path in (f"/?{RANGE}&measure=cost", f"/users?{RANGE}&sort=totalCost"):
        page = unescape(company.client.get(path).text)
        navigation = page.split("<main")[0]
        assert f'href="/?{RANGE}&measure=cost"' in navigation
        assert f'href="/users?{RANGE}&sort=totalCost"' in navigation


def places_of(page: str, section: str, titles: list[str]) -> list[int]:
    """Where the titles begin in a section, of those that it shows."""
    body = page.split(f'<section id="{section}"')[1].split("</section>")[0]
    marks = dict.fromkeys(f'title="{title}' for title in titles)
    return [body.index(mark) for mark in marks if mark in body]


def test_models_and_people_are_ranked_by_cost(company: Reader) -> None:
    page = unescape(company.client.get(f"/?{RANGE}&measure=cost").text)
    days = {"startDate": COMPANY_DAYS[0], "endDate": COMPANY_DAYS[1]}
    models = sorted(company.get("models", **days), key=lambda row: -row["cost"])
    people = company.get("users/pivot", **days, sortBy="totalCost", sortDir="desc")["users"]
    whole = company.get("stats", **days)["totalCost"]
    priced = [row for row in models if row["cost"]]
    places = places_of(page, "models", [row["model"] + ", " for row in priced])
    assert len(places) > 1
    assert places == sorted(places)
    places = places_of(page, "people", [row["email"] + '"' for row in people if row["totalCost"]])
    assert len(places) > 1
    assert places == sorted(places)
    share = 100 * priced[0]["cost"] / whole
    assert f"{share:.1f} %" in shown(page.split('<section id="models"')[1]).replace("\xa0", " ")
    assert "/users?" + RANGE + "&sort=totalCost" in page
    assert "/users?" + RANGE + "&rows=model&measure=cost" in page
