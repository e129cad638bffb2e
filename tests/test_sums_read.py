"""Sums come from rollups, however they are cut: records are read where records are listed."""

from __future__ import annotations

from app.queries.remembered import forget
from tests.counting import reads_of
from tests.filled import COMPANY_DAYS, Reader

RANGE = f"start={COMPANY_DAYS[0]}&end={COMPANY_DAYS[1]}"
ADDRESSES = (
    f"/users?rows=workspace&by=month&{RANGE}",
    f"/users?rows=model&by=workspace&measure=days&{RANGE}",
    f"/users?rows=workspace&by=week&measure=people&{RANGE}",
    f"/users?rows=person&by=workspace&{RANGE}",
    f"/users?rows=team&by=day&measure=days&{RANGE}",
    f"/users?{RANGE}",
    "/settings",
    "/settings/mappings?show=automatic",
    "/settings/people",
)


def test_no_page_of_sums_reads_records(company: Reader) -> None:
    for address in ADDRESSES:
        forget()
        reads = reads_of(company.client, address)
        assert reads
        assert not [text for text in reads if 'FROM "usage"' in text], address
