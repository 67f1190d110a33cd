"""Runs one DAG in this process, without scheduler: ``python -m plugins.commands.run_dag ID CONF``.

Makes the metadata database first when it is empty. Exits with 0 when the run succeeded.
"""

from __future__ import annotations

import json
import sys


def main(dag_id: str, conf: str) -> int:
    """Run ``dag_id`` with ``conf`` (a JSON object)."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag()
    dag = bag.get_dag(dag_id)
    if dag is None:
        problem = next(iter(bag.import_errors.values()), "no DAG file defines it")
        raise SystemExit(f"Error: the DAG {dag_id} can't be loaded: {problem.splitlines()[-1]}")
    run = dag.test(run_conf=json.loads(conf))
    return 0 if str(run.state) == "success" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
