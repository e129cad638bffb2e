"""The settings of a provider: which environment variables say how it is reached."""

from __future__ import annotations

from typing import NamedTuple


class ProviderSettings(NamedTuple):
    """Names of environment variables, and what holds where they say nothing.

    `key` names the variable of the admin key (without it the provider is not configured),
    `base_url` that of the address, `team` that of the name of the account on screen ("": it
    has none).
    """

    key: str
    base_url: str
    default_url: str
    team: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every variable, the key first."""
        return tuple(name for name in (self.key, self.base_url, self.team) if name)
