"""What long PDFs cost: evidence rows drawn page by page, beside two other ways to draw them.

Each side runs in a process of its own, in turn with the others, so that what slows the machine
down slows all of them; figures are medians of CPU time. Every file is read again by another
program, which counts the rows. Ends with 1 when a target is missed.

Usage: python -m benchmarks.report [--quick] [ROUNDS]
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pypdf import PdfReader

from benchmarks.collecting.figures import Figure

_ROW = re.compile(rb"\((E\d{6})\) Tj")
_SPELLED = re.compile(r"E\d{6}")


@dataclass(frozen=True)
class Sizes:
    """Rows of each part; ``long`` fills at least ``pages`` pages."""

    small: int
    large: int
    long: int
    paragraphs: int
    pages: int


FULL = Sizes(small=5_000, large=50_000, long=270_000, paragraphs=5_000, pages=5_000)
QUICK = Sizes(small=200, large=2_000, long=4_000, paragraphs=300, pages=100)


@dataclass(frozen=True)
class Run:
    """What one run cost, and the pages and rows that were found in its file."""

    cpu: float
    memory: float
    pages: int
    rows: int


def run(side: str, rows: int, folder: Path, *, count: bool) -> Run:
    """Draw in another process; with ``count``, read the file again."""
    path = folder / f"{side}-{rows}.pdf"
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.reporting.sides", side, str(rows), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    cost = json.loads(told.stdout)
    pages, found = read(path, by_text=side == "paragraphs") if count else (0, 0)
    path.unlink()
    return Run(cost["cpu"], cost["memory"], pages, found)


def read(path: Path, *, by_text: bool = False) -> tuple[int, int]:
    """Pages of a PDF, and how many different rows stand in it."""
    reader = PdfReader(path)
    seen: set[object] = set()
    for page in reader.pages:
        if by_text:
            seen.update(_SPELLED.findall(page.extract_text()))
        elif (contents := page.get_contents()) is not None:
            seen.update(_ROW.findall(contents.get_data()))
    return len(reader.pages), len(seen)


def measure(sizes: Sizes, rounds: int) -> list[Figure]:
    """All figures; raises ``AssertionError`` when a row is missing from a file."""
    turns = (
        ("ours", sizes.small),
        ("paragraphs", sizes.paragraphs),
        ("ours", sizes.large),
        ("bare", sizes.large),
        ("ours", sizes.long),
    )
    found: dict[tuple[str, int], list[Run]] = {turn: [] for turn in turns}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for side, rows in turns:
                one = run(side, rows, Path(folder), count=number == 0)
                if number == 0 and one.rows != rows:
                    raise AssertionError(f"{side}: {one.rows:,} of {rows:,} rows are in the file")
                found[side, rows].append(one)
    return list(_figures(sizes, found))


def _figures(sizes: Sizes, found: Mapping[tuple[str, int], list[Run]]) -> Iterable[Figure]:
    def cpu(side: str, rows: int) -> float:
        return statistics.median(one.cpu for one in found[side, rows])

    def pages(side: str, rows: int) -> int:
        return found[side, rows][0].pages

    def each_page(side: str, rows: int) -> float:
        return cpu(side, rows) / pages(side, rows) * 1000

    small, large, long = sizes.small, sizes.large, sizes.long
    for side, rows in found:
        text = f"{side}, {rows:,} rows, {pages(side, rows):,} pages"
        yield Figure(text, each_page(side, rows), "ms CPU/page")
    yield Figure(f"a page of {large:,} rows", each_page("ours", large), "ms CPU", 2.5)
    yield Figure(
        f"{max(sizes.pages, pages('ours', long)):,} pages ({sizes.pages:,} are asked for)",
        cpu("ours", long) * max(1.0, sizes.pages / pages("ours", long)),
        "CPU s",
        15.0,
    )
    yield Figure(
        f"their peak of memory, {pages('ours', long):,} pages",
        statistics.median(one.memory for one in found["ours", long]),
        "MB",
        160.0,
    )
    yield Figure(
        f"time of {large:,} rows to that of {small:,}",
        cpu("ours", large) / cpu("ours", small),
        "x",
        11.0,
    )
    yield Figure(
        "Paragraphs' time to ours, by row",
        (cpu("paragraphs", sizes.paragraphs) / sizes.paragraphs) / (cpu("ours", large) / large),
        "x",
        15.0,
        at_most=False,
    )
    yield Figure(
        "our speed to a bare content stream's, by row",
        cpu("bare", large) / cpu("ours", large),
        "x",
        0.3,
        at_most=False,
    )


def main(arguments: list[str]) -> int:
    """Measure and print; whether a target was missed. ``--quick`` only shows that it runs."""
    quick = "--quick" in arguments
    rest = [one for one in arguments if one != "--quick"]
    rounds = int(rest[0]) if rest else (1 if quick else 5)
    load = os.getloadavg()[0]
    print(
        f"Python {platform.python_version()}, {platform.machine()}, medians of {rounds}, CPU; "
        f"load of the machine before: {load:.1f}"
    )
    figures = measure(QUICK if quick else FULL, rounds)
    for figure in figures:
        print(figure)
    print("  every row that went in was found in the file: met")
    missed = any(figure.missed for figure in figures)
    return 1 if missed and not quick else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
