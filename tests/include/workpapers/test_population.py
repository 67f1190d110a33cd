"""The population lists every judged resource, and counts as the assessment counts."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.assessment.result import Assessment
from include.checks.check import Check
from include.errors import AuditError
from include.evidence.item import Evidence
from include.workpapers import population
from include.workpapers.population import (
    SCHEMA,
    PopulationWriter,
    read_population,
    table_of,
    words_of,
    write_population,
)
from tests.include.assessment.estate import (
    ACCOUNT,
    AWAY,
    BOTH,
    HOME,
    Snap,
    check,
    config,
    deployment,
    hub,
    hub_row,
    judged,
    row,
    snap,
    source,
)

OTHER = "222222222222"
ACCOUNTWIDE = check(
    "users",
    source("aws_config", "USERS"),
    source("security_hub", "IAM.5"),
    locality="account",
    resource_type="AWS::IAM::User",
)
SEEN = check(
    "seen",
    source("cloudtrail", "DeleteTrail", "events", expected="absent"),
    resource_type="AWS::::Account",
)
MUST = check(
    "must",
    source("cloudtrail", "PutBackup", "events", expected="present"),
    resource_type="AWS::::Account",
)
CHECKS = (BOTH, ACCOUNTWIDE, SEEN, MUST)


def rows_of(tables: list[pa.Table]) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = []
    for table in tables:
        assert table.schema.equals(SCHEMA)
        columns = [
            table[name].to_pylist() if name == "resource" else words_of(table, name)
            for name in SCHEMA.names
        ]
        out += list(zip(*columns, strict=True))
    return out


def world(seed: int) -> list[Snap]:
    """Two accounts, two regions, four sources that agree or not; some places are denied."""
    rng = random.Random(seed)
    results = ["PASS", "PASS", "FAIL", "UNANSWERED", "NOT_APPLICABLE"]
    snaps = []

    def rows(check_: Check, name: str, keyword: str, region: str, account: str) -> list[Evidence]:
        out = []
        for n in range(rng.randint(0, 6)):
            arn = f"arn:aws:x:{'' if check_ is ACCOUNTWIDE else region}:{account}:thing/{n}"
            for _ in range(rng.randint(0, 2)):
                out.append(
                    row(
                        rng.choice(results),
                        name,
                        keyword,
                        region=region,
                        resource=arn,
                        resource_type=rng.choice([check_.resource_type, "AWS::Odd::Spelling"]),
                        in_population=rng.random() > 0.1,
                        known=rng.choice(["CONTEMPORANEOUS", "CURRENT_ONLY", "RECONSTRUCTED"]),
                        failed=rng.choice([(), (("2026-10-02T00:00:00Z", ""),)]),
                    )
                )
        return out

    for account in (ACCOUNT, OTHER):
        for region in (HOME, AWAY):
            for name, keywords in (
                ("aws_config", {"RULE": BOTH, "USERS": ACCOUNTWIDE}),
                ("security_hub", {"EC2.8": BOTH, "IAM.5": ACCOUNTWIDE}),
            ):
                denied = rng.random() < 0.15
                snaps.append(
                    snap(
                        name,
                        account=account,
                        region=region,
                        status="DENIED" if denied else "COMPLETE",
                        deployments=[deployment(name, k) for k in keywords if rng.random() < 0.9],
                        rows=[]
                        if denied
                        else [
                            one
                            for keyword, of in keywords.items()
                            for one in rows(of, name, keyword, region, account)
                        ],
                    )
                )
            seen = [
                row(
                    "NONE",
                    "cloudtrail",
                    name,
                    region=region,
                    resource=f"AWS::::Account:{account}:{region}",
                    resource_type="AWS::::Account",
                )
                for name in ("DeleteTrail", "PutBackup")
                if rng.random() < 0.4
            ]
            watched = [
                deployment("cloudtrail", name, arn="") for name in ("DeleteTrail", "PutBackup")
            ]
            snaps.append(
                snap(
                    "cloudtrail",
                    account=account,
                    region=region,
                    rows=seen,
                    deployments=watched,
                    status=rng.choice(["COMPLETE", "COMPLETE", "NOT_ENABLED"]),
                )
            )
    return snaps


def judged_world(seed: int) -> tuple[Assessment, list[pa.Table]]:
    tables: list[pa.Table] = []
    found = judged(
        *world(seed),
        checks=CHECKS,
        accounts=(ACCOUNT, OTHER),
        regions=(HOME, AWAY),
        population=tables.append,
    )
    return found, tables


@pytest.mark.parametrize("seed", range(40))
def test_a_cell_has_as_many_rows_of_each_result_as_it_says(seed: int) -> None:
    found, tables = judged_world(seed)
    rows = rows_of(tables)
    counted = Counter((c, a, r, result) for c, a, r, _, _, result, _ in rows)
    expected: Counter[tuple[str, str, str, str]] = Counter()
    for one in found.checks:
        for cell in one.cells:
            place = (one.id, cell.account, cell.region)
            expected[(*place, "PASS")] = cell.passing
            expected[(*place, "FAIL")] = len(cell.failing)
            expected[(*place, "UNANSWERED")] = len(cell.unanswered)
            failing = {(f.resource, f.resource_type) for f in cell.failing}
            assert failing == {(r[3], r[4]) for r in rows if (*r[:3], r[5]) == (*place, "FAIL")}
            unanswered = {r[3] for r in rows if (*r[:3], r[5]) == (*place, "UNANSWERED")}
            assert unanswered == set(cell.unanswered)
    assert counted == +expected


def test_the_worlds_hold_what_could_be_miscounted() -> None:
    met: Counter[str] = Counter()
    for seed in range(40):
        for one in judged_world(seed)[0].checks:
            for cell in one.cells:
                met["disagreement"] += bool(cell.disagreements)
                met["gone"] += bool(cell.gone)
                met["unanswered"] += bool(cell.unanswered)
                silent = one.id in ("seen", "must") and not cell.evidence
                met["silent pass"] += silent and cell.passing == 1
                met["silent fail"] += silent and len(cell.failing) == 1
    assert len(+met) == 5 and min(met.values()) > 3, met


def test_rows_come_by_account_check_region_and_resource_whatever_the_order_of_the_snapshots() -> (
    None
):
    snaps = world(7)
    asked = {"checks": CHECKS, "accounts": (ACCOUNT, OTHER), "regions": (HOME, AWAY)}
    first: list[pa.Table] = []
    other: list[pa.Table] = []
    judged(*snaps, **asked, population=first.append)  # type: ignore[arg-type]
    random.Random(1).shuffle(snaps)
    judged(*snaps, **asked, population=other.append)  # type: ignore[arg-type]
    rows = rows_of(first)
    assert rows == rows_of(other)
    checks = [one.id for one in CHECKS]
    places = ["", HOME, AWAY]
    assert rows == sorted(rows, key=lambda r: (r[1], checks.index(r[0]), places.index(r[2]), r[3]))


def test_each_source_keeps_its_own_word() -> None:
    tables: list[pa.Table] = []
    judged(config(row("PASS")), hub(hub_row("FAIL")), population=tables.append)
    ((_, _, _, _, _, result, sources),) = rows_of(tables)
    assert result == "FAIL"
    assert sources == "aws_config=PASS security_hub=FAIL"


def test_asking_for_the_population_changes_nothing_of_the_result() -> None:
    found, _ = judged_world(3)
    without = judged(*world(3), checks=CHECKS, accounts=(ACCOUNT, OTHER), regions=(HOME, AWAY))
    assert found == without


def some_rows(n: int) -> dict[str, list[str]]:
    return {
        name: [f"{name}-{i}" if name == "resource" else f"{name}-{i % 7}" for i in range(n)]
        for name in SCHEMA.names
    }


def test_the_file_depends_on_the_rows_alone_not_on_how_they_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "ROWS_PER_GROUP", 100)
    whole = table_of(some_rows(250))
    cuts = [whole.slice(0, 1), whole.slice(1, 130), whole.slice(131, 0), whole.slice(131)]
    assert write_population(tmp_path / "a", [whole]) == 250
    assert write_population(tmp_path / "b", cuts) == 250
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = list(read_population(tmp_path / "a"))
    assert [table.num_rows for table in read] == [100, 100, 50]
    assert rows_of(read) == rows_of([whole])


def test_a_population_of_nothing_is_a_file_of_nothing(tmp_path: Path) -> None:
    with PopulationWriter(tmp_path / "empty"):
        pass
    assert list(read_population(tmp_path / "empty")) == []


def test_what_is_no_population_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"resource,result\n")
    with pytest.raises(AuditError, match="can't be read"):
        list(read_population(tmp_path / "odd"))
    pq.write_table(pa.table({"resource": ["x"]}), tmp_path / "older")
    with pytest.raises(AuditError, match="another version"):
        list(read_population(tmp_path / "older"))
