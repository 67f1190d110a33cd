"""Memory and time by the number of findings, each number in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.collecting.figures import Figure, memory
from benchmarks.collecting.serving import ROOT, canned_aws, our_clients, pointed_at, service
from benchmarks.collecting.whole import ours


def measure(quick: bool) -> list[Figure]:
    """Peaks and CPU seconds at growing sizes (findings: 10^4, 10^5, 10^6; quick: 500, 5,000)."""
    pages = (5, 50) if quick else (100, 1_000, 10_000)
    with canned_aws(1_000 if quick else 10_000) as url:
        found = [_run(service(url, f"size-{count}", count)) for count in pages]
    small, large = found[0], found[-1]
    growth = math.log(large["cpu"] / small["cpu"]) / math.log(pages[-1] / pages[0])
    most = max(one["peak"] for one in found)
    figures = [Figure(f"peak at {one['items']:,.0f} findings", one["peak"], "MB") for one in found]
    figures += [Figure(f"CPU at {one['items']:,.0f} findings", one["cpu"], "s") for one in found]
    first, last = (f"{one['items']:,.0f}" for one in (small, large))
    return [
        *figures,
        Figure(f"peak({last}) - peak({first})", large["peak"] - small["peak"], "MB", 50.0),
        Figure("highest peak", most, "MB", 250.0),
        Figure("growth: time ~ findings to the power of", growth, "", 1.05),
    ]


def _run(endpoint: str) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.collecting.sizes", endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _one(endpoint: str) -> None:
    """Collect, store and map everything behind an endpoint; print what it took."""
    with tempfile.TemporaryDirectory(prefix="collecting-") as folder, pointed_at(endpoint):
        clients = our_clients()
        clients.client("securityhub")
        start = time.process_time()
        items, _ = ours(clients, Path(folder))
        cpu = time.process_time() - start
    print(json.dumps({"items": items, "cpu": cpu, "peak": memory("VmHWM")}))


if __name__ == "__main__":
    _one(sys.argv[1])
