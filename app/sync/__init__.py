"""One run: from the providers into the ledger, a day at a time, recorded as it goes."""

from app.sync.background import start_sync, wait_for
from app.sync.order import (
    SYNC_DAYS,
    DemoDatabase,
    Order,
    Progress,
    Result,
    SyncBusy,
    daily_window,
)
from app.sync.run import run_order

__all__ = (
    "SYNC_DAYS",
    "DemoDatabase",
    "Order",
    "Progress",
    "Result",
    "SyncBusy",
    "daily_window",
    "run_order",
    "start_sync",
    "wait_for",
)
