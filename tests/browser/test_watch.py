"""The harness itself: what a page complains about does reach the test."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import NewContext
from tests.browser.looks import ALIKE, axe_context, faults, faults_at_any_width
from tests.browser.watch import Watch

INLINE = {
    "an inline script": ("<script>document.title = 'run'</script>", "script-src"),
    "an inline style": ('<p style="color: red">red</p>', "style-src"),
    "an inline handler": ('<body onload="alert()">', "script-src"),
}


def serve_instead(page: Page, body: str) -> None:
    """Let `/` answer with `body` under the product's own headers."""

    def answer(route: Route) -> None:
        route.fulfill(response=route.fetch(), body=f"<!DOCTYPE html><title>x</title>{body}")

    page.route("**/", answer)


@pytest.mark.parametrize("kind", INLINE)
def test_the_policy_blocks_and_the_watch_tells(kind: str, page: Page, watch: Watch) -> None:
    body, directive = INLINE[kind]
    serve_instead(page, body)
    # A violation is told whenever the browser comes to it, on a busy machine after the page.
    with page.expect_console_message(lambda message: directive in message.text):
        page.goto("/")
    assert any(directive in fault for fault in watch.faults)
    watch.expect("Content Security Policy", "policy violation")


def test_a_missing_file_and_a_foreign_place_are_faults(page: Page, watch: Watch) -> None:
    serve_instead(page, '<img src="/static/none.png" alt=""><img src="http://127.0.0.1:1/x.png">')
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert any(fault.startswith("answer 404") for fault in watch.faults)
    assert any(fault.startswith(("leaves the product", "console error")) for fault in watch.faults)
    watch.expect("none.png", "x.png", "policy violation", "Content Security Policy")


def test_rows_that_are_made_alike_are_looked_at_a_few_times(new_context: NewContext) -> None:
    page = axe_context(new_context)
    page.goto("/import")
    alike, other = "<tr><td><bdi>a</bdi><td>1", '<tr><td><input class="nameless"><td>1'
    page.locator("main").evaluate("(main, rows) => main.innerHTML = `<table>${rows}`", alike * 20)
    page.locator("tbody").evaluate("(body, row) => body.innerHTML += row", other)
    assert [name for name, *_ in faults(page, "tbody")["any theme"]] == ["label"]
    assert page.locator("tbody tr").count() == ALIKE + 1


PLANTED = {
    "an odd cell": ("", ".odd { color: #aaa; background: #bbb }", 320),
    "in the dark": ("dark", "tbody td { color: #333 !important; background: #000 }", 320),
    "on a phone": ("", "@media (width < 400px) { bdi { color: #ddd; background: #ccc } }", 320),
    "on a phone in the dark": (
        "dark",
        "@media (width < 400px) and (prefers-color-scheme: dark) { bdi { color: #444 } }",
        320,
    ),
    "in a desktop's window": ("", "@media (width > 400px) { th { color: #eee } }", 1440),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_colour_that_cannot_be_read_is_found(kind: str, new_context: NewContext) -> None:
    page = axe_context(new_context)
    page.goto("/import")
    theme, style, width = PLANTED[kind]
    row, odd = "<tr><th>Name<td><bdi>Somebody</bdi><td>123", '<tr><td><td class="odd">Another<td>'
    page.locator("main").evaluate(
        "(main, rows) => main.innerHTML = `<table>${rows}`", row * 9 + odd + row * 9
    )
    page.add_style_tag(content=style)
    found = faults_at_any_width(page)
    wrong = {place: told for place, told in found.items() if "color-contrast" in str(told)}
    assert min(wrong) == width
    assert theme in "".join(wrong[width])
