"""Single values of a provider's JSON: what is accepted exactly, and what is refused in words."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values import (
    BadValue,
    clean_text,
    instant_ms,
    nanos_from_cents,
    nanos_from_dollars,
    token_count,
    utc_day,
)

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.lists(st.integers())
)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (2**31, 2**31),
        (10**12 - 1, 10**12 - 1),
        (10**12, 10**12),
        (2**39 + 1, 2**39 + 1),
        ("12", 12),
        ("007", 7),
        ("9" * 12, 10**12 - 1),
        (Decimal("12.0"), 12),
        (Decimal("1E+3"), 1000),
    ],
)
def test_reads_a_token_count_exactly(value, count):
    assert token_count(value) == count
    assert type(token_count(value)) is int


@pytest.mark.parametrize(
    "value",
    [
        -5,
        10**12 + 1,
        2**63,
        True,
        1.5,
        12.0,
        Decimal("1.5"),
        Decimal("1e400"),
        Decimal("1e999999999"),
        Decimal("1e-999999999"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        "",
        " 12",
        "12\n",
        "1_000",
        "1,000",
        "-1",
        "+1",
        "12.0",
        "1e6",
        "٣٤",
        "9" * 17,
        [],
        {},
    ],
)
def test_refuses_what_is_no_token_count(value):
    with pytest.raises(BadValue, match="whole number"):
        token_count(value)


def test_a_missing_token_count_is_what_the_caller_says():
    assert token_count(None) == 0
    assert token_count(None, missing=7) == 7


@pytest.mark.parametrize(
    ("cents", "nanos"),
    [
        (Decimal("21.36232"), 213_623_200),
        (Decimal("0.1") + Decimal("0.2"), 3_000_000),
        ("123.78912", 1_237_891_200),
        ("1.10", 11_000_000),
        (5, 50_000_000),
        (Decimal("-0.5"), -5_000_000),
        (Decimal("1e-9"), 0),
        (Decimal("1e-999999999"), 0),
        (Decimal("0.00000005"), 0),
        (Decimal("0.00000015"), 2),
        ("0.000000050000000000000000000000000001", 1),
        ("186.250000", 1_862_500_000),
        (Decimal("1e9"), 10**16),
        (0, 0),
        (None, None),
    ],
)
def test_turns_cents_into_nano_dollars_rounding_once(cents, nanos):
    assert nanos_from_cents(cents) == nanos


def test_turns_dollars_into_nano_dollars():
    assert nanos_from_dollars("1.23") == 1_230_000_000
    assert nanos_from_dollars(Decimal("0.0000000005")) == 0
    assert nanos_from_dollars(10**7) == 10**16
    assert nanos_from_dollars(None) is None


@pytest.mark.parametrize(
    "value",
    [
        True,
        1.5,
        "",
        "NaN",
        "inf",
        "$1.23",
        "1,5",
        "1_0",
        " 1",
        "1\n",
        "٣",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Decimal("1e400"),
        "1e9999",
        10**11 + 1,
        [],
    ],
)
def test_refuses_what_is_no_amount(value):
    with pytest.raises(BadValue, match="decimal amount"):
        nanos_from_cents(value)


def test_refuses_more_than_a_billion_dollars():
    with pytest.raises(BadValue):
        nanos_from_dollars(10**7 + 1)


@given(st.decimals(min_value=-(10**7), max_value=10**7, allow_nan=False, places=14))
def test_cents_agree_with_exact_arithmetic(cents):
    with localcontext() as context:
        context.prec = 100
        exact = (cents * 10_000_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    assert nanos_from_cents(cents) == int(exact)
    assert nanos_from_cents(format(cents, "f")) == int(exact)


@pytest.mark.parametrize(
    "value",
    [
        1750979225854,
        "1750979225854",
        1750979225854321,
        "1750979225854321",
        Decimal("1750979225854.0"),
    ],
)
def test_reads_an_instant_in_milliseconds_or_microseconds(value):
    assert instant_ms(value) == 1750979225854


def test_reads_an_instant_in_seconds():
    assert instant_ms(1750979225) == 1750979225000
    assert instant_ms("1750979225") == 1750979225000
    assert instant_ms(1577836800) == 1577836800000


def test_refuses_an_instant_before_2020_or_far_ahead():
    now = int(time.time())
    assert instant_ms(now + 47 * 3600) == (now + 47 * 3600) * 1000
    for value in (0, 1577836799, 1577836799999, "5"):
        with pytest.raises(BadValue, match="before 2020"):
            instant_ms(value)
    for value in (now + 72 * 3600, (now + 72 * 3600) * 1000, 253402300799999, 10**20):
        with pytest.raises(BadValue, match="future"):
            instant_ms(value)


@pytest.mark.parametrize(
    "value", [None, True, -1, 1.5, Decimal("1.5"), Decimal("1e30"), "", "-1", "2025-01-01", "٣", []]
)
def test_refuses_what_is_no_instant(value):
    with pytest.raises(BadValue, match="epoch instant"):
        instant_ms(value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-01", date(2025, 8, 1)),
        ("2025-08-01T00:00:00Z", date(2025, 8, 1)),
        ("2025-08-01T23:59:59.999Z", date(2025, 8, 1)),
        ("2025-08-01T23:59:59.999999999Z", date(2025, 8, 1)),
        ("2025-08-01T00:00:00+00:00", date(2025, 8, 1)),
        ("2025-08-01T00:00Z", date(2025, 8, 1)),
        ("2025-08-01T04:59+05:00", date(2025, 7, 31)),
        ("2025-08-01T04:59:59+05:00", date(2025, 7, 31)),
        ("2025-07-31T22:00:00-02:30", date(2025, 8, 1)),
    ],
)
def test_reads_the_utc_day(text, day):
    assert utc_day(text) == day


@pytest.mark.parametrize(
    "text",
    [
        None,
        20250801,
        "",
        "2025-8-1",
        "2025-08-01T00:00:00",
        "2025-08-01 00:00:00Z",
        "2025-08-01T00:00.5Z",
        "2025-08-01T00Z",
        "2025-08-01T00:00:00z",
        "2025-08-01T00:00:00+0000",
        "2025-08-01T00:00:00+24:00",
        "2025-08-01T00:00:00.Z",
        "2025-W01-1",
        "20250801",
        "2025-02-30",
        "2025-02-30T00:00:00Z",
        "2025-08-01T24:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "2025-08-01\n",
        "٢٠٢٥-08-01",
    ],
)
def test_refuses_what_is_no_utc_day(text):
    with pytest.raises(BadValue):
        utc_day(text)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_day_written_in_any_zone_is_the_same_day(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    for minutes in (-720, -150, 0, 330, 840):
        local = moment + timedelta(minutes=minutes)
        sign = "-" if minutes < 0 else "+"
        zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        assert utc_day(local.strftime("%Y-%m-%dT%H:%M:%S") + zone) == moment.date()


def test_cleans_text_of_what_databases_refuse():
    assert clean_text(None) == ""
    assert clean_text("a\x00b\ud800c") == "abc"
    assert clean_text("é" * 400) == "é" * 300
    assert clean_text("😀😀😀", limit=2) == "😀😀"


@pytest.mark.parametrize("value", [1, True, b"x", [], {}])
def test_refuses_text_that_is_no_text(value):
    with pytest.raises(BadValue, match="expected text"):
        clean_text(value)


@pytest.mark.parametrize(
    "read",
    [token_count, nanos_from_cents, nanos_from_dollars, instant_ms, utc_day, clean_text],
)
@given(value=ANYTHING)
def test_no_value_raises_anything_but_a_short_bad_value(read, value):
    assert len(_refusal(read, value)) < 250


def _refusal(read, value) -> str:
    try:
        read(value)
    except BadValue as error:
        return str(error)
    return ""
