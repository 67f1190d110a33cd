"""What our DAG files cost beyond Airflow's own import, in CPU seconds.

Both sides run in fresh processes, in turn, in one go: a folder with one empty DAG, and ours.
Usage: python benchmarks/dag_parse.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARSE = """
import sys, time
from airflow.dag_processing.dagbag import DagBag
start = time.process_time()
bag = DagBag(dag_folder=sys.argv[1])
assert not bag.import_errors, bag.import_errors
assert bag.dags
print(time.process_time() - start, time.process_time())
"""
EMPTY = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("empty"):
    EmptyOperator(task_id="nothing")
"""


def cpu(folder: Path, home: Path) -> tuple[float, float]:
    """(CPU seconds of the parse, of the whole process)."""
    answer = subprocess.run(
        [sys.executable, "-c", PARSE, str(folder)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    parse, whole = answer.stdout.strip().splitlines()[-1].split()
    return float(parse), float(whole)


def main(rounds: int) -> None:
    """Print the medians of both sides and what lies between them."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "dags")
        empty.mkdir()
        (empty / "empty.py").write_text(EMPTY)
        sides: dict[str, list[tuple[float, float]]] = {"empty": [], "ours": []}
        for _ in range(rounds):
            sides["empty"].append(cpu(empty, Path(folder)))
            sides["ours"].append(cpu(ROOT / "dags", Path(folder)))
    for name, figures in sides.items():
        parse, whole = (statistics.median(column) for column in zip(*figures, strict=True))
        print(
            f"{name:<6} parse {parse:6.3f} s   process {whole:6.3f} s   (CPU, median of {rounds})"
        )
    parse, whole = (
        statistics.median(ours[i] - empty[i] for empty, ours in zip(*sides.values(), strict=True))
        for i in (0, 1)
    )
    print(f"beyond an empty DAG: parse {parse:.3f} s, process {whole:.3f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
