"""A request that waits at the upstream until a test lets it go on."""

from __future__ import annotations

import threading

from tests import commands
from tests.upstream import Answer, Exchange


class Held:
    """A fault that lets a request wait until `release`, then answers rightly."""

    def __init__(self) -> None:
        self.reached, self._go = threading.Event(), threading.Event()

    def __call__(self, exchange: Exchange) -> Answer:
        self.reached.set()
        self._go.wait(commands.SECONDS)
        return exchange.answer

    def wait(self) -> None:
        """Return when the request has come in."""
        assert self.reached.wait(commands.SECONDS)

    def release(self) -> None:
        """Let it, and any that follow, go on."""
        self._go.set()
