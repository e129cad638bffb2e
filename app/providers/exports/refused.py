"""Vendors' exports that cannot be counted, with the reason and what to export instead."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import NamedTuple

CURSOR_INSTEAD = (
    "Export the usage events instead: Cursor dashboard, Usage, Export CSV"
    " (usage-events-*.csv or team-usage-events-*.csv)."
)
CLAUDE_INSTEAD = (
    "Export the tokens instead: Claude Console, Usage, Export (claude_api_tokens_*.csv)."
)


class KnownReport(NamedTuple):
    """A header that is known and refused: what it is, why, and what to export instead."""

    label: str
    why: str
    instead: str
    recognises: Callable[[Set[str]], bool]


def _is_aggregated(headers: Set[str]) -> bool:
    return "date" not in headers and {"model", "request_count"} <= headers


def _is_analytics(headers: Set[str]) -> bool:
    return any("agent_lines" in header or "lines_suggested" in header for header in headers)


def _is_code_team(headers: Set[str]) -> bool:
    return bool({"spend_this_month_usd", "lines_this_month"} & headers)


def _is_spend_report(headers: Set[str]) -> bool:
    return bool({"total_net_spend_usd", "total_gross_spend_usd", "total_prompt_tokens"} & headers)


def _is_tokens_with_money(headers: Set[str]) -> bool:
    tokens = any(header.endswith("_tokens") or "_tokens_" in header for header in headers)
    return tokens and {"usage_date_utc", "cost_usd"} <= headers


def _is_ours(headers: Set[str]) -> bool:
    return {"email", "totaltokens"} <= headers


REFUSED = (
    KnownReport(
        "Cursor's usage by model",
        "it has no dates, so its tokens belong to no day",
        CURSOR_INSTEAD,
        _is_aggregated,
    ),
    KnownReport(
        "a Cursor analytics export", "it counts lines, not tokens", CURSOR_INSTEAD, _is_analytics
    ),
    KnownReport(
        "the Claude Code team report",
        "it has one total per person and month, neither days nor tokens",
        CLAUDE_INSTEAD,
        _is_code_team,
    ),
    KnownReport(
        "a Claude spend report",
        "it has totals of a whole period, which belong to no day",
        CLAUDE_INSTEAD,
        _is_spend_report,
    ),
    KnownReport(
        "a Claude file of tokens and money in one",
        "neither could be checked against the other",
        "Export both and import the two files: Claude Console, Usage, Export"
        " (claude_api_tokens_*.csv) and Cost, Export (claude_api_cost_*.csv).",
        _is_tokens_with_money,
    ),
    KnownReport(
        "this program's own export",
        "it has sums of usage that is already here",
        "Import what the vendors export.",
        _is_ours,
    ),
)


def refused_as(headers: Set[str]) -> KnownReport | None:
    """The known refusal of the normalised headers, None for any other header."""
    return next((known for known in REFUSED if known.recognises(headers)), None)
