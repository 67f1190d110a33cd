"""What loading the catalogue of checks and the framework library costs, in CPU seconds.

Beside each figure stands what plain ``yaml.CSafeLoader`` needs for the same files, which checks
nothing. All sides run in one process, in turn; each figure is the best of several rounds. Ends
with 1 when a target is missed.

Usage: python -m benchmarks.frameworks [ROUNDS]
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from include.checks import catalogue as checks
from include.frameworks.crosswalks import load_crosswalks
from include.frameworks.loader import LIBRARY, Frameworks, framework_files, list_frameworks

#: CPU seconds for the catalogue and every framework together; the promise is a second.
TARGET = 0.6


def cpu(rounds: int, work: Callable[[], object]) -> float:
    """CPU seconds of ``work``, the best of several rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def read_plainly(paths: Iterable[Path]) -> None:
    """The files as plain values, by PyYAML's own fast loader."""
    for path in paths:
        yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def load_catalogue() -> checks.Catalogue:
    """Our catalogue, read anew."""
    checks._load.cache_clear()
    return checks.load_catalogue(checks.CATALOGUE)


def load_all() -> None:
    """The catalogue and every framework of the library, read anew."""
    frameworks = Frameworks([], load_catalogue())
    for path in framework_files([]):
        frameworks.load_file(path)


def main(rounds: int) -> int:
    """Measure and print; whether the target was missed."""
    print(f"Python {platform.python_version()}, {platform.machine()}, best of {rounds}, CPU")
    print(f"{'':<34}{'controls':>9}{'ours':>9}{'YAML':>9}{'ratio':>7}")
    load_crosswalks()
    catalogue = load_catalogue()
    files = sorted(checks.CATALOGUE.glob("*.yaml"))
    _print("catalogue", len(catalogue), cpu(rounds, load_catalogue), rounds, files)
    for path in framework_files([]):
        # What it refers to is loaded before, so that each framework shows its own share.
        known = Frameworks([], catalogue)
        framework = known.load_file(path)
        used = {path, *_files_of(path)}

        def load(known: Frameworks = known, path: Path = path) -> None:
            known._loaded.pop(path)
            known.load_file(path)

        _print(path.stem, len(list(framework.controls())), cpu(rounds, load), rounds, used)
    everything = [*files, *LIBRARY.rglob("*.yaml")]
    whole = cpu(rounds, load_all)
    _print("catalogue and all frameworks", None, whole, rounds, everything)
    headers = cpu(rounds, lambda: list_frameworks([]))
    print(f"{'headers only, as DAG parsing does':<43}{headers * 1000:>6.1f} ms")
    missed = whole > TARGET
    print(f"target {TARGET:.1f} s for everything: {'MISSED' if missed else 'met'}")
    return 1 if missed else 0


def _files_of(path: Path) -> Iterable[Path]:
    return (path.parent / path.stem).rglob("*.yaml")


def _print(
    name: str, controls: int | None, seconds: float, rounds: int, files: Iterable[Path]
) -> None:
    paths = list(files)
    plainly = cpu(rounds, lambda: read_plainly(paths))
    print(
        f"{name:<34}{'' if controls is None else controls:>9}{seconds * 1000:>6.1f} ms"
        f"{plainly * 1000:>6.1f} ms{seconds / plainly:>7.2f}"
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
