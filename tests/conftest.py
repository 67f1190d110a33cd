"""The environment of all tests: Airflow in a folder of its own, no way to a real AWS account."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
_HOME = Path(tempfile.mkdtemp(prefix="audit-tests-airflow-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

# Airflow reads its configuration once, at its first import: all of this has to come before.
for _name in list(os.environ):
    if _name.startswith(("AIRFLOW", "AUDIT_", "AWS_")):
        del os.environ[_name]
os.environ.update(
    {
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(_HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_HOME / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__OPENLINEAGE__DISABLED": "True",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # A client without endpoint must fail at once, not find somebody's credentials.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's metadata tables, in a SQLite file that only these tests use."""
    from airflow.utils.db import initdb

    initdb()


#: These take longest, each as one group; begun first, they don't end last.
_LONG = ("tests/stack", "tests/judge", "tests/acceptance")


def _group(node_id: str) -> str:
    """Tests of one group run in one process, one after the other: they share what they set up."""
    # The stack is one for its whole folder; elsewhere, what a file sets up is its own.
    return "tests/stack" if node_id.startswith("tests/stack/") else node_id.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""

    def order(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT).as_posix()
        return next((n for n, long in enumerate(_LONG) if path.startswith(long)), len(_LONG))

    items.sort(key=order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Several processes (``-n``) take whole groups."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return Groups(config, log)
