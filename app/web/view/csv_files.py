"""CSV files: streamed, safe in a spreadsheet, money as plain decimals."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response

from app.formulas import guarded_text
from app.usage import MICROS_PER_DOLLAR, NANOS_PER_DOLLAR, micro_dollars
from app.web.view import formatting

LONGEST_NAME = 120


def csv_answer(lines: Iterator[str], name: str) -> Response:
    """A streamed CSV file that a browser saves under `name`."""
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def file_name(*parts: str) -> str:
    """Such as "users_2026-10-24_2026-11-22_cursor.csv": what, which days, which filters."""
    plain = [re.sub(r"[^A-Za-z0-9.-]+", "-", part).strip("-.") for part in parts]
    return "_".join(part for part in plain if part)[:LONGEST_NAME] + ".csv"


def export_note(
    rows: str, open_days: Collection[date], *, shared: bool = False, nobodys: bool = False
) -> str:
    """What the file of an export holds, for the page beside its button.

    `rows` in words, such as "212 people"; `shared`, `nobodys`: lines of shared keys and one of
    usage without an owner follow them. `open_days` are those whose figures are not whole.
    """
    lines = [rows, *["shared keys"] * shared, *[formatting.NO_OWNER] * nobodys]
    words = f"CSV: {', '.join(lines)}, no totals."
    if not open_days:
        return words
    first = formatting.day(min(open_days))
    if len(open_days) == 1:
        return f"{words} {first} partial."
    return f"{words} {len(open_days)} days since {first} partial."


def csv_text(rows: list[list[Any]]) -> str:
    """Rows as CSV, lines ended by CR LF as spreadsheets expect, and no text a formula."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [guarded_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return text.getvalue()


def plain_share(part: int, whole: int) -> str:
    """Percent with one decimal, as a plain number; empty where there is nothing to share."""
    return str(round(Decimal(100 * part) / whole, 1)) if whole else ""


def plain_dollars(nanos: int) -> str:
    """Nano-dollars as a plain decimal of at most 6 places, half-even: "12.5", "0.000315"."""
    return _decimal(micro_dollars(nanos), MICROS_PER_DOLLAR)


def exact_dollars(nanos: int | None) -> str:
    """Nano-dollars with every digit: "0.000315075"; "" when they are not known."""
    return "" if nanos is None else _decimal(nanos, NANOS_PER_DOLLAR)


def _decimal(amount: int, per_dollar: int) -> str:
    whole, fraction = divmod(abs(amount), per_dollar)
    digits = str(per_dollar + fraction)[1:].rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{digits}"
