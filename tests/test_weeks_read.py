"""People by week are read from bitmaps of days, not from a row of each person and day."""

from __future__ import annotations

from app.queries.remembered import forget
from tests.counting import reads_of
from tests.filled import COMPANY_DAYS, Reader

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"


def test_people_by_week_are_counted_in_bitmaps(company: Reader) -> None:
    forget()
    reads = reads_of(company.client, f"/users?rows=model&by=week&measure=people&{RANGE}")
    assert any('FROM "active_day"' in text for text in reads)
    assert not any('"person_day"' in text for text in reads)
