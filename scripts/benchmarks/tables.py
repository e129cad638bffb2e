"""The tables: their columns, how they are measured, and what they do not show."""

from __future__ import annotations

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
COLUMNS = {
    "pages": (
        "floor", "fresh", "of floor", "remembered", "after a write", "304", "render", "fresh wall",
        "p95 wall", "queries", "rows", "KB", "KB gzip",
    ),
    "files over the wire": ("first byte ms", "whole ms", "MB", "extra MB"),
    "writes": ("seconds", "processor seconds", "records/s", "MB of memory", "longest wait s"),
    "sixteen readers": (
        "requests/s", "p50 ms", "p99 ms", "errors", "during writes/s", "during p99 ms",
        "during errors", "days replaced", "share of quiet",
    ),
    "memory": ("MB",),
    "a cold visit": ("value",),
}  # fmt: skip
"""Of each table, in order. Milliseconds where nothing else is said."""

METHOD = """\
An invented company (`flask demo`) is written to SQLite, and the same rows are copied to a
PostgreSQL started for this from installed binaries with its durability on. Everything is
measured in one run on one machine, and each page beside its **floor**: plain SQL on the rollups
that answers the same question and does nothing else, asked in turn with the page, so that a
busy machine slows both. Milliseconds are those of the processors, of the program and of its
PostgreSQL backend together, which others on the machine add little to; on a quiet machine they
are the time that passes. "wall" is the time that passed.

**fresh**: another window of days at each request, so that nothing of the answer is remembered.
**remembered**: the same again. **after a write**: the same after a day of the window changed.
**304**: the same again by somebody who holds it. **render**: what the template took of "fresh".
**rival**: Abacus in production mode on PostgreSQL on a quiet machine, 30 November 2026: its JSON
alone, where ours is the finished page."""

LIMITS = {
    "Pages": (
        "One client within the process: no network, no gunicorn. PostgreSQL was analysed after it "
        "was filled, as autovacuum does; SQLite only as the product does it by itself. The data "
        "fits in memory."
    ),
    "Files over the wire": (
        "One gunicorn worker that has just begun, wall time, one try: a first request also pays "
        "for what is compiled and connected. Memory is looked at every 5 ms."
    ),
    "Writes": (
        "Wall time and one try of each. A day is one provider's, with rollups and stamp in one "
        "transaction. The processor of another process is not counted."
    ),
    "Sixteen readers": (
        "gunicorn with 2 workers of 8 threads; readers, writer and servers share the processors, "
        "so it is the machine's rate and not the server's. All ask the same page without an ETag. "
        "During writes one process replaces the last three closed days without a pause."
    ),
    "Memory": "Proportional set size of all processes of the server together.",
    "A cold visit": (
        "Chromium without anything kept, over loopback: bytes as they came with their headers; "
        "paint and shift are of one visit."
    ),
}
"""What each kind of table does not show."""
