"""Files that tell the same usage by other columns count it once, in any order."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing import undo
from app.importing.events import Tally, encoded
from app.importing.merging import StoredRow, key_hash_of, merged_day
from app.models import Usage
from app.states import Merge
from app.usage import UsageRecord
from tests.exported import contents, csv_text
from tests.imported import BY, DOMAIN, counts, put_after_preview, sync_day, total

DAY = date(2026, 3, 22)
OWNERS = ("api_key", "workspace")
CONDITIONS = ("context_window", "inference_geo", "speed", "usage_type")
TOKENS = ("usage_input_tokens_no_cache", "usage_output_tokens", "usage_input_tokens_cache_read")
ONE_WRITE = ("usage_input_tokens_cache_write",)
TWO_WRITES = ("usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h")


class Used(NamedTuple):
    """Some usage of the day as it was, with all that any generation tells of it."""

    model_version: str
    api_key: str
    workspace: str
    context_window: str
    inference_geo: str
    speed: str
    usage_type: str
    counts: tuple[int, int, int, int, int]


class Generation(NamedTuple):
    """Which columns an export has."""

    columns: tuple[str, ...]
    writes: tuple[str, ...]

    def csv(self, usage: list[Used]) -> str:
        """The export of some usage, in as many rows as its columns tell apart."""
        sums: dict[tuple[str, ...], list[int]] = {}
        for each in usage:
            said = (each.model_version, *(getattr(each, name) for name in self.columns))
            sums.setdefault(said, [0] * 5)
            sums[said] = [a + b for a, b in zip(sums[said], each.counts, strict=True)]
        header = ("usage_date_utc", "model_version", *self.columns, *TOKENS, *self.writes)
        return csv_text(
            ",".join(header),
            *(
                ",".join((DAY.isoformat(), *said, *self.numbers(each)))
                for said, each in sums.items()
            ),
        )

    def numbers(self, sums: list[int]) -> list[str]:
        *common, short, long = sums
        written = [short + long] if self.writes == ONE_WRITE else [short, long]
        return [str(count) for count in (*common, *written)]


some = st.integers(0, 9)
KEYS = st.sampled_from(["key-a", "key-b", ""])
usage_of_a_day = st.lists(
    st.builds(
        Used,
        st.sampled_from(["claude-sonnet-4-5-20250929", "claude-opus-4-6"]),
        KEYS,
        st.sampled_from(["Default", "Other"]),
        st.sampled_from(["≤ 200k", "> 200k"]),
        st.sampled_from(["global", "us"]),
        st.sampled_from(["", "fast"]),
        st.sampled_from(["standard", "batch"]),
        st.tuples(some, some, some, some, some).filter(any),
    ),
    min_size=1,
    max_size=6,
)
generations = st.builds(
    Generation,
    st.sets(st.sampled_from([*OWNERS, *CONDITIONS])).map(lambda names: tuple(sorted(names))),
    st.sampled_from([ONE_WRITE, TWO_WRITES]),
)


def stored(batch: int, text: str) -> list[StoredRow]:
    return [
        StoredRow(
            key_hash_of(Merge.KEYED, row.key, row.record), batch, row.key, encoded(row.record)
        )
        for row in contents(text).good
    ]


def merged(files: list[str], tally: Tally | None = None) -> list[UsageRecord]:
    rows = [row for batch, text in enumerate(files) for row in stored(batch, text)]
    return list(merged_day(DAY, sorted(rows), list(range(len(files))), tally))


def sums(records: list[UsageRecord]) -> tuple[int, int]:
    return (
        sum(record.total_tokens for record in records),
        sum(record.value_nanos or 0 for record in records),
    )


@given(usage_of_a_day, st.lists(generations, min_size=1, max_size=3))
def test_all_generations_in_all_orders_give_the_same_totals(
    usage: list[Used], told_by: list[Generation]
) -> None:
    files = [each.csv(usage) for each in told_by]
    found = {sums(merged(list(order))) for order in permutations(files)}
    assert len(found) == 1
    assert found.pop()[0] == sum(sum(each.counts) for each in usage)


@given(usage_of_a_day, usage_of_a_day, generations, generations)
def test_what_only_one_file_tells_stays_and_the_newer_of_two_that_differ_counts(
    first: list[Used], second: list[Used], one: Generation, other: Generation
) -> None:
    """Of two files that have only the model in common."""
    tally = Tally()
    files = [Generation((), one.writes).csv(first), other.csv(second)]
    told = {each.model_version for each in second}
    alone = sum(sum(each.counts) for each in first if each.model_version not in told)
    found = merged(files, tally)
    assert sums(found)[0] == alone + sum(sum(each.counts) for each in second)
    assert tally.new + tally.changed + tally.unchanged == len(stored(1, files[1]))


@given(
    usage_of_a_day,
    st.lists(st.tuples(generations, st.sets(KEYS, min_size=1)), min_size=1, max_size=3),
)
def test_files_of_some_keys_add_up_to_all_keys_that_any_of_them_tells(
    usage: list[Used], told_by: list[tuple[Generation, set[str]]]
) -> None:
    files = []
    for each, keys in told_by:
        columns = tuple(sorted({*each.columns, "api_key"}))
        mine = [used for used in usage if used.api_key in keys]
        files.append(Generation(columns, each.writes).csv(mine))
    found = {sums(merged(list(order))) for order in permutations(files)}
    known = set().union(*(keys for _, keys in told_by))
    assert len(found) == 1
    assert found.pop()[0] == sum(sum(used.counts) for used in usage if used.api_key in known)


HEADER = (
    "usage_date_utc,model_version,api_key,context_window,usage_input_tokens_no_cache,"
    "usage_output_tokens"
)
FINE = csv_text(
    HEADER,
    "2026-11-02,claude-sonnet-4-5,key-a,≤ 200k,1000,0",
    "2026-11-02,claude-sonnet-4-5,key-a,> 200k,2,0",
    "2026-11-02,claude-sonnet-4-5,key-b,≤ 200k,100,0",
)


def coarse(*rows: tuple[str, int]) -> bytes:
    header = "usage_date_utc,model_version,api_key,usage_input_tokens_no_cache,usage_output_tokens"
    lines = [f"2026-11-02,claude-sonnet-4-5,{key},{count},0" for key, count in rows]
    return csv_text(header, *lines).encode()


fresh = pytest.mark.usefixtures("database")


@fresh
@pytest.mark.parametrize("turned", [False, True])
def test_finer_rows_stay_where_both_files_agree(turned: bool) -> None:
    files = [FINE.encode(), coarse(("key-a", 1002))]
    for content in reversed(files) if turned else files:
        put_after_preview(content)
    assert total()[0] == 1_102
    assert Usage.select().count() == 3


@fresh
def test_the_newer_file_counts_where_they_differ_and_undo_brings_the_finer_back() -> None:
    put_after_preview(FINE.encode())
    later = put_after_preview(coarse(("key-a", 1003), ("key-c", 7)))
    assert counts(later) == (1, 1, 0, 0, 0, 0)
    assert total()[0] == 1_110
    undo(later.file.id, by=BY, email_domain=DOMAIN)
    assert total()[0] == 1_102


@fresh
def test_a_file_that_counts_already_is_not_applied_anew() -> None:
    put_after_preview(FINE.encode())
    put_after_preview(coarse(("key-a", 1003)))
    assert "already imported" in put_after_preview(FINE.encode()).note
    assert total()[0] == 1_103


@fresh
def test_the_api_still_goes_before_all_of_them() -> None:
    put_after_preview(FINE.encode())
    sync_day("anthropic", date(2026, 11, 2), [50])
    assert total()[0] == 50
