"""Every figure of the pages is a link to the view behind it, where there is one."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.web.people.columns import EVERY, USUAL
from app.web.view.csv_files import export_note
from app.web.view.navigation import SELDOM_SHOWN, Drilldown, PersonDrilldown
from app.web.view.state import parse_view
from tests.filled import COMPANY_DAYS, ONE_FILLED, Reader
from tests.reading import part, unescaped

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
DAY = "start=2026-10-06&end=2026-10-06"
NOTHING = re.compile(r"0|0\.0 %|\$0\.00|\u2014.*|")


def table(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1].split("</table>")[0]


def cells(page: str, name: str) -> list[tuple[str, str]]:
    """(text, first link or "") of the figures of a table."""
    found = re.findall(r"<td[^>]*>(.*?)</td>", table(page, name), re.DOTALL)
    links = [re.search(r'href="([^"]*)"', cell) for cell in found]
    texts = [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]
    return [(text, link[1] if link else "") for text, link in zip(texts, links, strict=True)]


def first_person(reader: Reader) -> str:
    email: str = reader.get("users", limit=1)[0]["email"]
    return email


@ONE_FILLED
@pytest.mark.parametrize("query", ["", "&tool=cursor", "&by=model&measure=cost", "&days=all"])
@pytest.mark.parametrize("name", ["models", "people", "tools", "weekdays", "daily-table"])
def test_every_figure_of_the_overview_is_a_link(company: Reader, name: str, query: str) -> None:
    page = unescaped(company.client, f"/?{RANGE}{query}&table=1")
    plain = [text for text, link in cells(page, name) if not link and not NOTHING.fullmatch(text)]
    # What is no single model has no filter.
    assert plain == [] or (name == "daily-table" and "Others" in table(page, name))


@ONE_FILLED
@pytest.mark.parametrize("name", ["models", "tools", "weekdays", "daily-table"])
def test_every_figure_of_a_person_is_a_link(company: Reader, name: str) -> None:
    page = unescaped(company.client, f"/users/{first_person(company)}?{RANGE}&table=1")
    plain = [text for text, link in cells(page, name) if not link and not NOTHING.fullmatch(text)]
    assert plain == []


@pytest.mark.parametrize("path", ["/", "/users/{email}"])
def test_every_card_is_a_link_that_answers(company: Reader, path: str) -> None:
    page = unescaped(company.client, f"{path.format(email=first_person(company))}?{RANGE}")
    figures = re.findall(r'<dd class="figure"[^>]*>\s*(.*?)\s*</dd>', page, re.DOTALL)
    links = [re.search(r'href="([^"]*)"', figure) for figure in figures]
    assert len(figures) >= 5
    for link in links:
        assert link
        assert RANGE in link[1]
        unescaped(company.client, link[1])


def test_a_day_of_a_tool_leads_to_that_day_and_tool(company: Reader) -> None:
    page = unescaped(company.client, f"/?{DAY}&table=1")
    figure, link = cells(page, "daily-table")[0]
    assert link == f"?{DAY}&tool=claude_code&table=1"
    assert (
        f'title="{figure} tokens"' in unescaped(company.client, f"/{link}").split('id="cards"')[1]
    )


def test_a_weekday_leads_to_the_days(company: Reader) -> None:
    links = [link for _, link in cells(unescaped(company.client, f"/?{RANGE}"), "weekdays")][:3]
    days = f"/users?{RANGE}&rows=day"
    assert links == [f"{days}&measure=people", days, f"{days}&measure=cost"]


def test_a_weekday_of_a_person_leads_to_their_days(company: Reader) -> None:
    email = first_person(company)
    page = unescaped(company.client, f"/users/{email}?{RANGE}")
    links = {link for text, link in cells(page, "weekdays") if link}
    assert links
    assert all("by=day" in link and "q=" in link for link in links)
    assert email in unescaped(company.client, links.pop())


def test_requests_and_unpriced_usage_lead_to_the_models(company: Reader) -> None:
    links = [link for _, link in cells(unescaped(company.client, f"/?{RANGE}"), "tools")]
    assert f"/users?{RANGE}&tool=cursor&rows=model&measure=requests" in links
    assert f"/users?{RANGE}&rows=model&measure=requests" in links


def test_a_person_of_the_list_leads_on_from_every_sum(company: Reader) -> None:
    email = first_person(company)
    row = (
        unescaped(company.client, f"/users?{RANGE}&q={email}")
        .split("<tbody>")[1]
        .split("</tbody>")[0]
    )
    links = re.findall(r'href="(/users/[^"]*)"', row)
    assert f"/users/{email}?{RANGE}" in links
    assert any(link.endswith(f"?{RANGE}&tool=claude_code") for link in links)
    for link in links:
        unescaped(company.client, link)


def test_a_workspace_leads_to_its_records(company: Reader) -> None:
    page = unescaped(company.client, f"/users?{RANGE}&rows=workspace")
    link, label, figure = re.findall(
        r'<th scope="row"[^>]*><a href="([^"]*)"><bdi>(.*?)</bdi>.*?title="([\d,]+)', page
    )[0]
    assert link.startswith(f"/records?{RANGE}&organization=")
    there = unescaped(company.client, link)
    assert f"Records: {label}" in there
    assert f'title="{figure} tokens"' in part(there, "sum-tokens")


@ONE_FILLED
@pytest.mark.parametrize("query", ["", "&tool=cursor", "&measure=cost"])
@pytest.mark.parametrize("name", ["cards", "models", "people", "tools", "weekdays", "daily-table"])
def test_two_clicks_lead_from_a_figure_of_the_overview_to_records(
    company: Reader, name: str, query: str
) -> None:
    page = unescaped(company.client, f"/?{RANGE}{query}&table=1")
    links = set(
        re.findall(r'href="([^"#]*)"', page.split(f'id="{name}"')[1].split("</section>")[0])
    )
    assert links
    for link in sorted(links, key=len)[:6]:
        there = unescaped(company.client, link if link.startswith("/") else f"/{link}")
        assert re.search(r'id="(to-records|records|sums)"', there), link


def test_what_has_no_owner_leads_to_its_records_from_everywhere(company: Reader) -> None:
    records = f"/records?{RANGE}&owner=none"
    for path in ("/", "/users", "/users?by=tool", "/users?rows=team"):
        page = unescaped(company.client, f"{path}{'&' if '?' in path else '?'}{RANGE}")
        assert f'href="{records}"' in page, path
    query = f"{RANGE}&tool=claude_code"
    people = unescaped(company.client, f"/users?{query}&cols=totalTokens")
    line = re.search(rf'href="/records\?{query}&owner=none" title="(.*?)"', people)
    assert line
    there = unescaped(company.client, f"/records?{query}&owner=none")
    assert f'title="{line[1]}"' in part(there, "sum-tokens")


def test_a_link_keeps_range_and_filters_and_shows_the_column(company: Reader) -> None:
    with company.app.test_request_context():
        view = parse_view(MultiDict({"days": "7", "tool": "cursor"}), date(2026, 11, 22))
        behind = Drilldown(view)
        assert behind() == "/users?days=7&tool=cursor"
        assert behind(sort="totalCost") == "/users?days=7&tool=cursor&sort=totalCost"
        assert behind(rows="model", measure="tokens").endswith("&rows=model")
        hidden = behind(sort="inputTokens")
        person = PersonDrilldown(view, "ada@x.example")
        assert person(tools=("cursor",)) == "?days=7&tool=cursor"
        assert person(rows="day").endswith("&by=day&q=ada%40x.example")
        assert person(sort="cacheShare").endswith("&q=ada%40x.example")
    assert "sort=inputTokens" in hidden
    assert 'id="sort-inputTokens"' in unescaped(company.client, hidden.replace("days=7", RANGE))


def test_every_column_that_a_link_must_ask_for_is_known() -> None:
    assert set(SELDOM_SHOWN) == set(EVERY) - set(USUAL)


@pytest.mark.parametrize("query", ["", "?days=7&model=a+b"])
def test_a_slash_too_many_leads_to_the_list(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/users/{query}")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith(f"/users{query}")


def test_pages_say_what_their_file_holds(company: Reader) -> None:
    start, end = COMPANY_DAYS
    people = unescaped(company.client, f"/users?start={start}&end={end}")
    count = re.search(r'id="count"[^>]*>\s*<b>(.*?)</b>', people)
    assert count
    assert f"CSV: {count[1]}, No owner, no totals.</p>" in people
    models = unescaped(company.client, f"/users?rows=model&start={start}&end={end}")
    assert re.search(r"CSV: \d+ models, no totals\.</p>", models)
    assert models.count('aria-describedby="file-holds"') == 1


def test_a_file_names_its_incomplete_days() -> None:
    last = date(2026, 11, 22)
    words = export_note("3 people", [last]).replace("\u00a0", " ")
    assert words == "CSV: 3 people, no totals. 22 Nov partial."
    words = export_note("3 people", [last, date(2026, 11, 20)]).replace("\u00a0", " ")
    assert words.endswith(". 2 days since 20 Nov partial.")


def test_a_file_names_its_lines_of_nobody() -> None:
    assert export_note("3 people", [], shared=True) == "CSV: 3 people, shared keys, no totals."
    words = export_note("3 people", [], shared=True, nobodys=True)
    assert words == "CSV: 3 people, shared keys, No owner, no totals."
