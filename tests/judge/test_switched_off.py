"""What was switched off since the last period makes no control better: it hides, and is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from include.clock import from_iso
from include.local_aws.estate.make import make_estate
from tests.judge.test_faults import score
from tests.local_stack import CLOCK, assess, local_aws

_SHAPE = {"seed": 21, "accounts": 1, "regions": 1, "resources": 30, "months": 3}
_FROM = int(from_iso("2026-10-10T00:00:00Z").timestamp())

Edit = Callable[[sqlite3.Connection], Any]


def remove_rules(connection: sqlite3.Connection) -> None:
    """Every Config rule is deleted on 10 October; Security Hub goes on judging."""
    connection.execute(
        "UPDATE deployments SET to_t = ? WHERE source = 'aws_config' AND to_t IS NULL", (_FROM,)
    )
    connection.execute("DELETE FROM recordings WHERE source = 'aws_config' AND at_t >= ?", (_FROM,))


def stop_recorder(connection: sqlite3.Connection) -> None:
    """Config records nothing from 10 October on, and has not been started again."""
    for account, region in connection.execute(
        "SELECT accounts.id, regions.name FROM accounts, regions"
    ).fetchall():
        connection.execute(
            "INSERT INTO recorder_outages VALUES (?, ?, ?, NULL)", (account, region, _FROM)
        )
    connection.execute("DELETE FROM recordings WHERE source = 'aws_config' AND at_t >= ?", (_FROM,))


def disable_standards(connection: sqlite3.Connection) -> None:
    """Nobody subscribes to any of Security Hub's standards any more."""
    connection.execute("UPDATE standards SET to_t = ? WHERE to_t IS NULL", (_FROM,))
    connection.execute(
        "UPDATE deployments SET to_t = ? WHERE source = 'security_hub' AND to_t IS NULL", (_FROM,)
    )
    connection.execute(
        "DELETE FROM recordings WHERE source = 'security_hub' AND at_t >= ?", (_FROM,)
    )


def months(folder: Path, edit: Edit | None = None) -> tuple[Any, Any]:
    """The assessments of September and October, the second standing on the first."""
    make_estate(folder, **_SHAPE, clock=from_iso(CLOCK))
    if edit is not None:
        with closing(sqlite3.connect(folder / "estate.sqlite")) as connection:
            edit(connection)
            connection.commit()
    with local_aws(folder, **_SHAPE) as aws:
        last = assess(aws, "2026-09")
        return last, assess(aws, "2026-10", earlier=last)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return months(tmp_path_factory.mktemp("whole"))[1]


@pytest.mark.parametrize("edit", [remove_rules, stop_recorder, disable_standards])
def test_what_was_switched_off_never_raises_the_score(
    tmp_path: Path, whole: Any, edit: Edit
) -> None:
    last, silent = months(tmp_path, edit)
    assert score(silent) <= score(whole)
    better = {c.id for c in silent.controls if c.status == "COMPLIANT"}
    assert better <= {c.id for c in whole.controls if c.status == "COMPLIANT"}
    assert silent.earlier is not None
    inconclusive = {c.id for c in silent.controls if c.status == "INCONCLUSIVE"}
    assert inconclusive > {c.id for c in whole.controls if c.status == "INCONCLUSIVE"}
    for control in silent.controls:
        if control.status == "INCONCLUSIVE":
            assert control.reason
    assert score(last) >= 0
