"""What collecting evidence costs: our collectors against their limits and against plain boto3.

All sides ask a canned AWS of the benchmark's own, in one run and in turn. CPU seconds, not wall
time, unless a line says otherwise. Ends with 1 when a target is missed.

Usage: python -m benchmarks.collect [--quick] [PART ...]
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import time

#: Part -> (module, what it is about). A module's ``measure(quick)`` returns figures.
PARTS = {
    "fetch": ("fetching", "CPU of fetching a page of 100 Security Hub findings"),
    "whole": ("whole", "CPU of a page of 100 findings, from the wire to the controls"),
    "sizes": ("sizes", "Memory and growth, from few findings to a million"),
    "rates": ("rates", "AWS's rate limits: how much of them is used, refused, lost"),
    "clients": ("clients", "Clients of many accounts"),
    "trail": ("trail_files", "CPU of reading CloudTrail's log files"),
    "storage": ("storing", "Bytes stored, of findings of which no two are alike"),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure the parts asked for (all by default) and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args(arguments)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; parts: {', '.join(PARTS)}")
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}")
    missed = []
    for name in asked.parts or PARTS:
        module, title = PARTS[name]
        start = time.monotonic()
        figures = importlib.import_module(f"benchmarks.collecting.{module}").measure(asked.quick)
        print(f"\n{title} ({time.monotonic() - start:.0f} s)")
        for figure in figures:
            print(figure, flush=True)
        missed += [figure for figure in figures if figure.missed]
    if missed:
        print(f"\n{len(missed)} targets missed:")
        for figure in missed:
            print(figure)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
