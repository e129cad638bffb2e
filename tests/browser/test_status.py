"""The status page in a browser: calendar, the story of a day, runs, keys, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.config import Config
from app.database import open_database
from app.dates import day_number, utc_today
from app.models import DayChange, Partition, ProviderRun, Run
from tests.browser.looks import AXE, faults_at_any_width, juts_out
from tests.browser.served import serving, write_demo
from tests.conftest import close

IN_SIGHT = """(one) => {
  const [own, around] = [one, one.closest(".fit")].map((each) => each.getBoundingClientRect());
  return own.left >= around.left && own.right <= around.right + 1;
}"""
PHONE = {"width": 390, "height": 844}
RUNS = 60
GAP = (utc_today() - timedelta(days=20), utc_today() - timedelta(days=18))
SUSPICIOUS = utc_today() - timedelta(days=9)
REFUSED = "Anthropic said no; wait."
FAILED = utc_today() - timedelta(days=5)


@pytest.fixture(scope="module")
def status_url(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product with a small company, and days in every state."""
    folder = tmp_path_factory.mktemp("status")
    settings = {
        "SQLITE_PATH": str(folder / "status.db"),
        "SCHEDULER": "off",
        "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-never-used",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
    }
    write_demo(run_folder, folder / "status.db", people=12, days=60)
    spoil(Path(settings["SQLITE_PATH"]))
    with serving(settings, folder / "server.log") as url:
        yield url


def spoil(path: Path) -> None:
    """Leave a gap, a suspicious day, a failed one and a long log of runs."""
    engine = open_database(Config(sqlite_path=path))
    number = {"start_day": day_number(FAILED), "end_day": day_number(FAILED)}
    with engine.connection_context():
        engine.execute_sql("PRAGMA foreign_keys = OFF")
        gap = Partition.day.between(*map(day_number, GAP)) & (Partition.source == "messages")
        DayChange.delete().where(DayChange.partition.in_(Partition.select().where(gap))).execute()
        Partition.delete().where(gap).execute()
        Partition.update(suspicious_at=1).where(
            (Partition.day == day_number(SUSPICIOUS)) & (Partition.source == "events")
        ).execute()
        for moment in range(RUNS):
            run = Run.create(kind="sync", status="failed", started_at=moment,
                             finished_at=moment + 3, asked_by="admin", **number)  # fmt: skip
            ProviderRun.create(run=run, provider="anthropic", status="failed", started_at=moment,
                               finished_at=moment + 3, error=REFUSED)  # fmt: skip
    close(engine)


@pytest.fixture
def status_page(chromium: Browser, status_url: str) -> Iterator[Page]:
    """The page, in a tab whose every complaint fails the test."""
    with chromium.new_context(base_url=status_url, viewport={"width": 1440, "height": 900}) as made:
        page = made.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/status")
        yield page
        assert said == []


def mark(page: Page, provider: str, state: str) -> str:
    """The label of the first day of a provider in that state."""
    found = page.locator(f'.days a[title^="{provider}"][title*=": {state}"]').first
    return found.get_attribute("title") or ""


def test_every_state_is_a_colour_and_a_sign(status_page: Page) -> None:
    signs = {}
    for state in ("final", "provisional", "missing", "failed", "suspicious"):
        found = status_page.locator(f'.days a[title*=": {state}"]').first
        sign, color = found.evaluate(
            "e => [getComputedStyle(e, '::before').content, getComputedStyle(e).color]"
        )
        signs[state] = (sign.split('"')[1], color)
        expect(status_page.locator(f'.legend [data-state="{state}"]')).to_have_text(signs[state][0])
    assert len({sign for sign, _ in signs.values()}) == len(signs)
    gap = status_page.locator('.days a[data-state="missing"]')
    expect(gap).to_have_count((GAP[1] - GAP[0]).days + 1)


def test_a_click_tells_the_story_and_back_takes_it_away(status_page: Page) -> None:
    label = mark(status_page, "Cursor", "suspicious")
    status_page.get_by_role("link", name=label, exact=True).click()
    expect(status_page).to_have_url(re.compile(f"day={SUSPICIOUS}&provider=cursor"))
    expect(status_page.locator("#day")).to_contain_text("Came back empty")
    expect(status_page.get_by_role("link", name=label, exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    status_page.go_back()
    expect(status_page.locator("#day")).to_have_count(0)


def test_escape_closes_the_story(status_page: Page) -> None:
    status_page.locator('.days a[data-state="failed"]').first.click()
    expect(status_page.locator("#day")).to_contain_text("Anthropic said no; wait.")
    status_page.keyboard.press("Escape")
    expect(status_page.locator("#day")).to_have_count(0)


def test_arrows_walk_from_day_to_day(status_page: Page) -> None:
    first = status_page.locator(".days tbody tr").first.locator("td a").first
    first.focus()
    start = first.get_attribute("title")
    status_page.keyboard.press("ArrowDown")
    below = status_page.locator(":focus").get_attribute("title") or ""
    assert below.startswith("Cursor")
    status_page.keyboard.press("ArrowUp")
    assert status_page.locator(":focus").get_attribute("title") == start
    status_page.keyboard.press("ArrowLeft")
    expect(first).to_be_focused()
    status_page.keyboard.press("ArrowDown")
    status_page.keyboard.press("Enter")
    expect(status_page.locator("#day .place")).to_have_text("Cursor")


def test_the_log_is_paged_and_a_run_opens_in_place(status_page: Page) -> None:
    rows = status_page.locator(".runs > tbody > tr[id]")
    expect(rows).to_have_count(25)
    status_page.locator("#runs-older").click()
    expect(status_page.locator("#runs-pager")).to_contain_text("of 61")
    expect(status_page).to_have_url(re.compile("page=2"))
    number = rows.nth(3).locator("th").inner_text()
    rows.nth(3).locator("th a").click()
    expect(status_page.locator(f"#run-{number} + .opened")).to_contain_text("Anthropic said no")
    status_page.locator(f"#run-{number} th a").click()
    expect(status_page.locator(".opened")).to_have_count(0)


def test_gaps_and_failures_are_offered(status_page: Page) -> None:
    expect(status_page.locator("#gaps")).to_contain_text("3 days")
    expect(status_page.locator("#gaps button")).to_have_text(["Fill"])
    expect(status_page.locator("#notices")).to_contain_text("auth: open")


def test_axe_finds_nothing_at_any_width(chromium: Browser, status_url: str) -> None:
    with chromium.new_context(base_url=status_url, bypass_csp=True) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.goto(f"/status?day={FAILED}&provider=anthropic&run=3")
        assert juts_out(page) == {}
        assert faults_at_any_width(page, between=(390, 768, 2560)) == {}


def test_a_phone_begins_the_calendar_with_the_newest_day(
    chromium: Browser, status_url: str
) -> None:
    with chromium.new_context(base_url=status_url, viewport=PHONE) as context:
        page = context.new_page()
        page.goto("/status")
        month = page.locator("table.days tbody tr").first
        assert month.locator("a").last.evaluate(IN_SIGHT)
        assert month.locator("th").evaluate_all(f"(all) => all.every({IN_SIGHT})")


def test_everything_works_without_javascript(chromium: Browser, status_url: str) -> None:
    with chromium.new_context(base_url=status_url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/status")
        page.locator('.days a[data-state="missing"]').first.click()
        expect(page.locator("#day")).to_contain_text("Nothing is stored for it.")
        page.locator("#day-close").click()
        expect(page.locator("#day")).to_have_count(0)
        page.locator("#runs-older").click()
        page.locator(".runs tbody th a").first.click()
        expect(page.locator(".opened")).to_contain_text("It changed no day.")
        page.locator(f"#months-{utc_today().year}").click()
        expect(page.locator(".days")).to_be_visible()
        page.locator("#gaps button").first.click()
        expect(page.locator("main")).to_contain_text("demo company")
