"""Every vendor's export in csv_files gives the figures computed by hand, or its refusal."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import pytest

from app.providers import PROVIDERS
from app.providers.exports import EXPORT_KINDS, MODULES, UnreadableExport, open_export, summed
from app.usage import PriceStatus, Tokens
from tests.exported import CSV_FILES, NOW, PERSON, Contents, contents


class Figures(NamedTuple):
    kind: str
    rows: int
    skipped: int
    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int
    value_nanos: int
    billed_nanos: int
    unvalued: int
    """Records whose value is unknown."""


FIGURES = {
    "cursor_01_v1_2025-02.csv": Figures(
        "cursor_events", 2, 0, 5, 10, 0, 0, 20, 150_000_000, 150_000_000, 0
    ),
    "cursor_02_usage-details_2025-08.csv": Figures(
        "cursor_events", 4, 0, 106_284, 0, 0, 0, 0, 0, 0, 4
    ),
    "cursor_03_usage-tokens_2025-08.csv": Figures(
        "cursor_events", 4, 0, 3_406, 8_022, 0, 92_564, 2_292, 0, 0, 4
    ),
    "cursor_04_individual_2025-08_to_2026-03.csv": Figures(
        "cursor_events", 7, 2, 48_258, 101_978, 0, 1_745_954, 42_584, 680_000_000, 30_000_000, 1
    ),
    "cursor_05_team_2025-2026.csv": Figures(
        "cursor_events", 4, 0, 9_038, 49_372, 0, 811_554, 26_462, 230_000_000, 30_000_000, 1
    ),
    "cursor_06_team_2026_cloud-agent.csv": Figures(
        "cursor_events", 5, 1, 157_933, 1_615, 0, 671_001, 9_627, 900_000_000, 900_000_000, 0
    ),
    "cursor_07_individual_2026_requests.csv": Figures(
        "cursor_events", 3, 2, 575_951, 865_603, 0, 20_867_486, 250_518, 23_232_942_500, 0, 1
    ),
    "claude_tokens_01_oldest_single-cache-write.csv": Figures(
        "claude_tokens", 1, 0, 120, 3_400, 0, 5_600, 78, 15_960_000, 0, 0
    ),
    "claude_tokens_02_mid-2025.csv": Figures("claude_tokens", 1, 0, 8, 0, 0, 0, 1, 10_400, 0, 0),
    "claude_tokens_03_late-2025_context-window.csv": Figures(
        "claude_tokens", 1, 0, 1_000, 2_000, 500, 3_000, 400, 34_000_000, 0, 0
    ),
    "claude_tokens_04_2026_geo-speed.csv": Figures(
        "claude_tokens", 6, 0, 1_778_292, 77_593, 0, 61_624, 394_986, 4_725_993_250, 0, 2
    ),
    "claude_cost_04_2025-12_context-window.csv": Figures(
        "claude_cost", 1, 0, 0, 0, 0, 0, 0, 130_000_000, 130_000_000, 0
    ),
    "claude_cost_06_2026-08_key-id.csv": Figures(
        "claude_cost", 1, 0, 0, 0, 0, 0, 0, 50_000_000, 50_000_000, 0
    ),
}
REFUSALS = {
    "cursor_11_aggregated_by_model.csv": "no dates.*Export the usage events instead",
    "cursor_90_not-usage_analytics.csv": "counts lines, not tokens.*usage events instead",
    "claude_code_team_01.csv": "one total per person and month.*Export the tokens instead",
    "claude_spend_report_01.csv": "totals of a whole period.*Export the tokens instead",
}
WITHOUT_A_USER = ["cursor_01", "cursor_02", "cursor_03", "cursor_04", "cursor_07"]


def of_sample(name: str, person: str = PERSON) -> Contents:
    return contents((CSV_FILES / name).read_bytes(), person=person, name=name)


def figures(found: Contents) -> Figures:
    records = found.records
    return Figures(
        found.export.kind.name,
        len(records),
        len(found.skipped),
        *(sum(getattr(record.tokens, kind) for record in records) for kind in Tokens._fields),
        sum(record.value_nanos or 0 for record in records),
        sum(record.billed_nanos or 0 for record in records),
        sum(record.value_nanos is None for record in records),
    )


def test_every_file_is_in_a_table() -> None:
    assert {path.name for path in CSV_FILES.iterdir()} == FIGURES.keys() | REFUSALS.keys()


@pytest.mark.parametrize("name", FIGURES)
def test_a_sample_gives_the_figures_computed_by_hand(name: str) -> None:
    found = of_sample(name)
    assert figures(found) == FIGURES[name]
    assert found.rejected == []


@pytest.mark.parametrize("name", FIGURES)
def test_what_has_no_value_is_unpriced(name: str) -> None:
    for record in of_sample(name).records:
        assert (record.value_nanos is None) == (record.price_status is PriceStatus.UNPRICED)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_sample_is_refused_with_the_reason_and_what_to_export(name: str) -> None:
    with pytest.raises(UnreadableExport, match=REFUSALS[name]) as refusal:
        of_sample(name)
    assert name in str(refusal.value)


@pytest.mark.parametrize("name", FIGURES)
def test_asks_for_the_person_where_a_file_does_not_say(name: str) -> None:
    with (CSV_FILES / name).open("rb") as stream:
        export = open_export(stream, now=NOW)
        asks = name.startswith(tuple(WITHOUT_A_USER))
        assert export.kind.needs_person is asks
        if asks:
            with pytest.raises(UnreadableExport, match="Say whose usage it is"):
                next(export.rows())


@pytest.mark.parametrize("prefix", WITHOUT_A_USER)
def test_counts_such_a_file_for_the_person_named(prefix: str) -> None:
    (name,) = (name for name in FIGURES if name.startswith(prefix))
    people = {record.actor.account for record in of_sample(name, " Ann@Example.com ").records}
    assert people == {PERSON}


def test_a_file_with_users_ignores_the_person() -> None:
    people = {record.actor.account for record in of_sample("cursor_05_team_2025-2026.csv").records}
    assert people == {"dev1@example.com", "dev2@example.com"}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("change", ["bom", "crlf", "cr", "utf-16", "semicolons", "tabs", "upper"])
def test_a_sample_reads_the_same_in_another_dress(name: str, change: str) -> None:
    data = (CSV_FILES / name).read_bytes()
    text = data.decode()
    header, rest = text.split("\n", 1)
    # No cell of the samples but `Errored, No Charge` and its like holds a comma.
    quoted = rest.replace(", No", "\x01 No").replace(",", ";").replace("\x01", ",")
    dresses = {
        "bom": b"\xef\xbb\xbf" + data,
        "crlf": text.replace("\n", "\r\n").encode(),
        "cr": text.replace("\n", "\r").encode(),
        "utf-16": text.encode("utf-16"),
        "semicolons": ("sep=;\r\n" + header.replace(",", ";") + "\n" + quoted).encode(),
        "tabs": (header.replace(",", "\t") + "\n" + quoted.replace(";", "\t")).encode(),
        "upper": (header.upper().replace(",", " , ") + ",\n\n" + rest + ",,\n\n").encode(),
    }
    found = contents(dresses[change], person=PERSON)
    assert figures(found) == FIGURES[name]
    assert [row[1:] for row in found.good] == [row[1:] for row in of_sample(name).good]


def test_hourly_rows_of_a_day_share_a_key_and_sum_to_one_record() -> None:
    first, second, *others = of_sample("claude_tokens_04_2026_geo-speed.csv").good
    assert first.key == second.key
    assert first.key not in {row.key for row in others}
    day = summed([first.record, second.record])
    assert (day.tokens.input, day.tokens.output) == (1_631_112, 372_374)
    assert day.value_nanos == 3_492_982_000


def test_says_how_many_rows_give_only_a_total() -> None:
    (warning,) = of_sample("cursor_02_usage-details_2025-08.csv").export.warnings
    assert warning.startswith("4 rows: the export gives only a total of tokens")


def test_every_kind_belongs_to_a_provider() -> None:
    assert {kind.provider for kind in EXPORT_KINDS} == {provider.NAME for provider in PROVIDERS}
    assert len({kind.name for kind in EXPORT_KINDS}) == len(EXPORT_KINDS)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.KIND.name)
def test_the_cells_of_a_row_are_named_like_the_fields(module: ModuleType) -> None:
    (cells,) = [each for name, each in vars(module).items() if name.endswith("Cells")]
    assert cells._fields == tuple(module.FIELDS)
