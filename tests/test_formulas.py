"""Texts in CSV files that spreadsheets would calculate, in every locale."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formulas import guarded, guarded_text, unguarded
from app.web.view.csv_files import csv_text

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
BLANKS = ("", " ", "\t", "\r", "\n", "\xa0", "\u200b", "\ufeff", "\u3000", "\x00", "\xa0 \u2003")


@pytest.mark.parametrize("sign", SIGNS)
def test_no_text_becomes_a_formula(sign: str) -> None:
    for blank in BLANKS:
        assert guarded(f"{blank}{sign}1+1")[0] == "'"
    for text in (f"x;{sign}1+1", f'x;"{sign}1+1;y', f"x; \t{sign}1", f"x\n{sign}1", f"x\t{sign}1"):
        assert f"'{sign}1" in guarded(text)


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx"])
def test_a_leading_tab_or_line_break_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["ada@acme.example", "a=b", "", "1", "x; y", "a;b-c", "'quoted"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("cell", ["-1.50", "-7", "0.00"])
def test_a_number_stays_a_number(cell: str) -> None:
    assert guarded_text(cell) == cell


@pytest.mark.parametrize("cell", ["-1+1", "-", "+1", "-1.5e3", "-\u0661"])
def test_what_only_looks_like_a_number_is_guarded(cell: str) -> None:
    assert guarded_text(cell) == f"'{cell}"


@given(st.text(alphabet='=+-@;\t\n" x1\uff1d\ufeff'))
def test_what_was_guarded_is_read_again_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(guarded(text)) == guarded(text)


@given(st.lists(st.text(alphabet="=+-@;,\t\n\" x'\uff0b"), min_size=1))
def test_no_cell_of_any_locale_is_a_formula(cells: list[str]) -> None:
    text = csv_text([cells])
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                assert not re.match(rf"[\s\ufeff]*[{re.escape(SIGNS)}]", cell), (delimiter, cell)
