"""One real stack for all tests of this folder: started once, its first runs going on at once."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.stack import supervisor
from tests.stack.lab import PATIENCE, Lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is slow; a loaded machine gets time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(2 * PATIENCE))


@pytest.fixture(scope="session")
def stack() -> Iterator[Lab]:
    """The running stack; nothing has run in it yet."""
    # Not pytest's own folder: PostgreSQL's user could not enter it.
    base = Path(tempfile.mkdtemp(prefix="audit-stack-"))
    base.chmod(0o711)
    try:
        yield Lab.start(base)
    finally:
        supervisor.down(base=base)
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def lab(stack: Lab) -> Lab:
    """The stack with its DAG unpaused; the scheduled run and a backfill have begun side by side."""
    assert stack.dag.wait_until_parsed()["is_paused"], "DAGs start paused"
    stack.dag.unpause()
    deadline = time.monotonic() + PATIENCE
    while not stack.runs("scheduled"):
        assert time.monotonic() < deadline, "unpausing starts no run"
        time.sleep(0.2)
    stack.airflow(
        *("backfill", "create", "--dag-id", stack.dag.dag_id),
        *("--from-date", f"{stack.month(3)}-01", "--to-date", f"{stack.month(2)}-01"),
    )
    return stack
