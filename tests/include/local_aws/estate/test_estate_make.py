"""An estate is deterministic, made once, whole or not at all, and never held in memory."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.errors import AuditError, InputError
from include.local_aws.estate import make as making
from include.local_aws.estate.make import DATABASE, TRUTH, make_estate
from include.local_aws.estate.names import account_ids
from include.local_aws.estate.store import Estate
from tests.include.local_aws.estate.made_estates import CLOCK, Made

TABLES = (
    "meta accounts regions resources facts deployments recordings events vulnerabilities"
    " recorder_outages standards control_switches suppressions hub_settings unscanned"
    " organization_units"
)
SMALL: dict[str, Any] = {"accounts": 1, "regions": 1, "resources": 40, "months": 2, "clock": CLOCK}


def _content(estate: Estate) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [tuple(row) for row in estate.rows(f"SELECT * FROM {table} ORDER BY rowid")]
        for table in TABLES.split()
    }


def test_equal_parameters_make_equal_estates(default: Made, tmp_path: Path) -> None:
    again = make_estate(tmp_path, clock=CLOCK)
    assert (tmp_path / TRUTH).read_bytes() == (default.directory / TRUTH).read_bytes()
    assert _content(again) == _content(default.estate)


def test_another_seed_makes_another_estate(default: Made, made: Callable[..., Made]) -> None:
    assert made(seed=8).truth["violations"] != default.truth["violations"]


def test_an_estate_that_is_there_is_used_again(tmp_path: Path) -> None:
    make_estate(tmp_path, **SMALL)
    before = (tmp_path / DATABASE).stat().st_mtime_ns
    make_estate(tmp_path, **SMALL)
    make_estate(tmp_path, **{**SMALL, "clock": None})
    assert (tmp_path / DATABASE).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 8}, "seed 7, not 8"),
        ({"months": 3}, "months 2, not 3"),
        ({"clock": datetime(2026, 11, 2, tzinfo=UTC)}, "not 2026-11-02T00:00:00Z"),
    ],
)
def test_other_parameters_are_refused_and_named(
    tmp_path: Path, other: dict[str, Any], named: str
) -> None:
    make_estate(tmp_path, **SMALL)
    with pytest.raises(AuditError, match=named):
        make_estate(tmp_path, **{**SMALL, **other})


def test_a_failure_on_the_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(making, "write_truth", full)
    with pytest.raises(AuditError, match="No space left on device"):
        make_estate(tmp_path, **SMALL)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert make_estate(tmp_path, **SMALL).accounts == ["111111111111"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 0},
        {"regions": 99},
        {"resources": 3},
        {"months": 0},
        {"clock": datetime(2026, 1, 1)},
    ],
)
def test_impossible_parameters_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make_estate(tmp_path, **wrong)


def test_the_demos_estate_loads_in_seconds(tmp_path: Path) -> None:
    started = time.process_time()  # a busy machine is no reason to fail
    make_estate(tmp_path, clock=CLOCK)
    assert time.process_time() - started < 3


def test_sizes_are_as_asked(default: Made, made: Callable[..., Made]) -> None:
    for estate, accounts, regions, resources in (
        (default.estate, 3, 2, 100),
        (made(accounts=1, regions=3, resources=60, months=1).estate, 1, 3, 60),
    ):
        found = estate.rows(
            "SELECT account, COUNT(*) AS n FROM resources WHERE type != 'AWS::::Account'"
            " GROUP BY account"
        )
        assert [row["n"] for row in found] == [regions * resources] * accounts
        assert len(estate.regions) == regions


def test_memory_does_not_grow_with_the_number_of_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH", 50)
    peaks = []
    for accounts in (4, 12):  # one place may by chance need twice what another needs
        where = tmp_path / str(accounts)
        tracemalloc.start()
        make_estate(where, accounts=accounts, regions=1, resources=60, months=1, clock=CLOCK)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3


def test_many_account_ids_are_all_different() -> None:
    ids = account_ids(1000)
    assert len(set(ids)) == 1000
    assert all(len(account) == 12 for account in ids)


MEASURED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from include.local_aws.estate.make import make_estate
clock = datetime(2026, 11, 1, 6, tzinfo=UTC)
estate = make_estate(Path(sys.argv[1]), accounts=6, regions=4, resources=1000, clock=clock)
# Not ru_maxrss: it begins with what the parent process had when it forked.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(len(estate.accounts), int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.slow
def test_a_large_estate_needs_little_memory(tmp_path: Path) -> None:
    # 24,000 resources; a process of its own, because its peak is what counts (MiB on Linux).
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)],
        cwd=Path(__file__).parents[4],
        check=True,
        capture_output=True,
        text=True,
    )
    accounts, peak = map(int, done.stdout.split())
    assert accounts == 6
    assert peak < 180
