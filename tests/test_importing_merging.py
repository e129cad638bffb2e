"""The rules by which rows of files make a day, against rules written down anew."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing.events import Tally, decoded, encoded
from app.importing.merging import StoredRow, key_hash_of, known_again, merged_day
from app.importing.names import Names
from app.ledger import hash_of
from app.states import Merge
from app.usage import PriceStatus, RawActor, Tokens, UsageRecord
from tests.tools import CURSOR

DAY = date(2026, 11, 2)
KEY = '{"api_key":"k"}'


def record(
    at_ms: int | None,
    tokens: int = 1,
    detail: str = "",
    value: int | None = 5,
    known: PriceStatus = PriceStatus.PROVIDER,
) -> UsageRecord:
    status = PriceStatus.UNPRICED if value is None else known
    actor = RawActor(account="é,\"'\u202e@example.com")
    return UsageRecord(
        DAY, actor, CURSOR, "gpt", Tokens(output=tokens), None, value, None, status, at_ms, detail
    )


def rows(batch: int, records: list[UsageRecord], merge: Merge = Merge.EVENTS) -> list[StoredRow]:
    return [StoredRow(key_hash_of(merge, KEY, each), batch, KEY, encoded(each)) for each in records]


def merged(files: list[list[UsageRecord]], tally: Tally | None = None) -> list[UsageRecord]:
    every = [row for batch, file in enumerate(files) for row in rows(batch, file)]
    return list(merged_day(DAY, sorted(every), list(range(len(files))), tally))


def test_a_record_comes_back_as_it_was_kept() -> None:
    for kept in (record(None), record(1, 10**16, '{"a":1}', None)):
        assert decoded(DAY, encoded(kept)) == kept


def test_what_earlier_versions_stored_is_still_read_and_made() -> None:
    """Rows of files and hashes stay in the database for years: their form never changes."""
    event = UsageRecord(
        day=DAY,
        actor=RawActor(key="key_é", account="ann@x.example", workspace="ws"),
        tool=CURSOR,
        model="gpt-5.5",
        tokens=Tokens(input=1, cache_write_5m=2, cache_write_1h=3, cache_read=4, output=5),
        requests=6,
        value_nanos=7,
        billed_nanos=None,
        price_status=PriceStatus.PROVIDER,
        at_ms=1_793_700_000_123,
        detail='{"kind":"é"}',
    )
    kept = (
        '[["key_é","ann@x.example","ws"],"cursor","gpt-5.5",1,2,3,4,5,6,7,null,"provider",'
        '1793700000123,"{\\"kind\\":\\"é\\"}"]'
    )
    untimed = event._replace(at_ms=None, price_status=PriceStatus.TABLE)
    assert (encoded(event), decoded(DAY, kept)) == (kept, event)
    hashes = ("f--c5eda7ee257d9430bdf17b040dfacbbc", "f--3e421f12031cffa88a9bec6ce303538b")
    earlier = ("e--c8ea4833b3bbb891a13848981229356b", "e--3e421f12031cffa88a9bec6ce303538b")
    for each, now, before in zip((event, untimed), hashes, earlier, strict=True):
        assert key_hash_of(Merge.EVENTS, "", each) == now
        row = StoredRow(now, 1, "", encoded(each))
        assert known_again(DAY, row, Names()) == row
        assert known_again(DAY, row._replace(key_hash=before), Names()) == row
    assert key_hash_of(Merge.MONEY, KEY, event) == "aa-52f43f85e50de4a450ccd634f5925944"
    assert hash_of([event, untimed]) == (
        "a74b70cb3f5442131a5405d0f1b2670f190fd2d09bf9a11159959f0d21840029"
    )


def test_money_is_known_again_with_or_without_the_id_of_its_key() -> None:
    details = ("", '{"api_key_id":"apikey_1"}', '{"cost_type":"web_search"}')
    plain, with_id, other = (
        key_hash_of(Merge.MONEY, KEY, record(None, 0, detail)) for detail in details
    )
    assert plain == with_id
    assert plain != other


FILES = st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=1, max_size=4)


@given(FILES)
def test_events_are_the_largest_multiset_of_the_files(files: list[list[int]]) -> None:
    """Identical events only: each number is an event of its own."""
    most: Counter[int] = Counter()
    for file in files:
        most |= Counter(file)
    found = merged([[record(1000 + number) for number in file] for file in files])
    assert Counter(each.at_ms - 1000 for each in found) == most


@given(FILES, st.booleans())
def test_the_rows_of_the_last_file_are_all_told_apart(files: list[list[int]], timed: bool) -> None:
    """Events that agree in all but their detail: number % 2 is the detail."""
    lists = [
        [record(number // 2 if timed else None, detail=str(number % 2)) for number in file]
        for file in files
    ]
    tally, before, after = Tally(), merged(lists[:-1]), merged(lists)
    merged(lists, tally)
    assert tally.new + tally.changed + tally.unchanged == len(lists[-1])
    assert tally.new == len(after) - len(before)
    assert (tally.new == tally.changed == 0) == (Counter(after) == Counter(before))
    assert Counter(merged([*lists, lists[-1]])) == Counter(after)
    known = Tally()
    merged([*lists, lists[-1]], known)
    assert known == Tally(unchanged=len(lists[-1]))


def test_the_newest_version_of_an_event_counts_then_those_before_it() -> None:
    first, second, third = (record(1, detail=name) for name in ("a", "b", "c"))
    found = merged([[first] * 3, [second] * 2, [third]])
    assert found == [second, second, third]
    assert merged([[first] * 3, [third], [first, second]]) == [first, second, third]


def test_the_example_of_the_module_is_true() -> None:
    included, paid = record(123, 100, value=None), record(123, 100, value=5)
    other, tally = record(7_500, 30, value=None), Tally()
    assert merged([[included] * 2, [paid, other]], tally) == [paid, included, other]
    assert tally == Tally(new=1, changed=1)


def named(person: str, *, at_ms: int = 1, model: str = "gpt", **facts: Any) -> UsageRecord:
    actor = RawActor(account=f"{person}@example.com")
    return record(at_ms, **facts)._replace(actor=actor, model=model)


def test_an_event_is_the_same_whoever_is_named_and_the_newest_name_counts() -> None:
    before, after = named("ada"), named("byron", value=None)
    worth = after._replace(value_nanos=5, price_status=PriceStatus.PROVIDER)
    tally = Tally()
    assert merged([[before], [after]], tally) == [worth]
    assert (tally.changed, tally.renamed) == (1, {(before.actor, after.actor): 1})
    assert merged([[after], [before]]) == [before]
    assert merged([[before], [after], [before]]) == [before]
    assert merged([[before] * 2, [after]]) == [before, worth]


def test_who_is_repeated_by_name_is_nobody_else() -> None:
    ada, byron, cy = named("ada"), named("byron"), named("cy")
    assert merged([[ada, byron], [byron, ada]]) == [ada, byron]
    assert merged([[ada, byron], [cy, byron]]) == [byron, cy]
    assert merged([[ada], [ada, byron]]) == [ada, byron]


def test_other_token_parts_are_another_event_and_a_mere_total_is_none() -> None:
    parts = named("ada")._replace(tokens=Tokens(input=3, output=4))
    others = named("byron")._replace(tokens=Tokens(input=4, output=3))
    whole = named("cy", detail='{"partsUnknown":true}')._replace(tokens=Tokens(input=7))
    assert merged([[parts], [others]]) == [parts, others]
    for files in ([[parts], [whole]], [[whole], [parts]]):
        (found,) = merged(files)
        assert (found.tokens, found.actor) == (parts.tokens, files[1][0].actor)
    assert len(merged([[parts, others], [whole]])) == 2


def test_without_tokens_a_moment_proves_nothing() -> None:
    ada, byron = (named(person, tokens=0) for person in ("ada", "byron"))
    assert len(merged([[ada], [byron]])) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [("claude-4.5-sonnet", "Claude Sonnet 4.5"), ("claude-4.5-sonnet-thinking", "Sonnet 4.5")],
)
def test_a_model_is_what_it_is_however_it_is_written(one: str, other: str) -> None:
    for at_ms, tokens in ((1, 1), (1, 0), (None, 1)):
        files = [[named("ada", at_ms=at_ms, tokens=tokens, model=name)] for name in (one, other)]
        assert len(merged(files)) == 1


NAMES = st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=4)


@given(NAMES)
def test_renamed_events_are_as_many_as_in_the_file_with_most(numbers: list[list[int]]) -> None:
    files = [[named(f"p{number}") for number in file] for file in numbers]
    found, tally = merged(files), Tally()
    assert len(found) == max(map(len, files))
    assert not Counter(files[-1]) - Counter(found)
    merged(files, tally)
    before = merged(files[:-1])
    assert tally.new == len(found) - len(before)
    assert tally.new + tally.changed + tally.unchanged == len(files[-1])
    assert tally.unchanged >= 0
    assert merged([*files, files[-1]]) == found


RANKS = (PriceStatus.PROVIDER, PriceStatus.TABLE, PriceStatus.UNPRICED)
TOLD, LISTED, UNKNOWN = (
    record(1, value=7, known=RANKS[0]),
    record(1, value=9, known=RANKS[1]),
    record(1, value=None),
)


@pytest.mark.parametrize(("better", "worse"), list(combinations((TOLD, LISTED, UNKNOWN), 2)))
def test_the_better_known_money_wins_whichever_file_comes_last(
    better: UsageRecord, worse: UsageRecord
) -> None:
    for files in ([[better], [worse]], [[worse], [better]], [[worse], [better], [worse]]):
        assert merged(files) == [better]
    assert merged([[better], [worse] * 2]) == merged([[worse] * 2, [better]]) == [better, worse]
    tally = Tally()
    merged([[better], [worse]], tally)
    assert tally == Tally(unchanged=1)
    merged([[worse], [better]], tally)
    assert tally == Tally(unchanged=1, changed=1)


MIXED = st.lists(st.lists(st.integers(0, 8), max_size=6), min_size=1, max_size=4)


@given(MIXED)
def test_money_is_as_well_known_as_in_the_file_that_knows_most_of_it(
    numbers: list[list[int]],
) -> None:
    """One event at a moment: number % 3 is how well its money is known, number // 3 the detail."""
    files = [
        [
            record(1, detail=str(n // 3), value=None if n % 3 == 2 else n, known=RANKS[n % 3])
            for n in file
        ]
        for file in numbers
    ]
    found, before, tally = merged(files), merged(files[:-1]), Tally()
    for rank in range(3):
        known = [sum(RANKS.index(r.price_status) <= rank for r in f) for f in [found, *files]]
        assert known[0] == max(known[1:])
    merged(files, tally)
    assert tally.new == len(found) - len(before)
    assert tally.new + tally.changed == (Counter(found) - Counter(before)).total()
    assert tally.new + tally.changed + tally.unchanged == len(files[-1])
    assert tally.unchanged >= 0
    assert merged([*files, files[-1]]) == found


def test_an_event_without_a_millisecond_is_known_again_at_another_list_price() -> None:
    old, new = record(None, value=None), record(None, value=9, known=PriceStatus.TABLE)
    assert merged([[old], [new]]) == merged([[new], [old]]) == [new]
    assert merged([[new], [new._replace(value_nanos=8)]]) == [new._replace(value_nanos=8)]
    assert len(merged([[new], [record(None, value=9)]])) == 2


def test_an_event_without_a_millisecond_is_known_by_all_it_says() -> None:
    assert len(merged([[record(None)], [record(None, detail="other")]])) == 2
    assert len(merged([[record(1)], [record(1, detail="other")]])) == 1


def test_rows_of_a_key_are_summed_unknown_money_stays_unknown() -> None:
    hours = [record(None, 1, '{"web":2}'), record(None, 2, '{"web":3,"x":"y"}', None)]
    every = sorted(rows(1, hours, Merge.KEYED))
    (day,) = merged_day(DAY, every, [1])
    assert (day.tokens.output, day.value_nanos, day.price_status) == (
        3,
        None,
        PriceStatus.UNPRICED,
    )
    assert day.detail == '{"web":5,"x":"y"}'
