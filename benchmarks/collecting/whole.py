"""CPU of a page: fetched, archived, hashed, normalised, stored, mapped to controls.

Both sides end with the same: the raw pages as received, a table of normalised findings, and how
many findings of each result each control has, with 12 controls to a rule.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.collecting.fetching import REQUEST
from benchmarks.collecting.figures import Figure, in_turn, ratio
from benchmarks.collecting.folder import FolderS3
from benchmarks.collecting.serving import (
    ASKED,
    canned_aws,
    cell,
    our_clients,
    plain_client,
    pointed_at,
    service,
)
from include.aws.sessions import ClientFactory
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources import SOURCES
from include.sources.collect import collect_cell

CONTROLS_OF_A_RULE = 12
#: (control, result) -> findings.
Totals = dict[tuple[str, str], int]


def controls_of(rule: str) -> list[str]:
    """The controls that a rule answers."""
    return [f"control-{n}.{rule}" for n in range(CONTROLS_OF_A_RULE)]


def collected(clients: ClientFactory, folder: Path) -> tuple[SnapshotStore, SnapshotRef]:
    """One cell collected and stored, by the product's own code."""
    store = SnapshotStore("folder", FolderS3(folder))
    ref, problem = collect_cell(SOURCES["security_hub"], cell(), ASKED, clients, store)
    # The canned findings are of a fixed time: one day they will be beyond reach, but there.
    assert problem is None or ref.status == "BEYOND_REACH", problem
    return store, ref


def mapped(store: SnapshotStore, ref: SnapshotRef) -> Totals:
    """What each control has, out of the stored evidence: counted by rule, then by control."""
    counts: Counter[tuple[str, str]] = Counter()
    for table in store.load(ref).iter_columns(["keyword", "result"]):
        for row in table.group_by(["keyword", "result"]).aggregate([([], "count_all")]).to_pylist():
            counts[row["keyword"], row["result"]] += row["count_all"]
    totals: Totals = {}
    for (rule, result), count in counts.items():
        for control in controls_of(rule):
            totals[control, result] = totals.get((control, result), 0) + count
    return totals


def ours(clients: ClientFactory, folder: Path) -> tuple[int, Totals]:
    """(findings, totals) by our side."""
    store, ref = collected(clients, folder)
    return ref.items, mapped(store, ref)


_RESULTS = {"PASSED": "PASS", "FAILED": "FAIL"}


def _row(finding: dict[str, Any], collected_at: str) -> dict[str, Any]:
    raw = json.dumps(finding, sort_keys=True)
    resource = finding["Resources"][0]
    return {
        "id": finding["Id"],
        "keyword": finding["Compliance"]["SecurityControlId"],
        "account": finding["AwsAccountId"],
        "region": finding["Region"],
        "resource": resource["Id"],
        "resource_type": resource["Type"],
        "result": _RESULTS.get(finding["Compliance"]["Status"], "UNANSWERED"),
        "raw_status": finding["Compliance"]["Status"],
        "severity": finding["Severity"]["Label"],
        "created": finding["CreatedAt"],
        "updated": finding["UpdatedAt"],
        "collected_at": collected_at,
        "workflow": finding["Workflow"]["Status"],
        "record_state": finding["RecordState"],
        "generator": finding["GeneratorId"],
        "digest": hashlib.sha256(raw.encode()).hexdigest(),
    }


def plain(hub: Any, folder: Path) -> tuple[int, Totals]:
    """(findings, totals) the usual way: boto3, dicts, json, pandas."""
    import pandas as pd  # here, so that it isn't in the memory of our side

    folder.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for page in hub.get_paginator("get_findings").paginate(**REQUEST):
        date = page["ResponseMetadata"]["HTTPHeaders"]["date"]
        with (folder / "pages.jsonl").open("a") as file:
            file.write(json.dumps(page["Findings"]) + "\n")
        rows.extend(_row(finding, date) for finding in page["Findings"])
    frame = pd.DataFrame(rows)
    frame.to_json(folder / "evidence.jsonl", orient="records", lines=True)
    rules = pd.DataFrame(
        [
            {"keyword": rule, "control": control}
            for rule in frame["keyword"].unique()
            for control in controls_of(rule)
        ]
    )
    sizes = frame.merge(rules, on="keyword").groupby(["control", "result"]).size()
    totals = sizes.reset_index(name="n")
    keys = zip(totals["control"], totals["result"], strict=True)
    return len(frame), dict(zip(keys, map(int, totals["n"]), strict=True))


def measure(quick: bool) -> list[Figure]:
    """Ours against plain boto3 + dicts + json + pandas, whose totals must be the same."""
    pages, rounds = (4, 1) if quick else (200, 5)
    seen: list[tuple[int, Totals]] = []

    def side(run: Callable[[Path], tuple[int, Totals]]) -> Callable[[], int]:
        def once() -> int:
            folder = Path(tempfile.mkdtemp(prefix="collecting-"))
            try:
                seen.append(run(folder / "out"))
            finally:
                shutil.rmtree(folder)
            return pages

        return once

    with canned_aws(pages * 100) as url, pointed_at(service(url, "whole", pages)):
        clients, hub = our_clients(), plain_client()
        sides = {
            "ours": side(lambda folder: ours(clients, folder)),
            "plain": side(lambda folder: plain(hub, folder)),
        }
        found = in_turn(sides, rounds)
    _agree(seen, pages * 100)
    (our, our_rounds), (their, their_rounds) = found["ours"], found["plain"]
    return [
        Figure("a page from the wire to the controls, ours", our, "CPU ms", 4.0),
        Figure("a page from the wire to the controls, plain", their, "CPU ms"),
        Figure("plain : ours", ratio(their_rounds, our_rounds), "times", 6.0, at_most=False),
    ]


def _agree(seen: Iterable[tuple[int, Totals]], findings: int) -> None:
    for found, totals in seen:
        assert found == findings, f"{found} of {findings} findings"
        assert sum(totals.values()) == findings * CONTROLS_OF_A_RULE
    assert len({tuple(sorted(totals.items())) for _, totals in seen}) == 1, "the sides differ"
