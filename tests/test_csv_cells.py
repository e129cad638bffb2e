"""Numbers, money and times in cells: accepted, or rejected with line, value and reason."""

from __future__ import annotations

import pytest

from app.providers.exports.cells import BadCell, CellReader
from tests.exported import NOW, TEAM, TEAM_ROW, contents, csv_text, with_cells

CELLS = CellReader(now=NOW)
SEMICOLONS = CellReader(";", NOW)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("", 0),
        ("007", 7),
        ("1,234", 1_234),
        ("12,345,678", 12_345_678),
        ("12.0", 12),
        ("12.00", 12),
        ("1,234.0", 1_234),
        ("2147483648", 2**31),
        ("549755813889", 2**39 + 1),
        ("1000000000000", 10**12),
    ],
)
def test_reads_a_count(text: str, count: int) -> None:
    assert CELLS.count(text, "Cache Read") == count


@pytest.mark.parametrize(
    "text",
    [
        "1.234", "12.000", "1 234", "1e6", "1_000", "١٢٣", "१२", "²", "-5", "+5", "0x10", "12,34",
        "1,2345", "0,123", "1,234,5", ",5", "5,", "1.5", "nan", "inf", "-", "true",
        "10000000000000001", "9" * 300, "$5", "1'234", "\uff11",
    ],
)  # fmt: skip
def test_rejects_what_is_no_count_for_sure(text: str) -> None:
    with pytest.raises(BadCell, match=r"^Cache Read: expected a whole number") as error:
        CELLS.count(text, "Cache Read")
    assert error.value.value == text[:80]


@pytest.mark.parametrize("text", ["1,234", "1.234"])
def test_rejects_what_a_decimal_comma_makes_ambiguous(text: str) -> None:
    for read in (SEMICOLONS.count, SEMICOLONS.dollars):
        with pytest.raises(BadCell, match="thousands or decimals"):
            read(text, "Cost")


def test_two_groups_of_three_are_thousands_in_any_file() -> None:
    assert SEMICOLONS.count("1,234,567", "Cache Read") == 1_234_567


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1.23", 1_230_000_000),
        ("$1.23", 1_230_000_000),
        ("US$ 1.23", 1_230_000_000),
        ("US$1.23", 1_230_000_000),
        ("1.23 USD", 1_230_000_000),
        ("USD 1.23", 1_230_000_000),
        ("$1,234.56", 1_234_560_000_000),
        ("1,234,567", 1_234_567_000_000_000),
        ("-1.23", -1_230_000_000),
        ("-$1.23", -1_230_000_000),
        ("$-1.23", -1_230_000_000),
        ("\u2212$1.23", -1_230_000_000),
        ("$\u22121.23", -1_230_000_000),
        (".5", 500_000_000),
        ("-$.05", -50_000_000),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("1.5e-05", 15_000),
        ("-0.00", 0),
        ("", None),
        ("-", None),
        ("NaN", None),
        ("nan", None),
    ],
)
def test_reads_dollars_to_the_billionth(text: str, nanos: int | None) -> None:
    assert CELLS.dollars(text, "Cost") == nanos


@pytest.mark.parametrize(
    "text",
    [
        "€1,00", "1,00", "(-1.23)", "((1))", "()", "(N/A)", "<$0.05", "<1",
        "inf", "-inf", "Infinity", "1.23 EUR", "£1", "1.2.3", "--1",
        "-$-1", "1 234.5", "1_0", "free money", "$", "1e400", "2000000000", "0.1.", "$ $1",
        "\uff11.5", "sNaN", "0,35", ".", "..5", "\u2212-1",
    ],
)  # fmt: skip
def test_rejects_other_money(text: str) -> None:
    with pytest.raises(BadCell, match=r"^Cost: "):
        CELLS.dollars(text, "Cost")


@pytest.mark.parametrize(
    "text",
    [
        "", "2025-02-30", "01/02/2025", "2/1/2025", "45663", "2025-W01-1", "20250101", "2025-1-2",
        "2025-01-02T03:04:05", "2025-01-02 03:04:05", "2025-01-02T03:04", "2025-01-02T25:00:00Z",
        "2025-01-02T03Z", "2025-01-02T03:60Z", "2025-01-02T03:04.5Z", "2025-01-02 3:04Z",
        "2025-01-02t03:04:05z", "1969-12-31T00:00:00Z", "2019-12-31", "9999-12-31T23:59:59-10:00",
        "2026-11-25", "2026-11-25T12:00:00Z", "\u0662025-01-02", "yesterday", "1756481960571",
    ],
)  # fmt: skip
def test_rejects_what_is_no_date_for_sure(text: str) -> None:
    with pytest.raises(BadCell, match=r"^Date: "):
        CELLS.instant(text, "Date")


@pytest.mark.parametrize("text", ["2026-03-31", "2026-03-31 02:00", "2026-03-31 23:59:59"])
def test_reads_the_day_of_an_hour(text: str) -> None:
    assert CELLS.day(text, "usage_date_utc").isoformat() == "2026-03-31"


@pytest.mark.parametrize(
    "text", ["2026-03-31 24:00", "2026-03-31T02:00", "2026/3/31", "31.03.2026"]
)
def test_rejects_other_hours(text: str) -> None:
    with pytest.raises(BadCell, match=r"^usage_date_utc: "):
        CELLS.day(text, "usage_date_utc")


def test_a_rejected_row_names_line_value_and_reason() -> None:
    bad = with_cells(TEAM, TEAM_ROW, [("Cache Read", "1e6")])
    found = contents(csv_text(TEAM, TEAM_ROW, "", bad, TEAM_ROW))
    (rejected,) = found.rejected
    assert (rejected.line, rejected.value) == (4, "1e6")
    assert rejected.message == "Cache Read: expected a whole number from 0 to 10^12, got '1e6'"
    assert [row.line for row in found.good] == [2, 5]


def test_names_the_physical_line_below_a_cell_of_several_lines() -> None:
    tall = with_cells(TEAM, TEAM_ROW, [("User", "Nightly\nCI")])
    found = contents(csv_text(TEAM, tall, TEAM_ROW))
    assert [row.line for row in found.good] == [2, 4]
    assert found.records[0].actor.key == "Nightly\nCI"
