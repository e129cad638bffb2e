"""Every spelling of a model name comes out as one short name and one table id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model_names import claude_id, display_name

SONNET_4_5 = [
    "claude-sonnet-4-5",
    "claude-sonnet-4.5",
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-5-20250929[1m]",
    "claude-sonnet-4-5[1m]",
    "claude-4.5-sonnet",
    "claude-4.5-sonnet-thinking",
    "claude-4-5-sonnet-thinking-high",
    "claude-4.5-sonnet-extra-high-fast-thinking-thinking",
    "claude-sonnet-4-5-xhigh-max-low-medium",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-sonnet-4-5-v1",
    "anthropic/claude-sonnet-4.5",
    "anthropic/claude-sonnet-4-5-20250929",
    "claude-sonnet-4-5@20250929",
    "claude-sonnet-4-5-latest",
    "  Claude-Sonnet-4-5-20250929[1M]  ",
    "CLAUDE-4.5-SONNET-THINKING",
    "claude-4.5-sonnet-1m",
    "Sonnet 4.5",
    "Claude Sonnet 4.5",
    "Sonnet 4.5, Auto",
    "Sonnet 4.5 Thinking",
    "Claude  4.5 Sonnet (Thinking)",
    "Claude Sonnet 4.5 High Fast",
]
OTHER_CLAUDE = [
    ("claude-3-opus-20240229", "Opus 3", "claude-3-opus"),
    ("claude-3-5-sonnet-20241022", "Sonnet 3.5", "claude-3-5-sonnet"),
    ("claude-3.5-sonnet", "Sonnet 3.5", "claude-3-5-sonnet"),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", "Sonnet 3.5", "claude-3-5-sonnet"),
    ("claude-3-5-sonnet-v2@20241022", "Sonnet 3.5", "claude-3-5-sonnet"),
    ("claude-3-7-sonnet-latest", "Sonnet 3.7", "claude-3-7-sonnet"),
    ("claude-3-haiku-20240307", "Haiku 3", "claude-3-haiku"),
    ("claude-opus-4-20250514", "Opus 4", "claude-opus-4"),
    ("claude-opus-4-0", "Opus 4", "claude-opus-4"),
    ("claude-opus-4-1-20250805", "Opus 4.1", "claude-opus-4-1"),
    ("claude-4-sonnet-thinking", "Sonnet 4", "claude-sonnet-4"),
    ("claude-opus-4-7-thinking-max", "Opus 4.7", "claude-opus-4-7"),
    ("claude-opus-5", "Opus 5", "claude-opus-5"),
    ("claude-opus-5-5", "Opus 5.5", "claude-opus-5-5"),
    ("claude-haiku-4-5-20251001", "Haiku 4.5", "claude-haiku-4-5"),
    ("claude-fable-5-1", "Fable 5.1", "claude-fable-5-1"),
    ("claude-mythos-5-2", "Mythos 5.2", "claude-mythos-5-2"),
    ("claude-instant-1.2", "Instant 1.2", "claude-instant-1-2"),
    ("claude-opus-12-10", "Opus 12.10", "claude-opus-12-10"),
]
NO_CLAUDE_MODEL = [
    "claude-nova-9",
    "gpt-5-codex",
    "gpt-5.2-codex-high",
    "composer-2.5",
    "gemini-3-pro",
    "claude",
    "claude-opus",
    "claude-opus-20250514",
    "claude-opus-4-5-6",
    "claude-opus-4-5-preview",
    "claude-opus-4-5x",
    "claude-opus-04",
    "claude-opus-٤",
    "claude-mythos-preview",
    "claude-2.1",
    "my-claude-opus-4-5",
    "Cursor Grok 4.6 (Auto Balanced)",
    "GPT 5",
    "Opus",
    "Opus Auto",
    "Auto Opus 4.8",
]


@pytest.mark.parametrize("raw", SONNET_4_5)
def test_every_spelling_of_one_model_has_one_name(raw: str) -> None:
    assert display_name(raw) == "Sonnet 4.5"
    assert claude_id(raw) == "claude-sonnet-4-5"


@pytest.mark.parametrize(("raw", "shown", "table_id"), OTHER_CLAUDE)
def test_names_the_family_and_the_version(raw: str, shown: str, table_id: str) -> None:
    assert display_name(raw) == shown
    assert claude_id(raw) == table_id


@pytest.mark.parametrize("raw", NO_CLAUDE_MODEL)
def test_leaves_other_names_as_they_are(raw: str) -> None:
    assert display_name(raw) == raw
    assert claude_id(raw) is None


@pytest.mark.parametrize("raw", ["default", "auto", "Auto", "DEFAULT", " default "])
def test_calls_cursors_own_choice_auto(raw: str) -> None:
    assert display_name(raw) == "auto"
    assert claude_id(raw) is None


@pytest.mark.parametrize("raw", ["", "  ", "\t\n"])
def test_calls_a_missing_name_unknown(raw: str) -> None:
    assert display_name(raw) == "(unknown)"
    assert claude_id(raw) is None


PIECES = st.sampled_from(
    [
        "claude",
        "-",
        ".",
        "opus",
        "sonnet",
        "haiku",
        "3",
        "4",
        "4.5",
        "5",
        "20250514",
        "@",
        "thinking",
        "fast",
        "-high",
        "[1m]",
        "anthropic",
        "/",
        "us.",
        "-v1:0",
        "latest",
        "default",
        "auto",
        "gpt",
        "(",
        ")",
        "nova",
        "Sonnet",
        "CLAUDE",
    ]
)
NAMES = st.one_of(
    st.text(), st.lists(PIECES, max_size=9).map("".join), st.lists(PIECES).map("-".join)
)


@given(NAMES)
def test_naming_a_name_again_changes_nothing(raw: str) -> None:
    assert display_name(display_name(raw)) == display_name(raw)
    assert display_name(raw)


@given(st.sampled_from(["claude-opus-5", "claude-sonnet-4-5"]), st.data())
def test_cuts_suffixes_in_any_number_and_order(name: str, data: st.DataObject) -> None:
    suffixes = ["-thinking", "-high", "-xhigh", "-max", "-fast", "-low", "-medium", "-extra-high"]
    tail = "".join(data.draw(st.lists(st.sampled_from(suffixes))))
    assert claude_id(name + tail) == name


@given(NAMES)
def test_a_table_id_is_its_own_table_id(raw: str) -> None:
    table_id = claude_id(raw)
    assert table_id is None or claude_id(table_id) == table_id
    assert table_id is None or display_name(table_id) == display_name(raw)
