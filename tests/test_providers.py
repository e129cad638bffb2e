"""Every provider has the same shape and is found by its name."""

from __future__ import annotations

import inspect

import pytest

from app.providers import PROVIDERS, Provider, by_name

OFFERED = ["NAME", "LABEL", "TOOL", "SETTINGS", "SOURCE", "SOURCE_LABEL"]
OFFERED += ["HAS_WORKSPACES", "WINDOW_DAYS"]
FUNCTIONS = ["connect", "fetch_directory", "fetch_days"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_offers_the_same_names_in_the_same_order(provider: Provider) -> None:
    offered = [name for name in vars(provider) if name in OFFERED + FUNCTIONS]
    assert offered == OFFERED + FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_take_the_same_parameters(function: str) -> None:
    shapes = {
        tuple(
            (parameter.name, parameter.kind, parameter.annotation)
            for parameter in inspect.signature(getattr(provider, function)).parameters.values()
        )
        for provider in PROVIDERS
    }
    assert len(shapes) == 1


def test_finds_a_provider_by_its_name() -> None:
    assert [by_name(provider.NAME) for provider in PROVIDERS] == list(PROVIDERS)


def test_names_the_known_providers_for_an_unknown_one() -> None:
    with pytest.raises(ValueError, match="'copilot'; the known ones are anthropic, cursor"):
        by_name("copilot")
