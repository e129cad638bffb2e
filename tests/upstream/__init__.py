"""An invented company's usage behind real loopback copies of both vendors' APIs.

`Upstream(company)` serves, `Company` holds and revises the raw data, and
`true_totals(company, start, end)` computes what a tracker must show. Nothing here
imports the product: its oracle reads the price file and calculates on its own.
"""

from tests.upstream.claude_days import Row
from tests.upstream.company import CLAUDE_CODE, CURSOR, Company
from tests.upstream.faults import Exchange
from tests.upstream.oracle import Sums, Truth, UnmappedKey, true_totals
from tests.upstream.server import RequestSeen, Upstream
from tests.upstream.wire import Answer, Request

__all__ = [
    "CLAUDE_CODE",
    "CURSOR",
    "Answer",
    "Company",
    "Exchange",
    "Request",
    "RequestSeen",
    "Row",
    "Sums",
    "Truth",
    "UnmappedKey",
    "Upstream",
    "true_totals",
]
