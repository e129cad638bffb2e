"""The pivot in a browser: rows, columns, measure, shades, order and its links."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from app.dates import days_between, utc_today
from tests.browser.watch import Watch

ROWS = "#table tbody tr > th"


def labels(page: Page) -> list[str]:
    return page.locator(f"{ROWS} bdi").all_inner_texts()


def test_the_list_of_people_becomes_a_pivot_and_a_list_again(page: Page, watch: Watch) -> None:
    page.goto("/users?days=90&tool=cursor")
    page.locator("#shape-rows").select_option("model")
    expect(page).to_have_url(f"{watch.base_url}/users?days=90&tool=cursor&rows=model")
    page.locator("#shape-by").select_option("month")
    expect(page).to_have_url(re.compile("by=month"))
    today = utc_today()
    months = {day.replace(day=1) for day in days_between(today - timedelta(89), today)}
    expect(page.locator("#table thead th")).to_have_count(1 + len(months) + 1)
    page.locator("#shape-measure").select_option("cost")
    expect(page.locator("#table tfoot")).to_contain_text("$")
    page.go_back()
    expect(page.locator("#shape-measure")).to_have_value("tokens")
    expect(page.locator("#table tfoot")).not_to_contain_text("$")
    page.locator("#people-list").click()
    expect(page).to_have_url(f"{watch.base_url}/users?days=90&tool=cursor")
    expect(page.locator("#shape-rows")).to_have_value("person")


def test_rows_and_columns_change_places(page: Page) -> None:
    page.goto("/users?rows=tool&by=month")
    tools = labels(page)
    page.locator("#turn").click()
    expect(page.locator("#shape-rows")).to_have_value("month")
    assert set(tools) <= set(page.locator("#table thead bdi").all_inner_texts())


def test_shades_come_and_go(page: Page) -> None:
    page.goto("/users?rows=model&by=month")
    shaded = page.locator("#table tbody td[class*=heat-]")
    expect(shaded).to_have_count(0)
    page.locator("#shape-heat").check()
    expect(shaded.first).to_be_visible()
    expect(page).to_have_url(re.compile("heat=1"))
    page.locator("#shape-heat").uncheck()
    expect(shaded).to_have_count(0)


def test_a_column_sorts_and_reverses_by_keyboard(page: Page) -> None:
    page.goto("/users?rows=model&by=tool&days=90")
    head = page.locator("#table thead th:has(a)").nth(1)
    head.locator("a").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    first = labels(page)[0]
    expect(head.locator("a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#table thead [aria-sort]")).to_have_count(1)
    assert labels(page)[0] != first


def test_a_search_in_a_pivot_keeps_its_shape(page: Page, watch: Watch) -> None:
    page.goto("/users?rows=model&by=tool")
    page.locator("#q").press_sequentially("opus")
    expect(page).to_have_url(f"{watch.base_url}/users?rows=model&by=tool&q=opus")
    assert labels(page)
    assert all("opus" in label.lower() for label in labels(page))
    expect(page.locator("#q")).to_be_focused()


def test_a_cell_leads_to_the_view_behind_it(page: Page) -> None:
    page.goto("/users?rows=model&by=month&days=90")
    page.locator("#table tbody td a").first.click()
    expect(page).to_have_url(re.compile("model="))
    expect(page.locator("#table")).to_be_visible()
    page.go_back()
    expect(page.locator("#shape-by")).to_have_value("month")


def test_the_export_of_a_pivot_has_its_rows_and_columns(page: Page, tmp_path: Path) -> None:
    page.goto("/users?rows=model&by=month&measure=cost&days=90")
    on_screen = labels(page)
    with page.expect_download() as download:
        page.locator("#export").click()
    download.value.save_as(tmp_path / "pivot.csv")
    heading, *rows = csv.reader((tmp_path / "pivot.csv").read_text().splitlines())
    assert [row[0] for row in rows][: len(on_screen)] == on_screen
    # After the columns of the screen come those of the tokens without a price.
    shown = [words for words in heading if not words.startswith("unpricedTokens")]
    assert len(shown) == page.locator("#table thead th").count()
