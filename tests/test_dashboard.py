"""The overview shows what the ledger holds, says how far it reaches, and always leads on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from app.dates import utc_today
from app.models import ProviderRun, Run
from app.web.view.formatting import days
from tests.invented import with_account
from tests.office import DOLLAR, store, used
from tests.reading import TEMPLATES, page_of, part, parts_of, shown, text_of
from tests.tools import CLAUDE_CODE, CURSOR


def fill_office() -> None:
    """A small office: two people, a key of nobody, today still open."""
    today = utc_today()
    store(
        [
            used(today, "ada@acme.example", CURSOR, 1_000_000, DOLLAR),
            used(today - timedelta(1), "ada@acme.example", CURSOR, 40_000_000, 30 * DOLLAR),
            used(today - timedelta(1), "bob@acme.example", CLAUDE_CODE, 5_000_000, None, "nova"),
            used(today - timedelta(2), "", CLAUDE_CODE, 2_000_000, 2 * DOLLAR, "claude-opus-5"),
            used(today - timedelta(40), "ada@acme.example", CURSOR, 50_000_000, 60 * DOLLAR),
        ],
        open_from=today,
        read_from=today - timedelta(70),
    )


FILLED = {"office": fill_office}


@pytest.fixture
def office(database: Database, client: FlaskClient) -> FlaskClient:
    """A browser on it."""
    database.close()
    return client


@pytest.mark.parametrize("days", [2, 7, 20])
def test_an_open_today_neither_adds_nor_hides_a_day(
    database: Database, client: FlaskClient, days: int
) -> None:
    """Every day has usage: a day between what is compared must not slip into the figures."""
    today = utc_today()
    store(
        [
            used(today - timedelta(number), "ada@acme.example", CURSOR, 1000 + number, DOLLAR)
            for number in range(45)
        ],
        open_from=today,
    )
    database.close()
    page = client.get(f"/?days={days}").text
    stats = client.get(f"/api/stats?days={days}").get_json()
    assert f'title="{stats["totalTokens"]:,} tokens"' in page
    assert stats["totalTokens"] == sum(1000 + number for number in range(days))
    complete = sum(1000 + number for number in range(1, days))
    before = sum(1000 + number for number in range(days + 1, 2 * days))
    assert re.search(rf': {complete:,} tokens; [^"]*: {before:,} tokens"', page)


def test_shows_the_figures_of_the_range(office: FlaskClient) -> None:
    text = text_of(office, "/")
    assert "Tokens 48.0 M" in text
    assert "Cost $33.00" in text
    assert "5.00 M tokens not priced" in text
    assert "Active people 2" in text
    assert "Cost per person $15.50 " in text
    assert "Top model auto 85.4 % of tokens" in text
    assert "100 % of 2 known" in text


def test_compares_complete_days_with_as_many_before(office: FlaskClient) -> None:
    text = text_of(office, "/")
    assert re.search(r"Tokens 48.0 M \u22126.0 % vs \d", text)
    assert "Cost $33.00 \u221247 % vs" in text
    assert "complete days only" in text


def test_says_new_when_there_was_nothing_before(office: FlaskClient) -> None:
    assert re.search(r"Tokens 48.0 M none \d", text_of(office, "/?days=7"))


def test_days_before_the_first_record_are_unknown_not_zero(office: FlaskClient) -> None:
    start, end = utc_today() - timedelta(70), utc_today() - timedelta(38)
    page = office.get(f"/?start={start}&end={end}").text
    cards = shown(page.split('id="cards"')[1].split("</dl>")[0])
    assert cards.count("no earlier data") == 6
    assert "none" not in cards
    assert re.search(r': 50,000,000 tokens; [^"]*: not known"', page)
    assert re.search(r"Not compared with [^:]*: records begin on \d", shown(page))


def test_a_day_without_usage_is_not_called_hatched(database: Database, client: FlaskClient) -> None:
    today = utc_today()
    store(
        [used(today - timedelta(back), "ada@acme.example", CURSOR, 1000, DOLLAR) for back in (1, 2)]
    )
    database.close()
    text = text_of(client, "/?days=7")
    assert "is partial." in text
    assert "hatched" not in text


def test_days_that_were_never_read_are_named_and_not_averaged(
    database: Database, client: FlaskClient
) -> None:
    today = utc_today()
    ada = [used(today - timedelta(back), "ada@acme.example", CURSOR, 1000, 1) for back in range(9)]
    store([*ada[:3], *ada[5:]], never_read={one.day for one in ada[3:5]})
    database.close()
    page = client.get("/?days=7").text
    unread = shown(days(ada[4].day, ada[3].day))
    words = f"Cursor was never read for 2 days ({unread})"
    assert f"Days are missing. {words}. No figure holds them." in shown(page)
    assert "2 partial days." in shown(page)
    assert shown(page).count("was never read") == 2
    compared = text_of(client, "/?days=2")
    assert "Days are missing" not in compared
    assert compared.count("no earlier data") == 6
    assert f": Cursor was never read for 1 day ({shown(days(ada[3].day, ada[3].day))})." in compared
    assert "never read" not in text_of(client, "/?days=1")
    assert "never read" not in text_of(client, "/?days=7&tool=claude_code")


def test_all_time_compares_nothing(office: FlaskClient) -> None:
    text = text_of(office, "/?days=all")
    assert "Tokens 98.0 M" in text
    assert " vs " not in text.split("Daily tokens")[0]


def test_names_the_open_day_and_hatches_it(office: FlaskClient) -> None:
    page = office.get("/").text
    assert "is partial (hatched)." in shown(page)
    assert 'fill="url(#daily-chart-tool-cursor)"' in page


def test_a_line_shows_the_days_before_where_anything_was_used_in_them(office: FlaskClient) -> None:
    page = office.get("/").text
    assert '<polyline points="' in page.split('id="daily-chart"')[1]
    assert ">Before</text>" in page
    assert ">50,000,000</text>" in page
    table = office.get("/?table=1").text.split('id="daily-table"')[1].split("</table>")[0]
    then = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)[-4]
    assert f" vs {then}" in page
    start, end = utc_today() - timedelta(70), utc_today() - timedelta(38)
    for query in ("?days=7", "?days=all", f"?start={start}&end={end}"):
        page = office.get(f"/{query}").text
        assert "<polyline" not in page.split('id="daily-chart"')[1].split("</section>")[0]
        assert ">Before<" not in page


def test_the_chart_has_its_table_behind_it(office: FlaskClient) -> None:
    page = office.get("/?days=7").text
    assert "daily-table" not in page
    (link,) = re.findall(r'<a id="daily-behind"\s+href="(.*?)#daily"', page)
    assert link == "?days=7&table=1"
    page = office.get("/?days=7&table=1").text
    assert re.findall(r'<a id="daily-behind"\s+href="(.*?)#daily"', page) == ["?days=7"]
    table = page.split('id="daily-table"')[1].split("</table>")[0]
    assert table.count('scope="row"') == 8
    assert "40,000,000" in table
    assert "48,000,000" in table


def test_draws_weeks_beyond_ninety_days(office: FlaskClient) -> None:
    assert "Weekly tokens" in text_of(office, "/?days=91")
    assert "Daily tokens" in text_of(office, "/?days=90")


def test_never_shows_an_unpriced_model_as_free(office: FlaskClient) -> None:
    models = office.get("/").text.split('id="models"')[1].split("</section>")[0]
    assert "nova 10.4 % 5.00 M \u2014 not priced" in shown(models)
    assert "$0.00" not in models


def test_people_others_and_nobody_add_up_to_the_total(office: FlaskClient) -> None:
    people = office.get("/").text.split('id="people"')[1].split("</section>")[0]
    text = shown(people)
    assert "ada@acme.example 41.0 M $31.00" in text
    assert "bob@acme.example 5.00 M \u2014 not priced" in text
    assert "No owner 2.00 M $2.00" in text
    assert "Everything 48.0 M $33.00" in text


def test_names_the_keys_without_an_owner(office: FlaskClient) -> None:
    assert "$2.00 has no owner. 1 key, 2.00 M tokens. Assign Records" in text_of(office, "/")
    assert "has no owner" not in text_of(office, "/?tool=cursor")


def test_usage_without_a_price_is_never_zero_dollars(office: FlaskClient) -> None:
    text = text_of(office, "/?model=nova&table=1")
    assert "Cost \u2014 " in text
    assert text.count("\u2014 not priced") >= 3
    assert re.search(r"5,000,000 \u2014 not priced", text)


def test_says_through_when_the_data_reaches(office: FlaskClient) -> None:
    text = text_of(office, "/")
    assert text.split("Tokens")[0].count("UTC") == 1
    assert re.search(r"Cursor through \d+ \w{3}, read (just now|\d+ min ago)", text)


def test_filters_by_tool_and_model(office: FlaskClient) -> None:
    assert "Tokens 41.0 M" in text_of(office, "/?tool=cursor")
    assert "Tokens 7.00 M" in text_of(office, "/?tool=claude_code")
    assert "Tokens 5.00 M" in text_of(office, "/?model=nova")
    assert "Tokens 46.0 M" in text_of(office, "/?model=nova&model=auto")


def test_every_link_keeps_the_range_and_the_filters(office: FlaskClient) -> None:
    page = office.get("/?days=7&model=auto").text
    links = [unescape(link) for link in re.findall(r'href="(\?[^"]*)"', page)]
    assert "?days=90&model=auto" in links
    assert "?days=7&tool=cursor&model=auto" in links
    assert "?days=7" in links
    assert '<input type="hidden" name="model" value="auto">' in page
    assert '<input type="hidden" name="days" value="7">' in page


@pytest.mark.parametrize("days", ["7", "30", "90", "365"])
def test_marks_the_chosen_preset(office: FlaskClient, days: str) -> None:
    page = office.get(f"/?days={days}").text
    chosen = re.findall(r'aria-current="true"\s*>([^<]+)</a>', page.split('id="cards"')[0])
    assert chosen == [{"365": "1 y"}.get(days, f"{days} d"), "All tools"]


def test_an_empty_database_shows_the_ways_in(client: FlaskClient) -> None:
    text = text_of(client, "/")
    assert "No usage yet" in text
    assert "ANTHROPIC_ADMIN_KEY" in text
    assert "flask demo" in text
    assert "Anthropic not configured" in text


def test_a_configured_tool_without_data_is_told_what_to_run(app: Flask) -> None:
    config = app.extensions["tracker_config"]
    app.extensions["tracker_config"] = with_account(config, "cursor", key="a-key")
    text = text_of(app.test_client(), "/")
    assert "Cursor: the key is set" in text
    assert "flask backfill --days 30" in text
    assert "CURSOR_ADMIN_KEY" not in text


def test_a_range_without_usage_leads_to_the_first_data(office: FlaskClient) -> None:
    first = utc_today() - timedelta(days=40)
    page = office.get("/?start=2020-01-01&end=2020-02-01").text
    assert "No usage in these days" in shown(page)
    assert f"?start={first}&end={first + timedelta(days=29)}" in page


def test_filters_that_match_nothing_can_be_cleared(office: FlaskClient) -> None:
    page = office.get("/?days=7&tool=cursor&model=nova").text
    assert "Nothing matches these filters" in shown(page)
    assert re.search(r'href="\?days=7">Clear filters', page)


def test_a_failed_provider_is_named_with_its_last_good_time(
    office: FlaskClient, database: Database
) -> None:
    database.connect(reuse_if_open=True)
    good = int(datetime(2026, 11, 20, 6, 1, tzinfo=UTC).timestamp())
    for status, error, moment in (("ok", "", good), ("failed", "The key was refused.", good + 9)):
        run = Run.create(kind="daily", status=status, start_day=1, end_day=1, started_at=1)
        ProviderRun.create(
            run=run,
            provider="cursor",
            status=status,
            error=error,
            started_at=moment,
            finished_at=moment,
            days_asked=1,
        )
    database.close()
    text = text_of(office, "/")
    assert "Cursor could not be read. The key was refused. It last worked 20 Nov 06:01" in text
    assert "Cursor could not be read · $2.00 has no owner Cursor could not be read." in text
    assert part(page_of(office, "/"), "folded").startswith("<details")
    assert "Tokens 48.0 M" in text


@pytest.mark.parametrize(
    "query",
    [
        "?days=x&start=1&end=2&tool=abacus&page=9",
        "?start=0001-01-01&end=9999-12-31",
        "?start=9999-12-01&end=9999-12-31",
        "?start=0001-01-01&end=0001-01-01",
        "?start=2026-11-22&end=2026-11-01",
        "?days=999999999",
        "?days=36600",
        "?model=%00&model=%27%22%3Cscript%3E&model=" + "x" * 5000,
        "?tool=cursor&tool=cursor&tool=claude_code",
        "?measure=euros&by=moon&measure=cost",
        "?by=model&measure=cost&days=all&model=nobody",
        "?by=model&start=2024-02-29&end=2024-02-29",
    ],
)
def test_odd_queries_never_break_the_page(office: FlaskClient, query: str) -> None:
    page = office.get(f"/{query}").text
    assert "<h1>" in page
    assert "<script>" not in page


def test_links_only_to_pages_that_exist(app: Flask, office: FlaskClient) -> None:
    paths = {rule.rule for rule in app.url_map.iter_rules()}
    links = re.findall(r'href="(/[^"?]*)', office.get("/").text)
    assert links
    assert all(link in paths or link.startswith(("/static/", "/users/")) for link in links)


def test_refuses_to_be_written_to(client: FlaskClient) -> None:
    assert client.post("/").status_code == 405


def test_an_unknown_address_leads_back(client: FlaskClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "Back to the overview" in response.text


def test_asks_the_database_a_bounded_number_of_questions(
    office: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first request also looks at the schema, and at whose the addresses are.
    text_of(office, "/import")
    asked: list[str] = []
    execute = database.execute_sql

    def count(sql: str, *rest: object) -> object:
        asked.append(sql)
        return execute(sql, *rest)

    monkeypatch.setattr(database, "execute_sql", count)
    text_of(office, "/?days=365")
    # Among them for each organization whose its lanes are, until somebody else comes.
    assert 0 < len(asked) <= 34


@pytest.mark.parametrize("part", parts_of(TEMPLATES / "dashboard"), ids=lambda path: path.name)
def test_a_part_is_one_element_with_an_id_and_is_included(part: Path) -> None:
    name = part.stem.lstrip("_").replace("_", "-")
    source = re.sub(r"\{[%#].*?[%#]\}", "", part.read_text(), flags=re.DOTALL).strip()
    opening = re.match(rf'<(\w+)[^>]*\bid="{name}"', source)
    assert opening
    assert source.endswith(f"</{opening[1]}>")
    included = f'include "dashboard/{part.name}"'
    assert any(included in other.read_text() for other in part.parent.glob("*.html"))


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_inline_style_or_script(template: Path) -> None:
    assert not re.search(r"\sstyle=\"|<style|<script(?![^>]*\bsrc=)|\son\w+=", template.read_text())
