"""Everything a browser complains about while a test runs."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium says so in its console too, but not of a policy that only reports.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
REPLACED = "net::ERR_ABORTED"
"""How a request ends that a newer one has replaced: that is what it should do."""


class Watch:
    """Collects console errors, page errors, failed requests and requests to other places."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self._expected: tuple[str, ...] = ()

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of a context, also to those it opens later."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._page_error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect(self, *texts: str) -> None:
        """Faults with one of these texts in them belong to the test."""
        self._expected = texts

    def unexpected(self) -> list[str]:
        """The faults that no test has announced."""
        return [fault for fault in self.faults if not any(text in fault for text in self._expected)]

    def asked(self, text: str = "") -> list[str]:
        """Paths of the pages and parts asked for so far, with `text` in them."""
        kinds = ("document", "fetch", "xhr")
        urls = [one.url for one in self.requests if one.resource_type in kinds]
        return [url.removeprefix(self.base_url) for url in urls if text in url]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self.faults.append(f"console {message.type}: {message.text} ({place})")

    def _page_error(self, error: WebError) -> None:
        self.faults.append(f"page error: {error.error}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((f"{self.base_url}/", "data:", "about:")):
            self.faults.append(f"leaves the product: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != REPLACED:
            self.faults.append(f"failed: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"answer {response.status}: {response.url}")
