"""Where a range ends: alike on pages, in files and in the API. Which of its months are whole."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from peewee import Database

from app.web.view.formatting import days
from tests.office import DOLLAR, store, used
from tests.reading import page_of, shown, text_of
from tests.tools import CURSOR

ADA = "ada@acme.example"
FIRST_USED, LAST_USED = date(2024, 3, 4), date(2025, 5, 28)
MONTH_BEGINS, MONTH_ENDS = date(2024, 3, 1), date(2025, 5, 31)


def store_usage(read_from: date = MONTH_BEGINS, read_until: date = MONTH_ENDS) -> None:
    """Something on the two days, while all days between those were read."""
    records = [used(day, ADA, CURSOR, 1000, DOLLAR) for day in (FIRST_USED, LAST_USED)]
    store(records, read_from=read_from, read_until=read_until)


@pytest.mark.parametrize("start", [date(2025, 5, 1), date(2024, 5, 31), MONTH_BEGINS])
def test_ranges_of_every_length_end_alike_on_pages_in_files_and_in_the_api(
    database: Database, client: FlaskClient, start: date
) -> None:
    store_usage()
    database.close()
    query = f"start={start}&end={MONTH_ENDS}"
    for path in ("/?", "/users?", "/users?rows=month&", f"/users/{ADA}?"):
        assert shown(f"{days(start, MONTH_ENDS)}, UTC") in text_of(client, path + query), path
    for path in ("/export/users.csv?", "/export/users.csv?rows=month&"):
        name = client.get(path + query).headers["Content-Disposition"]
        assert f"{start}_{MONTH_ENDS}" in name
    told = client.get(f"/api/trends?startDate={start}&endDate={MONTH_ENDS}").json
    assert (told[0]["date"], told[-1]["date"]) == (str(start), str(MONTH_ENDS))


def test_a_month_that_was_read_is_whole_whenever_anything_was_used_in_it(
    database: Database, client: FlaskClient
) -> None:
    store_usage()
    database.close()
    for query in ("days=all", f"start={MONTH_BEGINS}&end={MONTH_ENDS}"):
        for shape in ("rows=month", "rows=tool&by=month"):
            page = page_of(client, f"/users?{query}&{shape}")
            assert 'id="parts"' not in page
            assert " open" not in page.split("<table")[1]


def test_a_month_is_not_whole_where_days_were_not_read_or_lie_outside(
    database: Database, client: FlaskClient
) -> None:
    store_usage(read_from=date(2024, 3, 2), read_until=date(2025, 5, 30))
    database.close()
    parts = page_of(client, "/users?days=all&rows=month").split('id="parts"')[1]
    assert "Mar 2024: partial" in shown(parts)
    assert "May 2025: partial" in shown(parts)
    outside = page_of(client, "/users?start=2024-03-05&end=2025-05-30&rows=month")
    assert "Mar 2024: 27 of 31 days" in shown(outside)
