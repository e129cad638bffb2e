"""The options of `scripts/bench`, and one run of it."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmarks import report
from scripts.benchmarks.figures import Figure, kept
from scripts.benchmarks.load import measure_load
from scripts.benchmarks.reads import measure_pages
from scripts.benchmarks.sizes import ENGINES, SIZES, Filled, filled
from scripts.benchmarks.streams import measure_streams
from scripts.benchmarks.visit import measure_visit
from scripts.benchmarks.writes import measure_writes

PARTS = ("pages", "streams", "visit", "load", "writes")
"""In this order: the last ones change the data."""


def main(words: str) -> None:
    """Measure what was asked for, print it, and keep or write it where that was asked."""
    arguments = parse(words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures: list[Figure] = []
        for found in measure_all(arguments, folder, Path(temporary)):
            figures += found
            if arguments.results:
                kept(arguments.results, found)
    if arguments.results:
        figures = kept(arguments.results, [])
    report.show(figures)
    if arguments.write:
        report.write(figures, arguments.said)


def parse(words: str) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(
        description=words, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    add("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    add("--parts", nargs="*", choices=PARTS, default=list(PARTS), help="none: only --results")
    add("--only", default="", metavar="WORDS", help="pages whose name has these words")
    add("--repeat", type=int, default=15, help="of each way to ask for a page")
    add("--seconds", type=float, default=10, help="that sixteen readers read, each time")
    add("--megabytes", type=int, default=20, help="of the file that is imported")
    add("--data", type=Path, metavar="FOLDER", help="keeps the filled databases for later runs")
    add("--results", type=Path, metavar="FILE", help="gathers the figures of several runs")
    add("--write", action="store_true", help="write docs/performance.md and its chart")
    add("--said", default="", help="a sentence about this run, for the document")
    return parser.parse_args()


def measure_all(
    arguments: argparse.Namespace, folder: Path, temporary: Path
) -> Iterator[list[Figure]]:
    """The figures of every part of every size on every engine, as soon as they are there."""
    for size in arguments.sizes if arguments.parts else ():
        for engine in arguments.engines:
            print(f"{size}, {engine}: filling", flush=True)
            with filled(SIZES[size], engine, folder) as (data, figures):
                yield figures
                for part in PARTS:
                    if part in arguments.parts:
                        print(f"{size}, {engine}: {part}", flush=True)
                        yield list(measure(part, data, arguments, temporary))


def measure(
    part: str, data: Filled, arguments: argparse.Namespace, folder: Path
) -> Iterator[Figure]:
    """One part."""
    if part == "pages":
        return measure_pages(data, arguments.repeat, arguments.only)
    if part == "load":
        return measure_load(data, arguments.seconds, folder)
    if part == "writes":
        return measure_writes(data, arguments.megabytes, folder)
    return (measure_streams if part == "streams" else measure_visit)(data, folder)
