"""The providers of usage: one module each, all with the same names; this is their registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol

from app.providers import anthropic, cursor
from app.providers.settings import ProviderSettings
from app.upstream import Client, Limits
from app.usage import DayUsage, Directory, Tool


class Provider(Protocol):
    """What every provider module offers; see any of them for the facts behind it.

    NAME is the stored name, LABEL the name people read, TOOL the tool its records count for,
    SETTINGS the environment settings that say how it is reached, SOURCE the kind of answer its
    records come from and SOURCE_LABEL that in words, HAS_WORKSPACES whether its keys are in
    workspaces, WINDOW_DAYS the most days one `fetch_days` may ask for. A vendor's CSV
    exports name their provider themselves (`app.providers.exports`).
    """

    NAME: str
    LABEL: str
    TOOL: Tool
    SETTINGS: ProviderSettings
    SOURCE: str
    SOURCE_LABEL: str
    HAS_WORKSPACES: bool
    WINDOW_DAYS: int

    def connect(
        self,
        key: str,
        base_url: str,
        *,
        should_stop: Callable[[], bool] = ...,
        limits: Limits | None = None,
    ) -> Client:
        """An HTTP client that signs every request with `key`."""

    def fetch_directory(self, client: Client) -> Directory:
        """Members, keys and workspaces as the provider lists them now."""

    def fetch_days(
        self, client: Client, start: date, end: date, *, now: datetime
    ) -> list[DayUsage]:
        """Every UTC day from `start` to `end`, oldest first, empty ones too."""


PROVIDERS: tuple[Provider, ...] = (anthropic, cursor)


def by_name(name: str) -> Provider:
    """The provider stored as `name`; ValueError with the known names for any other."""
    for provider in PROVIDERS:
        if name == provider.NAME:
            return provider
    known = ", ".join(provider.NAME for provider in PROVIDERS)
    raise ValueError(f"There is no provider named {name!r}; the known ones are {known}.")


def label_of(name: str) -> str:
    """What people read for the provider stored as `name`; an unknown one shows its own name."""
    return next((provider.LABEL for provider in PROVIDERS if name == provider.NAME), name)
