"""Evidence is collected once for all frameworks: counted where the calls arrive."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import boto3
import pytest

from include.assessment.result import Assessment
from include.aws.sessions import RetryPolicy, SessionFactory
from include.evidence.store import SnapshotStore
from include.frameworks.loader import Frameworks, list_frameworks
from include.runs.buckets import ensure_bucket
from include.runs.enabled import selections_of
from include.runs.evidence_bundles import bundles_of_set
from include.runs.judging import judge_run
from include.runs.plan import Asked, Plan, make_plan
from include.runs.snapshots import accounts_left, collect_cells
from include.sources import SOURCES, accounts_of
from tests.local_stack import CLOCK, LocalAws, local_aws

pytestmark = pytest.mark.slow

BUCKET = "audit-evidence"
#: Asks for a third of the events that all frameworks together do.
FIRST = "gdpr_2016"
#: Not what evidence is collected from: where it is kept, and how roles are assumed.
BESIDE = ("s3", "sts")
NEVER = [10**9, 10**9]
_numbers = count()


@dataclass
class Office:
    """The local AWS, the library, and as many empty stores as one likes."""

    aws: LocalAws
    frameworks: Frameworks = field(default_factory=lambda: Frameworks([]))

    def plan(self, name: str, enabled: Sequence[str] = (), *, refresh: bool = False) -> Plan:
        """What a run of a framework does, with these frameworks enabled (none: all)."""
        framework = self.frameworks.load(name)
        return make_plan(
            Asked(period="2026-10", refresh=refresh),
            framework=framework.id,
            framework_digest=framework.digest,
            accounts=self.aws.accounts,
            regions=self.aws.regions,
            sources=[source for source in SOURCES if source in framework.sources],
            interval=None,
            partition_key=None,
            run_after=datetime.fromisoformat(CLOCK).astimezone(UTC),
            now=datetime.fromisoformat(CLOCK),
            selections=selections_of(self.frameworks, framework, enabled),
        )

    def store(self) -> SnapshotStore:
        s3 = self.aws.client("s3", config=RetryPolicy().config())
        return SnapshotStore(BUCKET, s3, prefix=f"snapshots-{next(_numbers)}")

    def collect(self, plan: Plan, store: SnapshotStore, *, settled: bool = True) -> int:
        """Collect as the run's tasks do; returns how many calls that took."""
        before = self.calls()
        base = boto3.Session(aws_access_key_id=self.aws.accounts[0], aws_secret_access_key="local")
        sessions = SessionFactory("ComplianceAuditRole", region=self.aws.regions[0], base=base)
        pairs = [
            (source, account)
            for source in plan.sources
            if SOURCES[source].settled == settled
            for account in accounts_of(source, plan.accounts)
        ]

        def one(pair: tuple[str, str]) -> None:
            collect_cells(plan, *pair, sessions=sessions, store=store)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, pairs))
        return self.calls() - before

    def calls(self) -> int:
        """How many calls have arrived that collect evidence."""
        with urllib.request.urlopen(f"{self.aws.endpoint}/_local/faults", timeout=10) as answer:
            every, *beside = (fault["seen"] for fault in json.load(answer))
        return int(every) - sum(beside)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with local_aws(tmp_path_factory.mktemp("estate"), accounts=1, regions=2, resources=40) as aws:
        ensure_bucket(aws.client("s3"), BUCKET, region=aws.regions[0])
        aws.faults(*({"service": s, "kind": "delay", "calls": NEVER} for s in ("*", *BESIDE)))
        os.environ["AWS_ENDPOINT_URL"] = aws.endpoint
        try:
            yield Office(aws)
        finally:
            del os.environ["AWS_ENDPOINT_URL"]


def settled_sources(plan: Plan) -> set[str]:
    return {source for source in plan.sources if SOURCES[source].settled}


@pytest.fixture(scope="module")
def plans(office: Office) -> list[Plan]:
    """A run of every framework of the library, all of them enabled."""
    return [office.plan(header.id) for header in list_frameworks([])]


@pytest.fixture(scope="module")
def whole(office: Office, plans: list[Plan]) -> tuple[SnapshotStore, int]:
    """What all frameworks need, collected one after the other; how many calls that took."""
    store, seen, total = office.store(), set[str](), 0
    for plan in plans:
        assert accounts_left(plan, store) == (
            list(plan.accounts)
            if not settled_sources(plan) <= seen or "custom" in plan.sources
            else []
        )
        calls = office.collect(plan, store)
        if settled_sources(plan) <= seen:
            assert calls == 0, f"{plan.framework} collects what lies there"
        else:
            assert calls > 0
        seen |= settled_sources(plan)
        total += calls
    return store, total


def test_a_further_framework_makes_no_call_for_what_another_has_collected(
    office: Office, plans: list[Plan], whole: tuple[SnapshotStore, int]
) -> None:
    store, total = whole
    assert total > 100
    assert sum(office.collect(plan, store) for plan in plans) == 0


def test_in_which_order_they_run_makes_no_difference(
    office: Office, plans: list[Plan], whole: tuple[SnapshotStore, int]
) -> None:
    store = office.store()
    assert sum(office.collect(plan, store) for plan in reversed(plans)) == whole[1]


def test_nor_does_it_if_they_all_start_at_the_same_moment(
    office: Office, plans: list[Plan], whole: tuple[SnapshotStore, int]
) -> None:
    store, before = office.store(), office.calls()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda plan: office.collect(plan, store), plans))
    assert office.calls() - before == whole[1]


def test_what_may_still_be_handed_in_is_looked_at_again_by_every_run(
    office: Office, plans: list[Plan]
) -> None:
    store = office.store()
    unsettled = {one for plan in plans for one in plan.sources if not SOURCES[one].settled}
    assert unsettled <= {"manual", "custom"}
    plan = next(plan for plan in plans if plan.framework == FIRST)
    office.collect(plan, store, settled=False)
    first = store.s3.list_objects_v2(Bucket=BUCKET, Prefix=store.prefix)["KeyCount"]
    office.collect(plan, store, settled=False)
    again = store.s3.list_objects_v2(Bucket=BUCKET, Prefix=store.prefix)["KeyCount"]
    assert first == again > 0, "the same is stored once"


@dataclass(frozen=True)
class Later:
    """A framework was the only one; then all others were enabled."""

    store: SnapshotStore
    alone: Plan
    among: Plan
    first: int
    more: int


@pytest.fixture(scope="module")
def later(office: Office) -> Later:
    store = office.store()
    alone, among = office.plan(FIRST, [FIRST]), office.plan(FIRST)
    first = office.collect(alone, store)
    return Later(store, alone, among, first, office.collect(among, store))


def test_a_framework_that_is_enabled_later_asks_only_for_what_is_missing_and_once(
    office: Office, plans: list[Plan], later: Later, whole: tuple[SnapshotStore, int]
) -> None:
    assert 0 < later.more < later.first
    assert office.collect(later.among, later.store) == 0
    assert office.collect(later.alone, later.store) == 0
    for plan in plans:
        if settled_sources(plan) <= settled_sources(later.among):
            assert office.collect(plan, later.store) == 0, plan.framework


def verdicts(assessment: Assessment) -> dict[str, object]:
    return {
        "controls": {one.id: (one.status, one.reason) for one in assessment.controls},
        "checks": {one.id: (one.answer, one.failing) for one in assessment.checks},
        "gaps": [(gap.source, gap.region, gap.status) for gap in assessment.gaps],
    }


def test_parts_are_judged_and_bundled_as_what_was_collected_at_once(
    later: Later, whole: tuple[SnapshotStore, int]
) -> None:
    in_parts = judge_run(later.among, later.store)
    at_once = judge_run(later.among, whole[0])
    assert verdicts(in_parts) == verdicts(at_once)
    assert len(in_parts.receipts) > len(at_once.receipts)
    assert verdicts(judge_run(later.alone, later.store)) == verdicts(at_once)
    for control_set in {control.set for control in in_parts.controls}:
        counted = [
            {
                control: sorted(
                    json.dumps(item, sort_keys=True)
                    for bundle in bundles
                    for item in json.loads(bundle.body)["evidence"]
                )
                for control, bundles in bundles_of_set(later.among, result, control_set, store)
            }
            for result, store in ((in_parts, later.store), (at_once, whole[0]))
        ]
        assert counted[0] == counted[1]


def test_a_part_that_nobody_collected_keeps_its_place_open(office: Office) -> None:
    store = office.store()
    alone, among = office.plan(FIRST, [FIRST]), office.plan(FIRST)
    office.collect(replace(alone, sources=("api_calls",)), store)
    judged = judge_run(replace(among, sources=("api_calls",)), store)
    assert judged.status == "INCOMPLETE"
    gaps = [gap for gap in judged.gaps if gap.source == "api_calls"]
    assert {gap.region for gap in gaps} == set(office.aws.regions)
    for gap in gaps:
        assert gap.status == "FAILED" and gap.blocking
        assert gap.message == "A part of what is asked here was not collected; the rest was."


def test_a_refresh_collects_all_anew_in_one_piece_which_counts_from_then_on(
    office: Office, later: Later
) -> None:
    store = office.store()
    for plan in (later.alone, later.among):
        office.collect(replace(plan, sources=("cloudtrail",)), store)
    parts = judge_run(replace(later.among, sources=("cloudtrail",)), store)
    refreshed = replace(later.among, sources=("cloudtrail",), refresh=True)
    assert accounts_left(refreshed, store) == list(refreshed.accounts)
    assert office.collect(refreshed, store) > 0
    after = judge_run(replace(refreshed, refresh=False), store)
    assert len(after.receipts) < len(parts.receipts)
    assert verdicts(after) == verdicts(parts)
    assert accounts_left(replace(refreshed, refresh=False), store) == []
